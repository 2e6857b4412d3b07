"""Handing in, judged by each text."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from evidence.compliance import assess
from tests.kits.records.folders import Folder
from tests.kits.records.recorder import Recorder
from tests.kits.rules.days import HOUR, bureau_of
from tests.kits.rules.judging import (
    BOOKS,
    NOT,
    OPEN,
    TEXTS,
    Scenario,
    day,
    judge,
    plus,
    under,
    under_all,
)


def handed_in(late_ns: int) -> Folder:
    return day().finish(late_ns=late_ns)


def kept() -> Folder:
    return day().finish(archived=False)


def two_before_the_dock() -> Folder:
    recorder = Recorder(bureau_of("S0"))
    first = day(recorder=recorder)
    made = first.finish()
    day(recorder=recorder).finish()
    stored = {"kind": "stored", "serial": 2, "sha256": "0" * 64, "sid": first.sid}
    recorder.note("receipt", stored)
    return {**made, "device.jws": bytes(recorder.log)}


SCENARIOS: Mapping[str, Scenario] = {
    "handed in after thirty hours": Scenario(
        lambda: handed_in(30 * HOUR),
        under(S0={"H1": NOT}, S3={"H6": NOT}, S4={"H1": OPEN, "H4": OPEN}, S1={"H4": OPEN}),
    ),
    "handed in after midnight": Scenario(lambda: handed_in(13 * HOUR), under(S3={"H6": NOT})),
    "not handed in yet": Scenario(
        kept,
        plus(
            under_all(A6=OPEN, G5=OPEN, H8=OPEN, H9=OPEN),
            under(
                S0={"H1": OPEN},
                S1={"H3": OPEN, "H4": OPEN},
                S3={"H6": OPEN},
                S4={"H1": OPEN, "H4": OPEN},
            ),
        ),
    ),
    "not handed in two days later": Scenario(
        kept,
        plus(
            under_all(A6=OPEN, G5=OPEN, H8=OPEN, H9=OPEN),
            under(
                S0={"H1": NOT},
                S1={"H3": OPEN, "H4": OPEN},
                S3={"H6": NOT},
                S4={"H1": OPEN, "H4": OPEN},
            ),
        ),
        now="2026-11-23T12:00:00.000000Z",
    ),
    "two sessions before the dock": Scenario(two_before_the_dock, under(S1={"H3": OPEN})),
}


@pytest.mark.rule("H1")
@pytest.mark.rule("H9")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_handing_in_is_judged_by_each_text(name: str, text: str) -> None:
    scenario = SCENARIOS[name]
    scenario.check(text, assess(*scenario.judged(), BOOKS[text], now=scenario.now))


def test_a_late_day_is_late_by_the_minutes() -> None:
    found = assess(*judge(handed_in(30 * HOUR)), BOOKS["S0"])
    late = next(one for one in found if one.row == "H1")
    assert (late.because_en, late.proof and late.proof.file) == (
        "late by 360 minutes",
        "receipt-stored.jws",
    )
