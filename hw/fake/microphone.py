"""The fake microphone: hears the room with a crystal of its own.

Owns the microphone's sample clock (which the world can make fast or slow), the lateness of its
blocks and what a broken microphone does. Refuses to hide a loss that the driver knows of.
"""

from __future__ import annotations

from threading import Event, Thread, current_thread

import numpy as np

from hw.errors import HardwareFault, MicrophoneFault
from hw.fake.clock import PacedClock
from hw.fake.link import WorldLink
from hw.fake.room import RATE, Room
from hw.fake.state import MicrophoneCondition, WorldState
from hw.ports import AudioSink, Microphone
from hw.types import AudioBlock

BLOCK_SAMPLES = 960
_MILLION = 1_000_000
_SECOND_NS = 1_000_000_000
_PATIENCE_NS = _SECOND_NS
"""How far behind real time the driver may fall before its buffer overflows."""
_MEAN_LATENESS_NS = 2_500_000
_WORST_LATENESS_NS = 30_000_000
_SEED = 960
_LEVELS = {MicrophoneCondition.DEAF: 0.0, MicrophoneCondition.MUFFLED: 0.1}


class FakeMicrophone(Microphone):
    """A microphone whose stream has been open since the board was opened.

    Args:
        link: The world.
        clock: Device time; it paces the blocks.
        room: What there is to hear.
    """

    def __init__(self, link: WorldLink, clock: PacedClock, room: Room) -> None:
        self._link = link
        self._clock = clock
        self._room = room
        self._random = np.random.default_rng(_SEED)
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, sink: AudioSink) -> None:
        """Deliver blocks of 20 ms from now on.

        Raises:
            MicrophoneFault: The microphone is gone or already started.
        """
        if self._thread is not None:
            raise MicrophoneFault("microphone", "it is already started; stop it first")
        if self._link.state().microphone is MicrophoneCondition.GONE:
            raise MicrophoneFault("microphone", "it is not connected")
        self._stop = Event()
        self._clock.join("microphone")
        self._thread = Thread(
            target=self._run, args=(sink, self._stop), name="fake-microphone", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop; no call of the sink happens after this returns, unless the sink itself called."""
        self._stop.set()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join()
        self._thread = None

    def _run(self, sink: AudioSink, stop: Event) -> None:
        try:
            self._hear(sink, stop)
        except MicrophoneFault as fault:
            sink(fault)
        except HardwareFault as fault:
            sink(MicrophoneFault("microphone", fault.detail))
        finally:
            self._clock.leave("microphone")

    def _hear(self, sink: AudioSink, stop: Event) -> None:
        crystal = Crystal(self._clock.monotonic_ns())
        losses = Losses(self._link.state())
        delivered_ns = 0
        while not stop.is_set():
            state = self._link.state()
            crystal.tune(state.microphone_ppm)
            known, unknown = losses.since(state)
            known += self._overflow(crystal)
            crystal.pass_by(known + unknown)
            begins_ns = crystal.now_ns()
            crystal.pass_by(BLOCK_SAMPLES)
            delivered_ns = max(delivered_ns, crystal.now_ns() + self._lateness_ns())
            if not self._clock.reach("microphone", delivered_ns, stop):
                return
            if self._link.state().microphone is MicrophoneCondition.HUNG:
                continue
            block = self._block(begins_ns, delivered_ns, known)
            if not stop.is_set():
                sink(block)

    def _block(self, begins_ns: int, delivered_ns: int, lost: int) -> AudioBlock:
        state = self._link.state()
        if state.microphone is MicrophoneCondition.GONE:
            raise MicrophoneFault("microphone", "it was disconnected while it delivered")
        arrived_ns = max(delivered_ns, self._clock.monotonic_ns())
        wave = self._room.listen(
            begins_ns,
            BLOCK_SAMPLES,
            clapping=state.clapping,
            talking=state.talking,
            file=state.microphone_file,
        )
        wave *= np.float32(_LEVELS.get(state.microphone, 1.0))
        return AudioBlock(
            samples=np.clip(np.rint(wave), -32_768, 32_767).astype("<i2").tobytes(),
            rate=RATE,
            arrived_ns=arrived_ns,
            overflowed=lost > 0,
            lost_samples=lost,
        )

    def _lateness_ns(self) -> int:
        """Never early, often late, seldom on time."""
        lateness = self._random.exponential(_MEAN_LATENESS_NS)
        return int(min(lateness, _WORST_LATENESS_NS))

    def _overflow(self, crystal: Crystal) -> int:
        """Samples the driver had to drop because nobody fetched them for too long."""
        behind_ns = self._clock.monotonic_ns() - crystal.now_ns()
        return 0 if behind_ns < _PATIENCE_NS else behind_ns * RATE // _SECOND_NS


class Crystal:
    """The microphone's own idea of 48,000 samples a second, without rounding that adds up."""

    def __init__(self, now_ns: int) -> None:
        self._origin_ns = now_ns
        self._samples = 0
        self._ppm = 0

    def tune(self, ppm: int) -> None:
        """Run ``ppm`` millionths fast from now on."""
        if ppm != self._ppm:
            self._origin_ns, self._samples, self._ppm = self.now_ns(), 0, ppm

    def pass_by(self, samples: int) -> None:
        """Let ``samples`` periods pass."""
        self._samples += samples

    def now_ns(self) -> int:
        """True device time of the next sample."""
        true_rate = RATE * (_MILLION + self._ppm)
        return self._origin_ns + self._samples * _SECOND_NS * _MILLION // true_rate


class Losses:
    """Counts what the world makes the microphone lose."""

    def __init__(self, state: WorldState) -> None:
        self._seen = (state.samples_lost, state.samples_vanished)

    def since(self, state: WorldState) -> tuple[int, int]:
        """Samples lost since the last call: those the driver knows of, and those it does not."""
        known, unknown = self._seen
        self._seen = (state.samples_lost, state.samples_vanished)
        return max(0, state.samples_lost - known), max(0, state.samples_vanished - unknown)
