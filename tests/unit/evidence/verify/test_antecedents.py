"""What a session points back to is held against the device log: checks, forerunners, numbers."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.canonical import JsonObject
from evidence.moments import utc_text
from evidence.verify import CODES, Severity, Verdict, verify
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import bundle
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BUREAU = Bureau()
SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
NEW: JsonObject = {"plan_id": None, "officers": [], "previous": None}
CHECK = {"name": "battery", "state": "ok", "detail": "ok: 300 minutes", "value": 300}


def judged(take: Take) -> Verdict:
    take.segment()
    take.close()
    return verify(bundle(take.folder()), BUREAU.ca)


def codes(take: Take) -> set[str]:
    told = {finding.code for finding in judged(take).findings}
    return {code for code in told if not code.startswith("disclosure")}


def preflight(recorder: Recorder, **changes: Any) -> str:
    recorder.note("preflight", {"trigger": "power_up", "checks": [{**CHECK, **changes}]})
    return recorder.log_head


def take_after(recorder: Recorder, **opening: Any) -> Take:
    return Take(recorder, plan=False, opening={**NEW, **opening})


@pytest.mark.rule("B5")
def test_a_check_within_its_hours_is_nothing_to_tell() -> None:
    recorder = Recorder(BUREAU)
    digest = preflight(recorder)
    recorder.ticker.pass_ns(11 * HOUR)
    assert codes(take_after(recorder, preflight=digest)) == set()


@pytest.mark.rule("B5")
def test_an_old_check_is_told_and_never_broken() -> None:
    recorder = Recorder(BUREAU)
    digest = preflight(recorder)
    recorder.ticker.pass_ns(13 * HOUR)
    assert codes(take_after(recorder, preflight=digest)) == {"preflight_old"}


@pytest.mark.rule("B5")
def test_the_age_of_a_check_before_another_boot_goes_by_the_wall_clock() -> None:
    recorder = Recorder(BUREAU)
    digest = preflight(recorder)
    recorder.ticker.boot(off_s=13 * 3_600)
    recorder.start()
    assert codes(take_after(recorder, preflight=digest)) == {"preflight_old"}


@pytest.mark.rule("B5")
def test_a_missing_check_is_told_and_never_broken() -> None:
    assert codes(take_after(Recorder(BUREAU))) == {"preflight_absent"}


def pressed_before_its_check(*, known: bool) -> Verdict:
    recorder = Recorder(BUREAU)
    take = take_after(recorder)
    digest = preflight(recorder) if known else "a" * 64
    detail = "made after the press: battery ok"
    told = {"name": "preflight", "passed": True, "detail": detail, "sha256": digest}
    take.event("check", told)
    return judged(take)


@pytest.mark.rule("B5")
def test_a_check_made_after_the_press_is_told_and_pointed_to_by_the_session() -> None:
    told = {f.code: f.detail for f in pressed_before_its_check(known=True).findings}
    assert told["preflight_late"] == "made after the press: battery ok"
    assert not {"preflight_absent", "preflight_unknown"} & told.keys()


def test_a_check_after_the_press_that_the_device_never_made_is_broken() -> None:
    broken = pressed_before_its_check(known=False).of(Severity.BROKEN)
    assert [finding.code for finding in broken] == ["preflight_unknown"]


def test_a_session_of_an_earlier_device_is_not_asked_for_a_check() -> None:
    assert codes(Take(Recorder(BUREAU))) == set()


@pytest.mark.rule("B5", "B1")
def test_what_a_check_found_is_told() -> None:
    recorder = Recorder(BUREAU)
    digest = preflight(recorder, state="warn", detail="low: 20 minutes", value=20)
    take = take_after(recorder, preflight=digest)
    finding = next(f for f in judged(take).findings if f.code == "preflight_warned")
    assert finding.detail == "battery warn"


def test_a_check_that_the_device_never_made_is_broken() -> None:
    take = take_after(Recorder(BUREAU), preflight="a" * 64)
    assert [f.code for f in judged(take).of(Severity.BROKEN)] == ["preflight_unknown"]


def test_without_a_device_log_nothing_is_said_of_a_check() -> None:
    recorder = Recorder(BUREAU)
    take = take_after(recorder, preflight=preflight(recorder))
    take.segment()
    take.close()
    folder = take.folder()
    del folder["device.jws"]
    told = {finding.code for finding in verify(bundle(folder), BUREAU.ca).findings}
    assert not {code for code in told if code.startswith("preflight")}


def followed(**changes: Any) -> Verdict:
    """A session that says it goes on with the one before, with changes to what it says."""
    recorder = Recorder(BUREAU)
    first = take_after(recorder)
    first.segment()
    first.close("battery")
    ended_ns = recorder.ticker.utc_ns
    recorder.ticker.pass_ns(600 * SECOND)
    seconds = (recorder.ticker.utc_ns - ended_ns) // SECOND
    honest: JsonObject = {
        "sid": first.sid,
        "counter": first.counter,
        "reason": "battery",
        "seconds": seconds,
        "same_plan": True,
    }
    return judged(take_after(recorder, previous={**honest, **changes}))


@pytest.mark.rule("E4", "E7")
def test_the_session_it_goes_on_with_is_told() -> None:
    verdict = followed()
    assert verdict.of(Severity.BROKEN) == []
    assert "follows" in {finding.code for finding in verdict.findings}


@pytest.mark.rule("E7")
@pytest.mark.parametrize(
    "changes",
    [
        {"sid": "0197a000-0000-7000-8000-000000000000"},
        {"counter": 7},
        {"reason": "officer"},
        {"same_plan": False},
        {"seconds": 10},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_false_word_about_the_session_before_is_found(changes: dict[str, Any]) -> None:
    assert [f.code for f in followed(**changes).of(Severity.BROKEN)] == ["previous_differs"]


def counted(
    log: tuple[int, ...], journal: tuple[int, ...], entry: int, later: int | None = None
) -> list[str]:
    """Findings that are broken where these numbers stand in device log and journal."""
    recorder = Recorder(BUREAU)
    for count in log:
        recorder.note("press", {"button": "mark", "gesture": "press", "at_ns": 1, "count": count})
    take = take_after(recorder)
    for count in journal:
        fields = {"button": "mark", "gesture": "press", "at_ns": 1, "count": count}
        take.event("button", fields)
    take.segment()
    take.entry = {"counted": entry, "ended": utc_text(recorder.ticker.utc_ns), "plan_id": None}
    take.close()
    if later is not None:
        recorder.note("refusal", {"code": "storage", "detail": "", "count": later})
    verdict = verify(bundle(take.folder()), BUREAU.ca)
    return [finding.code for finding in verdict.of(Severity.BROKEN)]


@pytest.mark.rule("N5")
def test_numbers_that_go_up_through_log_and_journal_are_sound() -> None:
    assert counted((1, 2), (3, 4), 4, later=5) == []
    assert counted((1, 2), (), 2, later=3) == []


@pytest.mark.rule("N5")
@pytest.mark.parametrize(
    "numbers",
    [
        ((1, 1), (), 1),
        ((2, 1), (), 2),
        ((1, 2), (2,), 2),
        ((1,), (3, 3), 3),
        ((1,), (3, 2), 3),
        ((1,), (2, 3), 2),
        ((1, 2), (3,), 3, 3),
    ],
    ids=str,
)
def test_a_number_that_does_not_go_up_is_found(numbers: Any) -> None:
    assert counted(*numbers) == ["count_backwards"]


def test_a_prompt_over_the_announcement_is_told() -> None:
    take = take_after(Recorder(BUREAU))
    take.event("prompt", {"prompt": "started", "at_ns": take.recorder.ticker.mono_ns})
    take.announce()
    take.event("prompt", {"prompt": "mark", "at_ns": take.recorder.ticker.mono_ns + 5 * SECOND})
    verdict = judged(take)
    assert [f.detail for f in verdict.findings if f.code == "prompt_overlaps"] == ["prompt mark"]
    assert verdict.of(Severity.BROKEN) == []


@pytest.mark.rule("C8")
def test_a_further_attempt_stands_for_the_one_before_it() -> None:
    take = take_after(Recorder(BUREAU))
    take.announce(verdict="unverified", check="acoustic", attempt=1)
    take.announce(verdict="verified", check="acoustic", attempt=2)
    verdict = judged(take)
    assert verdict.disclosure == "verified"
    assert "disclosure_unverified" in {finding.code for finding in verdict.findings}


def test_no_shortfall_of_the_rules_is_called_broken() -> None:
    shortfalls = ("preflight_absent", "preflight_old", "preflight_warned", "follows")
    assert {CODES[code].severity for code in shortfalls} == {Severity.INFO}
