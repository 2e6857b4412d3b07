"""What interrupts a session, judged by each text."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from evidence.compliance import assess
from tests.kits.records.folders import Folder
from tests.kits.rules.days import SECOND, Day, after
from tests.kits.rules.judging import (
    BESIDE,
    BOOKS,
    MET,
    NOT,
    OPEN,
    TEXTS,
    Scenario,
    day,
    good,
    plus,
    under,
    under_all,
)


def crashed(*said: int | None) -> Folder:
    one = day()
    one.crash()
    one.tell()
    for voiced_ms in said:
        one.say("interruption", voiced_ms)
    one.work()
    return one.finish()


def resumed(
    *said: int,
    seconds: int = 600,
    reason: str = "officer",
    plan_before: str | None = "plan-1",
    plan: str | None = "plan-1",
) -> Folder:
    first = Day(plan_id=plan_before)
    first.work()
    one = after(first, reason, seconds, plan_id=plan)
    one.arrive()
    for voiced_ms in said:
        one.say("interruption", voiced_ms)
    one.still(400)
    one.work()
    return one.finish()


def ended_by(reason: str) -> Folder:
    return day().finish(reason)


def lost(nanoseconds: int, cause: str = "frames_lost") -> Folder:
    one = day()
    one.gap(nanoseconds, cause)
    one.work()
    return one.finish()


def deaf(nanoseconds: int) -> Folder:
    one = day()
    begin = one.pts_ns
    gap = {"from_ns": begin, "to_ns": begin + nanoseconds, "cause": "microphone_gone"}
    one.event("gap", {"track": "audio", **gap})
    one.work()
    return one.finish()


def late_camera() -> Folder:
    """The first frame comes three seconds after the opening."""
    one = Day()
    begin = one.pts_ns
    gap = {"from_ns": begin, "to_ns": begin + 3 * SECOND, "cause": "late"}
    one.event("gap", {"track": "video", **gap})
    one.pts_ns += 3 * SECOND
    one.recorder.ticker.pass_ns(3 * SECOND)
    one.arrive()
    one.still(400)
    one.work()
    return one.finish()


def voluntary() -> Folder:
    one = day(activity="voluntary", plan_id=None)
    one.crash()
    one.tell()
    one.work()
    return one.finish()


_ACCOUNT = under(S1={"E6": OPEN, "F2": OPEN}, S4={"E6": OPEN, "F2": OPEN})


SCENARIOS: Mapping[str, Scenario] = {
    "a good day": Scenario(good),
    "a crash, and no reason spoken": Scenario(
        crashed, plus(_ACCOUNT, under(S3={"E1": NOT}, S4={"E5": NOT}))
    ),
    "a crash, and the reason spoken": Scenario(
        lambda: crashed(4_000),
        plus(_ACCOUNT, under(S3={"E1": NOT}, S4={"E5": MET})),
    ),
    "a crash, and a reason too short": Scenario(
        lambda: crashed(400),
        plus(_ACCOUNT, under(S3={"E1": NOT}, S4={"E5": NOT})),
    ),
    "a crash, and a reason that no microphone measured": Scenario(
        lambda: crashed(None),
        plus(_ACCOUNT, under(S3={"E1": NOT}, S4={"E5": OPEN})),
    ),
    "ended by the battery": Scenario(
        lambda: ended_by("battery"),
        plus(_ACCOUNT, under(S0={"C2": OPEN}, S1={"C3": OPEN}, S3={"E1": NOT})),
    ),
    "ended by a full card": Scenario(
        lambda: ended_by("storage"),
        plus(_ACCOUNT, under(S0={"C2": OPEN}, S1={"C3": OPEN}, S3={"E1": NOT})),
    ),
    "goes on after an empty battery, reason spoken": Scenario(
        lambda: resumed(4_000, reason="battery"),
        plus(_ACCOUNT, under(S3={"E1": NOT}, S4={"E5": MET})),
    ),
    "stopped and begun again by the officer, no reason": Scenario(
        resumed,
        plus(
            _ACCOUNT,
            under(S0={"E4": OPEN}, S1={"E3": OPEN}, S3={"E1": NOT}, S4={"E2": NOT, "E5": NOT}),
        ),
    ),
    "stopped and begun again by the officer, reason spoken": Scenario(
        lambda: resumed(4_000),
        plus(
            _ACCOUNT,
            under(S0={"E4": OPEN}, S1={"E3": OPEN}, S3={"E1": NOT}, S4={"E2": OPEN, "E5": MET}),
        ),
    ),
    "the same plan two hours later": Scenario(lambda: resumed(seconds=7_200)),
    "stopped and begun again, both without a plan": Scenario(
        lambda: resumed(plan_before=None, plan=None),
        plus(
            _ACCOUNT,
            under(S0={"E4": OPEN}, S1={"E3": OPEN}, S3={"E1": OPEN}, S4={"E2": OPEN, "E5": OPEN}),
        ),
    ),
    "another plan soon after": Scenario(lambda: resumed(plan_before="plan-0")),
    "another plan soon after an empty battery": Scenario(
        lambda: resumed(reason="battery", plan_before="plan-0"),
        plus(_ACCOUNT, under(S3={"E1": OPEN}, S4={"E5": OPEN})),
    ),
    "the first frame came late": Scenario(late_camera),
    "one frame lost": Scenario(lambda: lost(40_000_000)),
    "half a second lost": Scenario(
        lambda: lost(SECOND // 2), plus(_ACCOUNT, under(S3={"E1": NOT}))
    ),
    "the recorder's process lost, and back": Scenario(
        lambda: lost(3 * SECOND, "recorder_lost"),
        plus(_ACCOUNT, under(S3={"E1": NOT}, S4={"E5": NOT})),
    ),
    "deaf for two seconds": Scenario(
        lambda: deaf(2 * SECOND),
        plus(_ACCOUNT, under_all(D10=NOT), under(S3={"E1": NOT})),
    ),
    "recorded of one's own accord, with a crash": Scenario(
        voluntary,
        plus(
            _ACCOUNT,
            under_all(D12=OPEN),
            under(
                S0={"D1": BESIDE, "D7": OPEN},
                S2={"D3": BESIDE},
                S3={"D5": BESIDE, "E1": NOT},
                S4={"E5": NOT},
            ),
        ),
    ),
}


@pytest.mark.rule("D7")
@pytest.mark.rule("D10")
@pytest.mark.rule("D12")
@pytest.mark.rule("E1")
@pytest.mark.rule("E2")
@pytest.mark.rule("E3")
@pytest.mark.rule("E4")
@pytest.mark.rule("E5")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_an_interruption_is_judged_by_each_text(name: str, text: str) -> None:
    scenario = SCENARIOS[name]
    scenario.check(text, assess(*scenario.judged(), BOOKS[text], now=scenario.now))
