"""kill -9 of any process in any phase: nothing acknowledged is lost, nothing is hidden.

One bureau and one recorder run for a whole campaign; session after session is recorded, and in each
phase of it a process is killed. Afterwards the archive is judged, every picture is decoded, and the
clock burnt into it tells what is missing.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from evidence import journal
from evidence.canonical import JsonObject
from evidence.ids import JOURNAL_NAME
from hw.fake.clock import boottime_ns
from hw.types import ButtonName, LampPattern
from scripts.officer import HOLD_SECONDS
from scripts.stage import StageError
from tests.conftest import CampaignSize
from tests.kits.media.films import Film, open_films
from tests.kits.processes.story import Story, broken

pytestmark = [pytest.mark.rule("E8", "H9"), pytest.mark.slow]

PHASES: dict[str, tuple[str, ...]] = {
    "open": ("vault", "session"),
    "announcement": ("session", "vault"),
    "segment": ("vault", "session"),
    "rotation": ("vault", "session"),
    "recovery": ("vault", "session"),
    "close": ("vault", "session"),
    "push": ("dock", "vault"),
    "receipt": ("vault", "dock"),
    "release": ("vault", "dock"),
}
Found = TypeVar("Found")
FRAME_NS = 40_000_000
BOUNDS_NS = {"moving": 300_000_000, "still": 1_300_000_000}
REPLAY_NS = 1_000_000_000
"""A recorder finds a vault that is back, and has sent again what it lacks, within this time."""
FAST_BYTES = 2_000_000 // 8
PATIENCE = 180.0
"""The dock backs off up to a minute while the vault is being killed again and again."""


ENROL = ["--width", "640", "--height", "360", "--bitrate", "4000000"]


@dataclass
class Kill:
    """One kill: where, who, when (CLOCK_BOOTTIME), and the chains as they stood just before."""

    phase: str
    victim: str
    at_ns: int = 0
    journal: bytes = b""
    log: bytes = b""


@dataclass
class Round:
    """One session of the campaign."""

    number: int
    black: bool
    kills: list[Kill] = field(default_factory=list)
    sid: str = ""

    def of(self, victim: str) -> list[Kill]:
        """The kills of one process while the session was open."""
        return [kill for kill in self.kills if kill.victim == victim and kill.phase in IN_SESSION]


IN_SESSION = ("open", "announcement", "segment", "rotation", "recovery", "close")


class Campaign:
    """The running stage and what has been done to it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.story = Story(folder, clip_samples=72_000, enrol=ENROL)
        self.story.start_bureau()
        self.story.switch_on()
        self.counts: Counter[str] = Counter()
        self.losses: dict[str, list[int]] = {"moving": [], "still": [], "several deaths": []}

    def run(self, number: int) -> Round:
        """One session, killed in every phase, pushed, receipted, released."""
        one = Round(number, black=number % 2 == 1)
        (self.story.world.cover_camera if one.black else self.story.world.uncover_camera)()
        self._record(one)
        self._stop(one)
        self._push(one)
        return one

    # The phases, in the order of an officer's day.

    def _record(self, one: Round) -> None:
        story, known = self.story, set(self.story.sessions())

        def opened() -> str | None:
            fresh = [sid for sid in story.sessions() if sid not in known]
            return next((sid for sid in reversed(fresh) if story.journal(sid)), None)

        story.world.press(ButtonName.RECORD)
        self._after(0.15)
        one.sid = opened() or ""
        self._kill(one, "open")
        one.sid = self._until(lambda: opened() or self._press_when_idle(), "a session") or ""
        self._until(lambda: story.of(one.sid, "tick"), "the first tick")
        self._after(0.6)
        self._kill(one, "announcement")
        self._until(lambda: self._capturing(one), "the recording to go on")
        self._one_segment(one)
        self._after(1.2)
        self._kill(one, "segment")
        self._one_segment(one)
        files = len(self._files(one))
        self._until(lambda: len(self._files(one)) > files, "the next file", pause=0.002)
        self._after(0.03)
        self._kill(one, "rotation")
        self._one_segment(one)
        self._recovery(one)
        self._one_segment(one)

    def _recovery(self, one: Round) -> None:
        """Kill the vault, and then whoever is up again while it recovers."""
        before = self._kill(one, "recovery", "vault")
        self._until(lambda: self._pid("vault") not in (None, before), "the vault", pause=0.005)
        self._after(1.0)
        self._kill(one, "recovery")

    def _stop(self, one: Round) -> None:
        story = self.story
        story.world.hold(ButtonName.RECORD, HOLD_SECONDS)
        self._after(0.5)
        story.world.press(ButtonName.RECORD)
        self._after(0.2)
        self._kill(one, "close")
        self._until(lambda: self._closed(one) or self._hold_again(one), "the end")

    def _push(self, one: Round) -> None:
        story = self.story
        story.world.dock()
        self._after(1.0)
        self._kill(one, "push")
        receipts = story.device.paths.receipts

        def receipted(kind: str) -> bool:
            return (receipts / f"{one.sid}.{kind}.jws").exists() or self._released(one)

        self._until(lambda: receipted("committed"), "the committed receipt", pause=0.005)
        self._after(0.05)
        self._kill(one, "receipt")
        self._until(lambda: receipted("stored"), "the stored receipt", pause=0.002)
        self._after(0.03)
        self._kill(one, "release")
        folder = story.device.paths.sessions / one.sid
        self._until(lambda: self._released(one) and not folder.exists(), "the release")
        story.world.undock()

    # What is done and seen.

    def _kill(self, one: Round, phase: str, victim: str | None = None) -> int | None:
        victim = victim or PHASES[phase][(one.number // 2 + self.counts[phase]) % 2]
        pid = self._pid(victim)
        if pid is None:
            return None
        kill = Kill(phase, victim)
        with suppress(FileNotFoundError):
            kill.journal = self._journal_path(one).read_bytes()
        kill.log = self.story.device.paths.device_log.read_bytes()
        kill.at_ns = boottime_ns()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            one.kills.append(kill)
            self.counts[phase] += 1
        self._until(lambda: self._pid(victim) not in (None, pid), f"{victim} again")
        return pid

    def _press_when_idle(self) -> str | None:
        """The press was lost with the process that was to hear it: the officer presses again."""
        if self.story.lamp() is LampPattern.READY:
            self.story.world.press(ButtonName.RECORD)
            self._after(0.5)
        return None

    def _hold_again(self, one: Round) -> bool:
        """The gesture was lost with the process that was to hear it: the officer repeats it."""
        if self._capturing(one):
            self.story.world.hold(ButtonName.RECORD, HOLD_SECONDS)
            self._after(0.5)
            self.story.world.press(ButtonName.RECORD)
            self._after(2.0)
        return False

    def _one_segment(self, one: Round) -> None:
        sealed = len(self.story.of(one.sid, "seg"))
        self._until(lambda: len(self.story.of(one.sid, "seg")) > sealed, "a segment")

    def _capturing(self, one: Round) -> bool:
        capturing = (LampPattern.CAPTURING, LampPattern.UNVERIFIED)
        return not self._closed(one) and self.story.lamp() in capturing

    def _closed(self, one: Round) -> bool:
        return any(r["t"] == "session" and r["sid"] == one.sid for r in self.story.device_log())

    def _released(self, one: Round) -> bool:
        return any(r["t"] == "release" and r["sid"] == one.sid for r in self.story.device_log())

    def _files(self, one: Round) -> list[Path]:
        return sorted((self.story.device.paths.sessions / one.sid).glob("*.mp4.age"))

    def _journal_path(self, one: Round) -> Path:
        return self.story.device.paths.sessions / (one.sid or "none") / JOURNAL_NAME

    def _pid(self, name: str) -> int | None:
        try:
            return self.story.process_of(name)
        except (StageError, FileNotFoundError, ProcessLookupError):
            return None

    def _after(self, most_seconds: float) -> None:
        until = time.monotonic() + self.dice.random() * most_seconds
        while time.monotonic() < until:
            time.sleep(0.001)  # noqa: TID251 - a kill comes at a moment of its own

    def _until(self, fact: Callable[[], Found], what: str, pause: float = 0.05) -> Found:
        until = time.monotonic() + PATIENCE
        while not (found := fact()):
            if time.monotonic() > until:
                raise StageError(f"{what} did not come; logs in {self.story.logs}")
            time.sleep(pause)  # noqa: TID251 - other processes are waited for
        return found


# What must hold afterwards.


def check(campaign: Campaign, one: Round) -> None:
    """Nothing acknowledged is gone, nothing is hidden, losses stay within the goal."""
    archive = campaign.story.bureau / "archive" / campaign.story.device.settings.device_id
    folder = archive / one.sid
    content = (folder / JOURNAL_NAME).read_bytes()
    log = campaign.story.device.paths.device_log.read_bytes()
    for kill in one.kills:
        assert content.startswith(kill.journal), "what was signed before a kill is still there"
        assert log.startswith(kill.log)
    verdict = judge(campaign, one)
    assert broken(verdict) == [], f"round {one.number}: {one.kills}"
    check_interruptions(verdict, one)
    films = list(open_films(folder, campaign.story.bureau))
    check_losses(campaign, one, films, folder)


def judge(campaign: Campaign, one: Round) -> JsonObject:
    """The bureau's verdict, with everything it holds: journal, files, device log, receipts."""
    story = campaign.story
    arguments = ["verify", one.sid, "--bureau", str(story.bureau), "--json"]
    verdict: JsonObject = json.loads(story.command("bureau.main", arguments, expect=(0, 1)))
    return verdict


def check_interruptions(verdict: JsonObject, one: Round) -> None:
    """``verify`` reports exactly what was done: no interruption without a kill, none unreported."""
    codes = Counter(f["code"] for f in verdict["findings"] if f["severity"] == "explained")
    resumed = codes["interrupted"] + codes["closed_early"]
    assert bool(resumed) <= bool(one.of("vault")), codes
    assert bool(codes["segment_cut"]) <= bool(one.of("session")), codes
    certain = [kill for kill in one.of("vault") if kill.phase in ("segment", "rotation")]
    assert codes["interrupted"] >= len(certain), codes


def check_losses(campaign: Campaign, one: Round, films: list[Film], folder: Path) -> None:
    """The burnt-in clocks run through; where they do not, a kill of the recorder explains it."""
    clocks = sorted({clock for film in films for clock in film.clocks})
    assert clocks, "a session shows pictures"
    deaths = [kill.at_ns for kill in one.of("session")]
    signed, returns = signed_gaps(folder), vault_returns(folder, one)
    for before, after in pairwise(clocks):
        if after - before <= 1.5 * FRAME_NS:
            continue
        death = [at_ns for at_ns in deaths if before - FRAME_NS <= at_ns <= after]
        if not death:
            # A loaded machine drops frames of its own accord; the recorder has to have said so.
            assert any(begin <= after and before <= end for begin, end in signed), (
                f"round {one.number}: {(after - before) / 1e6:.0f} ms are missing unexplained"
            )
            continue
        scene = "moving" if is_fast(films) else "still"
        # What a vault's death costs, the recorder sends again; where it dies before that is done,
        # only what was lost before the first of these deaths is held against the goal.
        chained = [died for died, caught_up in returns if died <= death[0] and before <= caught_up]
        loss = max(0, min([death[0], *chained]) - before)
        campaign.losses["several deaths" if chained else scene].append(loss)
        told = [(k.phase, k.victim, (k.at_ns - before) // 1_000_000) for k in one.kills]
        assert loss <= BOUNDS_NS[scene], f"{scene}: {loss / 1e6:.0f} ms lost; kills in ms {told}"


def vault_returns(folder: Path, one: Round) -> list[tuple[int, int]]:
    """When the vault died, and until when what it had not got may have been on its way again."""
    records = journal.payloads((folder / JOURNAL_NAME).read_bytes())
    resumed = [int(record["mono_ns"]) for record in records if record["t"] == "resume"]
    return [
        (kill.at_ns, min((at for at in resumed if at > kill.at_ns), default=kill.at_ns) + REPLAY_NS)
        for kill in one.of("vault")
    ]


def signed_gaps(folder: Path) -> list[tuple[int, int]]:
    """The gaps in the pictures that are on record, CLOCK_BOOTTIME in nanoseconds."""
    fields = [
        record["fields"]
        for record in journal.payloads((folder / JOURNAL_NAME).read_bytes())
        if record.get("kind") == "gap" and record["fields"]["track"] != "audio"
    ]
    return [(gap["from_ns"], gap["to_ns"] or gap["from_ns"]) for gap in fields]


def is_fast(films: list[Film]) -> bool:
    """Whether the session ran at 2 Mbit/s or more."""
    size = sum(film.size for film in films)
    frames = sum(len(film.clocks) for film in films)
    return size * 25 >= FAST_BYTES * max(1, frames)


@pytest.fixture
def campaign(tmp_path: Path, campaign_seed: int) -> Iterator[Campaign]:
    made = Campaign(tmp_path, campaign_seed)
    yield made
    made.story.clear()


@pytest.mark.timeout(0)
def test_kills_in_every_phase_lose_nothing_acknowledged(
    campaign: Campaign, campaign_size: CampaignSize, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = campaign_size(ci=2, full=32)
    for number in range(rounds):
        check(campaign, campaign.run(number))
    with capsys.disabled():
        print(f"\nkills: {dict(campaign.counts)}, together {sum(campaign.counts.values())}")  # noqa: T201
        for scene, losses in campaign.losses.items():
            worst = max(losses, default=0) / 1e6
            print(f"{scene}: {len(losses)} losses, worst {worst:.0f} ms")  # noqa: T201
    assert all(campaign.counts[phase] for phase in PHASES)
