"""The three words of a docking: read as they were signed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from evidence import challenge, jws, wire
from evidence.bureau_time import MAX_TIME_BYTES, read_time
from evidence.canonical import JsonObject
from evidence.challenge import MOST_SESSIONS, Answer, read_answer, read_challenge
from evidence.errors import ChallengeError, RecordError, WireError
from evidence.limits import MAX_ANSWER_BYTES
from evidence.verify import verify
from evidence.wire import AnswerTopic, Topics
from tests.kits.records import forging, vectors
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import bundle
from tests.kits.records.recorder import Recorder
from tests.kits.records.signers import SeededSigner
from tests.kits.records.take import Take

CA = vectors.BUREAU.ca
DEVICE = "REC-0001"
NONCE = "2" * 64
WORDS = vectors.FOLDER / vectors.WORDS
STRANGER = Bureau("stranger")
RECORDER = Recorder(vectors.BUREAU)


def word(name: str) -> bytes:
    return (WORDS / f"{name}.jws").read_bytes()


READ: dict[str, Callable[[bytes], object]] = {
    "challenge": lambda token: read_challenge(token, CA, device=DEVICE),
    "answer": lambda token: read_answer(token, CA, device=DEVICE),
    "time": lambda token: read_time(token, CA, device=DEVICE, nonce=NONCE),
}
TYPS = {"challenge": jws.TYP_CHALLENGE, "answer": jws.TYP_ANSWER, "time": jws.TYP_TIME}


def signed_again(name: str, change: Callable[[JsonObject], object]) -> bytes:
    """The word with other fields, under the right key."""
    payload = forging.payload_of(word(name))
    change(payload)
    if name == "answer":
        return jws.sign(payload, RECORDER.signer, TYPS[name], RECORDER.x5c)
    x5c = jws.parse(word(name), TYPS[name], limit=MAX_ANSWER_BYTES).header["x5c"]
    return jws.sign(payload, vectors.BUREAU.receipt_signer, TYPS[name], x5c)


@pytest.mark.parametrize("name", READ)
def test_a_golden_word_is_read_as_ever(name: str) -> None:
    READ[name](word(name))


def test_an_answer_says_what_is_held_and_where_the_log_ends() -> None:
    answer = read_answer(word("answer"), CA, device=DEVICE)
    assert (answer.nonce, answer.record["i"]) == ("1" * 64, 2)
    (held,) = answer.holding.sessions
    assert (held.counter, answer.holding.held, answer.time_nonce) == (1, 1, NONCE)


@pytest.mark.parametrize("name", READ)
def test_every_field_has_to_be_there_and_no_other(name: str) -> None:
    for field in forging.payload_of(word(name)):
        with pytest.raises(ChallengeError):
            READ[name](signed_again(name, lambda said, field=field: said.pop(field)))  # type: ignore[misc]
    with pytest.raises(ChallengeError):
        READ[name](signed_again(name, lambda said: said.update(more=1)))


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"dev": "REC-0002"}, {"dev": 7}, {"nonce": "1"}, {"nonce": None}],
)
def test_another_version_device_or_nonce_is_refused(name: str, change: JsonObject) -> None:
    with pytest.raises(ChallengeError):
        READ[name](signed_again(name, lambda said: said.update(change)))


@pytest.mark.parametrize("name", READ)
def test_no_other_word_and_no_other_signer_stands_for_it(name: str) -> None:
    for other in READ:
        if other != name:
            with pytest.raises(ChallengeError):
                READ[name](word(other))
    token = word(name)
    x5c = jws.parse(token, TYPS[name], limit=MAX_ANSWER_BYTES).header["x5c"]
    for forged in (
        token[:-2] + b"AA",
        forging.with_high_s(token),
        forging.with_loose_bits(token),
        jws.sign(forging.payload_of(token), SeededSigner("thief"), TYPS[name], x5c),
        jws.sign(forging.payload_of(token), SeededSigner("thief"), TYPS[name]),
        jws.sign(forging.payload_of(token), RECORDER.tls_signer, TYPS[name], RECORDER.x5c),
        b"",
        b"\xff" * (MAX_ANSWER_BYTES + 1),
    ):
        with pytest.raises(ChallengeError):
            READ[name](forged)


def test_a_challenge_of_another_bureau_is_refused() -> None:
    said = challenge.Challenge(dev=DEVICE, nonce="1" * 64, sent="2026-11-21T04:00:00.000000Z")
    token = challenge.sign_challenge(said, STRANGER.receipt_signer, STRANGER.receipt_certificate)
    with pytest.raises(ChallengeError):
        read_challenge(token, CA, device=DEVICE)


def test_a_time_that_goes_back_or_is_too_large_is_refused() -> None:
    earlier = {"sent": "2026-11-21T03:00:00.000000Z"}
    with pytest.raises(ChallengeError, match="goes back"):
        READ["time"](signed_again("time", lambda said: said.update(earlier)))
    with pytest.raises(ChallengeError):
        READ["time"](b"a" * (MAX_TIME_BYTES + 1))


Change = Callable[[Answer], Answer]


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, nonce="3" * 64),
        lambda one: replace(one, holding=replace(one.holding, held=0)),
        lambda one: replace(one, holding=replace(one.holding, sessions=())),
        lambda one: replace(one, holding=replace(one.holding, counter=9)),
    ],
    ids=["nonce", "held", "sessions", "counter"],
)
def test_line_and_answer_have_to_name_one_another(change: Change) -> None:
    honest = read_answer(word("answer"), CA, device=DEVICE)
    token = challenge.sign_answer(change(honest), RECORDER.signer, RECORDER.x5c)
    with pytest.raises(ChallengeError, match="another nonce or another holding"):
        read_answer(token, CA, device=DEVICE)


def test_a_record_of_another_kind_does_not_stand_for_the_line() -> None:
    honest = read_answer(word("answer"), CA, device=DEVICE)
    start = bytes(RECORDER.log).splitlines()[0]
    token = challenge.sign_answer(replace(honest, line=start), RECORDER.signer, RECORDER.x5c)
    with pytest.raises(ChallengeError):
        read_answer(token, CA, device=DEVICE)


def test_an_answer_names_a_thousand_sessions_at_most_and_stays_within_its_bound() -> None:
    honest = read_answer(word("answer"), CA, device=DEVICE)
    (held,) = honest.holding.sessions

    def naming(count: int) -> bytes:
        holding = replace(honest.holding, sessions=(held,) * count, held=count)
        return challenge.sign_answer(
            replace(honest, holding=holding), RECORDER.signer, RECORDER.x5c
        )

    assert len(naming(MOST_SESSIONS)) < MAX_ANSWER_BYTES
    with pytest.raises(RecordError):
        naming(MOST_SESSIONS + 1)


def test_a_session_opened_after_a_docking_that_the_log_does_not_hold_is_broken() -> None:
    opening: JsonObject = {"nonce": "5" * 64, "plan_id": None, "officers": [], "previous": None}
    take = Take(Recorder(vectors.BUREAU), plan=False, opening=opening)
    take.segment()
    take.close()
    codes = [one.code for one in verify(bundle(take.folder()), CA).findings]
    assert "nonce_unknown" in codes


def test_the_topic_of_an_answer_is_read() -> None:
    topics = Topics(DEVICE)
    assert wire.parse_topic(topics.challenge_answer) == AnswerTopic(device=DEVICE)
    for other in (topics.challenge, topics.time, f"{topics.base}/challenge/rsp/x"):
        with pytest.raises(WireError):
            wire.parse_topic(other)
