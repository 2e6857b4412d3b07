"""The check before use, judged by each text."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from evidence.compliance import assess
from tests.kits.records.folders import Folder
from tests.kits.records.recorder import Recorder
from tests.kits.rules.days import HOUR, MINUTE, bureau_of, preflight
from tests.kits.rules.judging import (
    BOOKS,
    NOT,
    OPEN,
    TEXTS,
    Scenario,
    day,
    judge,
    states,
    under_all,
)


def checked(hours: int = 0, **warned: str) -> Folder:
    recorder = Recorder(bureau_of("S0"))
    digest = preflight(recorder, **warned)
    recorder.ticker.pass_ns(hours * HOUR)
    return day(recorder=recorder, preflight=digest).finish(late_ns=MINUTE)


SCENARIOS: Mapping[str, Scenario] = {
    "checked eleven hours before": Scenario(lambda: checked(11)),
    "checked thirteen hours before": Scenario(lambda: checked(13), under_all(B5=NOT)),
    "not checked": Scenario(
        lambda: day(preflight=None).finish(),
        under_all(B1=NOT, B2=NOT, B3=NOT, B4=NOT, B5=NOT, N5=OPEN),
    ),
    "the microphone was deaf at the check": Scenario(
        lambda: checked(microphone="warn"), under_all(B1=NOT)
    ),
    "the battery was low at the check": Scenario(
        lambda: checked(battery="warn"), under_all(B2=NOT)
    ),
    "little space at the check": Scenario(lambda: checked(space="warn"), under_all(B3=NOT)),
    "the clock was unsure at the check": Scenario(lambda: checked(clock="warn"), under_all(B4=NOT)),
    "the lens was covered at the check": Scenario(lambda: checked(view="warn"), under_all(C1=NOT)),
}


@pytest.mark.rule("B1")
@pytest.mark.rule("B2")
@pytest.mark.rule("B3")
@pytest.mark.rule("B4")
@pytest.mark.rule("B5")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_check_before_use_is_judged_by_each_text(name: str, text: str) -> None:
    scenario = SCENARIOS[name]
    scenario.check(text, assess(*scenario.judged(), BOOKS[text], now=scenario.now))


def test_a_check_that_the_device_never_made_is_no_check_and_breaks_the_evidence() -> None:
    found = states(assess(*judge(day(preflight="0" * 64).finish()), BOOKS["S0"]))
    assert {row for row, state in found.items() if state == NOT} == {
        *("B1", "B2", "B3", "B4", "B5"),
        *("E7", "E8", "G1", "G5"),
    }
