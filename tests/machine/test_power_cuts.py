"""The power of the whole machine is cut: while it records, while it pushes, while it releases.

Each cut begins where one machine was kept: a session waits for the cradle, nothing is docked. What
the card holds afterwards is what came before its last flush, and any part of what came later.
"""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from time import monotonic_ns

import av
import pyrage
import pytest
from cryptography import x509

from evidence import journal, receipt
from evidence.canonical import JsonObject
from hw.types import ButtonName
from scripts.bench_pi.machine.day import Day
from scripts.bench_pi.machine.machine import Machine
from scripts.bench_pi.machine.write_log import settle
from tests.kits.media.films import unseal, whole_boxes
from tests.machine.conftest import in_the_machine

pytestmark = in_the_machine
RECORDING, PUSHES, RELEASES = 10, 6, 8
MOST_LOST_NS = 1_500_000_000
SIGNED_NS = 2_000_000_000
SECOND_NS = 1_000_000_000
FRAME_NS = SECOND_NS // 5
RELEASE_SECONDS = 50
"""The vault looks once a minute for what it may release."""


@dataclass
class Found:
    """What was on the cards.

    Attributes:
        unreadable: What could not be read.
        lost: What had been acknowledged, or stood there before, and is gone.
        media_ns: How much of a recording each cut cost.
        unsigned_ns: How far pictures older than two seconds reach beyond the last signed record.
        at: Where in its doing each cut came.
    """

    unreadable: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    media_ns: list[int] = field(default_factory=list)
    unsigned_ns: list[int] = field(default_factory=list)
    at: list[str] = field(default_factory=list)


@contextmanager
def mounted(card: Path) -> Iterator[Path]:
    place = card.with_suffix(".mounted")
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(card), str(place)], check=True)
    try:
        yield place / "store"
    finally:
        subprocess.run(["umount", str(place)], check=True)


def records_of(path: Path, found: Found) -> list[JsonObject]:
    """A chain's records; a torn last line is none, a hole is a finding."""
    content = path.read_bytes() if path.exists() else b""
    records = journal.payloads(content)
    whole = content.count(b"\n")
    if len(records) != whole or [one["i"] for one in records] != list(range(len(records))):
        found.unreadable.append(f"{path.name}: {len(records)} of {whole} lines")
    return records


