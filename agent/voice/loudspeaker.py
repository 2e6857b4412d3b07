"""One sound through the loudspeaker, and the truth about it.

Owns how long a sound may take and what a loudspeaker that fails, hangs or stops half-way leaves
known. Refuses to wait for ever, and to begin a second sound while the first may still be in the
air.
"""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

from hw.errors import HardwareFault, SpeakerFault
from hw.ports import Clock, Playback, Speaker
from hw.types import Clip

PATIENCE_SECONDS: Final = 2.0
"""A driver that needs longer than this to begin a sound, or to end it after its time, hangs."""

_LOOK_SECONDS: Final = 0.05
_PART: Final = "speaker"
_Begun = tuple[Playback, int]
"""A sound on its way, and when the driver was asked for it, CLOCK_BOOTTIME."""
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounded:
    """What became of one sound.

    Attributes:
        frames_played: Samples that have sounded.
        underruns: How often it ran dry.
        from_ns: CLOCK_BOOTTIME when the driver was asked for it.
        to_ns: CLOCK_BOOTTIME when it ended or was given up.
        fault: Why it did not sound whole; None where it did, or was given up.
    """

    frames_played: int
    underruns: int
    from_ns: int
    to_ns: int
    fault: HardwareFault | None


class Loudspeaker:
    """Plays one sound at a time; one thread may use it.

    Args:
        speaker: The driver.
        clock: CLOCK_BOOTTIME, and the waiter for everything but a driver that hangs.
        patience_seconds: See ``PATIENCE_SECONDS``.
    """

    def __init__(
        self, speaker: Speaker, clock: Clock, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._speaker = speaker
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._beginning: Future[_Begun] | None = None
        self._playback: Playback | None = None
        self._until_ns = 0

    def sound(self, clip: Clip, given_up: Event) -> Sounded:
        """Play ``clip`` until it ends, hangs, or ``given_up`` is set."""
        asked_ns = self._clock.monotonic_ns()
        try:
            playback, began_ns = self._begin(clip)
        except HardwareFault as fault:
            return self._nothing(asked_ns, fault)
        self._playback, self._until_ns = playback, began_ns + self._longest_ns(clip)
        ended = self._follow(playback, given_up)
        frames = playback.frames_played()
        return Sounded(
            frames_played=frames,
            underruns=playback.underruns(),
            from_ns=began_ns,
            to_ns=self._clock.monotonic_ns(),
            fault=_fault(clip, frames, ended=ended, given_up=given_up.is_set()),
        )

    def drain(self) -> None:
        """Wait until what was given up has ended: it cannot be silenced."""
        if self._playback is not None:
            self._follow(self._playback, Event())
            self._playback = None

    def _begin(self, clip: Clip) -> _Begun:
        """Hand ``clip`` to the driver, which may fail to come back: nobody waits for it then.

        Raises:
            HardwareFault: It cannot, or hangs.
        """
        if self._beginning is not None and not self._beginning.done():
            raise SpeakerFault(_PART, "the driver has not come back from the sound before")
        self._beginning = Future()
        Thread(
            target=_start,
            args=(self._speaker, self._clock, clip, self._beginning),
            name="voice-begin",
            daemon=True,
        ).start()
        try:
            return self._beginning.result(self._patience_seconds)
        except FutureTimeoutError as error:
            raise SpeakerFault(_PART, "the driver does not begin a sound") from error

    def _follow(self, playback: Playback, given_up: Event) -> bool:
        """Whether the playback ended by itself, in its time and before anybody gave it up."""
        while not given_up.is_set() and self._clock.monotonic_ns() < self._until_ns:
            if playback.wait(_LOOK_SECONDS):
                return True
        return False

    def _longest_ns(self, clip: Clip) -> int:
        seconds = len(clip.samples) / 2 / clip.rate + self._patience_seconds
        return round(seconds * _SECOND_NS)

    def _nothing(self, asked_ns: int, fault: HardwareFault) -> Sounded:
        return Sounded(
            frames_played=0,
            underruns=0,
            from_ns=asked_ns,
            to_ns=self._clock.monotonic_ns(),
            fault=fault,
        )


def _start(speaker: Speaker, clock: Clock, clip: Clip, begun: Future[_Begun]) -> None:
    began_ns = clock.monotonic_ns()
    try:
        begun.set_result((speaker.play(clip), began_ns))
    except Exception as error:  # noqa: BLE001 - whatever it is, who asked for the sound gets it
        begun.set_exception(error)


def _fault(clip: Clip, frames: int, *, ended: bool, given_up: bool) -> HardwareFault | None:
    if given_up:
        return None
    if not ended:
        return SpeakerFault(_PART, f"clip {clip.clip_id} does not end")
    if frames < len(clip.samples) // 2:
        return SpeakerFault(_PART, f"clip {clip.clip_id} ended after {frames} samples")
    return None
