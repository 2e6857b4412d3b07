"""The power cut: what was acknowledged is there afterwards.

Owns the step ``power_cut``, in two halves: before the plug is pulled, and after the machine has
started again. Refuses to count as survived what had not been acknowledged.
"""

from __future__ import annotations

from typing import Final

import msgspec

from agent.field_test.bench import SECOND_NS, Bench
from agent.field_test.outcome import Measure, Outcome, failed, passed, skipped
from agent.field_test.steps.session import NotRecordingError, begin, end
from agent.field_test.vault import FieldVault

NOTE_SECONDS: Final = 0.5
LEAST_RECORDS: Final = 5
"""The session's begin, its announcement and some seconds of media."""


class Pulled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a session just before the plug is pulled.

    Attributes:
        boot_id: The boot that is to end.
        sid: The session.
        records: Lines of its journal that the vault had acknowledged.
        sha256: Their digest.
    """

    boot_id: str
    sid: str
    records: int
    sha256: str


def power_cut(bench: Bench) -> Outcome:
    """Record, and have the plug pulled; comes back only where it was not."""
    if not bench.person.confirm("power_cut"):
        return skipped("declined")
    try:
        begin(bench)
        note(bench)
        bench.ask("pull_power")
        until_ns = bench.clock.monotonic_ns() + round(bench.terms.cut_seconds * SECOND_NS)
        while bench.clock.monotonic_ns() < until_ns:
            note(bench)
            bench.pause(NOTE_SECONDS)
        end(bench)
    except NotRecordingError as error:
        return failed(error.cause, error.detail)
    return failed("not_pulled", "the power is still there")


def note(bench: Bench) -> None:
    """Put down what the vault has acknowledged so far."""
    sid = bench.session.sid
    session = bench.vault.facts(sid).session
    if sid is None or session is None:
        raise NotRecordingError("unkept", "the vault holds no such session")
    digested = bench.vault.facts(sid, session.records).session or session
    bench.note_cut(
        Pulled(boot_id=bench.boot_id, sid=sid, records=session.records, sha256=digested.sha256)
    )


def survived(pulled: Pulled, vault: FieldVault) -> Outcome:
    """After the start: every acknowledged line is there, and the session is closed with a word."""
    facts = vault.facts(pulled.sid, pulled.records)
    if facts.boot_id == pulled.boot_id:
        return failed("no_cut", "the machine has not started anew since")
    session = facts.session
    if session is None:
        return failed("lost", f"session {pulled.sid} is gone")
    told: dict[str, Measure] = {
        "acknowledged": pulled.records,
        "records": session.records,
        "media_ms": session.milliseconds,
        "orphans": session.orphans,
        "reason": str(session.reason),
        "vault_started_ms": facts.started_ns // 1_000_000,
    }
    if session.records < pulled.records or session.sha256 != pulled.sha256:
        return failed("lost", "acknowledged lines are not there any more", **told)
    if session.reason is None:
        return failed("unclosed", "the session was not closed at the start", **told)
    if pulled.records < LEAST_RECORDS:
        return failed("early", "the plug was pulled before anything was recorded", **told)
    return passed(**told)
