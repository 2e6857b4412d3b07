"""The same session judged under each of the five rulebooks.

A scenario is a session and what the rows it touches come to, text by text. Every other row comes to
what it does on a good day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from evidence import rulebook
from evidence.assignment import Assignment, Standing
from evidence.assignment import Officer as Member
from evidence.compliance import ROWS, RowResult, assess
from evidence.ids import JOURNAL_NAME
from evidence.journal import payloads
from evidence.plan import Officer, Particulars
from evidence.verify import Bundle, Verdict, verify
from tests.kits.records.folders import Folder, bundle
from tests.kits.records.recorder import Recorder
from tests.kits.rules import rulebooks
from tests.kits.rules.days import HOUR, MINUTE, SECOND, Day, after, bureau_of, preflight

TEXTS = tuple(rulebooks.NAMES)
BOOKS = {text: rulebooks.read(text) for text in TEXTS}

MET, NOT, BESIDE, OPEN = "met", "not_met", "not_applicable", "open"


def day(**opening: object) -> Day:
    """A day that has begun well."""
    one = Day(**opening)  # type: ignore[arg-type]
    one.arrive()
    one.still(400)
    one.work()
    return one


def good() -> Folder:
    return day().finish()


# --- interruptions


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


# --- the beginning


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


# --- check before use


def checked(hours: int = 0, **warned: str) -> Folder:
    recorder = Recorder(bureau_of("S0"))
    digest = preflight(recorder, **warned)
    recorder.ticker.pass_ns(hours * HOUR)
    return day(recorder=recorder, preflight=digest).finish(late_ns=MINUTE)


# --- handing in


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


# --- the evidence itself


def altered() -> Folder:
    made = good()
    film = bytearray(made["000000.mp4.age"])
    film[450] ^= 1
    return {**made, "000000.mp4.age": bytes(film)}


def cut_line() -> Folder:
    made = good()
    lines = made[JOURNAL_NAME].splitlines(keepends=True)
    return {**made, JOURNAL_NAME: b"".join(lines[:5] + lines[6:])}


def tampered() -> Folder:
    one = day()
    one.event("tamper", {"part": "case", "detail": "opened"})
    return one.finish()


def faulty() -> Folder:
    one = day()
    fault = {"part": "camera", "code": "silent", "detail": "no frames", "state": "begun"}
    one.event("fault", fault)
    return one.finish()


Expected = Mapping[str, Mapping[str, str]]


def under_all(**rows: str) -> Expected:
    return dict.fromkeys(TEXTS, rows)


def under(**texts: Mapping[str, str]) -> Expected:
    return texts


@dataclass(frozen=True)
class Scenario:
    """A session, what is different from a good day under each text, and when the report is."""

    build: Callable[[], Folder]
    expected: Expected = field(default_factory=dict)
    now: str | None = None


def plus(*parts: Expected) -> Expected:
    return {t: {r: s for part in parts for r, s in part.get(t, {}).items()} for t in TEXTS}


_ACCOUNT = under(S1={"E6": OPEN, "F2": OPEN}, S4={"E6": OPEN, "F2": OPEN})

CONTINUITY: Mapping[str, Scenario] = {
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

BEGINNING: Mapping[str, Scenario] = {
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

CHECKED: Mapping[str, Scenario] = {
    "checked eleven hours before": Scenario(lambda: checked(11)),
    "checked thirteen hours before": Scenario(lambda: checked(13), under_all(B5=NOT)),
    "not checked": Scenario(
        lambda: begun(preflight=None),
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

HANDED_IN: Mapping[str, Scenario] = {
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

BODY: Mapping[str, Scenario] = {
    "opened with a screwdriver": Scenario(tampered, under_all(A9=NOT)),
    "a part failed": Scenario(faulty, under_all(M1=OPEN, M2=OPEN)),
}


SCENARIOS = {**CONTINUITY, **BEGINNING, **CHECKED, **HANDED_IN, **BODY}


def judge(folder: Folder, ca_text: str = "S0") -> tuple[Bundle, Verdict]:
    judged = bundle(folder)
    return judged, verify(judged, bureau_of(ca_text).ca)


@cache
def judged_scenario(name: str) -> tuple[Bundle, Verdict]:
    return judge(SCENARIOS[name].build())


def states(results: list[RowResult]) -> dict[str, str]:
    return {one.row: one.state.value for one in results}


GOOD = {text: states(assess(*judge(good()), BOOKS[text])) for text in TEXTS}


def check(name: str, text: str) -> None:
    """What is met has its proof, what is open its part, and every row comes to what it should."""
    scenario = SCENARIOS[name]
    found = assess(*judged_scenario(name), BOOKS[text], now=scenario.now)
    assert states(found) == {**GOOD[text], **scenario.expected.get(text, {})}
    for one in found:
        assert (one.state == MET) <= (one.proof is not None), one
        assert (one.state == OPEN) == (one.part is not None), one
        assert one.because_en, one
        assert one.because_zh, one


@pytest.mark.rule("D7")
@pytest.mark.rule("D10")
@pytest.mark.rule("D12")
@pytest.mark.rule("E1")
@pytest.mark.rule("E2")
@pytest.mark.rule("E3")
@pytest.mark.rule("E4")
@pytest.mark.rule("E5")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", CONTINUITY)
def test_an_interruption_is_judged_by_each_text(name: str, text: str) -> None:
    check(name, text)


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
@pytest.mark.parametrize("name", BEGINNING)
def test_the_beginning_is_judged_by_each_text(name: str, text: str) -> None:
    check(name, text)


@pytest.mark.rule("B1")
@pytest.mark.rule("B2")
@pytest.mark.rule("B3")
@pytest.mark.rule("B4")
@pytest.mark.rule("B5")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", CHECKED)
def test_the_check_before_use_is_judged_by_each_text(name: str, text: str) -> None:
    check(name, text)


@pytest.mark.rule("H1")
@pytest.mark.rule("H9")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", HANDED_IN)
def test_handing_in_is_judged_by_each_text(name: str, text: str) -> None:
    check(name, text)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", BODY)
def test_what_befell_the_body_is_judged_by_each_text(name: str, text: str) -> None:
    check(name, text)


GOOD_DAY = {
    "S0": ("C2 C4 C5 C8 D1 E4 H1", "C3 C6 C7 C9 C11 E1 E2 E3 E5 H3 H6"),
    "S1": ("C3 C6 C9 E3 H3", "C2 C4 C5 C7 C8 C11 E1 E2 E4 E5 H1 H6"),
    "S2": ("C7 C9 C11 D3", "C2 C3 C4 C5 C6 C8 E1 E2 E3 E4 E5 H1 H3 H6"),
    "S3": ("C9 D5 E1 H6", "C2 C3 C4 C5 C6 C7 C8 C11 E2 E3 E4 E5 H1 H3"),
    "S4": ("C8 E2 H1", "C2 C4 C5 C6 C7 C9 C11 E1 E3 E4 E5 H3 H6"),
}


@pytest.mark.rule("C3")
@pytest.mark.rule("D11")
@pytest.mark.rule("G5")
@pytest.mark.rule("H5")
@pytest.mark.rule("H8")
@pytest.mark.parametrize("text", TEXTS)
def test_a_good_day_is_good_under_each_text_by_its_own_rows(text: str) -> None:
    met, beside = (part.split() for part in GOOD_DAY[text])
    found = GOOD[text]
    assert NOT not in found.values()
    assert {found[row] for row in met} == {MET}
    assert {found[row] for row in beside} == {BESIDE}
    always = "A3 A6 B1 B2 B3 B4 B5 C10 C12 D9 D10 D11 D12 E7 E8 G1 G2 G5 H5 H8 H9 I1 K6 L3 N5"
    assert {found[row] for row in always.split()} == {MET}


def test_every_row_has_an_entry_in_the_order_of_the_rules() -> None:
    results = assess(*judge(good()), BOOKS["S0"])
    assert [one.row for one in results] == list(ROWS)
    assert len(results) == 104


@pytest.mark.rule("G1")
@pytest.mark.rule("E7")
def test_a_changed_film_breaks_integrity_and_leaves_the_records_their_word() -> None:
    found = states(assess(*judge(altered()), BOOKS["S0"]))
    assert {row for row, state in found.items() if state == NOT} == {"E7", "E8", "G1", "G5"}
    assert found["B5"] == MET
    assert found["C8"] == MET


@pytest.mark.rule("G1")
def test_in_a_journal_that_does_not_verify_no_record_proves_anything() -> None:
    results = assess(*judge(cut_line()), BOOKS["S0"])
    assert {one.row for one in results if one.state == NOT} >= {"E7", "G1", "G5"}
    proved = [one for one in results if one.state == MET and one.proof is not None]
    assert all(one.proof is None or one.proof.file != JOURNAL_NAME for one in proved)


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


LISTED = {
    "S0": ("D1", "questioning"),
    "S1": ("D2", "hearing"),
    "S2": ("D3", "lien_service"),
    "S3": ("D5", "minor_correction"),
    "S4": ("D6", "sealing_seizure"),
}


@pytest.mark.rule("D1")
@pytest.mark.rule("D2")
@pytest.mark.rule("D3")
@pytest.mark.rule("D5")
@pytest.mark.rule("D6")
@pytest.mark.parametrize("text", TEXTS)
def test_an_activity_on_the_list_of_a_text_is_met_by_being_recorded(text: str) -> None:
    row, activity = LISTED[text]
    judged = judge(day(activity=activity).finish())
    found = {name: states(assess(*judged, BOOKS[name]))[row] for name in TEXTS}
    assert found == {name: MET if name == text else BESIDE for name in TEXTS}


def particulars(*ids: str) -> Particulars:
    people = tuple(Officer(id=one, name=f"张{one}", certificate=f"HN-{one}-0001") for one in ids)
    return Particulars(plan_id="plan-1", matter="案", party="某厂", place="某路", officers=people)


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    ("plan", "state"),
    [
        (particulars("o-1", "o-2"), MET),
        (particulars("o-1", "o-3"), NOT),
        (particulars("o-1"), NOT),
        (None, MET),
    ],
)
def test_the_officers_are_those_of_the_plan(plan: Particulars | None, state: str) -> None:
    found = states(assess(*judge(good()), BOOKS["S2"], plan))
    assert found["C11"] == state
    assert found["A4"] == (MET if plan is not None and state == MET else OPEN)


def word(**changes: Any) -> Assignment:
    """The bureau's word under which a day begins."""
    honest = Assignment(
        device="REC-0001",
        number=4,
        standing=Standing.ASSIGNED,
        custodian="o-1",
        keeper="k-1",
        leader="l-1",
        approval="a-1",
        issued="2026-11-01T00:00:00.000000Z",
    )
    return replace(honest, **changes)


