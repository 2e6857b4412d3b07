"""A session plan: what is read, and what is refused with which code."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from evidence import canonical, jws, keys, plan, wire
from evidence.activities import ACTIVITIES, ACTIVITY_CODE, MUST_RECORD, VOLUNTARY, name_of
from evidence.errors import PlanError, WireError
from evidence.plan import MAX_PLAN_BYTES, Officer
from evidence.wire import PlanAck, PlanAckTopic, Topics
from tests.kits.records.bureau import Bureau
from tests.kits.records.forging import edited, with_header, with_high_s
from tests.kits.records.plans import EXPIRES, NOON, OFFICERS, PARTICULARS, a_plan, signed
from tests.kits.records.signers import SeededSigner

BUREAU = Bureau()
TOKEN = signed(BUREAU, a_plan())


def refused(token: bytes, **more: Any) -> str:
    with pytest.raises(PlanError) as caught:
        plan.read(token, BUREAU.ca, **more)
    assert "plan" in caught.value.code
    assert "未知" not in caught.value.diagnosis()
    return caught.value.code


def signed_payload(**changes: Any) -> bytes:
    """A plan of the bureau's own key with fields that ``make`` would not sign."""
    payload = {**jws.parse(TOKEN, jws.TYP_PLAN).payload(), **changes}
    x5c = [keys.certificate_text(BUREAU.receipt_certificate)]
    return jws.sign(payload, BUREAU.receipt_signer, jws.TYP_PLAN, x5c)


def test_a_plan_is_read_as_it_was_made() -> None:
    assert plan.read(TOKEN, BUREAU.ca, device="REC-0001", now=NOON) == a_plan()


def test_a_device_learns_no_name() -> None:
    told = json.dumps(jws.parse(TOKEN, jws.TYP_PLAN).payload(), ensure_ascii=False)
    assert told.isascii()


def test_a_plan_holds_from_its_beginning_until_it_expires() -> None:
    one = a_plan()
    assert not one.is_in_force("2026-11-20T15:59:59.999999Z")
    assert one.is_in_force(one.begins)
    assert one.is_in_force("2026-11-21T15:59:59.999999Z")
    assert not one.is_in_force(EXPIRES)
    assert one.is_over(EXPIRES)


def test_an_expired_plan_that_is_replayed_is_refused() -> None:
    assert refused(TOKEN, device="REC-0001", now=EXPIRES) == "plan_expired"


def test_without_a_clock_to_be_believed_a_plan_is_read() -> None:
    assert plan.read(TOKEN, BUREAU.ca, device="REC-0001") == a_plan()


def test_a_plan_for_another_device_is_refused() -> None:
    assert refused(TOKEN, device="REC-0002") == "plan_device"


def test_a_plan_of_another_bureau_is_refused() -> None:
    assert refused(signed(Bureau("stranger"), a_plan())) == "plan_signature"


@pytest.mark.parametrize(
    "changes",
    [{"number": 4}, {"to": ["REC-0002"]}, {"expires": "2027-01-01T00:00:00.000000Z"}],
    ids=str,
)
def test_a_plan_that_was_changed_is_refused(changes: dict[str, Any]) -> None:
    assert refused(edited(TOKEN, **changes)) == "plan_signature"


def test_a_plan_signed_with_a_device_key_is_refused() -> None:
    key = SeededSigner("device")
    leaf = BUREAU.certify("REC-0001", key, keys.EKU_DEVICE_SIGNING)
    payload = jws.parse(TOKEN, jws.TYP_PLAN).payload()
    forged = jws.sign(payload, key, jws.TYP_PLAN, [keys.certificate_text(leaf)])
    assert refused(forged) == "plan_signature"


@pytest.mark.parametrize("x5c", [[], ["AAAA"], "AAAA", None, [1]], ids=str)
def test_a_plan_without_its_certificate_is_refused(x5c: object) -> None:
    assert refused(with_header(TOKEN, x5c=x5c)) == "plan_signature"


def test_a_plan_with_any_byte_changed_is_refused() -> None:
    for at in range(0, len(TOKEN), 11):
        changed = bytearray(TOKEN)
        changed[at] ^= 1
        assert refused(bytes(changed)) in {"plan_malformed", "plan_signature"}


def test_a_plan_under_a_second_spelling_of_its_signature_is_refused() -> None:
    assert refused(with_high_s(TOKEN)) == "plan_signature"


def test_a_kid_that_names_another_key_is_refused() -> None:
    payload = canonical.dumps(jws.parse(TOKEN, jws.TYP_PLAN).payload())
    x5c = [keys.certificate_text(BUREAU.receipt_certificate)]
    head = jws.protected_header(jws.TYP_PLAN, "other", x5c) + b"." + jws.encode(payload)
    token = head + b"." + jws.encode(BUREAU.receipt_signer.sign(head))
    assert refused(token) == "plan_signature"


def test_a_plan_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    assert refused(b"x" * (MAX_PLAN_BYTES + 1)) == "plan_size"


