"""Gaps, doubts, clock steps and what has expired: what explains, and what does not."""

from __future__ import annotations

from evidence.verify import Severity, Verdict
from tests.kits.records.lies import BUREAU, broken, closed, judged, new_take
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

SECOND = 1_000_000_000


def test_a_certificate_and_a_rulebook_out_of_their_periods_are_told() -> None:
    take = Take(Recorder(BUREAU))
    take.recorder.ticker.utc_ns += 20 * 365 * 86_400 * SECOND
    late = Take(take.recorder)
    late.segment()
    late.close()
    verdict = judged(late.folder())
    told = {finding.code for finding in verdict.of(Severity.INFO)}
    assert {"certificate_period", "rulebook_expired"} <= told


def test_a_clock_step_and_an_unsure_time_are_told() -> None:
    take = new_take()
    step = {"expected_utc": "2026-11-21T04:01:30.000000Z", "step_ms": 60_000}
    take.event("clock_step", {**step, "actual_utc": "2026-11-21T04:02:30.000000Z"})
    take.close()
    assert "clock_step" in [finding.code for finding in judged(take.folder()).findings]


def test_a_gap_of_the_sound_alone_explains_no_missing_frames() -> None:
    take = new_take()
    take.segment()
    start = take.pts_ns
    gap = {"track": "audio", "from_ns": start, "to_ns": start + SECOND, "cause": "microphone"}
    take.event("gap", gap)
    take.pts_ns += SECOND
    take.segment()
    assert broken(closed(take)) == ["pts_gap"]


def doubtful(*, from_ns: int, to_ns: int) -> Verdict:
    take = new_take()
    take.segment()
    begins = take.pts_ns
    fields = {"track": "audio", "from_ns": begins + from_ns, "to_ns": begins + to_ns}
    take.event("doubt", {**fields, "within_ns": 17_000_001})
    take.close()
    return judged(take.folder())


def test_sound_whose_time_is_in_doubt_is_told_and_breaks_nothing() -> None:
    verdict = doubtful(from_ns=0, to_ns=40_000_000)
    [told] = [finding for finding in verdict.findings if finding.code == "doubt"]
    assert told.detail == "40 ms of sound, right to 18 ms"
    assert verdict.of(Severity.BROKEN) == []


def test_a_doubt_that_ends_before_it_begins_is_found() -> None:
    verdict = doubtful(from_ns=40_000_000, to_ns=0)
    assert "doubt_reversed" in [finding.code for finding in verdict.findings]


def test_a_gap_without_an_end_lasts_until_it_goes_on() -> None:
    take = new_take()
    take.segment()
    take.event("gap", {"track": "video", "from_ns": take.pts_ns, "to_ns": None, "cause": "camera"})
    take.pts_ns += 5 * SECOND
    take.segment()
    assert broken(closed(take)) == []
