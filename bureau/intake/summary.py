"""What a verified journal says of its session, in one row.

Owns reading officer, activity, times and counts out of the records. Refuses trust: the journal was
verified before; and refuses the sealed plan, which only a person with a reason may open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evidence import journal, marks
from evidence.canonical import JsonObject
from evidence.digests import FileFacts
from evidence.errors import RecordError
from evidence.manifest import NamedFile, files_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One session, as its journal tells it.

    Attributes:
        device: Device id.
        sid: Session id.
        counter: Device counter.
        officer: Officer's id, or None.
        custodian: Custodian's id, or None.
        activity: Activity code.
        started: UTC of ``open``.
        ended: UTC of ``close``.
        reason: Why it closed.
        root: Merkle root of ``close``.
        segments: How many.
        interruptions: Resumptions and gaps.
        disclosure: Verdict of the first announcement, or ``missing``.
        rulebook: Digest of the rulebook it was opened under.
        plan_id: The session plan it was opened with, or None.
        plan_sha256: Digest of the sealed plan it carries, or None.
        officers: Ids of the officers, as far as the recorder was told.
        previous: The session that it resumes, or None.
        resumptions: How often the vault had to take it up again.
        secrecy: The highest class of secrecy that was marked (L1), or None.
        files: Sealed files by name.
    """

    device: str
    sid: str
    counter: int
    officer: str | None
    custodian: str | None
    activity: str
    started: str
    ended: str
    reason: str
    root: str
    segments: int
    interruptions: int
    disclosure: str
    rulebook: str
    plan_id: str | None
    plan_sha256: str | None
    officers: tuple[str, ...]
    previous: str | None
    resumptions: int
    secrecy: str | None
    files: dict[str, FileFacts]


def summarise(content: bytes) -> Summary:
    """Read a journal that has been verified.

    Raises:
        RecordError: It has no ``open`` or no ``close``, or names a file in two ways.
    """
    payloads = journal.payloads(content)
    opened = _one(payloads, "open")
    # A close whose attestation a power cut tore is followed by a second one: the last one counts.
    closed = _last(payloads, "close")
    kinds = Counter(payload.get("kind", payload["t"]) for payload in payloads)
    return Summary(
        device=opened["dev"],
        sid=opened["sid"],
        counter=opened["counter"],
        officer=opened["officer"],
        custodian=opened["custodian"],
        activity=opened["activity"],
        started=opened["utc"],
        ended=closed["utc"],
        reason=closed["reason"],
        root=closed["root"],
        segments=closed["segments"],
        interruptions=kinds["resume"] + kinds["gap"],
        disclosure=_disclosure(payloads),
        rulebook=opened["rulebook"]["sha256"],
        plan_id=opened.get("plan_id"),
        plan_sha256=opened["plan"]["sha256"] if opened["plan"] else None,
        officers=_officers(opened),
        previous=(opened.get("previous") or {}).get("sid"),
        resumptions=kinds["resume"],
        secrecy=marks.secrecy_of(_marked(payloads)),
        files=_by_name(file for payload in payloads for file in files_in(payload)),
    )


def _marked(payloads: Sequence[JsonObject]) -> list[str]:
    """The codes of the officer's marks, in order."""
    return [str(payload["fields"]["code"]) for payload in payloads if payload.get("kind") == "mark"]


def _officers(opened: JsonObject) -> tuple[str, ...]:
    """Those of the plan; of a session without one, the one the recorder knows."""
    alone = [opened["officer"]] if opened["officer"] else []
    return tuple(opened.get("officers") or alone)


def _one(payloads: Sequence[JsonObject], t: str) -> JsonObject:
    found = [payload for payload in payloads if payload["t"] == t]
    if len(found) != 1:
        raise RecordError(f"a closed journal has one {t} record, not {len(found)}")
    return found[0]


def _last(payloads: Sequence[JsonObject], t: str) -> JsonObject:
    found = [payload for payload in payloads if payload["t"] == t]
    if not found:
        raise RecordError(f"a closed journal has a {t} record")
    return found[-1]


def _by_name(files: Iterable[NamedFile]) -> dict[str, FileFacts]:
    found: dict[str, FileFacts] = {}
    for file in files:
        if found.setdefault(file.name, file.facts) != file.facts:
            raise RecordError(f"two records disagree about {file.name}")
    return found


def _disclosure(payloads: Sequence[JsonObject]) -> str:
    verdicts = (
        str(payload["fields"]["verdict"])
        for payload in payloads
        if payload.get("kind") == "disclosure"
    )
    return next(verdicts, "missing")
