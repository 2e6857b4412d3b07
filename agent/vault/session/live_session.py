"""A session that is open: from its ``open`` record to its ``close``.

Owns the segment being sealed and the records of one journal. The socket's thread feeds plaintext;
everything that is signed happens on the scribe's thread. Refuses to believe the recorder in
anything but what the media hold: number, time and predecessor are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from agent.errors import ProtocolError
from agent.vault.messages import (
    ActiveSession,
    Durable,
    PreviousSession,
    Progress,
    SegmentSealed,
)
from agent.vault.session.opened import Opened
from agent.vault.session.photos import keep_photo
from agent.vault.store.medium import Medium
from agent.vault.store.seal import Mark, SealedFile
from evidence import digests, ids, marks
from evidence.canonical import JsonObject
from evidence.digests import FileFacts, sha256_hex
from evidence.jws import Signer

TICK_NS: Final = 950_000_000
"""A tick at every beat that comes at least this long after the last one: about every second."""
SYNC_NS: Final = 350_000_000
"""Between two syncs, where what is sealed grows at every beat."""
STALE_NS: Final = 1_200_000_000
"""Pictures this old are signed at the first beat that finds them sealed, however young the last
tick is: a scene that fills one chunk of age a second would else wait for two seconds and more."""


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """The segment being sealed, and the digest of its ftyp and moov."""

    sealed: SealedFile
    init_sha256: str


class LiveSession:
    """One open session.

    Args:
        opened: Its journal and what it holds.
        medium: Creates and locks the files.
        recipients: age recipients of every segment.
        notify: Takes messages for the recorder.
        failed: Told when the medium fails for good.
    """

    def __init__(
        self,
        opened: Opened,
        medium: Medium,
        recipients: Sequence[str],
        notify: Callable[[Durable | SegmentSealed], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.sid = opened.sid
        self.counter = opened.counter
        self.journal = opened.journal
        self.plan_id = opened.plan_id
        self._stamps = opened.stamps
        self._totals = opened.totals
        self._template = opened.template
        self._signed = opened.signed
        self._medium = medium
        self._recipients = recipients
        self._notify = notify
        self._failed = failed
        self._feeding_lock = Lock()
        self._feeding: OpenSegment | None = None
        self._ticking: OpenSegment | None = None
        self._synced_length = -1
        self._synced_ns = 0
        self._signed_offset = 0
        self._signed_pts_ns = 0
        self._last_tick_ns = 0
        self._finished = False

    # On the socket's thread.

    def active(self) -> ActiveSession:
        """The session as the recorder needs to know it to go on."""
        return ActiveSession(
            sid=self.sid,
            counter=self.counter,
            next_segment=self._totals.next_segment,
            gop_count=self._totals.gop_count,
            video_end_ns=self._totals.video_end_ns,
            begins=self._template.begins,
            ends=self._template.ends,
            secrecy=self.secrecy or "",
            previous=_previous(self._template.previous),
            checked=self._template.checked,
        )

    def begin(self, number: int, init: bytes) -> OpenSegment | None:
        """Segment ``number`` begins; None when the session has just been finished.

        Raises:
            ProtocolError: It is not the next number, or one is still open.
        """
        with self._feeding_lock:
            if self._finished:
                return None
            if self._feeding is not None or number != self._totals.next_segment:
                raise ProtocolError(
                    f"segment {number} begun where {self._totals.next_segment} is next"
                )
            path = self._folder / ids.segment_name(number)
            sealed = SealedFile(number, self._medium.create(path), self._recipients, self._failed)
            self._feeding = OpenSegment(sealed, sha256_hex(init))
            self._totals.next_segment = number + 1
            sealed.feed(init, Progress())
            return self._feeding

    def feed(self, number: int, content: bytes, progress: Progress) -> None:
        """Whole fragments of the open segment.

        Raises:
            ProtocolError: That segment is not open.
        """
        with self._feeding_lock:
            if self._finished:
                return
            if self._feeding is None or self._feeding.sealed.number != number:
                raise ProtocolError(f"fragments of segment {number}, which is not open")
            self._feeding.sealed.feed(content, progress)
            self._totals.video_end_ns = max(self._totals.video_end_ns, progress.last_pts_ns)

    def release_feed(self, number: int | None = None) -> OpenSegment | None:
        """Take the open segment away from feeding, so that it can be sealed; None without one."""
        with self._feeding_lock:
            segment = self._feeding
            if segment is not None and number not in (None, segment.sealed.number):
                raise ProtocolError(f"segment {number} ended, which is not open")
            self._feeding = None
            return segment

    # On the scribe's thread.

    def watch(self, segment: OpenSegment) -> None:
        """From now on ``segment`` is ticked."""
        self._ticking = segment
        self._synced_length = -1
        self._signed_offset = 0

    def signed_as(self, event_id: str | None) -> int | None:
        """The ``i`` of the event that was sent under this id before; None where none was."""
        return None if event_id is None else self._signed.events.get(event_id)

    def event(self, kind: str, fields: JsonObject, event_id: str | None = None) -> int:
        """Sign and sync an event; returns its ``i``."""
        named = {} if event_id is None else {"id": event_id}
        index = self.journal.record("event", {"kind": kind, "fields": fields, **named})
        if event_id is not None:
            self._signed.events[event_id] = index
        self._signed.hear(kind, fields)
        return index

    @property
    def told(self) -> frozenset[str]:
        """Ids of the clips that have a statement."""
        return frozenset(self._signed.told)

    @property
    def ending(self) -> str | None:
        """How its end was told."""
        return marks.ending_of(self._signed.marks)

    @property
    def secrecy(self) -> str | None:
        """The highest class of secrecy that was marked."""
        return marks.secrecy_of(self._signed.marks)

    def photo(self, pts_ns: int, content: bytes) -> int:
        """Seal, sign and lock a still; returns the ``i`` of its event."""
        known = self._signed.photos.get(pts_ns)
        if known is not None:
            return known
        name = ids.photo_name(self._totals.next_photo)
        self._totals.next_photo += 1
        facts = keep_photo(self._medium, self._folder / name, content, self._recipients)
        index = self.event("photo", {"file": name, **facts, "pts_ns": pts_ns})
        self._signed.photos[pts_ns] = index
        return index

    def seal(self, segment: OpenSegment, ended_by: str) -> None:
        """End the age stream of ``segment``, sign its ``seg`` record and lock it for good."""
        sealed = segment.sealed
        facts = sealed.finish()
        self._ticking = None
        index = self.journal.record("seg", _seg_fields(segment, facts, ended_by))
        self._medium.freeze(self._folder / sealed.name)
        self._totals.segments += 1
        self._totals.size += facts.size
        self._totals.gop_count = max(
            self._totals.gop_count, sealed.progress.gop_first + sealed.progress.gop_count
        )
        self._notify(
            Durable(number=sealed.number, plaintext_offset=sealed.plain_size, journal_i=index)
        )
        self._notify(SegmentSealed(number=sealed.number, journal_i=index))

    def beat(self, mono_ns: int) -> None:
        """Sync the open segment; about every second sign how far it got, and look at the clock."""
        mark = None if self._ticking is None else self._ticking.sealed.mark()
        due = mono_ns - self._last_tick_ns >= TICK_NS or self._is_stale(mark, mono_ns)
        if self._ticking is not None and mark is not None:
            self._sync(self._ticking.sealed, mark, mono_ns, due=due)
        if due:
            self._last_tick_ns = mono_ns
            self._notice_step()

    def finish(self, reason: str, signer: Signer) -> FileFacts:
        """Seal what is open, sign ``close`` and ``attest``; returns the journal's facts."""
        with self._feeding_lock:
            self._finished = True
        segment = self.release_feed()
        if segment is not None:
            self.seal(segment, "vault")
        self.journal.record("close", self._close_fields(reason), attested_by=signer)
        self._medium.freeze(self._folder / ids.JOURNAL_NAME)
        self.journal.close()
        return self.journal.facts()

    def now_utc_ns(self) -> int:
        """The session's own time, nanoseconds since 1970."""
        return self._stamps.now().utc_ns

    @property
    def root(self) -> str:
        """Merkle root over the ``seg`` records so far."""
        return digests.merkle_root(self.journal.leaves)

    @property
    def _folder(self) -> Path:
        return self._medium.session_folder(self.sid)

    def _is_stale(self, mark: Mark | None, mono_ns: int) -> bool:
        """Whether something sealed and not yet signed begins too long ago."""
        if mark is None or mark.plaintext_offset <= self._signed_offset:
            return False
        rested = mono_ns - self._last_tick_ns >= SYNC_NS
        return rested and mono_ns - self._signed_pts_ns >= STALE_NS

    def _sync(self, sealed: SealedFile, mark: Mark, mono_ns: int, *, due: bool) -> None:
        rested = mono_ns - self._synced_ns >= SYNC_NS
        if mark.length != self._synced_length and (due or rested):
            sealed.sync()
            self._synced_length, self._synced_ns = mark.length, mono_ns
        if not due or mark.length == 0:
            return
        self._signed_offset = mark.plaintext_offset
        self._signed_pts_ns = mark.progress.last_pts_ns
        index = self.journal.record(
            "tick",
            {
                "file": sealed.name,
                "length": mark.length,
                "sha256": mark.sha256,
                "frames": mark.progress.frames,
                "samples": mark.progress.samples,
                "last_pts_ns": mark.progress.last_pts_ns,
            },
        )
        self._notify(
            Durable(number=sealed.number, plaintext_offset=mark.plaintext_offset, journal_i=index)
        )

    def _notice_step(self) -> None:
        step = self._stamps.step()
        if step is None:
            return
        self.event("clock_step", step.fields())

    def _close_fields(self, reason: str) -> JsonObject:
        return {
            "segments": self._totals.segments,
            "size": self._totals.size,
            "root": self.root,
            "reason": reason,
            "counter": self.counter,
        }


def _previous(fields: JsonObject | None) -> PreviousSession | None:
    """The ``previous`` of the ``open`` record, as the recorder is told."""
    if fields is None:
        return None
    return PreviousSession(
        sid=fields["sid"],
        reason=fields["reason"],
        seconds=fields["seconds"],
        same_plan=fields["same_plan"],
        ending=fields.get("ending"),
    )


def _seg_fields(segment: OpenSegment, facts: FileFacts, ended_by: str) -> JsonObject:
    sealed, progress = segment.sealed, segment.sealed.progress
    return {
        "file": sealed.name,
        "number": sealed.number,
        "size": facts.size,
        "sha256": facts.sha256,
        "chunks": list(facts.chunks),
        "plain_size": sealed.plain_size,
        "plain_sha256": sealed.plain_sha256,
        "init_sha256": segment.init_sha256,
        "first_pts_ns": progress.first_pts_ns,
        "last_pts_ns": progress.last_pts_ns,
        "frames": progress.frames,
        "samples": progress.samples,
        "dropped": progress.dropped,
        "gop_first": progress.gop_first,
        "gop_count": progress.gop_count,
        "ended_by": ended_by,
    }
