"""What the vault does with what a crash left behind.

Owns bringing every session to a state that verifies: the one whose recorder may still be there is
resumed, every other is resumed and closed as interrupted, a closed one that the device log does not
know yet is entered there. Refuses to cut, rename or drop anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.vault.chain.device_log import LogState
from agent.vault.chain.signed_file import SignedFile
from agent.vault.session.opened import Opened, Signed, Template, Totals
from agent.vault.session.opening import Opener
from agent.vault.session.untold import Rules, untold
from agent.vault.store.medium import Medium
from evidence import digests, ids, journal, marks, moments
from evidence.canonical import JsonObject
from evidence.digests import FileFacts, sha256_hex
from evidence.journal import Tail
from evidence.rulebook import Announcement

RESUME_WITHIN_NS: Final = 60 * 1_000_000_000
"""A vault that is back within a minute of the same boot lets the recorder go on."""

INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A closed session, as the device log is told of it.

    Attributes:
        sid: Session id.
        counter: Device counter.
        facts: Of its journal.
        root: Merkle root of its close record.
        reason: Why it was closed.
        ended_ns: UTC of the last it recorded.
        plan_id: The plan it was opened with.
        ending: How its end was told, where somebody told.
        secrecy: The highest class of secrecy that was marked, if one was.
    """

    sid: str
    counter: int
    facts: FileFacts
    root: str
    reason: str
    ended_ns: int
    plan_id: str | None
    ending: str | None
    secrecy: str | None


def enter_closed(opener: Opener, closing: Closing) -> None:
    """Enter a closed session in the device log: it cannot go missing unseen from now on."""
    facts = closing.facts
    opener.log.record(
        "session",
        {
            "sid": closing.sid,
            "counter": closing.counter,
            "journal": {"size": facts.size, "sha256": facts.sha256, "chunks": list(facts.chunks)},
            "root": closing.root,
            "reason": closing.reason,
            "counted": opener.log.state.count,
            "ended": moments.utc_text(closing.ended_ns),
            "plan_id": closing.plan_id,
            "ending": closing.ending,
            "secrecy": closing.secrecy,
        },
    )


class Remains:
    """The sessions that a crash left behind, read once.

    Args:
        medium: Where they lie.
    """

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._found: list[_Found] = []

    def find(self, state: LogState) -> int:
        """Read every session that the device log does not know as closed.

        Returns:
            The highest lifetime number in them.
        """
        known = state.sessions.keys() | state.aborted
        folders = self._medium.paths.sessions.iterdir()
        unknown = [f for f in folders if ids.is_session_id(f.name) and f.name not in known]
        self._found = sorted(map(_Found.read, unknown), key=lambda item: item.counter)
        return max((one.counted for one in self._found), default=0)

    def recover(self, opener: Opener, rules: Rules) -> Opened | None:
        """Go through them, oldest first.

        Args:
            opener: Resumes them.
            rules: Knows what they had to announce.

        Returns:
            The one session that its recorder may go on with, or None.
        """
        resumed = None
        for one in self._found:
            resumed = _recover_one(opener, one, rules) or resumed
        return resumed


@dataclass(frozen=True, slots=True)
class _Found:
    """One session's folder as the crash left it."""

    folder: Path
    content: bytes
    tail: Tail
    records: list[JsonObject]

    @classmethod
    def read(cls, folder: Path) -> _Found:
        path = folder / ids.JOURNAL_NAME
        content = path.read_bytes() if path.exists() else b""
        return cls(folder, content, journal.tail(content), journal.payloads(content))

    @property
    def sid(self) -> str:
        return self.folder.name

    @property
    def counter(self) -> int:
        return int(self.records[0]["counter"]) if self.records else 0

    @property
    def counted(self) -> int:
        """The highest lifetime number among its records."""
        events = (record["fields"] for record in self.records if record["t"] == "event")
        return max((fields.get("count", 0) for fields in events), default=0)

    @property
    def plan_id(self) -> str | None:
        """The plan it was opened with."""
        value: str | None = self.records[0].get("plan_id")
        return value

    @property
    def last_utc_ns(self) -> int:
        """UTC of its last record before anybody came to close it."""
        ended = (r for r in reversed(self.records) if r["t"] not in ("resume", "close", "attest"))
        return moments.utc_ns(next(ended, self.records[-1])["utc"])

    @property
    def opened_ns(self) -> int:
        """CLOCK_BOOTTIME of the ``open`` record."""
        return int(self.records[0]["mono_ns"])

    @property
    def close(self) -> JsonObject | None:
        closes = [record for record in self.records if record["t"] == "close"]
        return closes[-1] if closes else None


