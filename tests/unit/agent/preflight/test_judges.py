"""Each judge, fact by fact: the state, the code and the number."""

from __future__ import annotations

import pytest

from agent.preflight import (
    backlog,
    battery,
    buttons,
    camera,
    clock,
    custody,
    key,
    lamp,
    microphone,
    rulebook,
    space,
    speaker,
    storage,
    view,
)
from agent.preflight.results import Trouble, code_of, ok, refusal, refuse, warn
from agent.preflight.stop_use import StopUse
from agent.vault.messages import CheckResult
from evidence.assignment import Assignment, Officer, Standing
from evidence.moments import TimeSource, utc_text
from evidence.records import check_device_record
from hw.types import ButtonName, LampPattern

HUNG = Trouble("hung", "no answer within 2 s")
DAY_NS = 86_400 * 10**9
NOW_NS = 1_795_248_240 * 10**9
_PASSED = utc_text(NOW_NS - 1_000)
_COMING = utc_text(NOW_NS + 1_000)


def _battery(percent: int | None = 80, millivolts: int = 4_000, **more: object) -> CheckResult:
    facts = {"minutes_full": 200, "source": "measured", **more}
    return battery.check(
        battery.BatteryFacts(percent=percent, millivolts=millivolts, **facts)  # type: ignore[arg-type]
    )


def _clock(
    source: TimeSource = TimeSource.NTP, error_ms: int | None = 50, not_before_ns: int = 0
) -> CheckResult:
    return clock.check(
        clock.ClockFacts(
            utc_ns=NOW_NS, source=source, error_ms=error_ms, not_before_ns=not_before_ns
        )
    )


def _word(
    standing: Standing = Standing.ASSIGNED,
    number: int = 3,
    until: str | None = None,
    officers: tuple[Officer, ...] = (),
) -> Assignment:
    return Assignment(
        device="REC-001",
        number=number,
        standing=standing,
        custodian="C-1",
        keeper="K-1",
        leader="L-1",
        approval="a-7",
        issued="2026-11-21T08:00:00.000000Z",
        until=until,
        officers=officers,
    )


_SHARED = _word(officers=(Officer(id="C-2"), Officer(id="C-3", until=_PASSED)))


def _stopped(assignment: int | None) -> StopUse:
    return StopUse(part="camera", code="frozen", detail="frozen: test", assignment=assignment)


def _custody(**facts: object) -> CheckResult:
    usual = {
        "assignment": _word(),
        "revoked": False,
        "utc_ns": NOW_NS,
        "clock_sure": True,
        "certified_until_ns": NOW_NS + DAY_NS,
    }
    return custody.check(custody.CustodyFacts(**{**usual, **facts}))  # type: ignore[arg-type]


def _rulebook(**facts: object) -> CheckResult:
    usual = {
        "version": 7,
        "not_before_ns": NOW_NS - DAY_NS,
        "expires_ns": NOW_NS + 100 * DAY_NS,
        "utc_ns": NOW_NS,
        "clock_sure": True,
    }
    return rulebook.check(rulebook.RulebookFacts(**{**usual, **facts}))  # type: ignore[arg-type]


def _space(minutes: int | None, trouble: Trouble | None = None) -> CheckResult:
    return space.check(
        space.SpaceFacts(minutes=minutes, warn_minutes=120, refuse_minutes=15, trouble=trouble)
    )


def _storage(**facts: object) -> CheckResult:
    usual = {"intact": True, "milliseconds": 9}
    return storage.check(storage.StorageFacts(**{**usual, **facts}))  # type: ignore[arg-type]


def _key(**facts: object) -> CheckResult:
    return key.check(key.KeyFacts(**{"verified": True, "milliseconds": 2, **facts}))  # type: ignore[arg-type]


def _camera(luma: int | None = 90, differing: int = 5, **more: object) -> CheckResult:
    return camera.check(camera.CameraFacts(luma=luma, differing=differing, **more))  # type: ignore[arg-type]


def _view(luma: int = 90, sharpness: int = 200) -> CheckResult:
    return view.check(view.ViewFacts(luma=luma, sharpness=sharpness))


def _microphone(level_mdb: int | None, trouble: Trouble | None = None) -> CheckResult:
    return microphone.check(microphone.MicrophoneFacts(level_mdb=level_mdb, trouble=trouble))


def _speaker(**facts: object) -> CheckResult:
    usual = {"heard": True, "complete": True, "level_relative_mdb": 0}
    return speaker.check(speaker.SpeakerFacts(**{**usual, **facts}))  # type: ignore[arg-type]


def _lamp(lit: LampPattern | None, trouble: Trouble | None = None) -> CheckResult:
    asked = None if trouble else LampPattern.READY
    return lamp.check(lamp.LampFacts(asked=asked, lit=lit, trouble=trouble))


def _buttons(*down: ButtonName, trouble: Trouble | None = None) -> CheckResult:
    return buttons.check(buttons.ButtonFacts(down=down, looked_ms=900, trouble=trouble))


