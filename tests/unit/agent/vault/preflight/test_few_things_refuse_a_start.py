"""Four things refuse a start, each is signed; everything else is recorded all the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.vault import messages as m
from evidence.assignment import Officer
from evidence.ids import DEVICE_LOG_NAME
from evidence.store.folder import read_folder
from evidence.verify import Judgement, Severity, verify
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, assign, enrol
from tests.kits.device.vault import RunningVault, records, rewrite

REQUEST = m.OpenSession(activity="voluntary", officer=None, plan_id=None, bits_per_second=1_000_000)


def refused(vault: RunningVault) -> str:
    """Why a start is refused: told when asked, told on attaching, and signed."""
    recorder = vault.recorder()
    told = recorder.attach().refused
    answer = recorder.ask(REQUEST, m.Refused)
    last = records(vault.enrolled.device.paths.device_log)[-1]
    assert (last["t"], last["code"]) == ("refusal", answer.code)
    assert told == answer.code
    assert not list(vault.enrolled.device.paths.sessions.iterdir())
    return answer.code


@pytest.mark.rule("B3")
def test_too_little_room(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        vault.world.fill_disk(1_000_000)
        assert refused(vault) == "storage"


@pytest.mark.rule("B1", "B3")
def test_a_store_that_takes_nothing(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        vault.world.protect_disk()
        assert refused(vault) == "no_store"


@pytest.mark.rule("A3", "A4")
def test_a_device_that_the_bureau_revoked(enrolled: Enrolled) -> None:
    rewrite(enrolled, {"custody.revoked": ["REC-001"]})
    with RunningVault(enrolled) as vault:
        assert refused(vault) == "custody"


@pytest.mark.rule("A3")
def test_a_device_that_nobody_answers_for(tmp_path: Path) -> None:
    with RunningVault(enrol(tmp_path, custodian=None)) as vault:
        assert refused(vault) == "custody"


@pytest.mark.rule("A4")
def test_another_device_s_revocation_is_no_reason(enrolled: Enrolled) -> None:
    rewrite(enrolled, {"custody.revoked": ["REC-002"]})
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert recorder.attach().refused is None
        recorder.open()


@pytest.mark.rule("B4")
@pytest.mark.parametrize("source", ["none", "last_known"])
def test_a_clock_that_nobody_set_never_refuses(enrolled: Enrolled, source: str) -> None:
    with RunningVault(enrolled) as vault:
        vault.world.set_clock_quality(source)
        recorder = vault.recorder()
        assert recorder.attach().refused is None
        sid = recorder.open().sid
        recorder.close()
    opened = records(enrolled.journal(sid))[0]
    assert opened["utc_q"] == {"source": source, "error_ms": None}


@pytest.mark.rule("A3", "A4")
def test_another_officer_s_use_is_recorded_and_put_before_the_desk(tmp_path: Path) -> None:
    enrolled = enrol(tmp_path)
    assign(enrolled, "O-9", officers=(Officer(id="O-1"),))
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.close()
    journal = records(enrolled.journal(sid))
    assert (journal[0]["custodian"], journal[0]["officers"]) == ("O-9", ["O-1"])
    check = next(r for r in journal if r.get("kind") == "check")["fields"]
    assert (check["name"], check["passed"]) == ("custody", False)
    assert "O-1" in check["detail"]
    assert "O-9" in check["detail"]


@pytest.mark.rule("B1")
@pytest.mark.parametrize("accident", ["break_key", "hang_key", "swap_key"])
def test_a_key_that_does_not_sign_as_certified(enrolled: Enrolled, accident: str) -> None:
    with RunningVault(enrolled) as vault:
        getattr(vault.world, accident)()
        assert refused(vault) == "no_key"
        vault.world.mend_key()
        recorder = vault.recorder_again()
        recorder.ask(REQUEST, m.SessionOpened)
        recorder.close()


@pytest.mark.rule("E8")
@pytest.mark.parametrize("accident", ["break_key", "hang_key", "swap_key"])
def test_a_key_that_is_lost_in_a_session_costs_its_second_signature_only(
    enrolled: Enrolled, accident: str
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        getattr(vault.world, accident)()
        recorder.segment(1)
        recorder.close()
        assert recorder.ask(REQUEST, m.Refused).code == "no_key"
        vault.world.mend_key()
    folder = enrolled.session(sid)
    (folder / DEVICE_LOG_NAME).write_bytes(enrolled.device.paths.device_log.read_bytes())
    verdict = verify(read_folder(folder), ca_of(enrolled.bureau))
    assert verdict.judgement is Judgement.EXPLAINED
    assert [one.code for one in verdict.of(Severity.EXPLAINED)] == ["unattested"]


@pytest.mark.parametrize(
    "request_",
    [
        msgspec.structs.replace(REQUEST, activity="UPPER"),
        msgspec.structs.replace(REQUEST, officer="x" * 5_000),
    ],
    ids=["activity", "officer"],
)
def test_words_that_no_record_can_hold_are_refused_and_begin_nothing(
    enrolled: Enrolled, request_: m.OpenSession
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        assert recorder.ask(request_, m.Refused).code == "protocol"
        recorder.open()
        assert recorder.ask(m.CloseSession(reason="NO CODE"), m.Refused).code == "protocol"
        assert recorder.close().reason == "officer"
