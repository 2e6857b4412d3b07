"""One segment as fragmented MP4."""

from __future__ import annotations

import io

import av
import pytest

from agent.capture.aac import AacEncoder
from agent.capture.boxes import HEADER, fragment, free_box, whole_boxes
from agent.capture.errors import MuxError
from agent.capture.media import AUDIO_FRAME_NS, SECOND_NS, MediaPacket, Track
from agent.capture.muxer import Muxer, parameter_sets
from tests.kits.media.capture import FRAME_NS, pictures

BEGIN_NS = 5_000 * SECOND_NS


def packets(seconds: int) -> list[MediaPacket]:
    """Both tracks in order, from ``BEGIN_NS`` on."""
    video = [
        MediaPacket(Track.VIDEO, content, BEGIN_NS + n * FRAME_NS, FRAME_NS, keyframe)
        for n, (content, keyframe) in enumerate(pictures(seconds * 25))
    ]
    encoder = AacEncoder()
    encoded = [out for _ in range(seconds * 47) for out in encoder.encode(bytes(2_048))]
    audio = [
        MediaPacket(
            Track.AUDIO,
            content,
            BEGIN_NS + index * SECOND_NS // 48_000,
            AUDIO_FRAME_NS,
            keyframe=True,
        )
        for index, content in encoded
        if index >= 0
    ]
    return sorted(video + audio, key=lambda packet: (packet.pts_ns, packet.track is Track.AUDIO))


def muxed(items: list[MediaPacket], keyframe: bytes | None) -> tuple[bytes, list[dict[Track, int]]]:
    muxer = Muxer(keyframe, AacEncoder().template, FRAME_NS)
    content = muxer.init
    counts: list[dict[Track, int]] = []
    for item in items:
        muxer.write(item)
        for piece, held in muxer.take():
            content, counts = content + piece, [*counts, held]
    for piece, held in muxer.close():
        content, counts = content + piece, [*counts, held]
    return content, counts


def test_each_fragment_holds_at_most_one_picture_and_all_packets_come_out() -> None:
    items = packets(4)
    content, counts = muxed(items, items[0].content)
    assert max(held.get(Track.VIDEO, 0) for held in counts) == 1
    for track in Track:
        assert sum(held.get(track, 0) for held in counts) == sum(p.track is track for p in items)
    with av.open(io.BytesIO(content), "r") as file:
        assert len(list(file.decode(video=0))) == 100
    with av.open(io.BytesIO(content), "r") as file:
        assert len(list(file.decode(audio=0))) == sum(p.track is Track.AUDIO for p in items)


def test_a_file_cut_after_any_fragment_still_opens() -> None:
    items = packets(1)
    content, _ = muxed(items, items[0].content)
    ends = [end for kind, _, end in whole_boxes(content) if kind == b"mdat"]
    for frames, end in enumerate(ends[3:8], start=4):
        with av.open(io.BytesIO(content[:end]), "r") as file:
            assert len(list(file.decode(video=0))) == frames


def test_a_free_box_between_fragments_changes_nothing() -> None:
    items = packets(1)
    content, _ = muxed(items, items[0].content)
    middle = [end for kind, _, end in whole_boxes(content) if kind == b"mdat"][10]
    padded = content[:middle] + free_box(60_000) + content[middle:]
    with av.open(io.BytesIO(padded), "r") as file:
        assert len(list(file.decode(video=0))) == 25


def test_times_in_the_file_are_absolute() -> None:
    items = packets(1)
    content, _ = muxed(items, items[0].content)
    with av.open(io.BytesIO(content), "r") as file:
        assert next(file.decode(video=0)).pts == BEGIN_NS * 9 // 100_000
    with av.open(io.BytesIO(content), "r") as file:
        assert next(file.decode(audio=0)).pts == BEGIN_NS * 48 // 1_000_000


def test_sound_alone_and_pictures_alone_are_segments_too() -> None:
    items = packets(1)
    audio = [packet for packet in items if packet.track is Track.AUDIO]
    video = [packet for packet in items if packet.track is Track.VIDEO]
    content, _ = muxed(audio, None)
    with av.open(io.BytesIO(content), "r") as file:
        assert len(list(file.decode(audio=0))) == len(audio)
    content, _ = muxed(video, video[0].content)
    with av.open(io.BytesIO(content), "r") as file:
        assert len(list(file.decode(video=0))) == len(video)


def test_a_packet_that_goes_back_in_time_is_an_error() -> None:
    items = packets(1)
    muxer = Muxer(items[0].content, AacEncoder().template, FRAME_NS)
    muxer.write(items[0])
    with pytest.raises(MuxError, match="back in time"):
        muxer.write(items[0])


def test_an_idr_frame_without_parameter_sets_is_an_error() -> None:
    with pytest.raises(MuxError, match="SPS and PPS"):
        Muxer(pictures(25)[1][0], AacEncoder().template, FRAME_NS)


def test_parameter_sets_are_found_with_either_start_code() -> None:
    frame = b"\0\0\1\x67sps\0\0\0\1\x68pps\0\0\1\x65picture"
    assert parameter_sets(frame) == b"\0\0\0\1\x67sps\0\0\0\1\x68pps"
    assert parameter_sets(b"\0\0\0\1\x41picture") == b""


def test_a_half_box_is_waited_for_and_an_impossible_one_is_an_error() -> None:
    assert list(whole_boxes(free_box(16)[:12])) == []
    with pytest.raises(MuxError, match="bytes came out"):
        list(whole_boxes(bytes(HEADER)))


def test_packets_are_counted_by_track() -> None:
    run = (20).to_bytes(4, "big") + b"trun" + bytes(4) + (3).to_bytes(4, "big") + bytes(4)
    head = (16).to_bytes(4, "big") + b"tfhd" + bytes(4) + (2).to_bytes(4, "big")
    traf = (8 + len(head) + len(run)).to_bytes(4, "big") + b"traf" + head + run
    moof = (8 + len(traf)).to_bytes(4, "big") + b"moof" + traf
    assert fragment(moof + free_box(8)).packets == {2: 3}