def _backlog(sessions: int | None, deadline_minutes: int | None = None) -> CheckResult:
    return backlog.check(backlog.BacklogFacts(sessions=sessions, deadline_minutes=deadline_minutes))


@pytest.mark.parametrize(
    ("result", "name", "state", "code", "value"),
    [
        (_battery(), "battery", "ok", "ok", 160),
        (_battery(30), "battery", "ok", "ok", 60),
        (_battery(29), "battery", "warn", "low", 58),
        (_battery(90, 3_340), "battery", "warn", "implausible", 30),
        (_battery(29, warn_minutes=30), "battery", "ok", "ok", 58),
        (_battery(None), "battery", "warn", "failed", None),
        (_battery(None, trouble=HUNG), "battery", "warn", "hung", None),
        (_space(120), "space", "ok", "ok", 120),
        (_space(119), "space", "warn", "short", 119),
        (_space(15), "space", "warn", "short", 15),
        (_space(14), "space", "refuse", "full", 14),
        (_space(None), "space", "refuse", "failed", None),
        (_space(None, HUNG), "space", "refuse", "hung", None),
        (_clock(), "clock", "ok", "ok", 50),
        (_clock(TimeSource.RTC, 60_000), "clock", "ok", "ok", 60_000),
        (_clock(TimeSource.RTC, 60_001), "clock", "warn", "wide", 60_001),
        (_clock(TimeSource.NONE, None), "clock", "warn", "unsure", None),
        (_clock(TimeSource.LAST_KNOWN, 900), "clock", "warn", "unsure", 900),
        (_clock(TimeSource.NTP, None), "clock", "warn", "unsure", None),
        (_clock(not_before_ns=NOW_NS + 1), "clock", "warn", "behind", 50),
        (_storage(), "storage", "ok", "ok", 9),
        (_storage(milliseconds=2_001), "storage", "warn", "slow", 2_001),
        (_storage(intact=False), "storage", "refuse", "differs", 9),
        (_storage(trouble=HUNG), "storage", "refuse", "hung", None),
        (_key(), "key", "ok", "ok", 2),
        (_key(verified=False), "key", "refuse", "wrong", 2),
        (_key(trouble=HUNG), "key", "refuse", "hung", None),
        (_backlog(0), "backlog", "ok", "ok", 0),
        (_backlog(2, 240), "backlog", "ok", "ok", 2),
        (_backlog(2, 239), "backlog", "warn", "due", 2),
        (_backlog(2, -1), "backlog", "warn", "overdue", 2),
        (_backlog(None), "backlog", "warn", "failed", None),
        (_custody(), "custody", "ok", "ok", 3),
        (_custody(revoked=True), "custody", "refuse", "revoked", None),
        (_custody(assignment=None), "custody", "refuse", "unassigned", None),
        (_custody(assignment=_word(Standing.UNASSIGNED)), "custody", "refuse", "unassigned", 3),
        (_custody(assignment=_word(Standing.FROZEN)), "custody", "refuse", "frozen", 3),
        (_custody(assignment=_word(Standing.ENDED)), "custody", "refuse", "ended", 3),
        (_custody(stop_use=_stopped(3)), "custody", "refuse", "stop_use", 3),
        (_custody(stop_use=_stopped(2)), "custody", "ok", "ok", 3),
        (_custody(stop_use=_stopped(None)), "custody", "ok", "ok", 3),
        (_custody(assignment=_word(until=_PASSED)), "custody", "refuse", "lapsed", 3),
        (_custody(assignment=_word(until=_COMING)), "custody", "ok", "ok", 3),
        (_custody(assignment=_word(until=_PASSED), clock_sure=False), "custody", "ok", "ok", 3),
        (_custody(users=("C-1",)), "custody", "ok", "ok", 3),
        (_custody(users=("C-2",)), "custody", "refuse", "off_roster", 3),
        (_custody(users=("C-2", "C-1")), "custody", "ok", "ok", 3),
        (_custody(users=("C-2",), clock_sure=False), "custody", "refuse", "off_roster", 3),
        (_custody(users=("C-2",), assignment=_SHARED), "custody", "ok", "ok", 3),
        (_custody(users=("C-3",), assignment=_SHARED), "custody", "refuse", "roster_over", 3),
        (_custody(users=("C-3",), assignment=_SHARED, clock_sure=False), "custody", "ok", "ok", 3),
        (_custody(users=("C-2",), certified_until_ns=NOW_NS), "custody", "refuse", "off_roster", 3),
        (_custody(certified_until_ns=NOW_NS), "custody", "warn", "expired", 3),
        (_custody(certified_until_ns=0, clock_sure=False), "custody", "ok", "ok", 3),
        (_custody(trouble=HUNG), "custody", "refuse", "unreadable", None),
        (_rulebook(), "rulebook", "ok", "ok", 7),
        (_rulebook(expires_ns=NOW_NS - 1), "rulebook", "warn", "expired", 7),
        (_rulebook(expires_ns=NOW_NS + 13 * DAY_NS), "rulebook", "warn", "expiring", 7),
        (_rulebook(not_before_ns=NOW_NS + 1), "rulebook", "warn", "early", 7),
        (_rulebook(expires_ns=0, clock_sure=False), "rulebook", "ok", "ok", 7),
        (_rulebook(version=None), "rulebook", "refuse", "failed", None),
        (_camera(), "camera", "ok", "ok", 90),
        (_camera(differing=0), "camera", "warn", "frozen", 90),
        (_camera(12), "camera", "warn", "black", 12),
        (_camera(None), "camera", "warn", "failed", None),
        (_camera(None, trouble=HUNG), "camera", "warn", "hung", None),
        (_view(), "view", "ok", "ok", 200),
        (_view(27), "view", "warn", "dim", 200),
        (_view(sharpness=5), "view", "warn", "blurred", 5),
        (_microphone(-58_000), "microphone", "ok", "ok", -58_000),
        (_microphone(-72_001), "microphone", "warn", "faint", -72_001),
        (_microphone(-90_000), "microphone", "warn", "dead", -90_000),
        (_microphone(None), "microphone", "warn", "silent", None),
        (_microphone(None, HUNG), "microphone", "warn", "hung", None),
        (_speaker(), "speaker", "ok", "ok", 0),
        (_speaker(level_relative_mdb=None), "speaker", "ok", "ok", None),
        (_speaker(level_relative_mdb=-15_001), "speaker", "warn", "faint", -15_001),
        (_speaker(complete=False), "speaker", "warn", "partly", 0),
        (_speaker(heard=False), "speaker", "warn", "unheard", 0),
        (_speaker(heard=None), "speaker", "warn", "unknown", None),
        (_speaker(heard=None, listened=True), "speaker", "warn", "untested", None),
        (_speaker(heard=None, trouble=HUNG), "speaker", "warn", "hung", None),
        (_lamp(LampPattern.READY), "lamp", "ok", "ok", None),
        (_lamp(LampPattern.LOW), "lamp", "warn", "stuck", None),
        (_lamp(None), "lamp", "warn", "dark", None),
        (_lamp(None, HUNG), "lamp", "warn", "hung", None),
        (_buttons(), "buttons", "ok", "ok", 0),
        (_buttons(ButtonName.MARK), "buttons", "warn", "stuck", 1),
        (_buttons(trouble=HUNG), "buttons", "warn", "hung", None),
    ],
)
def test_a_judge_says_exactly_this(
    result: CheckResult, name: str, state: str, code: str, value: int | None
) -> None:
    said = (result.name, result.state, code_of(result), result.value)
    assert said == (name, state, code, value)


