"""Sessions forged with keys that were stolen, or with keys that certify something else."""

from __future__ import annotations

import random
from typing import Any

from evidence import ids, jws
from evidence.digests import sha256_hex
from evidence.journal import NEWLINE
from evidence.keys import certificate_text
from tests.kits.records import forging
from tests.kits.records.recorder import Recorder
from tests.kits.records.signers import SeededSigner
from tests.kits.records.take import Take
from tests.tamper.cases import STRANGER, Case, record
from tests.tamper.kinds import (
    JOURNAL,
    Mutation,
    Place,
    all_places,
    changed,
    found,
    journal_lines,
    kind,
    replaced,
)


@kind
def a_stolen_chain_key_rewrites_what_it_may(case: Case, dice: random.Random) -> Mutation:
    """Whoever holds the key of now can sign; the line after it names what it was."""
    places = [
        p
        for p in all_places(case, JOURNAL)[:-1]
        if forging.payload_of(p.line)["t"] in ("tick", "event", "seg")
    ]
    place = dice.choice(places)
    signer = _key_of(case, place)
    payload = forging.payload_of(place.line)
    line = forging.resigned(place.line, signer, x={"edited": payload["i"]})
    following = all_places(case, JOURNAL)[all_places(case, JOURNAL).index(place) + 1]
    expected = found("chain_broken", JOURNAL, following.number, also={"close_mismatch"})
    return Mutation(replaced(case, JOURNAL, place, line), expected)


@kind
def a_stolen_chain_key_signs_after_the_end(case: Case, dice: random.Random) -> Mutation:
    last = all_places(case, JOURNAL)[-1]
    tick = next(p for p in all_places(case, JOURNAL) if forging.payload_of(p.line)["t"] == "tick")
    stamped = {n: forging.payload_of(last.line)[n] for n in ("mono_ns", "boot_id", "utc", "utc_q")}
    changes = {**stamped, "i": last.number + 1, "prev": sha256_hex(last.line)}
    line = forging.resigned(tick.line, case.take.key.now, **changes)
    folder = changed(case, JOURNAL, case.folder[JOURNAL] + line + NEWLINE)
    expected = found("out_of_place", JOURNAL, last.number + 1, also={"tick_order"})
    return Mutation(folder, expected)


def _key_of(case: Case, place: Place) -> SeededSigner:
    """The chain key that signed a line: known to nobody but this test."""
    kid = jws.parse(place.line, jws.TYP_RECORD).kid
    return case.take.keys_used[kid]


@kind
def a_stolen_device_key_makes_another_session(case: Case, dice: random.Random) -> Mutation:
    """With all keys a whole session can be invented, but not the witnesses of the true one."""
    forged = _invented(case.recorder, case, dice)
    folder = {**case.folder, JOURNAL: bytes(forged.content)}
    folder = {n: c for n, c in folder.items() if not ids.is_content_name(n)} | forged.files
    return Mutation(folder, found("journal_differs", JOURNAL))


@kind
def the_tls_key_makes_a_session(case: Case, dice: random.Random) -> Mutation:
    twin = _twin(case.recorder)
    twin.signer, twin.certificate = twin.tls_signer, twin.tls_certificate
    return _by_a_wrong_certificate(case, dice, twin, "certificate", set())


@kind
def another_devices_certificate_makes_a_session(case: Case, dice: random.Random) -> Mutation:
    twin = _twin(case.recorder)
    other = Recorder(case.recorder.bureau, "OTHER-9999")
    twin.signer, twin.certificate = other.signer, other.certificate
    return _by_a_wrong_certificate(case, dice, twin, "wrong_device", set())


@kind
def a_strangers_ca_makes_a_session(case: Case, dice: random.Random) -> Mutation:
    stranger = Recorder(STRANGER, case.recorder.device)
    twin = _twin(case.recorder)
    twin.signer, twin.certificate = stranger.signer, stranger.certificate
    return _by_a_wrong_certificate(case, dice, twin, "certificate", set())


def _by_a_wrong_certificate(
    case: Case, dice: random.Random, twin: Recorder, code: str, also: set[str]
) -> Mutation:
    forged = _invented(twin, case, dice)
    folder = {n: c for n, c in case.folder.items() if not ids.is_content_name(n)}
    folder |= {JOURNAL: bytes(forged.content), **forged.files}
    # A session with a crash shows the certificate again at each resumption.
    return Mutation(folder, found(code, JOURNAL, 0, also={code, *also}))


def _twin(recorder: Recorder) -> Recorder:
    """The same device once more, for whoever forges its sessions."""
    return Recorder(recorder.bureau, recorder.device)


def _invented(recorder: Recorder, case: Case, dice: random.Random) -> Take:
    twin = _twin(recorder)
    twin.signer, twin.certificate = recorder.signer, recorder.certificate
    twin.x5c = [certificate_text(twin.certificate)]
    twin.counter = case.take.counter - 1
    honest = case.records()[0]
    return _record_as(twin, case.take.sid, honest["prev"], dice)


def _record_as(twin: Recorder, sid: str, prev: str, dice: random.Random) -> Take:
    take = Take(twin, dice=dice, plan=False, sid=sid, prev=prev)
    record(take, dice)
    return take


@kind
def the_certificate_is_exchanged(case: Case, dice: random.Random) -> Mutation:
    place = all_places(case, JOURNAL)[0]
    x5c, code = dice.choice(
        (
            (forged_x5c(case.recorder.tls_certificate), "certificate"),
            (forged_x5c(Recorder(STRANGER, case.recorder.device).certificate), "certificate"),
            (forged_x5c(case.recorder.bureau.ca), "certificate"),
            (forging.payload_of(journal_lines(case.foreign)[0])["x5c"], "statement"),
        )
    )
    line = forging.edited(place.line, x5c=x5c)
    return Mutation(replaced(case, JOURNAL, place, line), found(code, JOURNAL, 0))


def forged_x5c(certificate: Any) -> list[str]:
    return [certificate_text(certificate)]


@kind
def the_statement_is_taken_from_another_session(case: Case, dice: random.Random) -> Mutation:
    place = all_places(case, JOURNAL)[0]
    theirs = forging.payload_of(journal_lines(case.other)[0])["chainkey"]
    line = forging.edited(place.line, chainkey=theirs)
    return Mutation(replaced(case, JOURNAL, place, line), found("signature", JOURNAL, 0))


@kind
def the_statement_is_the_attackers(case: Case, dice: random.Random) -> Mutation:
    place = all_places(case, JOURNAL)[0]
    attacker = SeededSigner("attacker")
    opened = forging.payload_of(place.line)
    stated = forging.payload_of(opened["chainkey"].encode())
    token = jws.sign({**stated, "jwk": attacker.jwk}, attacker, jws.TYP_CHAIN_KEY)
    line = forging.resigned(place.line, attacker, chainkey=token.decode())
    return Mutation(replaced(case, JOURNAL, place, line), found("statement", JOURNAL, 0))
