"""Changes to the lines of a chain, by somebody without any key."""

from __future__ import annotations

import random

from evidence import journal, jws
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.journal import NEWLINE
from tests.kits.records import forging
from tests.kits.records.signers import SeededSigner
from tests.tamper.cases import Case
from tests.tamper.kinds import (
    GONE,
    JOURNAL,
    LOG,
    Mutation,
    a_chain,
    all_places,
    beside_torn,
    changed,
    found,
    is_record,
    journal_lines,
    kind,
    replaced,
)


@kind
def a_field_of_a_record_is_edited(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    payload = forging.payload_of(place.line)
    field = dice.choice([f for f, value in payload.items() if type(value) is int and f != "v"])
    line = forging.edited(place.line, **{field: payload[field] + dice.randint(1, 9)})
    return Mutation(replaced(case, name, place, line), found("signature", name, place.number))


@kind
def a_record_is_back_dated(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    line = forging.edited(place.line, utc="2026-11-20T08:00:00.000000Z")
    return Mutation(replaced(case, name, place, line), found("signature", name, place.number))


@kind
def a_byte_of_a_line_is_flipped(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    content = bytearray(place.line)
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    line = bytes(content)
    codes = {"signature", "certificate", "statement"} if is_record(line) else {"line_malformed"}
    also = {"line_malformed"} if NEWLINE in line else beside_torn(case, name, place)
    expected = found(codes, name, place.number, also=also)
    return Mutation(replaced(case, name, place, line), expected)


@kind
def a_line_is_dropped(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name)[:-1])
    return Mutation(replaced(case, name, place), found(GONE, name, place.number))


@kind
def some_lines_in_a_row_are_dropped(case: Case, dice: random.Random) -> Mutation:
    places = all_places(case, JOURNAL)
    start = dice.randrange(len(places) - 3)
    count = dice.randint(2, len(places) - 1 - start)
    gone = {place.position for place in places[start : start + count]}
    lines = [line for p, line in enumerate(case.lines()) if p not in gone]
    # A torn line stays without the record that names it, or that record without its torn line.
    also = {"line_malformed", "line_missing", "resume_mismatch"}
    expected = found(GONE, JOURNAL, places[start].number, also=also)
    return Mutation(changed(case, JOURNAL, forging.join(lines)), expected)


@kind
def two_neighbours_are_swapped(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    places = all_places(case, name)
    first = dice.randrange(len(places) - 1)
    one, two = places[first], places[first + 1]
    lines = case.lines(name)
    lines[one.position], lines[two.position] = two.line, one.line
    # A torn line between them is no longer directly before the record that names it.
    also = {"line_malformed", "resume_mismatch"} if two.position - one.position > 1 else set()
    also |= {"line_moved"}
    expected = found("line_moved", name, two.number, also=also)
    return Mutation(changed(case, name, forging.join(lines)), expected)


@kind
def a_line_is_carried_elsewhere(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    places = all_places(case, name)
    origin = dice.randrange(len(places) - 3)
    target = dice.randrange(origin + 3, len(places) + 1)
    moved = places[origin]
    lines = case.lines(name)
    end = places[target].position if target < len(places) else len(lines)
    lines.insert(end, moved.line)
    del lines[moved.position]
    also = {"line_malformed", "resume_mismatch"}
    expected = found("line_moved", name, moved.number, also=also)
    return Mutation(changed(case, name, forging.join(lines)), expected)


@kind
def a_line_is_repeated(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    places = all_places(case, name)
    again, before = dice.choice(places), dice.choice(places)
    expected = found("line_repeated", name, again.number)
    return Mutation(replaced(case, name, before, again.line, before.line), expected)


@kind
def junk_is_inserted(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    before = dice.choice(all_places(case, name))
    junk = dice.choice((b"", b"{}", b"a.b.c", dice.randbytes(40).replace(NEWLINE, b""), b"\0" * 30))
    expected = found("line_malformed", name, before.number)
    return Mutation(replaced(case, name, before, junk, before.line), expected)


@kind
def a_line_of_another_session_is_inserted(case: Case, dice: random.Random) -> Mutation:
    before = dice.choice(all_places(case, JOURNAL))
    foreign = dice.choice(journal_lines(dice.choice((case.other, case.foreign))))
    expected = found("line_foreign", JOURNAL, before.number)
    return Mutation(replaced(case, JOURNAL, before, foreign, before.line), expected)


@kind
def a_line_is_replaced_by_another_sessions(case: Case, dice: random.Random) -> Mutation:
    theirs = journal_lines(case.other)
    places = [p for p in all_places(case, JOURNAL)[:-1] if p.number < len(theirs)]
    place = dice.choice(places)
    line = theirs[place.number]
    expected = found(GONE, JOURNAL, place.number, also={"line_foreign"})
    return Mutation(replaced(case, JOURNAL, place, line), expected)


@kind
def a_line_of_another_devices_log_is_inserted(case: Case, dice: random.Random) -> Mutation:
    before = dice.choice(all_places(case, LOG))
    foreign = dice.choice(journal.split(case.foreign[LOG]).complete)
    expected = found("line_foreign", LOG, before.number)
    return Mutation(replaced(case, LOG, before, foreign, before.line), expected)


@kind
def a_line_under_the_attackers_own_key_is_inserted(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    places = all_places(case, name)
    after = dice.randrange(len(places) - 1)
    before, following = places[after], places[after + 1]
    key = SeededSigner("attacker")
    line = forging.resigned(before.line, key, i=following.number, prev=sha256_hex(before.line))
    folder = replaced(case, name, before, before.line, line)
    return Mutation(folder, found("line_foreign", name, following.number))


@kind
def a_line_under_the_attackers_own_key_is_appended(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    last = all_places(case, name)[-1]
    line = forging.resigned(
        last.line, SeededSigner("attacker"), i=last.number + 1, prev=sha256_hex(last.line)
    )
    folder = changed(case, name, case.folder[name] + line + NEWLINE)
    return Mutation(folder, found("signature", name, last.number + 1))


@kind
def a_record_is_signed_again_by_the_attacker(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    line = forging.resigned(place.line, SeededSigner("attacker"))
    return Mutation(replaced(case, name, place, line), found("signature", name, place.number))


@kind
def a_signature_is_turned_into_its_high_s_twin(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    line = forging.with_high_s(place.line)
    return Mutation(replaced(case, name, place, line), found("signature", name, place.number))


@kind
def a_signature_is_taken_from_another_line(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    one, two = dice.sample(all_places(case, name), 2)
    line = one.line.rpartition(b".")[0] + b"." + two.line.rpartition(b".")[2]
    return Mutation(replaced(case, name, one, line), found("signature", name, one.number))


@kind
def a_line_is_spelt_in_loose_base64(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    spell = dice.choice(
        (forging.with_loose_bits, lambda line: line + b"=", lambda line: line + b"\r")
    )
    line = spell(place.line)
    also = beside_torn(case, name, place)
    expected = found("line_malformed", name, place.number, also=also)
    return Mutation(replaced(case, name, place, line), expected)


@kind
def a_key_of_a_record_stands_twice(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    payload = jws.decode(place.line.split(b".")[1])
    line = forging.with_payload(place.line, payload[:-1] + b',"i":0}')
    also = beside_torn(case, name, place)
    expected = found("line_malformed", name, place.number, also=also)
    return Mutation(replaced(case, name, place, line), expected)


@kind
def a_header_is_weakened(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    changes: JsonObject = dice.choice(
        ({"alg": "none"}, {"alg": "HS256"}, {"typ": "JWT"}, {"jku": "x"}, {"kid": 3})
    )
    line = forging.with_header(place.line, **changes)
    also = beside_torn(case, name, place)
    expected = found("line_malformed", name, place.number, also=also)
    return Mutation(replaced(case, name, place, line), expected)


@kind
def a_record_names_another_key(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice(all_places(case, name))
    line = forging.with_header(place.line, kid=SeededSigner("attacker").kid)
    return Mutation(replaced(case, name, place, line), found("signature", name, place.number))


@kind
def a_record_announces_the_attackers_key(case: Case, dice: random.Random) -> Mutation:
    name = a_chain(case, dice)
    place = dice.choice([p for p in all_places(case, name) if "next" in forging.payload_of(p.line)])
    line = forging.edited(place.line, next=SeededSigner("attacker").jwk)
    return Mutation(replaced(case, name, place, line), found("signature", name, place.number))
