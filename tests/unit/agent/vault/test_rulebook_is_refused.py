"""A rulebook that must not be adopted refuses a start, says why, and is on record."""

from __future__ import annotations

import json
from collections.abc import Callable

from agent.vault import messages as m
from evidence import jws, rulebook
from evidence.store.signers import file_signer
from hw.fake.clock import SystemClock
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.bureau.policy import install, set_policy
from tests.kits.device.vault import RunningVault, records


def resigned(enrolled: Enrolled, change: Callable[[dict[str, object]], None]) -> bytes:
    """The device's rulebook with a change, signed by clerk and head as if they had meant it."""
    envelope = json.loads(enrolled.device.paths.rulebook.read_bytes())
    payload = json.loads(jws.decode(envelope["payload"].encode()))
    change(payload)
    signers = [file_signer(enrolled.bureau / "keys" / f"rulebook-{n}.pem") for n in (1, 2)]
    return rulebook.sign_envelope(payload, signers, jws.TYP_RULEBOOK)


def refusal(enrolled: Enrolled) -> str:
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        # Asked again and again, it is signed once.
        for _ in range(3):
            assert recorder.ask(m.Attach(), m.Refused).code == "no_rulebook"
    log = records(enrolled.device.paths.device_log)
    assert [(r["t"], r["code"]) for r in log if r["t"] == "refusal"] == [("refusal", "no_rulebook")]
    assert isinstance(log[-1]["detail"], str)
    return str(log[-1]["detail"])


def test_an_unknown_version_of_the_schema_is_refused(enrolled: Enrolled) -> None:
    def add(payload: dict[str, object]) -> None:
        payload["policy"]["retention.floor"] = 2  # type: ignore[index]

    enrolled.device.paths.rulebook.write_bytes(resigned(enrolled, add))
    assert "retention.floor" in refusal(enrolled)


def test_an_older_version_than_the_floor_is_refused(enrolled: Enrolled) -> None:
    old = enrolled.device.paths.rulebook.read_bytes()
    set_policy(enrolled.bureau, {"segment.seconds": 4}, clock=SystemClock().utc_ns)
    install(enrolled.bureau, enrolled.device.paths.folder, clock=SystemClock().utc_ns)
    with RunningVault(enrolled) as vault:
        assert vault.recorder().attach().segment_seconds == 4
    enrolled.device.paths.rulebook.write_bytes(old)
    assert "older than the floor 2" in refusal(enrolled)


def test_a_single_signature_is_refused(enrolled: Enrolled) -> None:
    envelope = json.loads(enrolled.device.paths.rulebook.read_bytes())
    envelope["signatures"] = envelope["signatures"][:1]
    enrolled.device.paths.rulebook.write_text(json.dumps(envelope))
    assert "1 valid signatures where 2 are needed" in refusal(enrolled)


def test_a_rulebook_for_another_device_is_refused(enrolled: Enrolled) -> None:
    def address(payload: dict[str, object]) -> None:
        payload["to"] = ["REC-999"]

    enrolled.device.paths.rulebook.write_bytes(resigned(enrolled, address))
    assert "not addressed to REC-001" in refusal(enrolled)


def test_a_session_is_not_resumed_under_another_rulebook(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        vault.die()
    set_policy(enrolled.bureau, {"segment.seconds": 4}, clock=SystemClock().utc_ns)
    # By hand: what comes over the network or by a medium waits until no session is open.
    newer = (enrolled.bureau / "rulebook" / "rulebook.json").read_bytes()
    enrolled.device.paths.rulebook.write_bytes(newer)
    with RunningVault(enrolled) as vault:
        assert vault.recorder().attach().session is None
    journal = records(enrolled.journal(sid))
    assert journal[-2]["reason"] == "interrupted"
