"""Faults of camera, microphone and speaker.

Owns what befalls them. Refuses outcomes: those are played.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from agent.session import events as e
from agent.session.states import Phase
from scripts.fault_trial import VERIFIED, Trial
from scripts.faults.fault import (
    NOT_LOOKED_YET,
    OPEN,
    Fact,
    Fault,
    Kind,
    but,
    check,
    failed,
    looked_at,
    recovered,
    then,
)
from scripts.session_table import HELD, clip_ended, heard

# --- camera and microphone

_CAMERA_GONE: Final = failed("camera", "camera", "the cable is off")
_FROZEN: Final = check("camera", "frozen: two stills are the same, dot for dot")
_DEAD: Final = check("microphone", "dead: there is no sound in the samples")
_MICROPHONE_GONE: Final = failed("microphone", "microphone", "the cable is off")


def senses() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    for part, gone, lie, lies in (
        ("camera", _CAMERA_GONE, _FROZEN, "shows the same picture over and over, or a black one"),
        ("microphone", _MICROPHONE_GONE, _DEAD, "delivers samples without any sound"),
    ):
        yield Fault(
            part=part,
            kind=Kind.FAILS,
            what="its cable is torn off; the driver says so, the other sense goes on",
            befall=gone,
        )
        yield Fault(
            part=part,
            kind=Kind.HANGS,
            what="it delivers nothing and says nothing; capture misses it within a second or two",
            befall=failed(part, part, "nothing has come for a while"),
        )
        yield Fault(
            part=part,
            kind=Kind.LIES,
            what=f"it {lies}; the check before use, and while recording the look every 10 s",
            befall=looked_at(lie),
            nowhere=NOT_LOOKED_YET,
        )
        yield Fault(
            part=part,
            kind=Kind.RETURNS,
            what="it delivers again",
            befall=then(gone, recovered(part)),
        )


# --- speaker

_SPEAKER_GONE: Final = e.PartFailed("speaker", "speaker", "the driver does not begin a sound")
_UNHEARD: Final = clip_ended(hearing=heard(heard=False, complete=False))
_UNPLAYED: Final = clip_ended(reason="speaker")


def _announce(trial: Trial) -> None:
    """Come to where the announcement plays: by admission, or because a new party has come."""
    if trial.session.phase is Phase.OPENING:
        trial.go(e.SessionOpened(HELD), e.MediaAdvanced(trial.now_ns), e.MediaTaken())
    elif trial.session.phase in {Phase.RECORDING, Phase.CONFIRMING}:
        trial.go(e.MarkHeld(trial.now_ns))


def _speaker_fails(trial: Trial) -> None:
    trial.strike(_SPEAKER_GONE)
    if trial.session.phase is Phase.ANNOUNCING:
        trial.strike(_UNPLAYED, _UNPLAYED, _UNPLAYED)
        trial.well(VERIFIED)
    trial.wait(2)


def _speaker_hangs(trial: Trial) -> None:
    trial.strike(_SPEAKER_GONE)
    if trial.session.phase is Phase.ANNOUNCING:
        trial.well(VERIFIED)
        trial.wait(60)
    trial.wait(2)


def _speaker_lies(trial: Trial) -> None:
    if trial.session.phase is Phase.IDLE:
        looked_at(check("speaker", "unheard: the microphone did not hear the self-test"))(trial)
        return
    _announce(trial)
    trial.strike(_UNHEARD, _UNHEARD, _UNHEARD)
    trial.well(VERIFIED)
    trial.wait(6)


def _speaker_back(trial: Trial) -> None:
    trial.strike(e.PartRecovered("speaker"))
    if trial.before in OPEN:
        if trial.session.speech.value == "silent":
            trial.go(e.MarkHeld(trial.now_ns))
        trial.go(VERIFIED)
    trial.wait(2)


_AMBER: Final = but(
    Fact.SEEN, {Phase.OPENING}, "the lamp turns amber once the recording is on the medium"
)


def speaker() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="speaker",
        kind=Kind.FAILS,
        what="its cable is torn off; found with the next sound, and what is said is not heard:"
        " lamp and record tell it",
        befall=_speaker_fails,
        but=_AMBER,
    )
    yield Fault(
        part="speaker",
        kind=Kind.HANGS,
        what="a sound never ends and no end of it is reported; given up 2 s after its time by the"
        " voice, 15 s after it by the loop",
        befall=_speaker_hangs,
        but=_AMBER,
    )
    yield Fault(
        part="speaker",
        kind=Kind.LIES,
        what="it counts what it plays and nothing sounds; the microphone does not hear the"
        " announcement, nor the self-test before use",
        befall=_speaker_lies,
        nowhere={
            Phase.STARTING: NOT_LOOKED_YET[Phase.STARTING],
            Phase.STOPPING: "nothing is announced any more; the next check finds it: see idle",
        },
    )
    yield Fault(
        part="speaker",
        kind=Kind.RETURNS,
        what="it sounds again; the next announcement is heard",
        befall=then(lambda trial: trial.strike(_SPEAKER_GONE), _speaker_back),
    )
