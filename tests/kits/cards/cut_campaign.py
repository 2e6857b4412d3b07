"""Cutting the power at many instants of one course, and judging what each cut left."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from tests.kits.bureau.ca import ca_of
from tests.kits.cards.card import CLEAN, Card, check, mounted
from tests.kits.cards.cut_checks import Found, Judge, acknowledged, lost_media_ns
from tests.kits.cards.cut_reboot import Rebooter
from tests.kits.cards.cut_story import Course, CutStory, Phase, clocks_in, identity_of, play
from tests.kits.cards.cut_tiny import Kept, compare
from tests.kits.cards.log import Cache, Left, Replay
from tests.kits.processes.nursery import Nursery

LOST_NS = 1_500_000_000
SIGNED_NS = 2_000_000_000


@dataclass(frozen=True)
class Instant:
    """When the power goes, in what phase of which session, and what the card's cache does."""

    at_ns: int
    phase: Phase
    sid: str
    cache: Cache


@dataclass(frozen=True)
class Outcome:
    """What one cut left.

    Attributes:
        instant: When.
        left: What the card dropped.
        mended: What ``e2fsck -p`` ended with.
        acknowledged: How much had been acknowledged.
        found: What the card showed before recovery.
        lost_ns: Media lost before the cut; None where nothing was being recorded.
        problems: What was wrong after recovery and handing over.
        black: Whether the camera was covered.
    """

    instant: Instant
    left: Left
    mended: int
    acknowledged: int
    found: Found
    lost_ns: int | None
    problems: list[str]
    black: bool


@dataclass
class Campaign:
    """A finished course, ready to be cut. A context manager.

    Attributes:
        story: Whose folders the images are mounted at.
        course: What happened.
        device: The recorder's card.
        bureau: The bureau's medium.
    """

    scratch: Path
    story: CutStory
    course: Course
    device: Card
    bureau: Card
    _stack: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def play(cls, scratch: Path, rounds: int, seconds: float) -> Self:
        """Play the course."""
        return cls(scratch, *play(scratch, rounds, seconds))

    def __enter__(self) -> Self:
        self._stack.callback(self.story.clear)
        self._rebooter = Rebooter(self.story, self._stack.enter_context(Nursery()))
        self._replays = [self._replay(self.device), self._replay(self.bureau)]
        self._judge: Judge | None = None
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def instants(self, counts: dict[Phase, int], dice: random.Random) -> list[Instant]:
        """So many instants of each phase, every instant of it as likely as any other."""
        drawn = [self._draw(phase, dice) for phase, count in counts.items() for _ in range(count)]
        return sorted(drawn, key=lambda one: one.at_ns)

    def after_words(self, count: int, dice: random.Random) -> list[Instant]:
        """The very instants at which the vault was heard: the hardest for what it had said."""
        heard = [
            Instant(said.at_ns, window.phase, window.sid, Cache.LOST)
            for said in self.course.said
            for window in self.course.windows
            if window.begin_ns <= said.at_ns <= window.end_ns
        ]
        return sorted(dice.sample(heard, min(count, len(heard))), key=lambda one: one.at_ns)

    def cut(self, instants: Sequence[Instant], dice: random.Random) -> Iterator[Outcome]:
        """Cut at each instant, in rising order."""
        for instant in sorted(instants, key=lambda one: one.at_ns):
            yield self._cut(instant, dice)

    def _cut(self, instant: Instant, dice: random.Random) -> Outcome:
        # Names of their own: nobody takes a device for another that has not been let go of yet.
        images = [self.scratch / f"{name}.{instant.at_ns}" for name in ("device", "bureau")]
        left = self._replays[0].lay(instant.at_ns, images[0], instant.cache, dice)
        self._replays[1].lay(instant.at_ns, images[1], Cache.KEPT, dice)
        mended = max(check(image) for image in images)
        assert mended in CLEAN, f"e2fsck -p ended with {mended}"
        with mounted(images[1], self.story.bureau), mounted(images[0], self.story.device_folder):
            judge = self._judge or self._make_judge()
            archive = self.story.bureau / "archive" / self.story.device.settings.device_id
            found = judge.look(self.story.device_folder, archive, instant.at_ns)
            reboot = self._rebooter.run()
            problems = [*reboot.problems, *self._changed(archive, instant)]
            lost_ns = self._lost(archive, instant, judge)
        for image in images:
            image.unlink()
        said = acknowledged(self.course, instant.at_ns).count
        black = self.course.wholes[instant.sid].black
        return Outcome(instant, left, mended, said, found, lost_ns, problems, black)

    def _changed(self, archive: Path, instant: Instant) -> Iterator[str]:
        """A session that was closed before the cut reaches the bureau as it was."""
        for sid in acknowledged(self.course, instant.at_ns).closed:
            for name, content in self.course.wholes[sid].files.items():
                path = archive / sid / name
                if not path.exists() or path.read_bytes() != content:
                    yield f"{sid}/{name} is not what was recorded"

    def _lost(self, archive: Path, instant: Instant, judge: Judge) -> int | None:
        if instant.phase is not Phase.RECORDING:
            return None
        kept = set(clocks_in(archive / instant.sid, judge.identity))
        return lost_media_ns(self.course, instant.sid, kept, instant.at_ns)

    def _make_judge(self) -> Judge:
        bureau = self.story.bureau
        self._judge = Judge(self.course, self.course.fixed, ca_of(bureau), identity_of(bureau))
        return self._judge

    def _draw(self, phase: Phase, dice: random.Random) -> Instant:
        windows = [window for window in self.course.windows if window.phase is phase]
        lengths = [window.end_ns - window.begin_ns for window in windows]
        window = dice.choices(windows, lengths)[0]
        at_ns = dice.randrange(window.begin_ns, window.end_ns)
        return Instant(at_ns, phase, window.sid, dice.choice(list(Cache)))

    def _replay(self, card: Card) -> Replay:
        replay = Replay(card.base, card.log, self.scratch)
        self._stack.callback(replay.close)
        return replay


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    """Every sentence that says that something did not hold."""
    told = []
    for one in outcomes:
        at = one.instant
        where = f"{at.phase}, cache {at.cache}, at {at.at_ns} of {at.sid}"
        wrong = [*one.found.unreadable, *one.found.lost, *one.problems]
        if (one.lost_ns or 0) > LOST_NS:
            wrong.append(f"{(one.lost_ns or 0) / 1e6:.0f} ms of media lost")
        if (one.found.unsigned_ns or 0) > SIGNED_NS:
            wrong.append(f"unsigned for {(one.found.unsigned_ns or 0) / 1e6:.0f} ms")
        told += [f"{where}: {sentence}" for sentence in wrong]
    return told


