"""Microphone and loudspeaker against streams that break on cue."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hw.errors import MicrophoneFault, SpeakerFault
from hw.fake.clock import JumpingClock, SystemClock
from hw.pi.microphone import BLOCK_SAMPLES, Arrivals, OnBlock, PiMicrophone
from hw.pi.speaker import BlockingStream, PiSpeaker, Stream
from hw.types import AudioBlock, Clip

BLOCK = bytes(2 * BLOCK_SAMPLES)
BLOCK_NS = 20_000_000
PERIOD = 12_000
"""What the loudspeaker takes at a time."""


class ScriptedInput:
    """A stream whose blocks come when they are told to."""

    def __init__(self, on_block: OnBlock, ended: Callable[[], None]) -> None:
        self.hear, self.end = on_block, ended
        self.active = True

    def close(self) -> None:
        self.active = False


class Room:
    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.streams: list[ScriptedInput] = []
        self.there = True
        self.microphone = PiMicrophone(self.open_stream, self.clock)
        self.got: list[AudioBlock | MicrophoneFault] = []

    def open_stream(self, on_block: OnBlock, ended: Callable[[], None]) -> ScriptedInput:
        if not self.there:
            raise MicrophoneFault("microphone", "unplugged")
        self.streams.append(ScriptedInput(on_block, ended))
        return self.streams[-1]

    def pass_blocks(self, count: int, *, overflowed: bool = False) -> None:
        for _ in range(count):
            self.clock.advance(BLOCK_NS / 1e9)
            self.streams[-1].hear(BLOCK, overflowed)


def test_what_sounded_before_the_start_is_dropped_even_when_it_comes_later() -> None:
    room = Room()
    room.pass_blocks(50)
    room.clock.advance(5 * BLOCK_NS / 1e9)
    room.microphone.start(room.got.append)
    for _ in range(5):
        room.streams[0].hear(BLOCK, False)  # noqa: FBT003 - a late burst
    assert room.got == []
    room.pass_blocks(3)
    assert len(room.got) == 2


def test_an_overflow_is_said_with_the_block_after_it() -> None:
    room = Room()
    room.pass_blocks(50)
    room.microphone.start(room.got.append)
    room.pass_blocks(3)
    room.pass_blocks(1, overflowed=True)
    flags = [block.overflowed for block in room.got if isinstance(block, AudioBlock)]
    assert flags == [False, False, True]


def test_a_stream_that_ends_is_one_fault_and_the_next_start_opens_it_anew() -> None:
    room = Room()
    room.pass_blocks(50)
    room.microphone.start(room.got.append)
    room.pass_blocks(2)
    room.streams[0].active = False
    room.streams[0].end()
    room.streams[0].end()
    assert [type(item) for item in room.got] == [AudioBlock, MicrophoneFault]
    room.there = False
    with pytest.raises(MicrophoneFault, match="unplugged"):
        room.microphone.start(room.got.append)
    room.there = True
    room.microphone.start(room.got.append)
    assert len(room.streams) == 2


def test_a_fast_crystal_is_followed() -> None:
    arrivals, arrived_ns, began_ns = Arrivals(), 0, 0
    for _ in range(60_000):
        arrived_ns += round(BLOCK_NS * (1 - 100e-6))
        began_ns = arrivals.began_ns(arrived_ns, BLOCK_SAMPLES)
    assert abs(arrived_ns - BLOCK_NS - began_ns) < 2_000_000


class ScriptedOutput(Stream):
    """A loudspeaker that sounds a period behind, and runs dry or is torn off at a period."""

    def __init__(self, *, dry_at: int = -1, gone_at: int = -1) -> None:
        self.periods = 0
        self._dry_at, self._gone_at = dry_at, gone_at

    def start(self) -> None:
        self.periods = 0

    def write(self, samples: bytes) -> None:
        if self.periods == self._gone_at:
            raise OSError(-9999, "unanticipated host error")
        self.periods += 1

    def waiting(self) -> int:
        return 0 if self.periods in {0, self._dry_at} else PERIOD

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


class Ring:
    """PyAudio's stream over a device that holds half a second, and forgets it when it is stopped.

    It begins when it holds a quarter of a second, and tells by such quarters how far it is.

    Args:
        held_up_at: The period before which whoever writes is held up for a second.
    """

    ROOM = 2 * PERIOD

    def __init__(self, clock: JumpingClock, held_up_at: int = -1) -> None:
        self.heard = b""
        self._clock, self._held_up_at = clock, held_up_at * PERIOD
        self._given = b""
        self._sounded, self._since_ns = 0, 0
        self._sounds = False

    def start_stream(self) -> None:
        self._given, self._sounded, self._sounds = b"", 0, False

    def stop_stream(self) -> None:
        self._pass_time()
        self.heard = self._given[: 2 * self._sounded]

    def close(self) -> None:
        pass

    def get_write_available(self) -> int:
        if self._frames == self._held_up_at:
            self._clock.advance(1.0)
        self._pass_time()
        told = self._sounded // PERIOD * PERIOD if self._sounds else self._sounded
        return self.ROOM - (self._frames - told)

    def write(self, frames: bytes, *, exception_on_underflow: bool) -> None:
        assert not exception_on_underflow, "PyAudio would close the stream"
        while self.get_write_available() < len(frames) // 2:
            self._clock.advance(0.01)
        self._given += frames
        if not self._sounds and self._frames - self._sounded >= PERIOD:
            self._sounds, self._since_ns = True, self._clock.monotonic_ns()

    @property
    def _frames(self) -> int:
        return len(self._given) // 2

    def _pass_time(self) -> None:
        if self._sounds:
            now_ns = self._clock.monotonic_ns()
            passed, self._since_ns = (now_ns - self._since_ns) * 48 // 10**6, now_ns
            self._sounded = min(self._frames, self._sounded + passed)
            self._sounds = self._sounded < self._frames


def _clip(samples: int) -> Clip:
    return Clip(clip_id="tone", samples=b"\1\0" * samples, rate=48_000)


@pytest.mark.parametrize("samples", [4_800, 67_200])
@pytest.mark.parametrize(("held_up_at", "dry"), [(-1, 0), (1, 1), (5, 1)])
def test_all_of_a_clip_sounds_and_nothing_but_silence_after_it(
    samples: int, held_up_at: int, dry: int
) -> None:
    clock = JumpingClock()
    ring = Ring(clock, held_up_at)
    speaker = PiSpeaker(lambda: BlockingStream(ring), clock)
    clip = _clip(samples)
    playback = speaker.play(clip)
    speaker.close()
    assert ring.heard.rstrip(b"\0") + b"\0" == clip.samples
    assert playback.frames_played() == samples
    assert playback.underruns() == (dry if held_up_at * PERIOD < samples else 0)


def test_an_underrun_is_counted_and_playing_goes_on() -> None:
    speaker = PiSpeaker(lambda: ScriptedOutput(dry_at=2), SystemClock())
    playback = speaker.play(_clip(4 * PERIOD))
    assert playback.wait(5)
    assert (playback.underruns(), playback.frames_played()) == (1, 4 * PERIOD)
    speaker.close()


def test_a_loudspeaker_that_is_torn_off_says_how_far_it_came_and_is_opened_anew() -> None:
    streams = [ScriptedOutput(gone_at=3), ScriptedOutput()]
    speaker = PiSpeaker(lambda: streams.pop(0), SystemClock())
    playback = speaker.play(_clip(6 * PERIOD))
    assert playback.wait(5)
    assert playback.frames_played() == 2 * PERIOD, "the third was given and never sounded"
    again = speaker.play(_clip(BLOCK_SAMPLES))
    assert again.wait(5)
    assert (again.frames_played(), streams) == (BLOCK_SAMPLES, [])
    speaker.close()


def test_a_loudspeaker_that_is_not_there_refuses() -> None:
    def open_stream() -> Stream:
        raise SpeakerFault("speaker", "no such device")

    speaker = PiSpeaker(open_stream, SystemClock())
    with pytest.raises(SpeakerFault, match="no such device"):
        speaker.play(_clip(BLOCK_SAMPLES))
    speaker.close()
