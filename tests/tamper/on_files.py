"""Changes to the sealed files."""

from __future__ import annotations

import random

from evidence import ids
from evidence.canonical import JsonObject
from evidence.digests import CHUNK_BYTES
from tests.kits.records.folders import sealed_file
from tests.tamper.cases import Case
from tests.tamper.kinds import (
    Mutation,
    changed,
    found,
    kind,
)


def _sealed(case: Case, dice: random.Random, *, whole: bool = False) -> str:
    names = [n for n in case.folder if ids.is_content_name(n)]
    segs = {r["file"] for r in case.records() if r["t"] == "seg"}
    return dice.choice([n for n in names if n in segs] if whole else names)


def _second_of(case: Case, name: str, offset: int) -> int | None:
    """The second in which the byte at ``offset`` was signed for the first time."""
    records = case.records()
    ticks = [r for r in records if r["t"] == "tick" and r["file"] == name and r["length"] > offset]
    said = ticks[0] if ticks else next(r for r in records if name in _names(r))
    opened = records[0]
    if said["boot_id"] != opened["boot_id"]:
        return None
    return int((said["mono_ns"] - opened["mono_ns"]) // 1_000_000_000)


def _names(record: JsonObject) -> list[str]:
    match record:
        case {"t": "seg", "file": name}:
            return [name]
        case {"t": "event", "kind": "photo", "fields": {"file": name}}:
            return [name]
        case {"t": "open", "plan": {"file": name}}:
            return [name]
        case {"t": "resume", "orphans": orphans}:
            return [orphan["file"] for orphan in orphans]
        case _:
            return []


@kind
def a_bit_of_a_file_is_flipped(case: Case, dice: random.Random) -> Mutation:
    name = _sealed(case, dice)
    content = bytearray(case.folder[name])
    offset = dice.randrange(len(content))
    content[offset] ^= 1 << dice.randrange(8)
    second = _second_of(case, name, offset)
    return Mutation(changed(case, name, bytes(content)), found("file_altered", name, second=second))


@kind
def a_stretch_of_a_file_is_overwritten(case: Case, dice: random.Random) -> Mutation:
    name = _sealed(case, dice)
    content = bytearray(case.folder[name])
    start = dice.randrange(len(content))
    part = content[start : start + dice.randint(1, 5_000)]
    content[start : start + len(part)] = bytes(byte ^ 0x55 for byte in part)
    second = _second_of(case, name, start)
    return Mutation(changed(case, name, bytes(content)), found("file_altered", name, second=second))


@kind
def a_file_is_truncated(case: Case, dice: random.Random) -> Mutation:
    name = _sealed(case, dice)
    length = dice.choice((0, dice.randrange(len(case.folder[name]))))
    second = _second_of(case, name, length)
    folder = changed(case, name, case.folder[name][:length])
    return Mutation(folder, found("file_truncated", name, second=second))


@kind
def a_file_is_extended(case: Case, dice: random.Random) -> Mutation:
    name = _sealed(case, dice)
    tail = dice.randbytes(dice.choice((1, 16, 70_000, CHUNK_BYTES)))
    folder = changed(case, name, case.folder[name] + tail)
    return Mutation(folder, found("file_extended", name))


@kind
def a_file_is_taken_away(case: Case, dice: random.Random) -> Mutation:
    name = _sealed(case, dice)
    folder = {n: c for n, c in case.folder.items() if n != name}
    return Mutation(folder, found("missing_file", name))


@kind
def a_file_is_renamed(case: Case, dice: random.Random) -> Mutation:
    name = _sealed(case, dice)
    folder = {n: c for n, c in case.folder.items() if n != name}
    folder["000777.mp4.age"] = case.folder[name]
    return Mutation(folder, found("missing_file", name, also={"unsigned_file"}))


@kind
def two_files_are_swapped(case: Case, dice: random.Random) -> Mutation:
    names = [n for n in case.folder if n.endswith(".mp4.age")]
    one, two = dice.sample(names, 2)
    folder = {**case.folder, one: case.folder[two], two: case.folder[one]}
    codes = {"file_altered", "file_truncated", "file_extended"}
    return Mutation(folder, found(codes, one, also=codes))


@kind
def a_file_is_replaced_by_another_sessions(case: Case, dice: random.Random) -> Mutation:
    name = _sealed(case, dice)
    theirs = dice.choice([n for n in case.other if n.endswith(".mp4.age")])
    expected = found({"file_altered", "file_truncated", "file_extended"}, name)
    return Mutation(changed(case, name, case.other[theirs]), expected)


@kind
def a_file_is_added(case: Case, dice: random.Random) -> Mutation:
    name = dice.choice(("000123.mp4.age", "000777.jpg.age"))
    folder = changed(case, name, sealed_file("added", 500))
    return Mutation(folder, found("unsigned_file", name))
