"""The fake camera, microphone and loudspeaker in jumping time: as exact, or broken, as said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from evidence import hearing
from hw.errors import CameraFault, MicrophoneFault
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.picture import Luma, read_clock, read_counter, read_flash
from hw.fake.room import Room
from hw.fake.speaker import FakePlayback
from hw.fake.world import FakeWorld
from hw.ports import RecorderBoard
from hw.types import AudioBlock, CameraSettings, Clip, VideoPacket

RATE = 48_000
SMALL = CameraSettings(width=320, height=240, bits_per_second=400_000)


@dataclass
class Studio:
    """A world in jumping time, its recorder, and what it recorded."""

    world: FakeWorld
    board: RecorderBoard
    packets: list[VideoPacket] = field(default_factory=list)
    blocks: list[AudioBlock] = field(default_factory=list)
    faults: list[CameraFault | MicrophoneFault] = field(default_factory=list)

    def start(self) -> None:
        self.board.camera.start(self._see)
        self.board.microphone.start(self._hear)

    def stop(self) -> None:
        self.board.camera.stop()
        self.board.microphone.stop()

    def record(self, seconds: float) -> None:
        self.start()
        self.let_pass(seconds)
        self.stop()

    def let_pass(self, seconds: float) -> None:
        self.board.clock.wait(Event(), seconds)

    def _see(self, item: VideoPacket | CameraFault) -> None:
        (self.packets if isinstance(item, VideoPacket) else self.faults).append(item)  # type: ignore[arg-type]

    def _hear(self, item: AudioBlock | MicrophoneFault) -> None:
        (self.blocks if isinstance(item, AudioBlock) else self.faults).append(item)  # type: ignore[arg-type]

    def pictures(self) -> list[Luma]:
        decoder = av.CodecContext.create("h264", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        shown = []
        for packet in self.packets:
            for picture in decoder.decode(av.Packet(packet.data)):
                plane = picture.planes[0]
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
                shown.append(rows[: SMALL.height, : SMALL.width].copy())
        return shown

    def sound(self) -> NDArray[np.float64]:
        samples = b"".join(block.samples for block in self.blocks)
        return np.frombuffer(samples, "<i2").astype(np.float64)

    def sample_zero_ns(self, rate: float = RATE) -> float:
        """When the first sample was captured, by the least late block."""
        ends = np.cumsum([len(block.samples) // 2 for block in self.blocks])
        arrivals = [block.arrived_ns for block in self.blocks]
        return float(np.min(np.array(arrivals) - ends * (1e9 / rate)))


def _studio(clock: JumpingClock) -> Studio:
    world = FakeWorld.here(clock)
    return Studio(world, recorder_board(world.link, camera=SMALL, source=clock))


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = _studio(JumpingClock())
    yield studio
    studio.stop()


def test_no_frame_is_lost_and_each_carries_its_own_time(studio: Studio) -> None:
    studio.record(8)
    pictures = studio.pictures()
    assert len(pictures) >= 200
    assert [read_clock(picture) for picture in pictures] == [p.pts_ns for p in studio.packets]
    counters = [read_counter(picture) for picture in pictures]
    assert counters == [packet.pts_ns // 40_000_000 for packet in studio.packets]
    assert {b.pts_ns - a.pts_ns for a, b in pairwise(studio.packets)} == {40_000_000}


def test_dropped_frames_are_missing_and_the_grid_stays(studio: Studio) -> None:
    studio.start()
    studio.let_pass(0.5)
    studio.world.drop_frames(3)
    studio.let_pass(0.5)
    studio.stop()
    steps = [b.pts_ns - a.pts_ns for a, b in pairwise(studio.packets)]
    assert sorted(set(steps)) == [40_000_000, 160_000_000]
    assert steps.count(160_000_000) == 1


def test_flash_and_beep_are_one_instant(studio: Studio) -> None:
    studio.world.clap()
    studio.record(10)
    times = [p.pts_ns for p in studio.packets]
    flashes = [
        t for t, picture in zip(times, studio.pictures(), strict=True) if read_flash(picture)
    ]
    loud = np.flatnonzero(np.abs(studio.sound()) > 1_000)
    onsets = loud[np.diff(loud, prepend=-RATE) > RATE // 10]
    beeps = studio.sample_zero_ns() + onsets * (1e9 / RATE)
    assert all(flash % 1_000_000_000 == 0 for flash in flashes)
    assert len(flashes) >= 9
    for flash in flashes[:-1]:
        assert np.min(np.abs(beeps - flash)) < 1_000_000


def test_a_fast_crystal_delivers_more_samples_and_moves_the_sound(studio: Studio) -> None:
    studio.world.tune_microphone(500)
    studio.record(40)
    blocks = studio.blocks
    samples = sum(len(block.samples) // 2 for block in blocks[1:])
    seconds = (blocks[-1].arrived_ns - blocks[0].arrived_ns) / 1e9
    assert samples / seconds == pytest.approx(RATE * 1.0005, rel=5e-4)
    assert samples / seconds > RATE * 1.0002


def test_blocks_are_late_by_chance_and_never_early(studio: Studio) -> None:
    studio.record(20)
    lateness = [
        block.arrived_ns - studio.sample_zero_ns() - (n + 1) * 20_000_000
        for n, block in enumerate(studio.blocks)
    ]
    assert min(lateness) >= 0
    assert np.median(lateness) > 500_000
    assert max(lateness) < 40_000_000


@pytest.mark.parametrize("known", [True, False])
def test_lost_samples_leave_a_hole_in_time(studio: Studio, *, known: bool) -> None:
    studio.start()
    studio.let_pass(2)
    (studio.world.lose_samples if known else studio.world.vanish_samples)(4_800)
    studio.let_pass(2)
    studio.stop()
    holes = [n for n, (a, b) in enumerate(pairwise(studio.blocks)) if _hole(a, b)]
    assert len(holes) == 1
    after = studio.blocks[holes[0] + 1]
    assert (after.overflowed, after.lost_samples) == ((True, 4_800) if known else (False, 0))


def _hole(before: AudioBlock, after: AudioBlock) -> bool:
    return after.arrived_ns - before.arrived_ns > 80_000_000


def test_a_covered_lens_is_black_and_still_counts(studio: Studio) -> None:
    studio.world.cover_camera()
    studio.record(1)
    for packet, picture in zip(studio.packets, studio.pictures(), strict=True):
        assert picture[100:200].max() < 40
        assert read_clock(picture) == packet.pts_ns


def test_a_still_scene_needs_fewer_bits_only_where_it_does_not_move(studio: Studio) -> None:
    studio.world.still_scene()
    studio.record(1)
    first, *_, last = studio.pictures()
    assert np.abs(first[100:200].astype(int) - last[100:200]).mean() < 12


def test_a_moving_scene_moves(studio: Studio) -> None:
    studio.record(1)
    first, *_, last = studio.pictures()
    assert np.abs(first[100:200].astype(int) - last[100:200]).mean() > 12


def test_a_frozen_camera_delivers_one_picture_over_and_over(studio: Studio) -> None:
    studio.world.freeze_camera()
    studio.record(1)
    counters = {read_counter(picture) for picture in studio.pictures()}
    assert len(counters) == 1
    assert len(studio.packets) >= 24


def test_a_stalled_camera_delivers_nothing_and_the_hole_shows_in_its_pts(studio: Studio) -> None:
    studio.start()
    studio.let_pass(1)
    studio.world.stall_camera()
    studio.let_pass(1)
    studio.world.mend_camera()
    studio.let_pass(1)
    studio.stop()
    steps = [b.pts_ns - a.pts_ns for a, b in pairwise(studio.packets)]
    assert sum(step > 500_000_000 for step in steps) == 1
    assert not studio.faults
    assert all(step % 40_000_000 == 0 for step in steps)


def test_a_film_stands_in_for_the_scene(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(studio.board.camera.still())
    studio.world.show_film(tmp_path)
    studio.record(0.5)
    assert [read_clock(p) for p in studio.pictures()] == [p.pts_ns for p in studio.packets]
    assert not studio.faults


def test_a_film_that_is_not_there_is_a_fault(studio: Studio, tmp_path: Path) -> None:
    studio.world.show_film(tmp_path / "nothing.mp4")
    studio.record(0.5)
    assert [type(fault) for fault in studio.faults] == [CameraFault]


def test_the_camera_light_is_on_while_the_camera_delivers(studio: Studio) -> None:
    seen = [studio.world.camera_light()]
    studio.start()
    seen.append(studio.world.camera_light())
    studio.stop()
    seen.append(studio.world.camera_light())
    assert seen == [False, True, False]


def test_a_picture_too_small_for_its_numbers_is_refused() -> None:
    world = FakeWorld.here(JumpingClock())
    with pytest.raises(CameraFault):
        recorder_board(world.link, camera=CameraSettings(width=96, height=64))


def _noise(seconds: float) -> Clip:
    random = np.random.default_rng(1)
    samples = (random.standard_normal(round(seconds * RATE)) * 4_000).astype("<i2")
    return Clip(clip_id="noise", samples=samples.tobytes(), rate=RATE)


def _play(studio: Studio, clip: Clip) -> None:
    studio.start()
    studio.let_pass(0.5)
    assert studio.board.speaker.play(clip).wait(30)
    studio.let_pass(0.5)
    studio.stop()


def test_the_microphone_hears_the_loudspeaker_8_ms_later(studio: Studio) -> None:
    clip = _noise(1)
    _play(studio, clip)
    heard, played = studio.sound(), np.frombuffer(clip.samples, "<i2").astype(float)
    size = heard.size + played.size
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)))
    began_ns = studio.sample_zero_ns() + int(np.argmax(match)) * (1e9 / RATE)
    delay_ns = began_ns - studio.world.heard()[0].began_ns
    assert 7_500_000 < delay_ns < 9_000_000


def test_a_covered_loudspeaker_cannot_be_told_from_silence(studio: Studio) -> None:
    studio.record(1)
    silence = studio.sound().std()
    studio.blocks.clear()
    studio.world.cover_speaker()
    _play(studio, _noise(1))
    assert studio.sound().std() == pytest.approx(silence, rel=0.05)


def test_the_world_knows_what_was_played(studio: Studio) -> None:
    _play(studio, _noise(0.25))
    (sound,) = studio.world.heard()
    assert (sound.clip_id, sound.frames_played, sound.frames) == ("noise", 12_000, 12_000)
    assert sound.underruns == 0


class LateThreads(JumpingClock):
    """A machine that gives the loudspeaker's thread no time until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.idle = Event()

    def reach(self, source: str, at_ns: int, stop: Event) -> bool:
        if source == "speaker":
            self.leave("speaker")
            return self.idle.wait(30)
        return super().reach(source, at_ns, stop)


