"""Changes to the device log as a whole, to receipts, rulebook and root document."""

from __future__ import annotations

import random
from typing import Any

from evidence import journal, receipt, rulebook
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from tests.kits.records import forging
from tests.kits.records.recorder import Recorder
from tests.kits.records.signers import SeededSigner
from tests.tamper.cases import STRANGER, Case
from tests.tamper.kinds import (
    JOURNAL,
    LOG,
    RECEIPTS,
    ROOT,
    RULEBOOK,
    Mutation,
    changed,
    found,
    kind,
)


@kind
def the_device_log_is_another_devices(case: Case, dice: random.Random) -> Mutation:
    return Mutation(changed(case, LOG, case.foreign[LOG]), found("log_foreign", LOG))


@kind
def a_session_vanishes_from_the_log_with_all_keys(case: Case, dice: random.Random) -> Mutation:
    """A thief with the device's key writes the log anew without the session before."""
    twin = Recorder(case.recorder.bureau, case.recorder.device)
    for payload in case.records(LOG)[1:]:
        if payload["t"] == "session" and payload["sid"] == case.take.sid:
            continue
        own = {n: v for n, v in payload.items() if n not in _COMMON}
        if payload["t"] == "start":
            twin.start()
        else:
            twin.note(payload["t"], own)
    places = journal.payloads(bytes(twin.log))
    sessions = [r for r in places if r["t"] == "session"]
    later = [r["i"] for r in sessions if r["counter"] > case.take.counter]
    expected = found(
        {"counter_gap", "head_unknown"}, *_gap_place(later), also={"head_unknown", "counter_gap"}
    )
    return Mutation(changed(case, LOG, bytes(twin.log)), expected)


_COMMON = {"v", "t", "i", "prev", "mono_ns", "boot_id", "utc", "utc_q", "dev", "next"}


def _gap_place(later: list[int]) -> tuple[str, int | None]:
    return (LOG, later[0]) if later else (JOURNAL, 0)


def _one_receipt(dice: random.Random) -> tuple[str, receipt.ReceiptKind]:
    kinds: tuple[receipt.ReceiptKind, ...] = ("committed", "stored")
    chosen = dice.choice(kinds)
    return f"receipt-{chosen}.jws", chosen


@kind
def a_receipt_is_edited(case: Case, dice: random.Random) -> Mutation:
    name, _ = _one_receipt(dice)
    changes: JsonObject = dice.choice(
        ({"counter": 99}, {"kind": "stored"}, {"root": "0" * 64}, {"serial": 7}, {"files": []})
    )
    token = forging.edited(case.folder[name], **changes)
    return Mutation(changed(case, name, token), found("receipt_invalid", name))


@kind
def a_byte_of_a_receipt_is_flipped(case: Case, dice: random.Random) -> Mutation:
    name, _ = _one_receipt(dice)
    content = bytearray(case.folder[name])
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return Mutation(changed(case, name, bytes(content)), found("receipt_invalid", name))


@kind
def a_receipt_is_cut_off(case: Case, dice: random.Random) -> Mutation:
    name, _ = _one_receipt(dice)
    token = case.folder[name][: dice.randrange(len(case.folder[name]))]
    return Mutation(changed(case, name, token), found("receipt_invalid", name))


@kind
def a_receipt_turns_into_its_high_s_twin(case: Case, dice: random.Random) -> Mutation:
    name, _ = _one_receipt(dice)
    token = forging.with_high_s(case.folder[name])
    return Mutation(changed(case, name, token), found("receipt_invalid", name))


@kind
def a_receipt_is_replayed_from_elsewhere(case: Case, dice: random.Random) -> Mutation:
    name, _ = _one_receipt(dice)
    theirs = dice.choice((case.other, case.foreign))[name]
    return Mutation(changed(case, name, theirs), found("receipt_foreign", name))


@kind
def one_kind_of_receipt_stands_for_the_other(case: Case, dice: random.Random) -> Mutation:
    one, two = dice.sample(RECEIPTS, 2)
    return Mutation(changed(case, one, case.folder[two]), found("receipt_foreign", one))