def boot_ns(machine: Machine) -> int:
    """What to add to this host's clock to have the machine's, a little too much at most."""
    tries = []
    for _ in range(3):
        before_ns = monotonic_ns()
        told_ns = round(float(machine.read("/proc/uptime").split()[0]) * SECOND_NS)
        tries.append((monotonic_ns() - before_ns, told_ns + SECOND_NS // 100 - before_ns))
    return min(tries)[1]


def pictures_in(content: bytes) -> int:
    if not content:
        return 0
    with av.open(io.BytesIO(content), "r") as film:
        return sum(packet.size > 0 for packet in film.demux(video=0))


@dataclass(frozen=True)
class Campaign:
    """One kept machine, cut again and again."""

    day: Day
    state: Path
    bureau: Path
    waiting: dict[str, bytes]
    sid: str
    identity: pyrage.x25519.Identity
    dice: random.Random
    found: Found

    @contextmanager
    def machine(self) -> Iterator[Machine]:
        with Machine(self.day.machine.folder) as machine:
            machine.start(self.state)
            yield machine

    def card(self, machine: Machine) -> Path:
        """The card of a machine whose power is gone, as it may be found."""
        card = self.state.with_name("card.raw")
        share = self.dice.choice((0, 0.5, 1))
        settle(self.state / "card.raw", machine.log, card, self.dice, share)
        return card

    def cut_while_recording(self) -> None:
        with self.machine() as machine:
            ahead_ns = boot_ns(machine)
            machine.press(ButtonName.RECORD)
            machine.wait_until(machine.acknowledged.copy, "an acknowledgement", pause=0.02)
            Event().wait(self.dice.uniform(0.1, 7.0))
            cut_ns = monotonic_ns() + ahead_ns
            machine.cut()
            told = list(machine.acknowledged)
        with mounted(self.card(machine)) as store:
            self.judge_recording(store, told, cut_ns)
            self.judge_waiting(store)

    def judge_recording(self, store: Path, told: list[dict[str, int]], cut_ns: int) -> None:
        folder = max((store / "sessions").iterdir())
        records = records_of(folder / "journal.jws", self.found)
        ends = {}
        for one in records:
            if one["t"] in {"tick", "seg"}:
                ends[one["file"]] = (one["frames"], one["last_pts_ns"])
        media_ns = signed_ns = records[0]["mono_ns"]
        held = {}
        for path in sorted(folder.glob("*.mp4.age")):
            content = unseal(path, self.identity)
            held[path.name] = len(content)
            signed, at_ns = ends.get(path.name, (0, media_ns))
            signed_ns = max(signed_ns, at_ns)
            media_ns = at_ns + (pictures_in(whole_boxes(content)) - signed) * FRAME_NS
        self.found.lost += [
            f"acknowledged: {one}"
            for one in told
            if one["i"] >= len(records) or held.get(f"{one['file']:06d}.mp4.age", 0) < one["bytes"]
        ]
        self.found.media_ns.append(cut_ns - media_ns)
        self.found.unsigned_ns.append(min(media_ns, cut_ns - SIGNED_NS) - signed_ns)
        self.found.at.append("recording")

    def cut_while_pushing(self) -> None:
        self.restore_bureau()
        partial = self.day.stage.bureau / "partial"
        with self.machine() as machine:
            machine.dock(on=True)
            machine.wait_until(lambda: any(partial.rglob("*")), "the push", seconds=60, pause=0.02)
            Event().wait(self.dice.uniform(0, 3.0))
            machine.cut()
        with mounted(self.card(machine)) as store:
            self.judge_waiting(store)

    def cut_while_releasing(self) -> None:
        folder = f"/var/lib/recorder/store/sessions/{self.sid}"
        files = len(self.waiting) - 1
        with self.machine() as machine:
            machine.wait_until(
                lambda: len(machine.run("ls", folder).text.split()) < files,
                "the release",
                seconds=90,
                pause=0.01,
            )
            # The first file is gone; all of them go within about a second.
            Event().wait(self.dice.uniform(0, 0.2))
            machine.cut()
        archive = self.day.stage.bureau / "archive"
        with mounted(self.card(machine)) as store:
            self.judge_waiting(store, released_to=archive)

    def delivered(self) -> Campaign:
        """Push, and keep the machine that is about to release what it pushed."""
        state = self.state.with_name("delivered")
        self.restore_bureau()
        self.day.machine.start(self.state)
        self.day.machine.dock(on=True)
        self.day.machine.wait_until(self.is_stored, "the receipt", seconds=60, pause=0.2)
        Event().wait(RELEASE_SECONDS)
        assert self.sid in self.day.sessions(), "it was released already"
        self.day.machine.keep(state)
        return replace(self, state=state)

    def restore_bureau(self) -> None:
        """Let the bureau be as it was when the machine was kept."""
        self.day.stage.stop("bureau")
        shutil.rmtree(self.day.stage.bureau)  # noqa: TID251 - the bench's own bureau
        shutil.copytree(self.bureau, self.day.stage.bureau)
        self.day.stage.start_bureau()

    def is_stored(self) -> bool:
        return bool(list(self.day.stage.bureau.glob(f"receipts/**/*{self.sid}*stored*")))

    def judge_waiting(self, store: Path, released_to: Path | None = None) -> None:
        """The session that waited is there, whole; or a receipt says where it is."""
        log = records_of(store / "device.jws", self.found)
        if not (store / "device.jws").read_bytes().startswith(self.waiting["device.jws"]):
            self.found.lost.append("a line of the device log")
        gone = [
            name
            for name, content in self.waiting.items()
            if name != "device.jws"
            and (not (store / name).exists() or (store / name).read_bytes() != content)
        ]
        receipts = sorted((store / "receipts").glob(f"{self.sid}.*.jws"))
        kinds = {one["kind"] for one in log if one["t"] == "receipt" and one["sid"] == self.sid}
        ca = x509.load_pem_x509_certificate(
            (self.day.stage.bureau / "certs" / "ca.pem").read_bytes()
        )
        for path in receipts:
            receipt.read_receipt(path.read_bytes(), ca)
        if gone and (released_to is None or "stored" not in kinds):
            self.found.lost += gone
        if gone and released_to is not None:
            copies = {path.name: path for path in released_to.glob(f"*/{self.sid}/*")}
            self.found.lost += [
                f"{name}, not at the bureau either"
                for name in gone
                if name.endswith((".age", "journal.jws"))
                and copies[Path(name).name].read_bytes() != self.waiting[name]
            ]
        state = f"{len(gone)} of {len(self.waiting) - 1} files released"
        self.found.at.append(f"{state}, {len(kinds)} receipts")


def kept(day: Day, tmp_path: Path, dice: random.Random) -> Campaign:
    """Record a session, and keep the machine that waits for its cradle."""
    machine = day.machine
    machine.dock(on=False)
    before = day.press_record()
    day.announced(before)
    day.stop(before)
    machine.sh("sync")
    state, bureau = tmp_path / "state", tmp_path / "bureau"
    machine.keep(state)
    day.stage.stop("bureau")
    shutil.copytree(day.stage.bureau, bureau)
    day.stage.start_bureau()
    text = (bureau / "identities" / "bureau.age").read_text()
    secret = next(line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-"))
    card = tmp_path / "first.raw"
    shutil.copy(state / "card.raw", card)
    with mounted(card) as store:
        files = [*store.glob(f"sessions/{before}/*"), store / "device.jws"]
        waiting = {str(path.relative_to(store)): path.read_bytes() for path in files}
    identity = pyrage.x25519.Identity.from_str(secret)
    return Campaign(day, state, bureau, waiting, before, identity, dice, Found())


@pytest.mark.timeout(3_600)
def test_a_machine_whose_power_is_cut_keeps_what_it_acknowledged(
    day: Day, tmp_path: Path, campaign_seed: int
) -> None:
    campaign = kept(day, tmp_path, random.Random(campaign_seed))
    found = campaign.found
    try:
        for _ in range(RECORDING):
            campaign.cut_while_recording()
        for _ in range(PUSHES):
            campaign.cut_while_pushing()
        delivered = campaign.delivered()
        for _ in range(RELEASES):
            delivered.cut_while_releasing()
    finally:
        campaign.restore_bureau()
        day.machine.start(campaign.state)
        sys.stdout.write(
            f"\ncuts: {len(found.media_ns)} recording, {found.at}\n"
            f"unreadable {found.unreadable}, lost {found.lost}\n"
            f"media lost, ms: {[ns // 1_000_000 for ns in sorted(found.media_ns)]}\n"
            f"unsigned beyond 2 s, ms: {[ns // 1_000_000 for ns in sorted(found.unsigned_ns)]}\n"
        )
    assert (found.unreadable, found.lost) == ([], [])
    assert max(found.media_ns) <= MOST_LOST_NS
    assert max(found.unsigned_ns) <= 0
