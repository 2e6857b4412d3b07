"""A loudspeaker that hangs is left behind; what is known of the sound is told."""

from __future__ import annotations

from threading import Event

import pytest

from agent.voice.loudspeaker import Loudspeaker
from hw.errors import SpeakerFault
from hw.fake.clock import JumpingClock
from hw.ports import Playback, Speaker
from hw.types import Clip

CLIP = Clip(clip_id="tones-1", samples=bytes(3_200), rate=16_000)


class Endless(Playback):
    """Ends when it is told to, and waits in the clock's time."""

    def __init__(self, clock: JumpingClock) -> None:
        self.ended = Event()
        self._clock = clock

    def wait(self, seconds: float) -> bool:
        return self._clock.wait(self.ended, seconds)

    def frames_played(self) -> int:
        return 1_600 if self.ended.is_set() else 700

    def underruns(self) -> int:
        return 1


class Stubborn(Speaker):
    """Begins a sound only when it is let; a second one only after the first."""

    def __init__(self, clock: JumpingClock) -> None:
        self.let = Event()
        self.let.set()
        self.back = Event()
        self.playback = Endless(clock)
        self.begun = 0

    def play(self, clip: Clip) -> Playback:
        self.let.wait(10)
        self.begun += 1
        self.back.set()
        return self.playback


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def speaker(clock: JumpingClock) -> Stubborn:
    return Stubborn(clock)


def test_a_sound_that_does_not_end_is_a_fault_after_its_time(
    clock: JumpingClock, speaker: Stubborn
) -> None:
    sounded = Loudspeaker(speaker, clock, 0.5).sound(CLIP, Event())
    assert isinstance(sounded.fault, SpeakerFault)
    assert (sounded.frames_played, sounded.underruns) == (700, 1)
    assert 0.5e9 < sounded.to_ns - sounded.from_ns < 0.7e9


def test_a_driver_that_does_not_come_back_is_left_behind_and_found_again(
    clock: JumpingClock, speaker: Stubborn
) -> None:
    loudspeaker = Loudspeaker(speaker, clock, 0.05)
    speaker.let.clear()
    for _ in range(3):
        sounded = loudspeaker.sound(CLIP, Event())
        assert isinstance(sounded.fault, SpeakerFault)
        assert sounded.frames_played == 0
    assert speaker.begun == 0
    speaker.let.set()
    assert speaker.back.wait(10)
    speaker.playback.ended.set()
    while (sounded := loudspeaker.sound(CLIP, Event())).fault is not None:
        continue
    assert sounded.frames_played == 1_600
    assert speaker.begun == 2


def test_a_sound_that_is_given_up_is_no_fault_and_is_waited_for(
    clock: JumpingClock, speaker: Stubborn
) -> None:
    loudspeaker, given_up = Loudspeaker(speaker, clock, 0.5), Event()
    given_up.set()
    sounded = loudspeaker.sound(CLIP, given_up)
    assert (sounded.fault, sounded.frames_played) == (None, 700)
    before_ns = clock.monotonic_ns()
    loudspeaker.drain()
    assert clock.monotonic_ns() > before_ns