PAST = "2026-11-02T00:00:00.000000Z"


@pytest.mark.rule("A4")
@pytest.mark.parametrize(
    ("opening", "changes", "state"),
    [
        ({}, {}, MET),
        ({"officers": ["o-2", "o-3"]}, {"custodian": "o-9"}, NOT),
        ({"officers": ["o-2", "o-3"]}, {"officers": (Member(id="o-3"),)}, MET),
        ({"officers": ["o-2"]}, {"officers": (Member(id="o-2", until=PAST),)}, NOT),
        ({"officers": []}, {}, MET),
        ({}, {"standing": Standing.FROZEN, "because": "left"}, NOT),
        ({}, {"until": PAST}, NOT),
        ({}, {"number": 5}, NOT),
        ({}, {"device": "REC-0002"}, NOT),
    ],
    ids=[
        "its custodian",
        "strangers",
        "one of the roster",
        "past his last day",
        "nobody named",
        "stopped",
        "past the last day",
        "another number",
        "another recorder",
    ],
)
def test_who_used_it_is_held_against_the_roster_in_the_word_that_the_session_names(
    opening: dict[str, Any], changes: dict[str, Any], state: str
) -> None:
    judged = judge(day(assignment=4, approval="a-1", **opening).finish())
    found = states(assess(*judged, BOOKS["S0"], assignment=word(**changes)))
    assert found["A4"] == state


