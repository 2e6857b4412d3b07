"""What the vault does with what a crash left behind.

Owns bringing every session to a state that verifies: the one whose recorder may still be there is
resumed, every other is resumed and closed as interrupted, a closed one that the device log does not
know yet is entered there. Refuses to cut, rename or drop anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.vault.live_session import Opened, Totals
from agent.vault.opening import Opener
from agent.vault.signed_file import SignedFile
from evidence import digests, ids, journal, moments
from evidence.canonical import JsonObject
from evidence.digests import FileFacts, sha256_hex
from evidence.journal import Tail

RESUME_WITHIN_NS: Final = 60 * 1_000_000_000
"""A vault that is back within a minute of the same boot lets the recorder go on."""

INTERRUPTED: Final = "interrupted"


def enter_closed(
    opener: Opener, sid: str, counter: int, facts: FileFacts, close: JsonObject
) -> None:
    """Enter a closed session in the device log: it cannot go missing unseen from now on."""
    opener.log.record(
        "session",
        {
            "sid": sid,
            "counter": counter,
            "journal": {"size": facts.size, "sha256": facts.sha256, "chunks": list(facts.chunks)},
            "root": close["root"],
            "reason": close["reason"],
        },
    )


def recover(opener: Opener) -> Opened | None:
    """Go through all sessions that the device log does not know as closed, oldest first.

    Returns:
        The one session that its recorder may go on with, or None.
    """
    found = [_Found.read(folder) for folder in _unknown_folders(opener)]
    resumed = None
    for one in sorted(found, key=lambda item: item.counter):
        resumed = _recover_one(opener, one) or resumed
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
    def opened_ns(self) -> int:
        """CLOCK_BOOTTIME of the ``open`` record."""
        return int(self.records[0]["mono_ns"])

    @property
    def close(self) -> JsonObject | None:
        closes = [record for record in self.records if record["t"] == "close"]
        return closes[-1] if closes else None


def _unknown_folders(opener: Opener) -> list[Path]:
    state = opener.log.state
    known = state.sessions.keys() | state.aborted
    folders = opener.medium.paths.sessions.iterdir()
    return [f for f in folders if ids.is_session_id(f.name) and f.name not in known]


def _recover_one(opener: Opener, found: _Found) -> Opened | None:
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
    )
    if found.close is None and _may_go_on(opener, found.records[-1]):
        return resumed
    close_interrupted(opener, resumed)
    return None


def close_interrupted(opener: Opener, resumed: Opened) -> None:
    """Close a session that nobody can go on with."""
    close = {
        "segments": resumed.totals.segments,
        "size": resumed.totals.size,
        "root": digests.merkle_root(resumed.journal.leaves),
        "reason": INTERRUPTED,
        "counter": resumed.counter,
    }
    resumed.journal.record("close", close, attested_by=opener.mandate.signer)
    _seal_journal(opener, resumed.sid, resumed.journal)
    enter_closed(opener, resumed.sid, resumed.counter, resumed.journal.facts(), close)


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
    enter_closed(opener, found.sid, found.counter, signed.facts(), close)


def _seal_journal(opener: Opener, sid: str, signed: SignedFile) -> None:
    opener.medium.freeze(opener.medium.session_folder(sid) / ids.JOURNAL_NAME)
    signed.close()


def _may_go_on(opener: Opener, last: JsonObject) -> bool:
    if last["boot_id"] != opener.start.boot_id:
        return False
    return bool(opener.clock.monotonic_ns() - last["mono_ns"] <= RESUME_WITHIN_NS)


def _totals(opener: Opener, found: _Found) -> Totals:
    segments = [record for record in found.records if record["t"] == "seg"]
    numbers = [
        int(name.partition(".")[0])
        for name in opener.medium.sealed_names(found.sid)
        if name.endswith(".mp4.age")
    ]
    return Totals(
        next_segment=max(numbers, default=-1) + 1,
        gop_count=max((s["gop_first"] + s["gop_count"] for s in segments), default=0),
        video_end_ns=max((s["last_pts_ns"] for s in segments), default=found.opened_ns),
        segments=len(segments),
        size=sum(s["size"] for s in segments),
    )