@kind
def a_receipt_is_signed_without_right(case: Case, dice: random.Random) -> Mutation:
    """By a stranger's desk, by the device itself, by the CA's key."""
    name, _ = _one_receipt(dice)
    honest = receipt.read_receipt(case.folder[name], case.recorder.bureau.ca)
    signer, certificate = dice.choice(
        (
            (STRANGER.receipt_signer, STRANGER.receipt_certificate),
            (case.recorder.signer, case.recorder.certificate),
            (case.recorder.tls_signer, case.recorder.tls_certificate),
            (case.recorder.bureau.ca_signer, case.recorder.bureau.ca),
        )
    )
    token = receipt.sign_receipt(honest, signer, certificate)
    return Mutation(changed(case, name, token), found("receipt_invalid", name))


@kind
def a_receipt_leaves_a_file_out(case: Case, dice: random.Random) -> Mutation:
    name = RECEIPTS[1]
    honest = receipt.read_receipt(case.folder[name], case.recorder.bureau.ca)
    gone = dice.randrange(len(honest.files))
    files = (*honest.files[:gone], *honest.files[gone + 1 :])
    folder = changed(case, name, _receipted(case, "stored", files=files))
    return Mutation(folder, found("receipt_incomplete", name))


@kind
def a_receipt_names_other_bytes(case: Case, dice: random.Random) -> Mutation:
    name, chosen = _one_receipt(dice)
    honest = receipt.read_receipt(case.folder[name], case.recorder.bureau.ca)
    odd = dice.randrange(len(honest.files))
    one = honest.files[odd]
    lie = receipt.ReceiptedFile(one.name, one.size, sha256_hex(b"other"))
    files = (*honest.files[:odd], lie, *honest.files[odd + 1 :])
    folder = changed(case, name, _receipted(case, chosen, files=files))
    return Mutation(folder, found("receipt_differs", name))


@kind
def a_receipt_is_for_another_journal(case: Case, dice: random.Random) -> Mutation:
    name, chosen = _one_receipt(dice)
    changes = dice.choice(({"journal_sha256": sha256_hex(b"x")}, {"root": sha256_hex(b"x")}))
    folder = changed(case, name, _receipted(case, chosen, **changes))
    return Mutation(folder, found("receipt_differs", name))


def _receipted(case: Case, chosen: receipt.ReceiptKind, **changes: Any) -> bytes:
    return case.recorder.bureau.receipt(case.folder, chosen, **changes)


@kind
def a_byte_of_the_rulebook_is_flipped(case: Case, dice: random.Random) -> Mutation:
    name = dice.choice((RULEBOOK, ROOT))
    content = bytearray(case.folder[name])
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return Mutation(changed(case, name, bytes(content)), found("rulebook_invalid", name))


@kind
def a_rulebook_has_too_few_signers(case: Case, dice: random.Random) -> Mutation:
    clerks = case.recorder.bureau.clerks
    signers = dice.choice(
        (clerks[:1], clerks[1:], [clerks[0], clerks[0]], [clerks[0], SeededSigner("attacker")])
    )
    book = rulebook.sign_rulebook(case.recorder.bureau.rulebook_document(), signers)
    return Mutation(changed(case, RULEBOOK, book), found("rulebook_invalid", RULEBOOK))


@kind
def another_rulebook_of_the_bureau_is_put_in(case: Case, dice: random.Random) -> Mutation:
    bureau = case.recorder.bureau
    changes = dice.choice(({"version": 2}, {"version": 4}, {"to": [case.recorder.device]}))
    book = rulebook.sign_rulebook(bureau.rulebook_document(**changes), bureau.clerks)
    return Mutation(changed(case, RULEBOOK, book), found("rulebook_differs", RULEBOOK))


@kind
def a_strangers_root_is_put_in(case: Case, dice: random.Random) -> Mutation:
    folder = {**case.folder, ROOT: STRANGER.root, RULEBOOK: STRANGER.rulebook}
    return Mutation(folder, found("rulebook_invalid", ROOT))