def test_a_process_without_time_starves_no_loudspeaker() -> None:
    clock = LateThreads()
    studio = _studio(clock)
    studio.start()
    studio.let_pass(0.5)
    playback = studio.board.speaker.play(_noise(1))
    studio.let_pass(1.5)
    studio.stop()
    clock.idle.set()
    assert isinstance(playback, FakePlayback)
    assert playback.ended.wait(30)
    (sound,) = studio.world.heard()
    assert (sound.frames_played, sound.underruns) == (48_000, 0)
    heard = studio.sound()
    begun = round((sound.began_ns - studio.sample_zero_ns()) * RATE / 1e9) + 480
    assert heard[begun : begun + 46_000].std() > 5 * heard[: begun - 960].std()


def test_a_loudspeaker_that_is_starved_runs_dry_and_says_so(studio: Studio) -> None:
    studio.start()
    studio.let_pass(0.2)
    playback = studio.board.speaker.play(_noise(0.5))
    studio.let_pass(0.2)
    studio.world.starve_speaker(2)
    assert playback.wait(30)
    studio.stop()
    (sound,) = studio.world.heard()
    assert (sound.frames_played, sound.underruns) == (24_000, 2)


def test_a_sound_file_stands_in_for_the_noise(studio: Studio, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "hum.wav"), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=16_000, layout="mono")
        hum = (np.sin(np.arange(16_000) * 2 * np.pi * 100 / 16_000) * 9_000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(hum.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 16_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    studio.world.play_to_microphone(tmp_path / "hum.wav")
    studio.record(1)
    assert studio.sound().std() == pytest.approx(9_000 / np.sqrt(2), rel=0.05)


def test_somebody_who_talks_is_found_to_talk_and_the_empty_room_is_not() -> None:
    room = Room()
    for talking in (False, True):
        blocks = [
            room.listen(at * 20_000_000, 960, clapping=False, talking=talking) for at in range(150)
        ]
        sound = hearing.to_16k(np.concatenate(blocks).astype("<i2"), 48_000)
        assert (hearing.voiced_ms(sound) >= 2_000) is talking
