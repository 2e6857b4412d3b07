"""Capture without threads, worked by hand: beginning, turns, losses, end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agent.capture.engine import SILENCE_NS, Phase
from agent.capture.errors import CaptureError
from agent.capture.media import AUDIO_FRAME_NS, SECOND_NS, Cause, Gap, Track
from agent.capture.merge import HOLD_NS
from hw.errors import CameraFault, MicrophoneFault
from hw.types import VideoPacket
from tests.kits.media.capture import BLOCK_NS, FRAME_NS, Bench, block_at, pictures

CAMERA_GONE = CameraFault("camera", "the cable is off")
MS = 1_000_000
MICROPHONE_GONE = MicrophoneFault("microphone", "the cable is off")


def all_video(bench: Bench) -> list[int]:
    return [
        tick for number in sorted(bench.shelf.segments) for tick in bench.shelf.video_ticks(number)
    ]


def all_audio(bench: Bench) -> list[int]:
    return [
        tick for number in sorted(bench.shelf.segments) for tick in bench.shelf.audio_ticks(number)
    ]


def steps(ticks: list[int]) -> set[int]:
    return {second - first for first, second in pairwise(ticks)}


def test_nothing_is_written_before_the_press() -> None:
    bench = Bench()
    bench.run(3)
    assert bench.shelf.segments == {}
    assert not bench.engine.health().recording


def test_a_recording_begins_with_the_first_idr_frame_captured_after_the_press() -> None:
    bench = Bench()
    bench.run(1)
    pressed_ns = bench.now_ns
    bench.engine.begin(0, pressed_ns, 0)
    assert bench.keyframes_asked > 0
    bench.run(3)
    bench.stop()
    facts = bench.shelf.progress[0]
    assert facts.first_pts_ns > pressed_ns
    assert bench.shelf.audio_ticks(0)[0] * SECOND_NS // 48_000 >= facts.first_pts_ns - 21_000
    latency = bench.ear.first[0]
    assert latency.pressed_ns == pressed_ns
    assert latency.captured_ns == facts.first_pts_ns


def test_an_idr_frame_captured_before_the_press_does_not_eat_its_request() -> None:
    bench = Bench()
    bench.run(1)
    bench.now_ns += FRAME_NS
    bench.engine.begin(0, bench.now_ns + 1, 0)
    asked = bench.keyframes_asked
    bench.to_keyframe()
    bench.picture()
    assert bench.keyframes_asked == asked + 1
    assert bench.shelf.segments == {}


def test_pictures_and_sound_go_on_without_a_step_over_every_turn() -> None:
    bench = Bench()
    bench.start()
    bench.run(11)
    bench.stop()
    assert len(bench.shelf.ended) >= 5
    assert steps(all_video(bench)) == {3_600}
    assert steps(all_audio(bench)) == {1_024}
    assert bench.shelf.gaps == []


def test_sound_goes_to_the_segment_of_its_time() -> None:
    bench = Bench()
    bench.start()
    bench.run(7)
    bench.stop()
    for number, facts in list(bench.shelf.ended.items())[1:]:
        assert facts.audio_first_pts_ns >= facts.first_pts_ns
        before = bench.shelf.ended[number - 1]
        assert before.audio_last_pts_ns - facts.first_pts_ns <= 21_333_333 + 1


def test_a_segments_facts_count_what_its_file_holds() -> None:
    bench = Bench()
    bench.start()
    bench.run(7)
    bench.stop()
    gop = 0
    for number, facts in bench.shelf.ended.items():
        assert facts.frames == len(bench.shelf.video_ticks(number))
        assert facts.samples == 1_024 * len(bench.shelf.audio_ticks(number))
        assert facts.gop_first == gop
        assert facts.dropped == 0
        gop += facts.gop_count


def test_file_times_are_boottime() -> None:
    bench = Bench()
    bench.start()
    bench.run(3)
    bench.stop()
    facts = bench.shelf.ended[0]
    assert bench.shelf.video_ticks(0)[0] == facts.first_pts_ns * 9 // 100_000
    assert bench.shelf.audio_ticks(0)[0] == round(facts.audio_first_pts_ns * 48 / 1_000_000)


def test_a_stop_keeps_everything_captured_before_it() -> None:
    bench = Bench()
    bench.start()
    bench.run(2.5)
    stop_ns = bench.now_ns
    bench.stop()
    last = bench.shelf.ended[max(bench.shelf.ended)]
    assert stop_ns < last.last_pts_ns <= stop_ns + FRAME_NS
    assert stop_ns - 21_333_334 < last.audio_last_pts_ns <= stop_ns + 21_333_334
    assert bench.engine.phase is Phase.WARM


def test_a_second_recording_begins_anew_with_the_same_encoders() -> None:
    bench = Bench()
    for _ in range(2):
        bench.shelf.segments.clear()
        bench.engine.begin(0, bench.now_ns, 0)
        bench.run(3)
        bench.stop()
        assert steps(all_audio(bench)) == {1_024}
        assert steps(all_video(bench)) == {3_600}
    assert len(bench.ear.starts) == len(bench.ear.first) == 2


def test_a_second_begin_is_refused_and_the_first_goes_on() -> None:
    bench = Bench()
    bench.start()
    bench.run(1)
    with pytest.raises(CaptureError, match="under way"):
        bench.engine.begin(0, bench.now_ns, 0)
    bench.run(2)
    bench.stop()
    assert steps(all_video(bench)) == {3_600}


def test_started_is_told_once_both_tracks_are_with_the_sink_and_the_seal_lets_them_go() -> None:
    bench = Bench()
    bench.start()
    bench.run(2.5)
    [started] = bench.ear.starts
    assert started.video_ns is not None
    assert started.audio_ns is not None
    assert started.plaintext_offset % 65_536 == 1
    assert len(bench.shelf.segments[0]) >= started.plaintext_offset


def test_frames_the_camera_skips_are_a_gap_and_counted() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    due_ns = bench.now_ns - bench.now_ns % FRAME_NS + FRAME_NS
    bench.camera = False
    bench.run(0.16)
    bench.camera = True
    bench.run(1)
    bench.stop()
    [gap] = bench.shelf.gaps
    assert gap == Gap(due_ns, due_ns + 4 * FRAME_NS, Cause.FRAMES_LOST, Track.VIDEO)
    assert sum(facts.dropped for facts in bench.shelf.ended.values()) == 4


def test_lost_samples_are_a_gap_of_their_length() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.now_ns += 5 * BLOCK_NS
    bench.engine.sound(block_at(bench.now_ns, lost=4 * 960))
    bench.run(1)
    bench.stop()
    [gap] = [gap for gap in bench.shelf.gaps if gap.track is Track.AUDIO]
    assert gap.cause is Cause.SAMPLES_LOST
    assert gap.to_ns is not None
    assert gap.to_ns - gap.from_ns == pytest.approx(80_000_000, abs=100_000)


def test_a_loss_below_20_ms_steps_without_a_gap() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.now_ns += BLOCK_NS // 2
    bench.engine.sound(block_at(bench.now_ns, lost=480))
    bench.now_ns += BLOCK_NS // 2
    bench.run(1)
    bench.stop()
    assert [gap for gap in bench.shelf.gaps if gap.track is Track.AUDIO] == []


def test_an_overflow_of_unknown_size_is_measured_by_its_arrivals() -> None:
    bench = Bench()
    bench.start()
    bench.run(3)
    bench.now_ns += 6 * BLOCK_NS
    bench.engine.sound(block_at(bench.now_ns, overflowed=True))
    bench.run(2)
    bench.stop()
    [gap] = [gap for gap in bench.shelf.gaps if gap.track is Track.AUDIO]
    assert gap.cause is Cause.SAMPLES_LOST
    assert gap.to_ns is not None
    assert gap.to_ns - gap.from_ns == pytest.approx(100_000_000, abs=2_000_000)


def test_pictures_lost_in_a_full_queue_are_a_gap_up_to_the_next_idr_frame() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.3)
    asked = bench.keyframes_asked
    bench.engine.overflowed(Track.VIDEO, 3)
    bench.run(2)
    bench.stop()
    assert bench.keyframes_asked > asked
    [gap] = bench.shelf.gaps
    assert gap.cause is Cause.QUEUE_FULL
    assert all(len(bench.shelf.video_ticks(n)) == f.frames for n, f in bench.shelf.ended.items())


def test_samples_lost_in_a_full_queue_are_a_gap() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.microphone = False
    bench.run(0.2)
    bench.microphone = True
    bench.engine.overflowed(Track.AUDIO, 10 * 960)
    bench.run(1)
    bench.stop()
    [gap] = bench.shelf.gaps
    assert (gap.cause, gap.track) == (Cause.QUEUE_FULL, Track.AUDIO)


def test_sound_goes_on_alone_while_the_camera_is_gone_and_pictures_come_back() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.camera = False
    bench.engine.part_failed(CAMERA_GONE)
    assert bench.restarts == [Track.VIDEO]
    bench.run(5)
    bench.camera = True
    bench.to_keyframe()
    bench.run(2)
    bench.stop()
    assert steps(all_audio(bench)) == {1_024}
    opened, closed = bench.shelf.gaps
    assert opened == Gap(closed.from_ns, None, Cause.CAMERA_GONE, Track.VIDEO)
    assert closed.to_ns is not None
    assert closed.to_ns - closed.from_ns == pytest.approx(5 * SECOND_NS, abs=3 * FRAME_NS)
    assert bench.ear.faults == [CAMERA_GONE]
    assert bench.ear.recovered == ["camera"]


def test_pictures_go_on_alone_while_the_microphone_is_gone_and_sound_comes_back() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.run(5)
    assert bench.shelf.progress[max(bench.shelf.progress)].last_pts_ns > bench.now_ns - SECOND_NS
    bench.microphone = True
    bench.run(2)
    bench.stop()
    assert steps(all_video(bench)) == {3_600}
    opened, closed = bench.shelf.gaps
    assert opened == Gap(closed.from_ns, None, Cause.MICROPHONE_GONE, Track.AUDIO)
    assert closed.to_ns is not None
    assert bench.ear.recovered == ["microphone"]


def test_a_recording_without_a_camera_begins_with_sound_and_an_open_gap() -> None:
    bench = Bench()
    bench.camera = False
    bench.engine.part_failed(CAMERA_GONE)
    bench.start()
    bench.run(3)
    bench.stop()
    opened, closed = bench.shelf.gaps
    assert (opened.to_ns, closed.from_ns) == (None, opened.from_ns)
    assert closed.to_ns is not None
    assert steps(all_audio(bench)) == {1_024}
    assert bench.ear.starts[0].video_ns is None


def test_a_recording_without_a_microphone_begins_with_pictures() -> None:
    bench = Bench()
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.start()
    bench.run(5)
    bench.stop()
    assert steps(all_video(bench)) == {3_600}
    assert bench.ear.starts[0].audio_ns is None
    assert [gap.cause for gap in bench.shelf.gaps] == [Cause.MICROPHONE_GONE] * 2


def test_a_part_that_delivers_nothing_is_gone_and_is_started_again() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.camera = False
    bench.run(SILENCE_NS / SECOND_NS + 0.5)
    assert bench.restarts == [Track.VIDEO]
    assert bench.shelf.gaps[0].cause is Cause.SILENT
    assert "delivered nothing" in str(bench.ear.faults[0])


def test_a_part_that_was_started_again_and_is_still_silent_is_started_once_more() -> None:
    bench = Bench()
    bench.start()
    bench.camera = False
    bench.run(SILENCE_NS / SECOND_NS + 0.5)
    bench.engine.part_started(Track.VIDEO)
    bench.run(6)
    assert bench.restarts == [Track.VIDEO] * 2
    assert len(bench.ear.faults) == 1


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize("mended_ms", range(0, 2_000, 200))
def test_sound_that_comes_back_is_never_late_wherever_in_a_segment(
    mended_ms: int, *, told_first: bool
) -> None:
    bench = Bench()
    bench.start()
    bench.run(1)
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.run(3 + mended_ms / 1_000)
    if told_first:
        bench.engine.part_started(Track.AUDIO)
    bench.microphone = True
    bench.run(0.1)
    bench.engine.part_started(Track.AUDIO)
    bench.run(2)
    bench.stop()
    assert [gap.cause for gap in bench.shelf.gaps] == [Cause.MICROPHONE_GONE] * 2
    assert steps(all_video(bench)) == {3_600}


def test_what_follows_a_loss_stands_in_the_file_where_it_was_captured() -> None:
    bench = Bench(segment_seconds=10)
    bench.start()
    bench.run(1.5)
    bench.camera = False
    bench.run(0.4)
    bench.to_keyframe()
    bench.camera = True
    bench.run(0.5)
    bench.now_ns += 20 * BLOCK_NS
    bench.to_keyframe()
    bench.engine.sound(block_at(bench.now_ns, lost=19 * 960))
    bench.run(1)
    bench.stop()
    shown = {
        Track.VIDEO: [tick * SECOND_NS // 90_000 for tick in bench.shelf.video_ticks(0)],
        Track.AUDIO: [tick * SECOND_NS // 48_000 for tick in bench.shelf.audio_ticks(0)],
    }
    assert {gap.track for gap in bench.shelf.gaps} == set(Track)
    for gap in bench.shelf.gaps:
        assert gap.to_ns is not None
        within = [at for at in shown[gap.track] if gap.from_ns - 50_000 < at < gap.to_ns - 50_000]
        assert within == []
        assert any(abs(at - gap.to_ns) < 50_000 for at in shown[gap.track])


def test_sound_waits_half_a_second_at_most_for_silent_pictures() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.camera = False
    bench.run(1)
    progress = bench.shelf.progress[0]
    assert progress.audio_last_pts_ns > bench.now_ns - HOLD_NS - 5 * BLOCK_NS


def test_sound_that_comes_a_little_after_its_segment_has_ended_stands_in_the_next_one() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.4)
    bench.microphone = False
    withheld = [bench.now_ns + k * BLOCK_NS for k in range(1, 41)]
    bench.run(0.8)
    first_ns = bench.shelf.progress[1].first_pts_ns
    for end_ns in withheld:
        bench.engine.sound(block_at(end_ns, late_ns=bench.now_ns - end_ns))
    bench.microphone = True
    bench.run(1)
    bench.stop()
    assert bench.shelf.ended[1].audio_first_pts_ns < first_ns
    assert bench.shelf.gaps == []
    assert steps(all_audio(bench)) <= {1_023, 1_024, 1_025}
    assert steps(all_video(bench)) == {3_600}


def test_sound_that_comes_long_after_its_segment_has_ended_is_a_gap() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.4)
    bench.engine.part_started(Track.AUDIO)
    bench.microphone = False
    withheld = [bench.now_ns + k * BLOCK_NS for k in range(1, 221)]
    bench.run(4.4)
    assert 2 in bench.shelf.segments
    for end_ns in withheld:
        bench.engine.sound(block_at(end_ns, late_ns=bench.now_ns - end_ns))
    bench.microphone = True
    bench.run(1)
    bench.stop()
    assert steps(all_video(bench)) == {3_600}
    [gap] = bench.shelf.gaps
    assert (gap.cause, gap.track) == (Cause.LATE, Track.AUDIO)
    assert gap.to_ns is not None
    samples = (gap.to_ns - gap.from_ns) * 48_000 / SECOND_NS
    ticks = all_audio(bench)
    assert max(steps(ticks)) == pytest.approx(samples + 1_024, abs=2)
    assert all(first < second for first, second in pairwise(ticks))


def test_a_picture_that_goes_back_in_time_is_refused_until_the_next_idr_frame() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.3)
    content, keyframe = pictures(250)[3]
    bench.engine.picture(VideoPacket(data=content, pts_ns=SECOND_NS, keyframe=keyframe), 0)
    bench.run(2)
    bench.stop()
    [gap] = bench.shelf.gaps
    assert gap.cause is Cause.FRAMES_LOST
    assert all(len(bench.shelf.video_ticks(n)) == f.frames for n, f in bench.shelf.ended.items())


def test_a_camera_that_comes_back_with_another_picture_size_begins_a_segment() -> None:
    bench = Bench(segment_seconds=60)
    bench.start()
    bench.run(1.5)
    bench.engine.part_failed(CAMERA_GONE)
    bench.film = pictures(250, size=128)
    bench.to_keyframe()
    bench.run(1)
    bench.stop()
    assert len(bench.shelf.ended) == 2
    assert len(bench.shelf.video_ticks(1)) == bench.shelf.ended[1].frames


def test_an_idr_frame_is_asked_for_when_a_turn_is_due() -> None:
    bench = Bench()
    bench.film = pictures(250, gop=125)
    bench.run(1)
    bench.engine.begin(0, bench.now_ns, 0)
    bench.to_keyframe()
    bench.frame += -bench.frame % 125
    asked = bench.keyframes_asked
    bench.run(2.2)
    assert bench.keyframes_asked == asked + 1


def test_replay_sends_everything_since_the_last_idr_frame_before_the_durable_mark() -> None:
    bench = Bench(segment_seconds=10)
    bench.start()
    bench.run(4.5)
    number, durable, _ = bench.shelf.fragments[60]
    bench.engine.durable(number, durable)
    before = bench.shelf.segments.pop(0)
    bench.engine.replay(7, 30)
    bench.run(3)
    bench.stop()
    torn = bytes(before[:durable])
    bench.shelf.segments[0] = bytearray(torn)
    kept = bench.shelf.video_ticks(0)
    again = bench.shelf.video_ticks(7)
    assert again[0] in kept
    assert kept[-1] - again[0] < 90_000
    assert steps(again) == {3_600}
    assert steps(bench.shelf.audio_ticks(7)) == {1_024}
    assert bench.shelf.audio_ticks(7)[0] <= bench.shelf.audio_ticks(0)[-1] + 1_024
    assert bench.shelf.ended[7].gop_first == 30
    assert bench.shelf.gaps == []
    assert len(bench.ear.starts) == 2


def test_replay_after_too_long_says_what_was_forgotten() -> None:
    bench = Bench(segment_seconds=10, memory_seconds=5)
    bench.start()
    bench.run(2)
    bench.engine.durable(0, len(bench.shelf.segments[0]))
    durable_ns = bench.shelf.progress[0].last_pts_ns
    bench.run(12)
    bench.engine.replay(9, 12)
    bench.stop()
    gaps = {gap.track: gap for gap in bench.shelf.gaps}
    assert set(gaps) == set(Track)
    gap = gaps[Track.VIDEO]
    assert gap.cause is Cause.VAULT_AWAY
    assert gap.from_ns == durable_ns
    assert gap.to_ns is not None
    assert bench.now_ns - gap.to_ns >= 5 * SECOND_NS
    assert bench.shelf.video_ticks(9)[0] == gap.to_ns * 9 // 100_000


def test_replay_after_the_end_writes_what_was_not_durable_and_ends() -> None:
    bench = Bench(segment_seconds=10)
    bench.start()
    bench.run(3)
    bench.stop()
    frames = bench.shelf.ended[0].frames
    bench.engine.replay(1, 0)
    assert bench.shelf.ended[1].frames == frames


def test_a_stop_while_a_part_is_gone_closes_its_gap() -> None:
    bench = Bench()
    bench.start()
    bench.run(1.5)
    bench.camera = False
    bench.engine.part_failed(CAMERA_GONE)
    bench.run(1)
    stop_ns = bench.now_ns
    bench.stop()
    assert [gap.to_ns for gap in bench.shelf.gaps] == [None, stop_ns]


def test_a_stop_before_the_first_picture_writes_nothing() -> None:
    bench = Bench()
    bench.start()
    bench.engine.stop(bench.now_ns)
    assert bench.engine.phase is Phase.WARM
    assert bench.shelf.segments == {}


def burst(bench: Bench, first_in: int, *, overflowed: bool) -> None:
    """300 ms of sound that all arrive at its end: the machine was busy."""
    ends = [bench.now_ns + (first_in + number) * BLOCK_NS for number in range(15)]
    bench.now_ns = ends[-1]
    for number, end_ns in enumerate(ends):
        late_ns = ends[-1] - end_ns
        first = overflowed and number == 0
        bench.engine.sound(block_at(end_ns, late_ns=late_ns, overflowed=first))
    bench.engine.advance(bench.now_ns)


def test_an_overflow_while_the_machine_is_busy_is_measured_once_it_has_caught_up() -> None:
    bench = Bench()
    bench.start()
    bench.run(3)
    burst(bench, 6, overflowed=True)
    bench.run(2)
    bench.stop()
    [gap] = [gap for gap in bench.shelf.gaps if gap.track is Track.AUDIO]
    assert gap.cause is Cause.SAMPLES_LOST
    assert gap.to_ns is not None
    assert gap.to_ns - gap.from_ns == pytest.approx(100_000_000, abs=2_000_000)


def test_sound_that_was_put_too_late_by_mistake_is_in_doubt_once_that_shows() -> None:
    """A constant delay that begins at once cannot be told from a loss until it ends."""
    bench = Bench(segment_seconds=10)
    bench.start()
    bench.run(3)
    begun_ns = bench.now_ns
    bench.late_ns = 3 * BLOCK_NS
    bench.now_ns += bench.late_ns
    bench.run(1.5)
    ended_ns, caught_up = bench.now_ns - bench.late_ns, 3
    bench.late_ns = 0
    for block in range(1, caught_up + 1):
        end_ns = ended_ns + block * BLOCK_NS
        bench.engine.sound(block_at(end_ns, late_ns=bench.now_ns - end_ns))
    bench.run(2)
    bench.stop()
    [doubt] = bench.shelf.doubts
    assert doubt.within_ns == pytest.approx(65 * MS, abs=2 * MS)
    assert doubt.from_ns == pytest.approx(begun_ns + 60 * MS, abs=25 * MS)
    assert doubt.to_ns >= ended_ns + 60 * MS
    ticks = [round(tick * SECOND_NS / 48_000) for tick in bench.shelf.audio_ticks(0)]
    assert all(
        after - before == pytest.approx(AUDIO_FRAME_NS, abs=50_000)
        for before, after in pairwise(ticks)
        if after < doubt.from_ns - 60 * MS - AUDIO_FRAME_NS or before > doubt.to_ns
    )


def test_sound_that_comes_back_while_the_machine_is_busy_has_its_true_time() -> None:
    bench = Bench()
    bench.start()
    bench.run(3)
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.run(1)
    back_ns = bench.now_ns
    burst(bench, 1, overflowed=False)
    bench.microphone = True
    bench.run(2)
    bench.stop()
    [gap] = [gap for gap in bench.shelf.gaps if gap.track is Track.AUDIO and gap.to_ns]
    assert gap.to_ns == pytest.approx(back_ns, abs=2_000_000)