@pytest.mark.rule("B4")
def test_no_clock_however_wrong_refuses_evidence() -> None:
    for source in TimeSource:
        for error_ms in (None, 0, 10**9):
            assert _clock(source, error_ms, NOW_NS * 2).state == "warn"


@pytest.mark.rule("B4")
def test_the_clocks_record_names_local_time_source_and_bound() -> None:
    assert _clock().detail == "ok: 2026-11-21 16:04:00 Asia/Shanghai by ntp, within 50 ms"


@pytest.mark.parametrize("name", ["battery", "camera", "clock", "speaker", "backlog", "lamp"])
def test_a_check_that_may_not_refuse_cannot(name: str) -> None:
    with pytest.raises(ValueError, match="never refuses"):
        refuse(name, "failed", "it must not")


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (_space(3), "storage"),
        (_storage(intact=False), "no_store"),
        (_key(verified=False), "no_key"),
        (_custody(revoked=True), "custody"),
        (_rulebook(version=None), "no_rulebook"),
        (_speaker(heard=False), None),
    ],
)
def test_what_refuses_a_start_has_its_code(check: CheckResult, code: str | None) -> None:
    assert refusal([ok("clock", "fine"), warn("battery", "low", "soon"), check]) == code


@pytest.mark.rule("B5")
def test_every_result_fits_the_signed_record() -> None:
    long = warn("camera", "failed", "x" * 5_000)
    payload = {
        "v": 1,
        "t": "preflight",
        "i": 3,
        "prev": "0" * 64,
        "mono_ns": 1,
        "boot_id": "b",
        "utc": "2026-11-21T08:04:00.000000Z",
        "utc_q": {"source": "ntp", "error_ms": 50},
        "dev": "ZF-0001",
        "next": {"crv": "P-256", "kty": "EC", "x": "A" * 43, "y": "A" * 43},
        "trigger": "idle",
        "checks": [
            {"name": c.name, "state": c.state, "detail": c.detail, "value": c.value}
            for c in (long, _clock(), _battery(), _speaker(level_relative_mdb=-15_001))
        ],
        "count": 1,
    }
    check_device_record(payload)