@pytest.mark.parametrize("token", [b"", b"...", b"a.b.c", b"\xff" * 9, TOKEN[:-9]], ids=repr)
def test_what_is_no_plan_at_all_is_refused(token: bytes) -> None:
    assert refused(token) in {"plan_malformed", "plan_signature"}


def test_a_receipt_is_no_plan() -> None:
    payload = jws.parse(TOKEN, jws.TYP_PLAN).payload()
    x5c = [keys.certificate_text(BUREAU.receipt_certificate)]
    token = jws.sign(payload, BUREAU.receipt_signer, jws.TYP_RECEIPT, x5c)
    assert refused(token) == "plan_malformed"


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"number": 0},
        {"number": 100},
        {"number": True},
        {"plan_id": "../etc"},
        {"plan_id": "P-1"},
        {"to": []},
        {"to": ["REC-0001", "REC-0001"]},
        {"to": ["rec"]},
        {"activity": "Inspection"},
        {"activity": "x:y"},
        {"officers": []},
        {"officers": ["O-1", "O-1"]},
        {"officers": ["张三"]},
        {"officers": [f"O-{number}" for number in range(17)]},
        {"begins": EXPIRES},
        {"begins": "2026-10-01T00:00:00.000000Z"},
        {"expires": "tomorrow"},
        {"sealed": jws.encode(b"in clear").decode()},
        {"sealed": "AAAA="},
        {"sealed_sha256": "0" * 64},
        {"matter": "in clear"},
    ],
    ids=str,
)
def test_a_signed_plan_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    assert refused(signed_payload(**changes)) == "plan_malformed"


def test_what_makes_no_sense_is_not_signed() -> None:
    with pytest.raises(PlanError):
        signed(BUREAU, a_plan(number=100))


def test_particulars_are_read_as_they_were_sealed() -> None:
    assert plan.read_particulars(PARTICULARS.to_bytes()) == PARTICULARS


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    "number", ["豫A0100123", "41010200456", "国统执字第0123号", "ZF-2026(014)"], ids=str
)
def test_certificate_numbers_as_provinces_write_them_are_taken(number: str) -> None:
    officers = (OFFICERS[0], replace(OFFICERS[1], certificate=number + "9"))
    assert replace(PARTICULARS, officers=officers).to_bytes()


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    "number", ["", "无", "待办", "12", "豫A01", "1234 5678", "a0001234", "1" * 33], ids=repr
)
def test_what_is_no_certificate_number_is_refused(number: str) -> None:
    officers = (OFFICERS[0], replace(OFFICERS[1], certificate=number))
    with pytest.raises(PlanError) as caught:
        replace(PARTICULARS, officers=officers).to_bytes()
    assert caught.value.code == "plan_particulars"


@pytest.mark.rule("C11")
@pytest.mark.parametrize("officer", [replace(OFFICERS[0], id="O-9"), OFFICERS[0]], ids=str)
def test_one_officer_is_not_two(officer: Officer) -> None:
    with pytest.raises(PlanError):
        replace(PARTICULARS, officers=(OFFICERS[0], officer)).to_bytes()


@pytest.mark.parametrize(
    "changes",
    [{"matter": " "}, {"party": ""}, {"place": "x" * 1_025}, {"items": ("",)}, {"officers": ()}],
    ids=str,
)
def test_particulars_say_something(changes: dict[str, Any]) -> None:
    with pytest.raises(PlanError) as caught:
        replace(PARTICULARS, **changes).to_bytes()
    assert caught.value.code == "plan_particulars"


@pytest.mark.rule("D1")
@pytest.mark.rule("D3")
@pytest.mark.rule("D5")
@pytest.mark.rule("D6")
def test_the_table_holds_what_the_rules_name() -> None:
    assert {"听证", "调查取证", "留置送达", "查封扣押", "证据先行登记保存"} <= set(
        MUST_RECORD.values()
    )
    assert all(ACTIVITY_CODE.fullmatch(code) for code in ACTIVITIES)
    assert len(set(ACTIVITIES.values())) == len(ACTIVITIES)


@pytest.mark.rule("D7")
def test_what_nobody_planned_has_a_code_of_its_own() -> None:
    assert VOLUNTARY not in MUST_RECORD
    assert name_of(VOLUNTARY) == "自主记录"
    assert name_of("of_tomorrow") == "of_tomorrow"


def test_the_wire_carries_a_plan_and_its_answer() -> None:
    topics = Topics("REC-0001")
    assert topics.plan == "rec/v1/REC-0001/plan"
    assert wire.parse_topic(topics.plan_ack) == PlanAckTopic(device="REC-0001")
    ack = PlanAck(sha256="0" * 64, plan_id=None, taken=False, code="plan_size", detail="large")
    assert wire.decode_plan_ack(wire.encode_plan_ack(ack)) == ack


def test_nobody_answers_on_the_topic_of_plans() -> None:
    with pytest.raises(WireError):
        wire.parse_topic(Topics("REC-0001").plan)


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b'{"sha256":"' + b"0" * 64 + b'"}'], ids=repr
)
def test_a_malformed_answer_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode_plan_ack(payload)