def _recover_one(opener: Opener, found: _Found, rules: Rules) -> Opened | None:
    if not found.records:
        # The crash came before the ``open`` record was whole: nothing was ever acknowledged.
        opener.log.record(
            "aborted",
            {
                "sid": found.sid,
                "bytes": len(found.content),
                "sha256": sha256_hex(found.content),
            },
        )
        return None
    if found.close is not None and not found.tail.torn:
        _finish_closed(opener, found, found.close)
        return None
    signed, stamps = opener.resume(found.sid, found.content, found.tail)
    resumed = Opened(
        sid=found.sid,
        counter=found.counter,
        journal=signed,
        stamps=stamps,
        totals=_totals(opener, found),
        rulebook_sha256=found.records[0]["rulebook"]["sha256"],
        plan_id=found.plan_id,
        template=Template.of(found.records[0]),
        signed=_signed(found),
        last_utc_ns=found.last_utc_ns,
    )
    if found.close is None and _may_go_on(opener, found.records[-1]):
        return resumed
    close_interrupted(opener, resumed, rules(resumed.rulebook_sha256))
    return None


def close_interrupted(
    opener: Opener, resumed: Opened, rules: tuple[Announcement, ...] | None
) -> None:
    """Close a session that nobody can go on with."""
    now_ns = opener.clock.monotonic_ns()
    for kind, fields in untold(rules, resumed.signed.told, INTERRUPTED, now_ns):
        resumed.journal.record("event", {"kind": kind, "fields": fields})
    close: JsonObject = {
        "segments": resumed.totals.segments,
        "size": resumed.totals.size,
        "root": digests.merkle_root(resumed.journal.leaves),
        "reason": INTERRUPTED,
        "counter": resumed.counter,
    }
    resumed.journal.record("close", close, attested_by=opener.mandate.signer)
    _seal_journal(opener, resumed.sid, resumed.journal)
    enter_closed(
        opener,
        Closing(
            sid=resumed.sid,
            counter=resumed.counter,
            facts=resumed.journal.facts(),
            root=close["root"],
            reason=INTERRUPTED,
            ended_ns=resumed.last_utc_ns or resumed.stamps.now().utc_ns,
            plan_id=resumed.plan_id,
            ending=marks.ending_of(resumed.signed.marks),
            secrecy=marks.secrecy_of(resumed.signed.marks),
        ),
    )


def _finish_closed(opener: Opener, found: _Found, close: JsonObject) -> None:
    """The journal is closed: attest it if the crash came first, and enter it in the device log."""
    file = opener.medium.reopen(found.folder / ids.JOURNAL_NAME)
    stamps = opener.stamps(moments.utc_ns(found.records[-1]["utc"]))
    # The chain's own key is gone and not needed: ``attest`` is signed by the device's signing key.
    chain = opener.chain_after(found.sid, found.tail)
    signed = SignedFile(file, chain, stamps, found.content)
    if found.records[-1]["t"] != "attest":
        signed.attest(opener.mandate.signer)
    _seal_journal(opener, found.sid, signed)
    told = _signed(found).marks
    enter_closed(
        opener,
        Closing(
            sid=found.sid,
            counter=found.counter,
            facts=signed.facts(),
            root=close["root"],
            reason=close["reason"],
            ended_ns=found.last_utc_ns,
            plan_id=found.plan_id,
            ending=marks.ending_of(told),
            secrecy=marks.secrecy_of(told),
        ),
    )


def _seal_journal(opener: Opener, sid: str, signed: SignedFile) -> None:
    opener.medium.freeze(opener.medium.session_folder(sid) / ids.JOURNAL_NAME)
    signed.close()


def _may_go_on(opener: Opener, last: JsonObject) -> bool:
    if last["boot_id"] != opener.start.boot_id:
        return False
    return bool(opener.clock.monotonic_ns() - last["mono_ns"] <= RESUME_WITHIN_NS)


def _signed(found: _Found) -> Signed:
    signed = Signed()
    for record in found.records:
        signed.add(record)
    return signed


def _totals(opener: Opener, found: _Found) -> Totals:
    segments = [record for record in found.records if record["t"] == "seg"]
    # A segment that the crash left holds pictures, too: its ticks say up to when.
    ticks = [record for record in found.records if record["t"] == "tick"]
    seen = [*segments, *(tick for tick in ticks if tick.get("last_pts_ns"))]
    names = opener.medium.sealed_names(found.sid)
    return Totals(
        next_segment=_next_number(names, ".mp4.age"),
        next_photo=_next_number(names, ".jpg.age"),
        gop_count=max((s["gop_first"] + s["gop_count"] for s in segments), default=0),
        video_end_ns=max((s["last_pts_ns"] for s in seen), default=found.opened_ns),
        segments=len(segments),
        size=sum(s["size"] for s in segments),
    )


def _next_number(names: list[str], suffix: str) -> int:
    numbers = [int(name.partition(".")[0]) for name in names if name.endswith(suffix)]
    return max(numbers, default=-1) + 1
