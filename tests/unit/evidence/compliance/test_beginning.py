"""Announcement, sign, statement and officers at the beginning, judged by each text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from evidence import rulebook
from evidence.compliance import assess
from evidence.journal import payloads
from tests.kits.records.folders import Folder
from tests.kits.records.recorder import Recorder
from tests.kits.rules import rulebooks
from tests.kits.rules.days import Day, bureau_of
from tests.kits.rules.judging import (
    BOOKS,
    MET,
    NOT,
    OPEN,
    TEXTS,
    Scenario,
    judge,
    plus,
    states,
    under,
    under_all,
)


def begun(
    *,
    told: Callable[[Day], object] = Day.tell,
    sign: bool = True,
    voiced_ms: int | None = 9_000,
    again: bool = True,
    **opening: object,
) -> Folder:
    one = Day(**opening)  # type: ignore[arg-type]
    one.work()
    told(one)
    if sign:
        one.mark("sign")
    if voiced_ms != 0:
        for template in ("fixed", "purpose", "fields"):
            one.say(template, voiced_ms)
    if again:
        told(one)
    one.still(400)
    one.work()
    return one.finish()


def unheard(one: Day) -> None:
    one.tell("unverified")


def attested(one: Day) -> None:
    one.tell("unverified")
    one.mark("attested")


def heard_at_last(one: Day) -> None:
    one.tell("unverified")
    one.tell("unverified", attempt=2)
    one.tell(attempt=3)


def heard_when_said_again(one: Day) -> None:
    said = [record for record in payloads(bytes(one.content)) if record.get("kind") == "disclosure"]
    one.tell("verified" if said else "unverified")


def never(one: Day) -> None:
    del one


def asked_first() -> Folder:
    one = Day()
    one.work()
    one.mark("question")
    one.mark("sign")
    for template in ("fixed", "purpose", "fields"):
        one.say(template)
    one.tell()
    one.still(400)
    one.work()
    return one.finish()


SCENARIOS: Mapping[str, Scenario] = {
    "the announcement was not heard": Scenario(
        lambda: begun(told=unheard),
        plus(
            under_all(C12=NOT, C10=OPEN),
            under(S0={"C8": NOT}, S4={"C8": NOT}),
            under(S1={"C9": NOT}, S2={"C9": NOT}, S3={"C9": NOT}),
        ),
    ),
    "not heard, but the officer states that he said it": Scenario(
        lambda: begun(told=attested),
        plus(
            under_all(C12=OPEN, C10=OPEN),
            under(S0={"C8": OPEN}, S4={"C8": OPEN}),
            under(S1={"C9": OPEN}, S2={"C9": OPEN}, S3={"C9": OPEN}),
        ),
    ),
    "heard at the third attempt": Scenario(lambda: begun(told=heard_at_last)),
    "heard only when it was said again": Scenario(
        lambda: begun(told=heard_when_said_again),
        plus(
            under_all(C12=OPEN),
            under(S0={"C8": OPEN}, S4={"C8": OPEN}),
            under(S1={"C9": OPEN}, S2={"C9": OPEN}, S3={"C9": OPEN}),
        ),
    ),
    "nothing was announced": Scenario(
        lambda: begun(told=never),
        plus(
            under_all(C12=NOT, C10=OPEN),
            under(S0={"C8": NOT}, S4={"C8": NOT}),
            under(S1={"C9": NOT}, S2={"C9": NOT}, S3={"C9": NOT}),
        ),
    ),
    "announced in another bureau's words": Scenario(
        lambda: begun(text="S2"), under(S0={"C8": NOT}, S4={"C8": NOT})
    ),
    "announced at the door only": Scenario(lambda: begun(again=False), under(S0={"C12": OPEN})),
    "questioned before anything was announced": Scenario(asked_first, under_all(C12=NOT)),
    "the sign was not marked": Scenario(
        lambda: begun(sign=False), under(S0={"C2": NOT, "C4": NOT, "C12": OPEN})
    ),
    "the statement was too short": Scenario(
        lambda: begun(voiced_ms=2_999),
        under(S0={"C5": NOT}, S1={"C3": OPEN, "C6": NOT}, S2={"C7": NOT}),
    ),
    "the statement could not be measured": Scenario(
        lambda: begun(voiced_ms=None),
        under(S0={"C5": OPEN}, S1={"C3": OPEN, "C6": OPEN}, S2={"C7": OPEN}),
    ),
    "no statement": Scenario(
        lambda: begun(voiced_ms=0),
        under(S0={"C5": NOT}, S1={"C3": OPEN, "C6": NOT}, S2={"C7": NOT}),
    ),
    "one officer alone": Scenario(lambda: begun(officers=["o-1"]), under(S2={"C11": NOT})),
    "no officer named": Scenario(
        lambda: begun(officers=[]), plus(under_all(A3=NOT, I1=OPEN), under(S2={"C11": NOT}))
    ),
    "carried by another than its custodian": Scenario(
        lambda: begun(custodian="o-9"), under_all(A3=OPEN)
    ),
}


@pytest.mark.rule("A3")
@pytest.mark.rule("C2")
@pytest.mark.rule("C4")
@pytest.mark.rule("C5")
@pytest.mark.rule("C6")
@pytest.mark.rule("C7")
@pytest.mark.rule("C8")
@pytest.mark.rule("C9")
@pytest.mark.rule("C11")
@pytest.mark.rule("C12")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_beginning_is_judged_by_each_text(name: str, text: str) -> None:
    scenario = SCENARIOS[name]
    scenario.check(text, assess(*scenario.judged(), BOOKS[text], now=scenario.now))


@pytest.mark.rule("C9")
@pytest.mark.parametrize(("second", "state"), [("verified", MET), ("unverified", NOT)])
def test_of_several_languages_each_has_to_be_heard(second: str, state: str) -> None:
    bureau = bureau_of("S2")
    both = [rulebooks.announcement("S2"), {**rulebooks.announcement("S2"), "id": "notice-ug"}]
    document = rulebooks.document("S2", **{"disclosure.announcements": both})
    bureau.rulebook = rulebook.sign_rulebook(document, bureau.clerks)
    one = Day("S2", recorder=Recorder(bureau))
    one.work()
    one.tell()
    one.tell(second, clip="notice-ug")
    assert states(assess(*judge(one.finish()), BOOKS["S2"]))["C9"] == state
