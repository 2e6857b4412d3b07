"""One segment as fragmented MP4, in memory.

Owns the recipe that every player opens and that loses nothing: a moof for each picture with its
sound, absolute times (a file's times are CLOCK_BOOTTIME), no edit list, no trailer, parameter sets
in the head. Refuses files: whole fragments come out, nobody else sees half of one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream

from agent.capture.boxes import fragment, restamp, whole_boxes
from agent.capture.errors import MuxError
from agent.capture.media import AUDIO_FRAME, AUDIO_RATE, SECOND_NS, MediaPacket, Track

VIDEO_SCALE: Final = 90_000
_OPTIONS: Final = {
    # Without these two, both tracks begin at 0 in every segment and lose each other.
    "avoid_negative_ts": "disabled",
    "use_editlist": "0",
    "movflags": "empty_moov+default_base_moof+frag_discont+skip_trailer",
    # A packet leaves at once: their order has been made already, and one track may be silent.
    "max_interleave_delta": "1",
    "flush_packets": "1",
}
_START_CODE: Final = re.compile(rb"\x00\x00\x01")
_SPS, _PPS, _NAL_TYPE = 7, 8, 0x1F


def parameter_sets(keyframe: bytes) -> bytes:
    """SPS and PPS of an IDR frame in Annex B; empty where it has none."""
    starts = [match.end() for match in _START_CODE.finditer(keyframe)]
    ends = [start - 3 for start in starts[1:]] + [len(keyframe)]
    units = (keyframe[start:end].rstrip(b"\0") for start, end in zip(starts, ends, strict=True))
    wanted = (unit for unit in units if unit and unit[0] & _NAL_TYPE in {_SPS, _PPS})
    return b"".join(b"\0\0\0\1" + unit for unit in wanted)


class _Stream:
    """What the muxer writes into; it only ever appends."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, content: bytes) -> int:
        self.waiting += content
        return len(content)


class Muxer:
    """An open segment.

    Args:
        keyframe: An IDR frame of the video track; None for a segment of sound alone.
        audio: The AAC encoder's template.
        frame_ns: From one picture to the next.

    Raises:
        MuxError: The IDR frame has no parameter sets.
    """

    def __init__(self, keyframe: bytes | None, audio: AudioStream, frame_ns: int) -> None:
        self._stream = _Stream()
        self._container = _open(self._stream, frame_ns)
        self._streams: dict[Track, Stream] = {}
        self._ids: dict[int, Track] = {}
        self._ticks: dict[Track, deque[int]] = {}
        if keyframe is not None:
            self._add(Track.VIDEO, _video_stream(self._container, keyframe))
        self._add(Track.AUDIO, self._container.add_stream_from_template(audio, opaque=True))
        self._container.start_encoding()
        self.init = bytes(self._stream.waiting)
        self._stream.waiting.clear()
        self._last_tick: dict[Track, int] = {}

    def write(self, packet: MediaPacket) -> None:
        """Add a packet; each track's come in the order of their times."""
        video = packet.track is Track.VIDEO
        rate = VIDEO_SCALE if video else AUDIO_RATE
        muxed: av.Packet[Stream] = av.Packet(packet.content)
        muxed.stream = self._streams[packet.track]
        muxed.time_base = Fraction(1, rate)
        tick = self._tick(packet, rate)
        muxed.pts = muxed.dts = tick
        muxed.duration = round(packet.duration_ns * rate / SECOND_NS) if video else AUDIO_FRAME
        muxed.is_keyframe = packet.keyframe
        try:
            self._container.mux_one(muxed)
        except av.FFmpegError as error:
            raise MuxError(f"a {packet.track} packet was refused: {error}") from error

    def take(self) -> Iterator[tuple[bytes, dict[Track, int]]]:
        """Whole fragments that have come out, and how many packets of each track they hold."""
        begin = done = 0
        for kind, first, end in whole_boxes(self._stream.waiting):
            if kind == b"moof":
                begin = first
            elif kind == b"mdat":
                yield self._whole(bytes(self._stream.waiting[begin:end]))
                done = end
            else:
                raise MuxError(f"a {kind!r} box stands where a fragment was due")
        del self._stream.waiting[:done]

    def close(self) -> Iterator[tuple[bytes, dict[Track, int]]]:
        """End the segment; the last fragments."""
        self._container.close()
        yield from self.take()

    def abandon(self) -> None:
        """End the segment; nobody wants its last fragments."""
        self._container.close()
        self._stream.waiting.clear()

    def _whole(self, content: bytes) -> tuple[bytes, dict[Track, int]]:
        """A fragment with its true times, and how many packets of each track it holds."""
        counts = {self._ids[number]: count for number, count in fragment(content).packets.items()}
        begins: dict[Track, int] = {}
        for track, count in counts.items():
            begins[track], *_ = (self._ticks[track].popleft() for _ in range(count))
        numbered = {number: begins[track] for number, track in self._ids.items() if track in begins}
        return restamp(content, numbered), counts

    def _add(self, track: Track, stream: Stream) -> None:
        self._streams[track] = stream
        self._ticks[track] = deque()
        self._ids[len(self._streams)] = track

    def _tick(self, packet: MediaPacket, rate: int) -> int:
        tick = (packet.pts_ns * rate + SECOND_NS // 2) // SECOND_NS
        if tick <= self._last_tick.get(packet.track, -1):
            raise MuxError(f"{packet.track} went back in time at {packet.pts_ns} ns")
        self._last_tick[packet.track] = tick
        self._ticks[packet.track].append(tick)
        return tick


def _open(stream: _Stream, frame_ns: int) -> OutputContainer:
    # A little less than one picture, so that the next one begins a fragment: 39 ms at 25 a second.
    longest_us = frame_ns * 39 // 40_000
    options = {**_OPTIONS, "frag_duration": str(longest_us)}
    return av.open(stream, "w", format="mp4", container_options=options)


def _video_stream(container: OutputContainer, keyframe: bytes) -> Stream:
    """A track made from what the IDR frame itself says: size, profile, parameter sets."""
    if not parameter_sets(keyframe):
        raise MuxError("an IDR frame came without SPS and PPS")
    with av.open(BytesIO(keyframe), format="h264") as sample:
        stream = container.add_stream_from_template(sample.streams.video[0])
    stream.time_base = Fraction(1, VIDEO_SCALE)
    return stream
