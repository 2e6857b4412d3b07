"""Chains whose end is cut off."""

from __future__ import annotations

import random

from evidence.digests import sha256_hex
from tests.kits.records import forging
from tests.tamper.cases import Case
from tests.tamper.kinds import (
    JOURNAL,
    LOG,
    RECEIPTS,
    Mutation,
    all_places,
    changed,
    found,
    kind,
)


@kind
def the_end_of_the_journal_is_cut_off(case: Case, dice: random.Random) -> Mutation:
    close = _first_close(case)
    places = [p for p in all_places(case, JOURNAL) if p.number < close]
    last = dice.choice(places)
    lines = case.lines()[: last.position + 1]
    expected = found("journal_truncated", JOURNAL, last.number)
    return Mutation(changed(case, JOURNAL, forging.join(lines)), expected)


@kind
def the_journal_is_cut_within_a_line(case: Case, dice: random.Random) -> Mutation:
    close = _first_close(case)
    places = all_places(case, JOURNAL)
    index = dice.randrange(1, close + 1)
    place, before = places[index], places[index - 1]
    kept = case.lines()[: place.position]
    torn = place.line[: dice.randrange(1, len(place.line))]
    folder = changed(case, JOURNAL, forging.join(kept) + torn)
    also = {"line_malformed"} if place.position - before.position > 1 else set()
    record = before.number + (1 if also else 0)
    return Mutation(
        folder, found({"journal_truncated", "line_malformed"}, JOURNAL, record, also=also)
    )


@kind
def the_attestation_is_cut_off(case: Case, dice: random.Random) -> Mutation:
    lines = case.lines()[:-1]
    folder = changed(case, JOURNAL, forging.join(lines))
    return Mutation(folder, found("journal_differs", JOURNAL))


@kind
def the_end_is_cut_off_and_no_witness_is_left(case: Case, dice: random.Random) -> Mutation:
    """What nobody can tell from a power cut, and what is therefore not promised."""
    mutation = the_end_of_the_journal_is_cut_off(case, dice)
    folder = {n: c for n, c in mutation.folder.items() if n not in (*RECEIPTS, LOG)}
    expected = found(
        "not_closed",
        JOURNAL,
        mutation.expected.record,
        also={"unsigned_file", "line_malformed"},
        severity="explained",
    )
    return Mutation(folder, expected)


@kind
def the_device_log_is_cut_off(case: Case, dice: random.Random) -> Mutation:
    head = case.records()[0]["prev"]
    places = all_places(case, LOG)
    opened = next(p.position for p in places if sha256_hex(p.line) == head)
    entered = next(p for p in places if forging.payload_of(p.line).get("sid") == case.take.sid)
    cut = dice.randrange(1, entered.position + 1)
    folder = changed(case, LOG, forging.join(case.lines(LOG)[:cut]))
    if cut <= opened:
        return Mutation(folder, found("head_unknown", JOURNAL, 0))
    return Mutation(folder, found("session_unlisted", LOG, severity="explained"))


def _first_close(case: Case) -> int:
    return int(next(r["i"] for r in case.records() if r["t"] == "close"))
