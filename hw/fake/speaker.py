"""The fake loudspeaker: plays into the room in real time.

Owns the pace of playing, the count of what sounded, and what a covered or broken loudspeaker does.
Refuses two sounds at once: the agent has one queue.
"""

from __future__ import annotations

from threading import Event, Thread

import numpy as np

from hw.errors import MissingPartFault, SpeakerFault
from hw.fake.clock import PacedClock
from hw.fake.link import WorldLink
from hw.fake.room import RATE, Room, Wave
from hw.fake.state import Sound, SpeakerCondition
from hw.ports import Playback, Speaker
from hw.types import Clip

_BLOCK_SAMPLES = 960
_SECOND_NS = 1_000_000_000
_BUFFER_NS = 60_000_000
"""How far ahead of the sound the driver writes; later than that is an underrun."""
_BLOCK_NS = _BLOCK_SAMPLES * _SECOND_NS // RATE
_LEVELS = {SpeakerCondition.COVERED: 0.0005, SpeakerCondition.MUTE: 0.0}


class FakeSpeaker(Speaker):
    """A loudspeaker in ``room``."""

    def __init__(self, link: WorldLink, clock: PacedClock, room: Room) -> None:
        self._link = link
        self._clock = clock
        self._room = room
        self._playing: FakePlayback | None = None

    def play(self, clip: Clip) -> Playback:
        """Start playing ``clip``.

        Raises:
            SpeakerFault: The loudspeaker is gone or still playing, or the clip is empty.
        """
        if self._link.state().speaker is SpeakerCondition.GONE:
            raise SpeakerFault("speaker", "it is not connected")
        if self._playing is not None and not self._playing.ended.is_set():
            raise SpeakerFault("speaker", "it is still playing; wait for the end first")
        if not clip.samples:
            raise SpeakerFault("speaker", f"clip {clip.clip_id} is empty")
        self._playing = FakePlayback(clip, self._link, self._clock, self._room)
        return self._playing


class FakePlayback(Playback):
    """A clip on its way into the room, played by a thread of its own."""

    def __init__(self, clip: Clip, link: WorldLink, clock: PacedClock, room: Room) -> None:
        self.ended = Event()
        self._clip = clip
        self._link = link
        self._clock = clock
        self._room = room
        self._frames = len(clip.samples) // 2
        self._played = 0
        self._underruns = 0
        clock.join("speaker")
        Thread(target=self._run, name="fake-speaker", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end in device time."""
        return self._clock.wait(self.ended, seconds)

    def frames_played(self) -> int:
        """Samples of the clip that have sounded."""
        return self._played

    def underruns(self) -> int:
        """How often the loudspeaker ran dry."""
        return self._underruns

    def _run(self) -> None:
        began_ns = self._clock.monotonic_ns() + _BUFFER_NS
        try:
            self._sound(_at_room_rate(self._clip), began_ns)
            self._report(began_ns)
        except MissingPartFault:
            # The world has ended and the sound with it: frames_played says how far it came.
            return
        finally:
            self._clock.leave("speaker")
            self.ended.set()

    def _sound(self, wave: Wave, at_ns: int) -> None:
        never = Event()
        for start in range(0, wave.size, _BLOCK_SAMPLES):
            self._clock.reach("speaker", at_ns - _BUFFER_NS, never)
            at_ns, speaker = self._hang(at_ns)
            if speaker is SpeakerCondition.GONE:
                return
            if self._clock.monotonic_ns() > at_ns:
                self._underruns += 1
                at_ns = self._clock.monotonic_ns()
            block = wave[start : start + _BLOCK_SAMPLES]
            self._room.sound(at_ns, block * np.float32(_LEVELS.get(speaker, 1.0)))
            at_ns += block.size * _SECOND_NS // RATE
            self._played = min(self._frames, (start + block.size) * self._clip.rate // RATE)
        self._clock.reach("speaker", at_ns, never)
        self._played = self._frames

    def _hang(self, at_ns: int) -> tuple[int, SpeakerCondition]:
        """While it hangs, time goes on and the clip does not."""
        while (speaker := self._link.state().speaker) is SpeakerCondition.HUNG:
            at_ns = max(at_ns, self._clock.monotonic_ns()) + _BLOCK_NS
            self._clock.reach("speaker", at_ns, Event())
        return at_ns, speaker

    def _report(self, began_ns: int) -> None:
        sound = Sound(
            clip_id=self._clip.clip_id,
            frames_played=self._played,
            frames=self._frames,
            underruns=self._underruns,
            began_ns=began_ns,
        )
        self._link.tell(sounds=(*self._link.state().sounds, sound))


def _at_room_rate(clip: Clip) -> Wave:
    samples = np.frombuffer(clip.samples, "<i2").astype(np.float32)
    if clip.rate == RATE:
        return samples
    moments = np.arange(samples.size * RATE // clip.rate) * (clip.rate / RATE)
    wave: Wave = np.interp(moments, np.arange(samples.size), samples).astype(np.float32)
    return wave
