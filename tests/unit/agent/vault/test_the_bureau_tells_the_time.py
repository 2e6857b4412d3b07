"""Over the vault's own socket: the bureau's time is taken once, for one question, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.vault import messages as m
from evidence import bureau_time, challenge
from evidence.bureau_time import BureauTime
from evidence.challenge import Challenge
from evidence.moments import utc_ns, utc_text
from hw.fake.clock import SystemClock
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import DEVICE_ID, Enrolled, enrol
from tests.kits.device.vault import RunningVault, ask_dock, records
from tests.kits.device.words import certificate, key

pytestmark = pytest.mark.rule("B4")
AHEAD_NS = 3_000_000_000


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    return enrol(tmp_path_factory.mktemp("t"))


@pytest.fixture
def vault(enrolled: Enrolled) -> Iterator[RunningVault]:
    with RunningVault(enrolled) as running:
        yield running


def now(ahead_ns: int = AHEAD_NS) -> str:
    return utc_text(SystemClock().utc_ns() + ahead_ns)


def asked(enrolled: Enrolled) -> BureauTime:
    """Have the vault ask for the time; what an honest desk would say now."""
    nonce = utc_ns(now()).to_bytes(32, "big").hex()
    signer, shown = key(enrolled, "receipt"), certificate(enrolled)
    token = challenge.sign_challenge(
        Challenge(dev=DEVICE_ID, nonce=nonce, sent=now()), signer, shown
    )
    answer = ask_dock(enrolled, m.SubmitChallenge(content=token))
    assert isinstance(answer, m.Answered)
    said = challenge.read_answer(answer.content, ca_of(enrolled.bureau), device=DEVICE_ID)
    at = now()
    return BureauTime(dev=DEVICE_ID, nonce=said.time_nonce, received=at, sent=at)


def signed(enrolled: Enrolled, told: BureauTime, path: Path | None = None) -> bytes:
    signer = key(enrolled, "receipt" if path is None else "desk")
    return bureau_time.sign_time(told, signer, certificate(enrolled, path))


def test_the_time_is_recorded_and_bounds_the_stamps_after_it(
    enrolled: Enrolled, vault: RunningVault
) -> None:
    before = SystemClock().utc_ns()
    told = asked(enrolled)
    answer = ask_dock(enrolled, m.SubmitTime(content=signed(enrolled, told)))
    assert isinstance(answer, m.TimeTaken)
    assert abs(answer.offset_ms - 3_000) <= answer.error_ms + 50
    record = next(one for one in reversed(records(enrolled.device.paths.device_log)))
    assert (record["t"], record["nonce"], record["offset_ms"]) == (
        "time",
        told.nonce,
        answer.offset_ms,
    )
    vault.recorder().attach()
    recorder = vault.recorder_again()
    opened = records(vault.folder / recorder.open().sid / "journal.jws")[0]
    recorder.close()
    # By its own word the clock is within 50 ms; the bureau says 3 s, and is believed.
    assert opened["utc_q"]["source"] == "bureau"
    assert abs(opened["utc_q"]["error_ms"] - 3_000) < 100
    # Nothing was set: who may set the clock is chrony alone.
    assert utc_ns(opened["utc"]) - before < 60 * 10**9
    assert opened["nonce"] is not None


Change = Callable[[BureauTime], BureauTime]


@pytest.mark.parametrize(
    "change",
    [
        lambda told: replace(told, nonce="0" * 64),
        lambda told: replace(told, dev="OTHER-1"),
        lambda told: replace(told, received=told.sent, sent=now(AHEAD_NS + 10**12)),
        lambda told: replace(told, received=now(AHEAD_NS + 10**9)),
    ],
    ids=["another question", "another device", "held too long", "back in time"],
)
def test_a_time_for_another_question_is_refused(
    enrolled: Enrolled, vault: RunningVault, change: Change
) -> None:
    del vault
    told = change(asked(enrolled))
    answer = ask_dock(enrolled, m.SubmitTime(content=signed(enrolled, told)))
    assert isinstance(answer, m.Refused)
    assert answer.code == "time"


def test_a_time_is_taken_once_and_from_the_bureau_alone(
    enrolled: Enrolled, vault: RunningVault
) -> None:
    del vault
    content = signed(enrolled, asked(enrolled))
    assert isinstance(ask_dock(enrolled, m.SubmitTime(content=content)), m.TimeTaken)
    assert isinstance(ask_dock(enrolled, m.SubmitTime(content=content)), m.Refused)
    forged = signed(enrolled, asked(enrolled), enrolled.bureau / "certs" / "desk.pem")
    for content in (forged, b"", b"\xff" * 9_000):
        assert isinstance(ask_dock(enrolled, m.SubmitTime(content=content)), m.Refused)
