"""What the recorder sees and hears.

Owns the steps ``picture``, ``microphone``, ``announcement`` and ``together``. Refuses thresholds of
its own where the check before use has one.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from agent.field_test.bench import SECOND_NS, Bench
from agent.field_test.claps import beeps, flashes, offsets_ns
from agent.field_test.outcome import Measure, Outcome, State, failed, passed
from agent.preflight import microphone as microphone_check
from agent.preflight.microphone import MicrophoneFacts
from agent.preflight.results import code_of
from agent.session import events as e

JITTER_NS: Final = 10_000_000
"""A quarter of a frame at 25 a second."""
LOST_PERMILLE: Final = 10
APART_NS: Final = 100_000_000
"""D10: what is heard and what is seen belong together; standards allow a second."""
ATTEMPTS: Final = 3
"""As many as in a session."""
LEAST_PAIRS: Final = 2
LOUDER_MDB: Final = 6_000
_P95: Final = 95
_ROOM_SECONDS: Final = 0.6
_CLIP_SECONDS: Final = 60.0
_MEASURED: Final = {"camera": "luma", "view": "sharpness"}
"""Check → what its value is."""


def picture(bench: Bench) -> Outcome:
    """The picture lives, is sharp, and comes in time."""
    checks = bench.recorder.preflight.look()
    told: dict[str, Measure] = {_MEASURED[one.name]: one.value or 0 for one in checks}
    for check in checks:
        if check.state != "ok":
            return failed(code_of(check), check.detail, **told)
    began_ns = bench.clock.monotonic_ns()
    bench.pause(bench.terms.look_seconds)
    return _in_time(bench, began_ns, told)


def _in_time(bench: Bench, began_ns: int, told: dict[str, Measure]) -> Outcome:
    """Drop rate and jitter of what came since, from the sensor's own stamps."""
    frame_ns = SECOND_NS // bench.device.settings.camera.frames_per_second
    stamps = [one.pts_ns for one in bench.camera.packets(began_ns)]
    steps = [after - before for before, after in pairwise(stamps)]
    if not steps:
        return failed("silent", "no two frames came", **told)
    lost = sum(max(0, round(step / frame_ns) - 1) for step in steps)
    uneven = sorted(abs(step - frame_ns * max(1, round(step / frame_ns))) for step in steps)
    jitter_ns = uneven[len(uneven) * _P95 // 100]
    whole = {**told, "frames": len(stamps), "lost": lost, "jitter_p95_us": jitter_ns // 1_000}
    if lost * 1_000 > LOST_PERMILLE * len(stamps):
        return failed("drops", **whole)
    return failed("jitter", **whole) if jitter_ns > JITTER_NS else passed(**whole)


def microphone(bench: Bench) -> Outcome:
    """A quiet room has the microphone's own noise; a voice is louder."""
    quiet = _room(bench)
    check = microphone_check.check(MicrophoneFacts(level_mdb=quiet))
    if check.state != "ok" or quiet is None:
        return failed(code_of(check), check.detail)
    bench.ask("speak")
    loud = bench.wait_for(lambda: _louder(bench, quiet))
    bench.ask("hush")
    if not loud:
        return failed("deaf", "a voice is no louder than the room", quiet_mdb=quiet)
    return passed(quiet_mdb=quiet, voice_mdb=loud)


def _room(bench: Bench) -> int | None:
    """How loud the room is while the recorder itself says nothing."""
    level, attempts = bench.wait_for(lambda: bench.ear.level(_ROOM_SECONDS)), 0
    while level is not None and attempts < ATTEMPTS:
        bench.quiet(2 * _ROOM_SECONDS)
        level = bench.ear.level(_ROOM_SECONDS)
        attempts = ATTEMPTS if bench.was_quiet(2 * _ROOM_SECONDS) else attempts + 1
    return level


def _louder(bench: Bench, quiet: int) -> int:
    level = bench.ear.level(_ROOM_SECONDS)
    return level if level is not None and level >= quiet + LOUDER_MDB else 0


def announcement(bench: Bench) -> Outcome:
    """The approved words sound, and the recorder hears all of them (C8); three times at most."""
    outcome, attempts = _announced(bench), 1
    while outcome.state is State.FAILED and attempts < ATTEMPTS:
        outcome, attempts = _announced(bench), attempts + 1
    told: dict[str, Measure] = {**outcome.measures, "attempts": attempts}
    if outcome.state is State.FAILED:
        return replace(outcome, measures=told)
    return passed(**told) if bench.person.confirm("announcement") else failed("unclear", **told)


def _announced(bench: Bench) -> Outcome:
    """One attempt, as a session makes it."""
    before = bench.inbox.posted
    bench.recorder.voice.play(0)

    def ended() -> e.ClipEnded | None:
        told = (one for one in bench.inbox.since(before) if isinstance(one, e.ClipEnded))
        return next(told, None)

    clip = bench.wait_for(ended, _CLIP_SECONDS)
    if clip is None or clip.reason is not None:
        return failed("unplayed", "" if clip is None else str(clip.reason))
    if clip.hearing is None:
        return failed("unheard", "the microphone delivered nothing")
    hearing = clip.hearing.hearing
    told: dict[str, Measure] = {
        "score_milli": hearing.score_milli,
        "heard_permille": hearing.share_milli,
        "level_mdb": hearing.level_mdb,
        "delay_us": hearing.delay_ns // 1_000,
        "underruns": clip.underruns,
    }
    if not hearing.heard:
        return failed("unheard", **told)
    if not hearing.complete:
        return failed("partly", **told)
    return passed(**told)


def _pairs(bench: Bench, since_ns: int) -> tuple[list[int], list[int], list[int]]:
    """Flashes, beeps, and by how much each pair is apart."""
    seen = [one for one in flashes(bench.camera.packets(since_ns)) if one >= since_ns]
    heard = beeps(bench.ear.blocks(since_ns))
    return seen, heard, sorted(offsets_ns(seen, heard))


def together(bench: Bench) -> Outcome:
    """Flash and beep of one instant are so far apart in the recording (D10)."""
    bench.quiet(_ROOM_SECONDS)
    began_ns = bench.clock.monotonic_ns()
    bench.ask("clap.begin")
    bench.pause(bench.terms.look_seconds)
    bench.wait_for(lambda: len(_pairs(bench, began_ns)[2]) >= LEAST_PAIRS)
    bench.ask("clap.end")
    seen, heard, apart = _pairs(bench, began_ns)
    told: dict[str, Measure] = {"flashes": len(seen), "beeps": len(heard), "pairs": len(apart)}
    if len(apart) < LEAST_PAIRS:
        return failed("unseen" if len(seen) < LEAST_PAIRS else "unheard", **told)
    middle = apart[len(apart) // 2]
    told |= {"offset_us": middle // 1_000, "spread_us": (apart[-1] - apart[0]) // 1_000}
    return passed(**told) if abs(middle) <= APART_NS else failed("apart", **told)
