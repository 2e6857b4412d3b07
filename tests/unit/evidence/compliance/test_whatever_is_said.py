"""Whatever well-formed records say, every row gets an answer."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.compliance import State, assess
from evidence.verify import verify
from tests.kits.records.folders import bundle
from tests.kits.rules.days import Day, bureau_of
from tests.kits.rules.judging import BOOKS

TIMES = st.integers(0, 2**62)
CODES = st.sampled_from(
    ["sign", "attested", "question", "interruption", "fixed", "battery", "recorder_lost", "x"]
)
GAPS = st.fixed_dictionaries(
    {
        "track": st.sampled_from(["video", "audio", "both"]),
        "from_ns": TIMES,
        "to_ns": st.none() | TIMES,
        "cause": CODES,
    }
)
STATEMENTS = st.fixed_dictionaries(
    {
        "template": CODES,
        "from_ns": TIMES,
        "to_ns": TIMES,
        "voiced_ms": st.none() | st.integers(0, 100_000),
    }
)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("gap"), GAPS),
        st.tuples(st.just("statement"), STATEMENTS),
        st.tuples(st.just("mark"), st.fixed_dictionaries({"code": CODES, "at_ns": TIMES})),
        st.tuples(
            st.just("button"),
            st.fixed_dictionaries(
                {"button": st.just("record"), "gesture": st.just("press"), "at_ns": TIMES}
            ),
        ),
        st.tuples(st.just("work"), st.none()),
        st.tuples(st.just("crash"), st.none()),
        st.tuples(st.just("tell"), st.sampled_from(["verified", "unverified"])),
    ),
    max_size=8,
)
OPENINGS = st.fixed_dictionaries(
    {},
    optional={
        "officers": st.lists(st.sampled_from(["o-1", "o-2", "o-3"]), max_size=3),
        "officer": st.none() | st.just("o-1"),
        "custodian": st.none() | st.just("o-1"),
        "activity": st.sampled_from(["voluntary", "inspection", "unheard_of"]),
        "plan_id": st.none() | st.just("plan-1"),
        "preflight": st.none() | st.just("0" * 64),
        "previous": st.none()
        | st.fixed_dictionaries(
            {
                "sid": st.just("019c0000-0000-7000-8000-000000000000"),
                "counter": st.integers(0, 9),
                "reason": CODES,
                "seconds": st.integers(0, 2**40),
                "same_plan": st.booleans(),
            }
        ),
    },
)


def act(one: Day, kind: str, said: Any) -> None:
    match kind:
        case "work":
            one.work(1)
        case "crash":
            one.crash()
        case "tell":
            one.tell(said)
        case _:
            one.event(kind, said)


@settings(max_examples=30, deadline=None)
@given(
    events=EVENTS,
    opening=OPENINGS,
    reason=st.sampled_from(["officer", "battery", "interrupted", None]),
    text=st.sampled_from(sorted(BOOKS)),
)
def test_every_row_is_answered(
    events: list[tuple[str, Any]], opening: dict[str, Any], reason: str | None, text: str
) -> None:
    one = Day(**opening)
    for kind, said in events:
        act(one, kind, said)
    folder = one.folder(receipts=False) if reason is None else one.finish(reason)
    judged = bundle(folder)
    results = assess(judged, verify(judged, bureau_of("S0").ca), BOOKS[text])
    assert len(results) == 104
    for row in results:
        assert (row.state is State.MET) <= (row.proof is not None), row
        assert (row.state is State.OPEN) == (row.part is not None), row


def test_without_the_journal_nothing_of_the_session_is_met() -> None:
    one = Day()
    one.arrive()
    folder = {**one.finish(archived=False), "journal.jws": b""}
    judged = bundle(folder)
    results = assess(judged, verify(judged, bureau_of("S0").ca), BOOKS["S0"])
    met = {row.row for row in results if row.state is State.MET}
    assert not {row for row in met if row[0] in "BCDEFGHI"}


def test_without_the_device_log_the_check_before_use_is_left_to_the_desk() -> None:
    one = Day()
    one.arrive()
    folder = one.finish()
    del folder["device.jws"]
    judged = bundle(folder)
    results = assess(judged, verify(judged, bureau_of("S0").ca), BOOKS["S0"])
    state = {row.row: row.state for row in results}
    assert {state[row] for row in ("B1", "B2", "B3", "B4", "B5", "G2", "G5")} == {State.OPEN}
    assert {state[row] for row in ("C5", "C8", "E4", "H1")} == {State.MET}