def summary(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The figures."""
    phases = Counter(str(one.instant.phase) for one in outcomes)
    caches = Counter(str(one.instant.cache) for one in outcomes)
    volatile = sum(one.left.volatile > 0 or one.left.dropped_bytes > 0 for one in outcomes)
    dropped = sum(one.left.dropped_bytes for one in outcomes)
    yield f"{len(outcomes)} cuts: {dict(phases)}; cache {dict(caches)}"
    yield f"unflushed writes in {volatile} of them, {dropped / 1e6:.1f} MB dropped"
    yield f"unreadable stores: {sum(bool(one.found.unreadable) for one in outcomes)}"
    total = sum(one.acknowledged for one in outcomes)
    yield f"acknowledgements held against the cards: {total}; lost: {_sum_lost(outcomes)}"
    yield f"not recovered, not handed over or broken: {sum(bool(o.problems) for o in outcomes)}"
    for black in (False, True):
        scene = [one for one in outcomes if one.black is black and one.lost_ns is not None]
        lost = sorted((one.lost_ns or 0) / 1e6 for one in scene)
        old = sorted((one.found.unsigned_ns or 0) / 1e6 for one in scene)
        if scene:
            middle = len(scene) // 2
            yield (
                f"{'black' if black else 'moving'}, {len(scene)} cuts in the recording: lost "
                f"median {lost[middle]:.0f} ms, worst {lost[-1]:.0f} ms; oldest unsigned picture "
                f"median {old[middle]:.0f} ms, worst {old[-1]:.0f} ms"
            )


def tiny_summary(kept: Mapping[str, Kept]) -> Iterator[str]:
    """The figures of TinyDB."""
    for name, one in kept.items():
        yield (
            f"TinyDB, {name} storage: {one.records} records, {one.bytes_written / 1e6:.1f} MB "
            f"written; unreadable after {one.unreadable} of {one.cuts} cuts, {one.losing} lose "
            f"acknowledged records, {one.lost} of {one.acknowledged}"
        )


def _sum_lost(outcomes: Sequence[Outcome]) -> int:
    return sum(len(one.found.lost) for one in outcomes)


def main() -> None:
    """Play, cut, compare; the last line printed tells it all."""
    scratch, rounds, seconds, each, heard, seed = sys.argv[1:]
    dice = random.Random(int(seed))
    campaign = Campaign.play(Path(scratch), int(rounds), float(seconds))
    with campaign:
        instants = campaign.instants(dict.fromkeys(Phase, int(each)), dice)
        instants += campaign.after_words(int(heard), dice)
        outcomes = []
        for outcome in campaign.cut(instants, dice):
            outcomes.append(outcome)
            sys.stderr.write("".join(f"{one}\n" for one in failures([outcome])[:5]))
    kept = compare(campaign.course, Path(scratch), len(outcomes), dice)
    written = sum(len(one) + 1 for one in campaign.course.lines)
    told = {
        "cuts": {str(k): v for k, v in Counter(o.instant.phase for o in outcomes).items()},
        "failures": failures(outcomes),
        "summary": [
            *summary(outcomes),
            *tiny_summary(kept),
            f"the same records as signed chains: about {written / 1e6:.1f} MB",
        ],
        "tiny": {name: asdict(one) for name, one in kept.items()},
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
