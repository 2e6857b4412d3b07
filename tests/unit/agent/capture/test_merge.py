"""The order of packets of both tracks."""

from __future__ import annotations

from dataclasses import replace

from agent.capture.media import AUDIO_FRAME_NS, SECOND_NS, MediaPacket, Track
from agent.capture.merge import HOLD_NS, Merge

FRAME_NS = 40_000_000


def picture(pts_ns: int) -> MediaPacket:
    return MediaPacket(Track.VIDEO, b"", pts_ns, FRAME_NS, keyframe=False)


def sound(pts_ns: int) -> MediaPacket:
    return MediaPacket(Track.AUDIO, b"", pts_ns, AUDIO_FRAME_NS, keyframe=True)


def order(merge: Merge) -> list[tuple[str, int]]:
    return [(str(packet.track), packet.pts_ns) for packet in merge.ready()]


def test_packets_leave_in_the_order_of_their_times_a_picture_first() -> None:
    merge = Merge()
    merge.put(sound(SECOND_NS))
    merge.put(sound(SECOND_NS + AUDIO_FRAME_NS))
    merge.put(sound(SECOND_NS + 2 * AUDIO_FRAME_NS))
    merge.put(picture(SECOND_NS))
    merge.put(picture(SECOND_NS + FRAME_NS))
    assert order(merge) == [
        ("video", SECOND_NS),
        ("audio", SECOND_NS),
        ("audio", SECOND_NS + AUDIO_FRAME_NS),
        ("video", SECOND_NS + FRAME_NS),
    ]


def test_a_picture_does_not_wait_for_sound_that_is_due_after_it() -> None:
    merge = Merge()
    merge.put(sound(SECOND_NS))
    merge.put(picture(SECOND_NS + AUDIO_FRAME_NS - 20_000))
    assert len(order(merge)) == 2


def test_a_picture_waits_for_sound_that_is_due_before_it() -> None:
    merge = Merge()
    merge.put(sound(SECOND_NS))
    merge.put(picture(SECOND_NS + FRAME_NS))
    assert order(merge) == [("audio", SECOND_NS)]


def test_a_silent_track_is_waited_for_half_a_second() -> None:
    merge = Merge()
    merge.put(sound(SECOND_NS))
    for index in range(1, 30):
        merge.put(picture(SECOND_NS + index * FRAME_NS))
    gone = order(merge)
    assert gone[0] == ("audio", SECOND_NS)
    assert len(gone) > 1
    merge.gone(Track.AUDIO)
    assert HOLD_NS < 29 * FRAME_NS


def test_a_track_that_is_gone_is_not_waited_for() -> None:
    merge = Merge()
    merge.put(sound(SECOND_NS))
    merge.gone(Track.AUDIO)
    merge.put(picture(SECOND_NS + FRAME_NS))
    assert len(order(merge)) == 2


def test_a_track_that_has_just_been_started_is_waited_for() -> None:
    merge = Merge()
    merge.expect(Track.AUDIO, SECOND_NS)
    merge.put(picture(SECOND_NS + FRAME_NS))
    assert order(merge) == []


def test_sound_on_watch_is_waited_for_by_key_frames_alone() -> None:
    merge = Merge()
    merge.put(sound(SECOND_NS))
    merge.watch(SECOND_NS + 10 * FRAME_NS)
    merge.put(picture(SECOND_NS + FRAME_NS))
    merge.put(replace(picture(SECOND_NS + 2 * FRAME_NS), keyframe=True))
    merge.put(picture(SECOND_NS + 3 * FRAME_NS))
    assert order(merge) == [("audio", SECOND_NS), ("video", SECOND_NS + FRAME_NS)]
    merge.watch(None)
    merge.put(sound(SECOND_NS + AUDIO_FRAME_NS))
    merge.put(sound(SECOND_NS + 4 * FRAME_NS))
    assert [track for track, _ in order(merge)] == ["audio", "video", "video"]


def test_the_first_picture_of_a_recording_waits_for_nothing() -> None:
    merge = Merge()
    merge.expect(Track.AUDIO, SECOND_NS)
    merge.drop_before(SECOND_NS + FRAME_NS)
    merge.put(picture(SECOND_NS + FRAME_NS))
    merge.put(picture(SECOND_NS + 2 * FRAME_NS))
    assert order(merge) == [("video", SECOND_NS + FRAME_NS)]


def test_packets_before_the_beginning_are_dropped() -> None:
    merge = Merge()
    for index in range(4):
        merge.put(sound(SECOND_NS + index * AUDIO_FRAME_NS))
    merge.drop_before(SECOND_NS + FRAME_NS)
    assert merge.first_ns(Track.AUDIO) == SECOND_NS + 2 * AUDIO_FRAME_NS
    assert merge.first_ns(Track.VIDEO) is None


def test_the_rest_leaves_in_order_without_waiting() -> None:
    merge = Merge()
    merge.put(picture(SECOND_NS + FRAME_NS))
    merge.put(sound(SECOND_NS))
    assert [packet.track for packet in merge.rest()] == [Track.AUDIO, Track.VIDEO]
