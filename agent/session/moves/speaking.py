"""The announcement's part in a recording.

Owns when a clip plays, how often one that was not heard whole is tried again, and the signed
statement about each attempt. Refuses to hold a recording back, and to call an announcement verified
that the microphone did not hear from its first word to its last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from agent.session.effects import PlayClip, StoreEvent
from agent.session.events import ClipEnded, MediaTaken, Ticked
from agent.session.moves import asking
from agent.session.moves.steps import Step
from agent.session.states import Phase, Session, Speech, Task

ATTEMPTS: Final = 3
"""A failed announcement is replayed up to twice."""
LONGEST_WAIT_NS: Final = 5_000_000_000
"""Without a picture or a sound the announcement still plays: the party is told in any case."""
LONGEST_ANSWER_NS: Final = 15_000_000_000
"""So long after a clip must have ended, its end is no longer expected to be reported."""
RECOGNISABLE_NS: Final = 2_000_000_000
"""What sounds for less than this cannot be recognised among other sounds."""
FAINTEST_MDB: Final = -20_000
"""So far below its own self-test the unit still recognises the sound, but nobody before it does."""
_HOPELESS: Final = frozenset({"clip", "stopped", "too_short"})
"""What another attempt cannot mend."""
_SECOND_NS: Final = 1_000_000_000
_MINUTE_NS: Final = 60 * _SECOND_NS


def await_media(session: Session) -> Session:
    """The announcement is due, from its first clip, as soon as media is on the medium."""
    if session.speech is Speech.PLAYING:
        return replace(session, again=True)
    return replace(session, speech=Speech.AWAITED, speech_ns=0)


def play(session: Session) -> Step:
    """Play all clips from the first; what the officer was being asked for is asked afterwards."""
    if not session.rules:
        return _fall_silent(session), ()
    quiet, hush = asking.put_off(session)
    begun = replace(
        quiet,
        phase=Phase.ANNOUNCING if quiet.phase is Phase.RECORDING else quiet.phase,
        speech=Speech.PLAYING,
        speech_ns=0,
        clip=0,
        attempt=1,
        again=False,
        unverified=False,
    )
    return begun, (*hush, PlayClip(0))


def media_taken(session: Session, event: MediaTaken) -> Step:
    """The vault has picture and sound: speak, so that the announcement is itself on the record."""
    del event
    return play(session) if session.speech is Speech.AWAITED else (session, ())


def wait(session: Session, event: Ticked) -> Step:
    """Speak without a picture or a sound once they are too late; wait for no report for ever."""
    if session.speech is Speech.SILENT:
        return session, ()
    if session.speech_ns == 0:
        return replace(session, speech_ns=event.at_ns), ()
    waited_ns = event.at_ns - session.speech_ns
    if session.speech is Speech.AWAITED:
        return play(session) if waited_ns >= LONGEST_WAIT_NS else (session, ())
    if waited_ns < _clip_ns(session, session.clip) + LONGEST_ANSWER_NS:
        return session, ()
    return clip_ended(session, unreported(session, event.at_ns))


def repeat(session: Session, event: Ticked) -> Step:
    """Announce again every so many minutes, where the rulebook says so and nobody is asked."""
    minutes = session.conduct.repeat_minutes
    busy = session.asking is not None or session.agenda or session.speech is not Speech.SILENT
    if minutes == 0 or busy or event.at_ns - session.told_ns < minutes * _MINUTE_NS:
        return session, ()
    return play(session)


def clip_ended(session: Session, event: ClipEnded) -> Step:
    """State what was played and heard; then the same clip again, the next one, or silence."""
    if not is_awaited(session, event):
        return session, ()
    stated = StoreEvent("disclosure", statement(session, event))
    verified = is_verified(event)
    again = not verified and _reason(session, event) not in _HOPELESS
    if again and session.attempt < ATTEMPTS:
        once_more = replace(session, attempt=session.attempt + 1, speech_ns=0)
        return once_more, (stated, PlayClip(session.clip))
    told = replace(
        session, unverified=session.unverified or not verified, told_ns=event.to_ns, speech_ns=0
    )
    if session.clip + 1 < len(session.rules):
        following = session.clip + 1
        return replace(told, clip=following, attempt=1), (stated, PlayClip(following))
    if session.again:
        repeated, effects = play(told)
        return repeated, (stated, *effects)
    return _fall_silent(told), (stated,)


def is_awaited(session: Session, event: ClipEnded) -> bool:
    """Whether this is the report that is waited for, and not one of the session before."""
    playing = session.speech is Speech.PLAYING and event.clip == session.clip
    return playing and event.from_ns >= session.began_ns


def clip_ended_at_stop(session: Session, event: ClipEnded) -> Step:
    """State what was played until the recording ended, and that the rest was not."""
    stated = StoreEvent("disclosure", statement(session, event))
    left = session.unverified or not is_verified(event) or event.clip + 1 < len(session.rules)
    silent = replace(session, speech=Speech.SILENT, unverified=left)
    return silent, (stated, *unplayed(session, event.clip + 1, event.to_ns))


def unplayed(session: Session, first: int, at_ns: int) -> Iterator[StoreEvent]:
    """One statement for each clip that the end of the recording kept from playing."""
    untried = replace(session, attempt=1)
    for clip in range(first, len(session.rules)):
        yield StoreEvent("disclosure", statement(untried, _silence(clip, at_ns, "stopped")))


def is_verified(ended: ClipEnded) -> bool:
    """Whether the approved sound left the loudspeaker and was heard whole at the microphone."""
    heard = ended.hearing
    whole = heard is not None and heard.hearing.heard and heard.hearing.complete
    return ended.reason is None and whole and not _is_faint(ended)


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
        "attempt": session.attempt,
        "verdict": "verified" if is_verified(ended) else "unverified",
        "reason": _reason(session, ended),
        **_heard(ended),
    }


def _heard(ended: ClipEnded) -> dict[str, Any]:
    if ended.hearing is None:
        nothing = ("heard", "complete", "score_milli", "delay_ns", "drift_ppm", "level_mdb")
        return {"check": "none", "missing": [], **dict.fromkeys(nothing)}
    hearing = ended.hearing.hearing
    return {
        "check": "acoustic",
        "heard": hearing.heard,
        "complete": hearing.complete,
        "score_milli": hearing.score_milli,
        "missing": [{"from_ms": begin, "to_ms": end} for begin, end in hearing.missing],
        "delay_ns": hearing.delay_ns,
        "drift_ppm": hearing.drift_ppm,
        "level_mdb": ended.hearing.level_relative_mdb,
    }


def _reason(session: Session, ended: ClipEnded) -> str | None:
    """Why it is not verified."""
    if ended.reason is not None:
        return ended.reason
    if ended.hearing is None:
        return "too_short" if _clip_ns(session, ended.clip) < RECOGNISABLE_NS else "microphone"
    if not ended.hearing.hearing.heard:
        return "not_heard"
    if not ended.hearing.hearing.complete:
        return "incomplete"
    return "faint" if _is_faint(ended) else None


def _is_faint(ended: ClipEnded) -> bool:
    level = None if ended.hearing is None else ended.hearing.level_relative_mdb
    return level is not None and level < FAINTEST_MDB


def unreported(session: Session, at_ns: int) -> ClipEnded:
    """What stands for the report that the loudspeaker owes."""
    return _silence(session.clip, at_ns, "speaker")


def _silence(clip: int, at_ns: int, reason: str) -> ClipEnded:
    return ClipEnded(
        clip=clip, frames_played=0, underruns=0, from_ns=at_ns, to_ns=at_ns, reason=reason
    )


def _clip_ns(session: Session, clip: int) -> int:
    rule = session.rules[clip]
    return rule.samples * _SECOND_NS // rule.rate


def _fall_silent(session: Session) -> Session:
    phase = Phase.RECORDING if session.phase is Phase.ANNOUNCING else session.phase
    silent = replace(session, phase=phase, speech=Speech.SILENT)
    return asking.first(silent, Task.ATTEST) if session.unverified else silent
