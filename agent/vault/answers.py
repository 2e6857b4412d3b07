"""What the vault tells: values made out of what it holds.

Owns the shape of the longer answers to recorder and dock, and of the catalog's rows. Refuses to
change anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from agent.preflight.results import code_of
from agent.vault import messages as m
from agent.vault.chain.device_log import DeviceLog, LoggedSession
from agent.vault.conduct import conduct_of
from agent.vault.custody import state_of
from agent.vault.store.medium import Medium
from evidence.rulebook import Rulebook
from hw.errors import HardwareFault

_ROOM_BYTES: Final = 900_000
_SESSION_BYTES: Final = 400
_CHUNK_BYTES: Final = 70


def attached(
    book: Rulebook,
    session: m.ActiveSession | None,
    *,
    plans: list[m.PlanChoice],
    docked: bool,
    refused: str | None,
) -> m.Attached:
    """The rulebook's part of the recorder's work, and how the vault stands."""
    return m.Attached(
        session=session,
        segment_seconds=book.number("segment.seconds"),
        announcements=[
            m.AnnouncementRule(
                id=one.id,
                text_sha256=one.text_sha256,
                pcm_sha256=one.pcm_sha256,
                samples=one.samples,
                rate=one.rate,
            )
            for one in book.announcements
        ],
        conduct=conduct_of(book),
        plans=plans,
        docked=docked,
        refused=refused,
    )


def pending(log: DeviceLog, medium: Medium, path: Path, *, recording: bool) -> m.Pending:
    """Closed sessions without a ``stored`` receipt, oldest first, as many as one message holds."""
    return m.Pending(
        device_log=str(path),
        log_bytes=log.size,
        recording=recording,
        sessions=[
            m.PendingSession(
                sid=logged.sid,
                counter=logged.counter,
                folder=str(medium.session_folder(logged.sid)),
                committed="committed" in logged.receipts,
                journal_size=logged.journal.size,
                journal_sha256=logged.journal.sha256,
                journal_chunks=list(logged.journal.chunks),
            )
            for logged in _that_fit(log)
        ],
    )


def _that_fit(log: DeviceLog) -> Iterator[LoggedSession]:
    room = _ROOM_BYTES
    for logged in sorted(log.state.sessions.values(), key=lambda one: one.counter):
        if not logged.waits:
            continue
        room -= _SESSION_BYTES + _CHUNK_BYTES * len(logged.journal.chunks)
        if room < 0:
            return
        yield logged


def recorder_fault(state: str) -> dict[str, Any]:
    """The event that says that the recorder process was lost (``begun``) or is back."""
    detail = "the recorder process was lost" if state == "begun" else "the recorder is back"
    return {"part": "recorder", "code": "lost", "detail": detail, "state": state}


def fault(lost: HardwareFault, state: str) -> dict[str, Any]:
    """The event that says that a part failed (``begun``) or is back."""
    return {"part": lost.part, "code": lost.code, "detail": lost.detail[:1_000], "state": state}


def doubt(check: m.CheckResult, state: str) -> dict[str, Any]:
    """The event that says that a check found a part out (``begun``), or finds it well again."""
    code = code_of(check)
    return {"part": check.name, "code": code, "detail": check.detail[:1_000], "state": state}


def catalog_row(log: DeviceLog, sid: str) -> dict[str, Any]:
    """A closed session, as the catalog lists it."""
    logged = log.state.sessions[sid]
    return {
        "sid": sid,
        "counter": logged.counter,
        "state": state_of(logged).value,
        "journal_bytes": logged.journal.size,
    }