@pytest.mark.rule("A4")
def test_a_recorder_that_was_taken_out_of_use_is_nobodys() -> None:
    document = rulebooks.document("S0", **{"custody.revoked": ["REC-0001"]})
    envelope = rulebook.sign_rulebook(document, rulebooks.BUREAU.clerks)
    book = rulebook.read_rulebook(
        envelope, rulebook.read_root(rulebooks.BUREAU.root, bureau_of("S0").ca)
    )
    assert states(assess(*judge(good()), book))["A4"] == NOT


def left_open() -> Folder:
    one = day()
    plain = one.begin(600).replace(b"age-encryption.org/v1", b"somebody-elses-box/v1")
    one.ticks(plain, 2)
    one.end(plain)
    return one.finish()


@pytest.mark.rule("H5")
@pytest.mark.rule("K6")
@pytest.mark.rule("L3")
def test_what_is_sealed_to_anybody_else_is_not_confidential() -> None:
    strangers = [{"role": role, "sha256": "0" * 64} for role in ("bureau", "escrow")]
    for folder in (day(recipients=strangers).finish(), left_open()):
        found = states(assess(*judge(folder), BOOKS["S0"]))
        assert (found["H5"], found["K6"], found["L3"]) == (NOT, NOT, NOT)


@pytest.mark.rule("G2")
def test_a_film_that_is_gone_is_said_to_be_gone() -> None:
    made = {name: content for name, content in good().items() if name != "000001.mp4.age"}
    found = {one.row: one for one in assess(*judge(made), BOOKS["S0"])}
    assert found["G2"].state == NOT
    assert "missing_file" in found["G2"].because_en


def test_a_check_that_the_device_never_made_is_no_check_and_breaks_the_evidence() -> None:
    found = states(assess(*judge(begun(preflight="0" * 64)), BOOKS["S0"]))
    assert {row for row, state in found.items() if state == NOT} == {
        *("B1", "B2", "B3", "B4", "B5"),
        *("E7", "E8", "G1", "G5"),
    }


def test_a_session_of_nothing_but_noise_is_judged_without_an_error() -> None:
    for journal in (b"", b"\n" * 9, b"noise\n" * 40, b"\xff" * 500):
        judged = Bundle(journal=journal)
        results = assess(judged, verify(judged, bureau_of("S0").ca), BOOKS["S0"])
        assert len(results) == 104
        assert not [one for one in results if one.state == MET and one.row[0] in "BCE"]


def test_a_late_day_is_late_by_the_minutes() -> None:
    found = assess(*judge(handed_in(30 * HOUR)), BOOKS["S0"])
    late = next(one for one in found if one.row == "H1")
    assert (late.because_en, late.proof and late.proof.file) == (
        "late by 360 minutes",
        "receipt-stored.jws",
    )
