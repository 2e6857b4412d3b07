"""Receipts, rulebooks and root documents: signed by whom they have to be, or nothing at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evidence import canonical, jws, receipt, rulebook
from evidence.errors import EvidenceError, ReceiptError, RulebookError
from tests.kits.records import forging
from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.signers import SeededSigner
from tests.kits.records.take import Take

BUREAU = Bureau()
STRANGER = Bureau("stranger")


@pytest.fixture(scope="module")
def take() -> Take:
    take = Take(Recorder(BUREAU))
    take.segment()
    take.close()
    return take


def test_a_receipt_reads_back_as_it_was_signed(take: Take) -> None:
    token = take.folder()["receipt-stored.jws"]
    read = receipt.read_receipt(token, BUREAU.ca)
    assert (read.kind, read.dev, read.sid, read.counter) == ("stored", "REC-0001", take.sid, 1)
    assert [file.name for file in read.files] == ["000000.mp4.age", "journal.jws", "plan.json.age"]


def test_a_receipt_is_refused_under_another_ca(take: Take) -> None:
    with pytest.raises(EvidenceError):
        receipt.read_receipt(take.folder()["receipt-stored.jws"], STRANGER.ca)


def test_a_receipt_without_its_certificate_is_refused(take: Take) -> None:
    payload = forging.payload_of(take.folder()["receipt-stored.jws"])
    token = jws.sign(payload, BUREAU.receipt_signer, jws.TYP_RECEIPT)
    with pytest.raises(ReceiptError):
        receipt.read_receipt(token, BUREAU.ca)


def test_a_receipt_under_another_key_than_its_certificates_is_refused(take: Take) -> None:
    read = receipt.read_receipt(take.folder()["receipt-stored.jws"], BUREAU.ca)
    token = receipt.sign_receipt(read, SeededSigner("x"), BUREAU.receipt_certificate)
    with pytest.raises(ReceiptError):
        receipt.read_receipt(token, BUREAU.ca)


def test_a_receipt_that_names_a_file_twice_is_refused(take: Take) -> None:
    read = receipt.read_receipt(take.folder()["receipt-stored.jws"], BUREAU.ca)
    token = BUREAU.receipt(take.folder(), "stored", files=(*read.files, read.files[0]))
    with pytest.raises(ReceiptError):
        receipt.read_receipt(token, BUREAU.ca)


@pytest.mark.parametrize(
    "change", [{"kind": "lost"}, {"serial": -1}, {"files": "all"}, {"v": 2}, {"extra": 1}]
)
def test_a_receipt_with_other_fields_is_refused(take: Take, change: dict[str, Any]) -> None:
    token = take.folder()["receipt-stored.jws"]
    payload = {**forging.payload_of(token), **change}
    x5c = json.loads(jws.decode(token.split(b".")[0]))["x5c"]
    signed = jws.sign(payload, BUREAU.receipt_signer, jws.TYP_RECEIPT, x5c)
    with pytest.raises(ReceiptError):
        receipt.read_receipt(signed, BUREAU.ca)


def read_book(envelope: bytes, floor: int = 1) -> rulebook.Rulebook:
    return rulebook.read_rulebook(envelope, rulebook.read_root(BUREAU.root, BUREAU.ca), floor=floor)


def test_a_rulebook_reads_back_as_it_was_signed() -> None:
    book = read_book(BUREAU.rulebook)
    assert book.version == 3
    assert book.recipients == {"bureau": "age1bureaubureau", "escrow": "age1bureauescrow"}
    assert book.announcements[0].id == "notice-zh"
    assert book.number("segment.seconds") == 10
    assert book.is_for("REC-0001")


def test_a_rollback_below_the_floor_is_refused() -> None:
    assert read_book(BUREAU.rulebook, floor=3).version == 3
    with pytest.raises(RulebookError):
        read_book(BUREAU.rulebook, floor=4)


@pytest.mark.parametrize(
    "signers",
    [
        BUREAU.clerks[:1],
        [BUREAU.clerks[0]] * 2,
        STRANGER.clerks,
        [BUREAU.clerks[0], STRANGER.clerks[0]],
        [BUREAU.ca_signer, BUREAU.receipt_signer],
    ],
)
def test_a_rulebook_needs_two_different_signers_of_the_root(signers: list[SeededSigner]) -> None:
    with pytest.raises(RulebookError):
        read_book(rulebook.sign_rulebook(BUREAU.rulebook_document(), signers))


def test_a_further_signature_of_a_stranger_does_no_harm() -> None:
    signers = [*BUREAU.clerks, STRANGER.clerks[0]]
    assert read_book(rulebook.sign_rulebook(BUREAU.rulebook_document(), signers)).version == 3


def test_a_root_of_a_stranger_is_refused() -> None:
    with pytest.raises(RulebookError):
        rulebook.read_root(STRANGER.root, BUREAU.ca)


@pytest.mark.parametrize(
    "change", [{"threshold": 3}, {"keys": [BUREAU.clerks[0].jwk] * 2}, {"keys": []}]
)
def test_a_root_that_cannot_reach_its_threshold_is_refused(change: dict[str, Any]) -> None:
    envelope = rulebook.sign_envelope(
        {**BUREAU.root_document(), **change}, [BUREAU.ca_signer], jws.TYP_ROOT
    )
    with pytest.raises(RulebookError):
        rulebook.read_root(envelope, BUREAU.ca)


def policy(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = BUREAU.rulebook_document()["policy"]
    return {**made, **{name.replace("__", "."): value for name, value in changes.items()}}


ANNOUNCEMENT = policy()["disclosure.announcements"][0]


@pytest.mark.rule("C8")
@pytest.mark.parametrize(
    "change",
    [
        {"disclosure__announcements": []},
        {"disclosure__announcements": [{**ANNOUNCEMENT, "text": "  "}]},
        {"disclosure__announcements": [{**ANNOUNCEMENT, "text": "另一句"}]},
        {"segment__seconds": 1},
        {"segment__seconds": 61},
        {"seal__recipients": [{"role": "bureau", "age": "a"}] * 2},
        {"seal__recipients": [{"role": "bureau", "age": "a"}]},
        {"covert__mode": 1},
        {"release__keep_days": -1},
        {"upload__deadline_hours": 0},
    ],
)
def test_what_the_law_fixes_is_out_of_a_policys_reach(change: dict[str, Any]) -> None:
    document = BUREAU.rulebook_document(policy=policy(**change))
    with pytest.raises(RulebookError):
        rulebook.sign_rulebook(document, BUREAU.clerks)
    envelope = rulebook.sign_envelope(document, BUREAU.clerks, jws.TYP_RULEBOOK)
    with pytest.raises(RulebookError):
        read_book(envelope)


@pytest.mark.parametrize(
    "change", [{"not_before": "2031-01-01T00:00:00.000000Z"}, {"version": 0}, {"to": []}]
)
def test_a_document_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RulebookError):
        rulebook.sign_rulebook(BUREAU.rulebook_document(**change), BUREAU.clerks)


@pytest.mark.parametrize("envelope", [b"", b"{}", b"[]", b"{" * 1_000, b"\xff", b"x" * 300_000])
def test_what_is_no_envelope_is_refused(envelope: bytes) -> None:
    with pytest.raises(RulebookError):
        rulebook.read_root(envelope, BUREAU.ca)
    with pytest.raises(RulebookError):
        read_book(envelope)


def test_a_rulebook_cannot_stand_for_a_root() -> None:
    forged = rulebook.sign_envelope(
        BUREAU.rulebook_document(), [BUREAU.ca_signer], jws.TYP_RULEBOOK
    )
    with pytest.raises(RulebookError):
        rulebook.read_root(forged, BUREAU.ca)
    assert canonical.loads(forged, limit=100_000)["signatures"]
