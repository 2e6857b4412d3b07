"""Which files belong to a session, by its journal.

Owns reading the names, sizes and digests that the journal's records give. Refuses trust: the vault
reads its own journal, the bureau verifies one before it asks this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evidence import jws
from evidence.canonical import JsonObject
from evidence.digests import FileFacts
from evidence.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file and what a record says of its bytes."""

    name: str
    facts: FileFacts


def files_of(lines: Iterable[bytes]) -> list[NamedFile]:
    """Every file that the records of a journal name, in order: plan, stills, segments, orphans.

    Lines that are no JWS (torn ones) name nothing.
    """
    named: list[NamedFile] = []
    for line in lines:
        try:
            payload = jws.parse(line, jws.TYP_RECORD).payload()
        except EvidenceError:
            continue
        named.extend(files_in(payload))
    return named


def files_in(payload: JsonObject) -> list[NamedFile]:
    """The files that one checked record names."""
    match payload:
        case {"t": "open", "plan": dict() as plan}:
            return [_named(plan)]
        case {"t": "event", "kind": "photo", "fields": fields}:
            return [_named(fields)]
        case {"t": "seg"}:
            return [_named(payload)]
        case {"t": "resume", "orphans": orphans}:
            return [_named(orphan) for orphan in orphans]
        case _:
            return []


def _named(fields: JsonObject) -> NamedFile:
    facts = FileFacts(fields["size"], fields["sha256"], tuple(fields["chunks"]))
    return NamedFile(fields["file"], facts)
