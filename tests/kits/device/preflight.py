"""A recorder on the bench before use: a fake body, an ear, a voice, and its preflight.

The clock jumps to a metronome: ten seconds of the recorder pass in one.
"""

from __future__ import annotations

from threading import Event, Thread

from agent.disclosure.ear import Ear
from agent.preflight.endurance import Endurance
from agent.preflight.runner import Preflight
from agent.voice.queue import Voice
from hw.errors import MicrophoneFault
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import AudioBlock, CameraSettings, LampPattern

SMALL = CameraSettings(width=320, height=240, bits_per_second=400_000)
BLOCK_NS = 20_000_000
_PAUSE_NS = 100_000_000
_PACE_SECONDS = 0.002


class Bench:
    """One recorder, warm and idle."""

    def __init__(self) -> None:
        self.clock = JumpingClock(settle_seconds=0.0)
        self.world = FakeWorld.here(self.clock)
        self.board = recorder_board(self.world.link, camera=SMALL, source=self.clock)
        self.ear = Ear(self.clock)
        self.reports: list[object] = []
        self.errors: list[Exception] = []
        self.voice = Voice(
            self.board.speaker, self.clock, self.reports.append, self.ear, self.errors.append
        )
        self.endurance = Endurance(240)
        self.preflight = Preflight(self.board, self.ear, self.voice, self.endurance)
        self._over = Event()
        self._next_ns = 0
        self.board.lamp.show(LampPattern.READY)

    def warm_up(self) -> None:
        """Let the microphone deliver and the voice work."""
        Thread(target=self._beat, name="metronome", daemon=True).start()
        self.board.microphone.start(self._hear)
        self.voice.start()
        self.listen(2)

    def listen(self, seconds: float) -> None:
        """Let some time pass."""
        self.clock.wait(Event(), seconds)

    def close(self) -> None:
        """Let go of what hangs and of the microphone, and let time jump again."""
        self.world.mend_speaker()
        self.world.mend_camera()
        self.world.mend_gauge()
        self._over.set()
        self.board.microphone.stop()

    def _hear(self, block: AudioBlock | MicrophoneFault) -> None:
        if isinstance(block, AudioBlock):
            # Blocks come late by chance; only a real pause moves the sample clock.
            if block.arrived_ns - self._next_ns > _PAUSE_NS:
                self._next_ns = block.arrived_ns
            self.ear.heard(block.samples, self._next_ns - BLOCK_NS)
            self._next_ns += BLOCK_NS

    def _beat(self) -> None:
        self.clock.join("metronome")
        at_ns = self.clock.monotonic_ns()
        while self.clock.reach("metronome", at_ns, self._over):
            at_ns += BLOCK_NS
            self._over.wait(_PACE_SECONDS)
        self.clock.leave("metronome")
