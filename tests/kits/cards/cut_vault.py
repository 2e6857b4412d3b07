"""A vault on a card, cut at many instants: what ``tests/power/test_card_cuts.py`` looks at.

One course in one process: a session with segments, a still and marks, recorded by a recorder that
sends random bytes, closed, receipted and released. Run by ``card.in_own_mounts``.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.vault import messages as m
from evidence.ids import DEVICE_LOG_NAME
from evidence.store import durable
from evidence.store.folder import read_folder
from evidence.verify import Severity, verify
from hw.fake.clock import boottime_ns
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.cards.card import CLEAN, Card, check, mounted
from tests.kits.cards.cut_checks import Found, Judge, acknowledged
from tests.kits.cards.cut_story import Course, Whole, copy_fixed, identity_of
from tests.kits.cards.log import Cache, Replay
from tests.kits.cards.tap import Tap
from tests.kits.device.vault import RunningVault, ask_dock
from tests.kits.records.receipts import receipt_for, signed_by

LATE_NS = 1_200_000_000


@dataclass
class Cuts:
    """A finished course and its card."""

    enrolled: Enrolled
    course: Course
    card: Card
    scratch: Path
    begin_ns: int
    end_ns: int
    judge: Judge


def play(scratch: Path) -> Cuts:
    """The course: recorded, closed, receipted, released."""
    course = Course()
    card = Card("card", scratch, scratch / "m", mib=512)
    with card:
        enrolled = enrol(card.mount, numbers={"release.keep_days": 0}, run_dir=str(scratch / "run"))
        # The kits that laid it here have nothing to promise; what follows has.
        durable.sync_everything()
        course.fixed = copy_fixed(enrolled.device.paths.folder)
        judge = Judge(course, course.fixed, ca_of(enrolled.bureau), identity_of(enrolled.bureau))
        begin_ns = boottime_ns()
        with RunningVault(enrolled) as vault, ExitStack() as taps:
            for socket in (enrolled.device.paths.vault_socket, enrolled.device.paths.dock_socket):
                taps.callback(Tap(socket, course.said, course.asked).close)
            sid, sent = record(vault)
            hand_over(enrolled, sid, sent, course, scratch / "archive")
        end_ns = boottime_ns()
    return Cuts(enrolled, course, card, scratch, begin_ns, end_ns, judge)


def record(vault: RunningVault) -> tuple[str, dict[int, bytes]]:
    """Two segments, one after the other, a still, and marks on the way."""
    recorder = vault.attached()
    recorder.ask(m.StorePreflight(trigger="power_up", checks=[]), m.PreflightStored)
    sid = recorder.open().sid
    for number in range(2):
        recorder.begin(number)
        until_ns = boottime_ns() + 1_000_000_000
        while boottime_ns() < until_ns:
            recorder.feed(number, 70_000)
            recorder.mark("mark")
        recorder.end(number)
    still = recorder.dice.randbytes(20_000)
    recorder.ask(m.StorePhoto(pts_ns=7, part=0, parts=1, content=still), m.Recorded)
    recorder.close()
    return sid, recorder.sent


def hand_over(
    enrolled: Enrolled, sid: str, sent: dict[int, bytes], course: Course, archive: Path
) -> None:
    """The bureau has it all, and says so: first that it knows of it, then that it has it."""
    folder = enrolled.session(sid)
    shutil.copytree(folder, archive / sid)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    plain = {f"{number:06}.mp4.age": content for number, content in sent.items()}
    course.wholes[sid] = Whole(files=files, plain=plain, clocks=[], black=False)
    device = enrolled.device.settings.device_id
    for serial, kind in enumerate(("committed", "stored"), start=1):
        honest = receipt_for(device, archive / sid, kind, serial=serial)
        token = signed_by(enrolled.bureau, honest)
        taken = ask_dock(enrolled, m.SubmitReceipt(content=token))
        assert taken.kind == kind, taken
    assert not folder.exists()


def look(cuts: Cuts, image: Path, at_ns: int) -> Found:
    """What a card shows before anything recovers it."""
    assert check(image) in CLEAN
    with mounted(image, cuts.card.mount):
        folder = cuts.enrolled.device.paths.folder
        return cuts.judge.look(folder, cuts.scratch / "archive", at_ns)


def recover(cuts: Cuts, image: Path, turn: int) -> Iterator[str]:
    """Start a vault on the card; every session that is left verifies, or it is told."""
    paths = cuts.enrolled.device.paths
    with mounted(image, cuts.card.mount) as mount:
        assert mount.is_mount()
        for socket in paths.run.rglob("*.sock*"):
            socket.unlink()
        with RunningVault(cuts.enrolled, boot_id=f"boot-{turn}"):
            pass
        for folder in paths.sessions.iterdir():
            if not (folder / "journal.jws").exists():
                continue
            shutil.copy(paths.device_log, folder / DEVICE_LOG_NAME)
            verdict = verify(read_folder(folder), cuts.judge.ca)
            for one in verdict.findings:
                if one.severity is Severity.BROKEN:
                    yield f"cut {turn}: {one.code} {one.detail}"
            if verdict.closed is None:
                yield f"cut {turn}: {folder.name} is not closed"


def instants(cuts: Cuts, count: int, dice: random.Random) -> list[tuple[int, Cache]]:
    """Half of them anywhere, half where the vault has just been heard: there it has most to keep.

    The card has just been heard as well: nothing it did not flush is there.
    """
    anywhere = [
        (dice.randrange(cuts.begin_ns, cuts.end_ns), dice.choice(list(Cache)))
        for _ in range(count - count // 2)
    ]
    heard = [said.at_ns for said in cuts.course.said if said.at_ns <= cuts.end_ns]
    return sorted(anywhere + [(at_ns, Cache.LOST) for at_ns in dice.sample(heard, count // 2)])


def cut_often(cuts: Cuts, count: int, dice: random.Random) -> dict[str, Any]:
    """Cut; tell what was wrong, and how many acknowledgements the cards were held to."""
    replay = Replay(cuts.card.base, cuts.card.log, cuts.scratch)
    wrong: list[str] = []
    held = 0
    for turn, (at_ns, cache) in enumerate(instants(cuts, count, dice)):
        image = cuts.scratch / f"cut-{turn}"
        replay.lay(at_ns, image, cache, dice)
        found = look(cuts, image, at_ns)
        told = [*found.unreadable, *found.lost, *recover(cuts, image, turn)]
        wrong += [f"cut {turn}, cache {cache}: {sentence}" for sentence in told]
        held += acknowledged(cuts.course, at_ns).count
        image.unlink()
    replay.close()
    return {"cuts": count, "wrong": wrong, "held": held}


def lie(cuts: Cuts) -> list[str]:
    """What the judge says of a card that lacks the last second of what it had flushed."""
    replay = Replay(cuts.card.base, cuts.card.log, cuts.scratch)
    signed = [said.at_ns for said in cuts.course.said if isinstance(said.message, m.Durable)]
    image = cuts.scratch / "lie"
    replay.lay(signed[-1] - LATE_NS, image, Cache.LOST, random.Random(1))
    replay.close()
    return look(cuts, image, signed[-1]).lost


def take_receipt_away(cuts: Cuts) -> list[str]:
    """What the judge says of a card with a released session and no receipt that permitted it."""
    replay = Replay(cuts.card.base, cuts.card.log, cuts.scratch)
    image = cuts.scratch / "robbed"
    replay.lay(cuts.end_ns, image, Cache.KEPT, random.Random(1))
    replay.close()
    with mounted(image, cuts.card.mount) as mount:
        assert mount.is_mount()
        (receipt,) = cuts.enrolled.device.paths.receipts.glob("*.stored.jws")
        receipt.unlink()
    return look(cuts, image, cuts.end_ns).lost


def main() -> None:
    """Play, cut so often, and print what came of it."""
    scratch, count, seed = sys.argv[1:]
    cuts = play(Path(scratch))
    told = cut_often(cuts, int(count), random.Random(int(seed)))
    told |= {"lie": lie(cuts), "robbed": take_receipt_away(cuts)}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
