"""The announcement's part in a recording.

Owns when a clip plays, how often a failed one is tried, and the signed statement about each
attempt. Refuses to hold a recording back: whatever happens to the loudspeaker, capture goes on. In
this version nothing listens whether the clip was heard, so every statement says ``check: none`` and
``verdict: unverified``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from agent.session.effects import Effect, PlayClip, StoreEvent
from agent.session.events import ClipEnded, MediaTaken, Ticked
from agent.session.states import Phase, Session, Speech

Step = tuple[Session, tuple[Effect, ...]]

ATTEMPTS: Final = 3
"""A failed announcement is replayed up to twice."""
LONGEST_WAIT_NS: Final = 5_000_000_000
"""Without a picture or a sound the announcement still plays: the party is told in any case."""
PLAYED: Final = "not_checked"
"""The reason of a verdict that is unverified only because nothing listened."""


def await_media(session: Session) -> Session:
    """The announcement is due, from its first clip, as soon as media is on the medium."""
    if session.speech is Speech.PLAYING:
        return replace(session, again=True)
    return replace(session, speech=Speech.AWAITED, awaited_ns=0)


def play(session: Session) -> Step:
    """Play all clips from the first."""
    if not session.rules:
        return _fall_silent(session), ()
    begun = replace(
        session, speech=Speech.PLAYING, clip=0, attempt=1, again=False, unannounced=False
    )
    return begun, (PlayClip(0),)


def media_taken(session: Session, event: MediaTaken) -> Step:
    """The vault has picture and sound: speak, so that the announcement is itself on the record."""
    del event
    return play(session) if session.speech is Speech.AWAITED else (session, ())


def wait_for_media(session: Session, event: Ticked) -> Step:
    """Speak without a picture or a sound once they are too late."""
    if session.speech is not Speech.AWAITED:
        return session, ()
    if session.awaited_ns == 0:
        return replace(session, awaited_ns=event.at_ns), ()
    if event.at_ns - session.awaited_ns < LONGEST_WAIT_NS:
        return session, ()
    return play(session)


def clip_ended(session: Session, event: ClipEnded) -> Step:
    """State what was played; then the same clip again, the next one, or silence."""
    if session.speech is not Speech.PLAYING or event.clip != session.clip:
        return session, ()
    stated = StoreEvent("disclosure", statement(session, event))
    if event.reason == "speaker" and session.attempt < ATTEMPTS:
        return replace(session, attempt=session.attempt + 1), (stated, PlayClip(session.clip))
    told = replace(session, unannounced=session.unannounced or event.reason is not None)
    if session.clip + 1 < len(session.rules):
        following = session.clip + 1
        return replace(told, clip=following, attempt=1), (stated, PlayClip(following))
    if session.again:
        repeated, effects = play(told)
        return repeated, (stated, *effects)
    return _fall_silent(told), (stated,)


def clip_ended_at_stop(session: Session, event: ClipEnded) -> Step:
    """State what was played until the recording ended, and that the rest was not."""
    stated = StoreEvent("disclosure", statement(session, event))
    silent = replace(session, speech=Speech.SILENT, unannounced=True)
    return silent, (stated, *unplayed(session, event.clip + 1, event.to_ns))


def unplayed(session: Session, first: int, at_ns: int) -> Iterator[StoreEvent]:
    """One statement for each clip that the end of the recording kept from playing."""
    for clip in range(first, len(session.rules)):
        silence = ClipEnded(
            clip=clip, frames_played=0, underruns=0, from_ns=at_ns, to_ns=at_ns, reason="stopped"
        )
        yield StoreEvent("disclosure", statement(session, silence))


def statement(session: Session, ended: ClipEnded) -> dict[str, object]:
    """The fields of a ``disclosure`` event."""
    rule = session.rules[ended.clip]
    return {
        "clip": rule.id,
        "text_sha256": rule.text_sha256,
        "pcm_sha256": rule.pcm_sha256,
        "announced": ended.reason is None,
        "frames_played": ended.frames_played,
        "underruns": ended.underruns,
        "from_ns": ended.from_ns,
        "to_ns": ended.to_ns,
        "check": "none",
        "heard": None,
        "complete": None,
        "score_milli": None,
        "missing": [],
        "delay_ns": None,
        "drift_ppm": None,
        "level_mdb": None,
        "verdict": "unverified",
        "reason": ended.reason or PLAYED,
    }


def _fall_silent(session: Session) -> Session:
    phase = Phase.RECORDING if session.phase is Phase.ANNOUNCING else session.phase
    return replace(session, phase=phase, speech=Speech.SILENT)
