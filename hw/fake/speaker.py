"""The fake loudspeaker: plays into the room in device time.

Owns the pace of playing, the count of what sounded, and what a covered or broken loudspeaker does.
A sound card goes on playing while its process gets no time, so whoever listens draws the sound out
of the clip; it runs dry only where the world starves it. Refuses two sounds at once: the agent has
one queue.
"""

from __future__ import annotations

from threading import Event, Lock, Thread

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
"""How far ahead of the sound the driver writes, and for how long it is silent if it runs dry."""
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
        self._wave = _at_room_rate(clip)
        self._next = 0
        self._played = 0
        self._underruns = 0
        self._starved = link.state().speaker_starved
        self._lock = Lock()
        self._began_ns = self._at_ns = clock.monotonic_ns() + _BUFFER_NS
        clock.join("speaker")
        room.draw_from(self.sound_until)
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

    def sound_until(self, until_ns: int) -> None:
        """Let sound what sounds before device time ``until_ns``; what has sounded stays so."""
        with self._lock:
            while self._next < self._wave.size and self._at_ns < until_ns:
                state = self._link.state()
                if state.speaker is SpeakerCondition.GONE:
                    self._next = self._wave.size
                elif state.speaker is SpeakerCondition.HUNG:
                    # Time goes on, and the clip does not.
                    self._at_ns += _BLOCK_NS
                else:
                    self._run_dry(state.speaker_starved)
                    self._sound_block(_LEVELS.get(state.speaker, 1.0))

    def _run_dry(self, starved: int) -> None:
        times, self._starved = max(0, starved - self._starved), starved
        self._underruns += times
        self._at_ns += times * _BUFFER_NS

    def _sound_block(self, level: float) -> None:
        block = self._wave[self._next : self._next + _BLOCK_SAMPLES]
        self._room.sound(self._at_ns, block * np.float32(level))
        self._next += block.size
        self._at_ns += block.size * _SECOND_NS // RATE
        self._played = min(self._frames, self._next * self._clip.rate // RATE)

    def _run(self) -> None:
        try:
            self._play()
            self._report(self._began_ns)
        except MissingPartFault:
            # The world has ended and the sound with it: frames_played says how far it came.
            return
        finally:
            self._room.draw_from(None)
            self._clock.leave("speaker")
            self.ended.set()

    def _play(self) -> None:
        never = Event()
        while self._next < self._wave.size:
            at_ns = self._at_ns
            self._clock.reach("speaker", at_ns - _BUFFER_NS, never)
            self.sound_until(at_ns + 1)
        if self._played >= self._whole():
            self._clock.reach("speaker", self._at_ns, never)
            self._played = self._frames

    def _whole(self) -> int:
        """What is counted once all of the clip has been written, short by rounding at most."""
        return min(self._frames, self._wave.size * self._clip.rate // RATE)

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
