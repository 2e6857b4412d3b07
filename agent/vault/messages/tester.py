"""What a field test and the vault say to each other.

Owns questions about what the vault holds, and the request for a signature under a report. Refuses
everything that begins, changes or ends: a field test records as a recorder does, over a connection
of its own.
"""

from __future__ import annotations

import msgspec

from agent.vault.messages.to_recorder import Refused
from agent.vault.messages.values import Natural


class AskFacts(msgspec.Struct, frozen=True, kw_only=True, tag="facts?"):
    """How do the vault and one session stand? Answered by ``Facts``.

    Attributes:
        sid: The session that is asked about; None for none.
        records: So many of its journal's lines are to be digested; 0 for none.
    """

    sid: str | None = None
    records: Natural = 0


class MadeOf(msgspec.Struct, frozen=True, kw_only=True):
    """A part: its name, model, and serial number where one can be read."""

    name: str
    model: str
    serial: str | None


class SessionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the vault holds of one session.

    Attributes:
        sid: Which.
        records: Lines of its journal.
        sha256: Digest of as many of them as was asked for.
        segments: Sealed ones.
        frames: Video frames in sealed segments.
        dropped: Frames known to be missing in them.
        milliseconds: Media in them.
        orphans: Segments that were torn by a power cut and are kept as found.
        reason: Why it was closed; None while it is open.
        receipts: Kinds of the bureau's receipts for it.
    """

    sid: str
    records: int
    sha256: str
    segments: int
    frames: int
    dropped: int
    milliseconds: int
    orphans: int
    reason: str | None
    receipts: list[str]


class Facts(msgspec.Struct, frozen=True, kw_only=True, tag="facts"):
    """How the vault stands.

    Attributes:
        boot_id: This boot.
        utc: The wall clock, RFC 3339 with microseconds.
        started_ns: CLOCK_BOOTTIME of this boot's first start of the vault.
        attached: Whether a recorder's process is connected.
        open_session: Id of the session that is open; None without one.
        protection: What the locker really does.
        stop_use: Part and finding after which the recorder is not used; None while none stands.
        parts: What the recorder is made of now.
        session: The session that was asked about; None where it is not held.
    """

    boot_id: str
    utc: str
    started_ns: int
    attached: bool
    open_session: str | None
    protection: str
    stop_use: str | None
    parts: list[MadeOf]
    session: SessionFacts | None


class SignReport(msgspec.Struct, frozen=True, kw_only=True, tag="sign"):
    """Vouch for the report of a field test. Answered by ``ReportSigned`` or ``Refused``.

    Attributes:
        sha256: Digest of the report, lower-case hex.
        passed: Steps that passed; the device log has the numbers.
        failed: Steps that failed.
        skipped: Steps that were not made.
    """

    sha256: str
    passed: Natural
    failed: Natural
    skipped: Natural


class ReportSigned(msgspec.Struct, frozen=True, kw_only=True, tag="signed"):
    """The report is in the device log; ``token`` is the recorder's signature under it."""

    token: bytes


FromTester = AskFacts | SignReport
ToTester = Facts | ReportSigned | Refused
