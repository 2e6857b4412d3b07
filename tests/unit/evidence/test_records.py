"""Every record has exactly its fields, in their bounds, and a chain writes no other."""

from __future__ import annotations

import random
from typing import Any

import pytest

from evidence import journal, manifest, records
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256
from evidence.errors import RecordError
from evidence.journal import NEWLINE, Chain
from evidence.records import EVENTS, SESSION_RECORDS
from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.signers import SeededChainKey
from tests.kits.records.take import Take

BUREAU = Bureau()


@pytest.fixture(scope="module")
def samples() -> dict[str, JsonObject]:
    """One honest record of every type that a session writes."""
    take = Take(Recorder(BUREAU))
    take.announce()
    take.still()
    take.segment()
    left = take.begin(2_000)
    take.ticks(left, 1)
    take.crash(orphan=left, torn=b"eyJ")
    take.close()
    return {payload["t"]: payload for payload in journal.payloads(bytes(take.content))}


def test_there_is_a_sample_of_every_type(samples: dict[str, JsonObject]) -> None:
    assert samples.keys() == SESSION_RECORDS.keys()


@pytest.mark.parametrize("t", sorted(SESSION_RECORDS))
def test_a_field_more_or_less_is_refused(samples: dict[str, JsonObject], t: str) -> None:
    honest = samples[t]
    records.check_session_record(honest)
    records.check_session_record({**honest, "x": {"later": 1}})
    for name in honest:
        with pytest.raises(RecordError):
            records.check_session_record({n: v for n, v in honest.items() if n != name})
    with pytest.raises(RecordError):
        records.check_session_record({**honest, "more": 1})


@pytest.mark.parametrize("t", sorted(SESSION_RECORDS))
def test_a_value_of_another_kind_is_refused(samples: dict[str, JsonObject], t: str) -> None:
    for name in samples[t]:
        for value in (-1, 2**63, "\n" * 20_000, [0] * 30_000, {"a": 1}, True, 1.5):
            if t == "event" and name == "fields":
                continue
            with pytest.raises(RecordError):
                records.check_session_record({**samples[t], name: value})


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_an_event_without_its_fields_is_refused(samples: dict[str, JsonObject], kind: str) -> None:
    bad: tuple[object, ...] = (None, {}, {"more": 1}, [])
    for fields in bad:
        with pytest.raises(RecordError):
            records.check_session_record({**samples["event"], "kind": kind, "fields": fields})


@pytest.mark.parametrize("t", ["", "session", None, 7, "OPEN", ["open"]])
def test_an_unknown_type_is_refused(samples: dict[str, JsonObject], t: object) -> None:
    with pytest.raises(RecordError):
        records.check_session_record({**samples["tick"], "t": t})


def test_a_record_of_the_device_log_is_none_of_a_session(samples: dict[str, JsonObject]) -> None:
    for payload in samples.values():
        with pytest.raises(RecordError):
            records.check_device_record(payload)


def test_a_chain_signs_no_record_that_a_verifier_would_refuse() -> None:
    recorder = Recorder(BUREAU)
    chain = Chain({"dev": "REC-0001"}, SeededChainKey("k"), prev=ZERO_SHA256)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("press", {}),
        ("press", {"button": "record", "gesture": "short", "at_ns": -1}),
        ("nap", {}),
    ]
    for t, fields in wrong:
        with pytest.raises(RecordError):
            chain.append(t, fields, recorder.ticker.now())
    assert (chain.index, chain.prev) == (0, ZERO_SHA256)


def test_nothing_that_a_recorder_says_sets_place_or_time() -> None:
    recorder = Recorder(BUREAU)
    chain = Chain({"dev": "REC-0001"}, SeededChainKey("k"), prev=ZERO_SHA256)
    said = {"button": "record", "gesture": "short", "at_ns": 1, "next": {"kty": "x"}}
    line = chain.append("press", said, recorder.ticker.now())
    payload = journal.payloads(line + NEWLINE)[0]
    assert payload["next"] == SeededChainKey("k").next_jwk


def test_a_torn_tail_is_what_stands_after_the_last_record() -> None:
    take = Take(Recorder(BUREAU))
    content = bytes(take.content)
    lines = journal.split(content).complete
    for cut in random.Random(1).sample(range(1, len(lines[1])), 20):
        found = journal.tail(content[: len(lines[0]) + 1 + cut])
        assert (found.line, found.torn, found.ended) == (lines[0], lines[1][:cut], False)
    ended = journal.tail(content + b"torn\nagain\n")
    assert (ended.line, ended.torn, ended.ended) == (lines[1], b"torn\nagain", True)
    assert journal.tail(b"").line is None


def test_the_manifest_names_plan_stills_segments_and_orphans() -> None:
    take = Take(Recorder(BUREAU))
    take.still()
    take.segment()
    left = take.begin(2_000)
    take.ticks(left, 1)
    take.crash(orphan=left, torn=b"eyJ")
    take.close()
    named = manifest.files_of(journal.split(bytes(take.content)).complete)
    assert [file.name for file in named] == [
        "plan.json.age",
        "000000.jpg.age",
        "000000.mp4.age",
        "000001.mp4.age",
    ]
    assert all(len(take.files[file.name]) == file.facts.size for file in named)
