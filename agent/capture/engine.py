"""Capture without threads: what comes from the drivers goes in, segments come out.

Owns the recording's beginning and end, which part is there and which is gone, and what is said of
it. Refuses threads, waiting and clocks: it is told the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final

from agent.capture.aac import AacEncoder
from agent.capture.beginning import Beginning
from agent.capture.errors import CaptureError
from agent.capture.gaps import Doubts, since
from agent.capture.media import (
    SECOND_NS,
    CaptureListener,
    CaptureRules,
    Cause,
    Doubt,
    Gap,
    Health,
    MediaPacket,
    SegmentSink,
    Track,
)
from agent.capture.merge import HOLD_NS, Merge
from agent.capture.segment_writer import SegmentWriter
from agent.capture.tracks import AudioTrack, VideoTrack
from agent.capture.watch import LONGEST_NS
from hw.errors import CameraFault, MicrophoneFault
from hw.types import AudioBlock, VideoPacket

SILENCE_NS: Final = 2 * SECOND_NS
"""A part that delivers nothing for so long is gone."""
START_GRACE_NS: Final = 5 * SECOND_NS
"""The same for a part that has just been started."""
_ASK_AGAIN_NS: Final = SECOND_NS // 2
_BEHIND_NS: Final = SILENCE_NS
"""What was encoded before a loss comes out after it: it may stand in the segment after its own."""

PARTS: Final = {Track.VIDEO: "camera", Track.AUDIO: "microphone"}


@unique
class Phase(Enum):
    """What happens to packets."""

    WARM = "warm"
    """They are dropped in memory: nothing from before a press is ever kept."""
    AWAITING = "awaiting"
    """Pressed; the first IDR frame captured after the press begins the recording."""
    RECORDING = "recording"
    STOPPING = "stopping"
    """What was captured up to the stop is still coming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """What the engine asks of the parts; called in the engine's thread, must only enqueue."""

    keyframe: Callable[[], None]
    restart: Callable[[Track], None]


class Engine:
    """The single-threaded core of capture.

    Args:
        rules: The numbers.
        sink: Takes the segments.
        listener: Hears what happens.
        asks: Reaches the parts.
        now_ns: CLOCK_BOOTTIME.
        encoder: Makes the encoder of a stream of sound.
    """

    def __init__(
        self,
        *,
        rules: CaptureRules,
        sink: SegmentSink,
        listener: CaptureListener,
        asks: Asks,
        now_ns: Callable[[], int],
        encoder: Callable[[], AacEncoder] = AacEncoder,
    ) -> None:
        self._sink = sink
        self._listener = listener
        self._asks = asks
        self._now_ns = now_ns
        self._video = VideoTrack(rules.frame_ns)
        self._audio = AudioTrack(listener.heard, encoder)
        self._merge = Merge()
        self._writer = SegmentWriter(rules, sink, lambda: self._audio.encoder.template)
        self._beginning = Beginning(listener, now_ns)
        self._phase = Phase.WARM
        self._gone: dict[Track, Cause] = {}
        self._heard_ns: dict[Track, int] = {}
        self._open_gaps: dict[Track, Gap] = {}
        self._doubts = Doubts()
        self._late_from: int | None = None
        self._since_ns = 0
        self._start_ns = 0
        self._stop_ns = 0
        self._asked_ns = 0
        self._muxed_ns = 0

    @property
    def phase(self) -> Phase:
        """What happens to packets now."""
        return self._phase

    def health(self) -> Health:
        """How capture is now; safe to ask from any thread."""
        return Health(
            recording=self._phase in {Phase.RECORDING, Phase.STOPPING},
            muxed_ns=self._muxed_ns,
            camera=Track.VIDEO in self._heard_ns and Track.VIDEO not in self._gone,
            microphone=Track.AUDIO in self._heard_ns and Track.AUDIO not in self._gone,
        )

    # What the drivers deliver.

    def part_started(self, track: Track) -> None:
        """A driver has been started; its first packet may take a while."""
        now_ns = self._now_ns()
        self._heard_ns[track] = now_ns + START_GRACE_NS - SILENCE_NS
        # Also one that was gone: what it delivers first must not find its segment ended.
        self._merge.expect(track, now_ns)

    def picture(self, packet: VideoPacket, delivered_ns: int) -> None:
        """A packet of the camera, delivered by its encoder at ``delivered_ns``."""
        self._here(Track.VIDEO, packet.pts_ns)
        taken = self._video.take(packet)
        if self._video.needs_keyframe or self._turn_needs_keyframe(packet):
            self._ask_keyframe(packet.pts_ns)
        if taken is None or self._phase is Phase.WARM:
            return
        if self._phase is Phase.AWAITING:
            if not taken.keyframe or taken.pts_ns < self._since_ns:
                # An IDR frame that was already on its way has eaten the request of the press.
                self._ask_keyframe(taken.pts_ns, now=taken.keyframe)
                return
            self._beginning.encoded(delivered_ns)
            self._start(taken.pts_ns)
            taken = replace(taken, missing=0, gap=None)
        self._put(taken)

    def sound(self, block: AudioBlock) -> None:
        """A block of the microphone."""
        self._here(Track.AUDIO, block.arrived_ns)
        self._put_all(self._audio.take(block))
        self._merge.watch(self._audio.watched_ns)

    def overflowed(self, track: Track, amount: int) -> None:
        """``amount`` frames or samples were lost on the way to the engine."""
        if track is Track.VIDEO:
            self._video.lost(Cause.QUEUE_FULL)
            self._ask_keyframe(self._now_ns())
        else:
            self._audio.lost(amount, Cause.QUEUE_FULL)

    def part_failed(self, fault: CameraFault | MicrophoneFault) -> None:
        """A driver has reported its part's end."""
        if isinstance(fault, CameraFault):
            self._broke(Track.VIDEO, fault, Cause.CAMERA_GONE)
        else:
            self._broke(Track.AUDIO, fault, Cause.MICROPHONE_GONE)

    # What the session asks.

    def begin(self, number: int, since_ns: int, gop: int) -> None:
        """Record into segment ``number`` from the first IDR frame captured since ``since_ns``.

        Raises:
            CaptureError: A recording is under way.
        """
        if self._phase is not Phase.WARM:
            raise CaptureError("a recording is under way; stop it first", code="recording")
        self._phase, self._since_ns, self._muxed_ns = Phase.AWAITING, since_ns, 0
        self._writer.begin(number, gop)
        self._beginning.begin(since_ns)
        self._merge.clear()
        self._doubts.end()
        self._audio.record(on=True)
        self._ask_keyframe(since_ns, now=True)

    def stop(self, at_ns: int) -> None:
        """Record what was captured up to ``at_ns``, then end."""
        self._stop_ns = at_ns
        if self._phase is Phase.AWAITING:
            self._rest()
        elif self._phase is Phase.RECORDING:
            self._phase = Phase.STOPPING

    def durable(self, number: int, offset: int) -> None:
        """See ``SegmentWriter.durable``."""
        self._writer.durable(number, offset)

    def replay(self, number: int, gop: int) -> None:
        """Write what the vault may not have again, as segment ``number``, and go on from there."""
        again = self._writer.rewind(number, gop)
        self._beginning.again()
        for packet in again:
            self._write(packet)
        if self._phase is Phase.WARM:
            self._notice(self._writer.end())

    def advance(self, seen_ns: int) -> None:
        """Pass on what is ready, and look for parts that have fallen silent.

        Args:
            seen_ns: Everything delivered before this time has been handed in, CLOCK_BOOTTIME.
        """
        if self._phase is Phase.AWAITING and Track.VIDEO in self._gone:
            self._start_with_sound()
        self._put_all(self._audio.overdue(seen_ns))
        self._merge.watch(self._audio.watched_ns)
        if self._phase in {Phase.RECORDING, Phase.STOPPING}:
            for packet in self._merge.ready():
                self._emit(packet)
        self._look_for_silence(seen_ns)
        if self._phase is Phase.STOPPING:
            hold_ns = HOLD_NS if self._audio.watched_ns is None else LONGEST_NS
            if self._merge.reached(self._stop_ns) or seen_ns >= self._stop_ns + hold_ns:
                self._finish()

    def close(self) -> None:
        """Let go of the encoder."""
        self._audio.close()

    # Beginning and end.

    def _start(self, start_ns: int) -> None:
        self._phase, self._start_ns = Phase.RECORDING, start_ns
        self._merge.drop_before(start_ns)
        for track, cause in self._gone.items():
            self._say_open(Gap(start_ns, None, cause, track))

    def _start_with_sound(self) -> None:
        first_ns = self._merge.first_ns(Track.AUDIO)
        if first_ns is not None:
            self._start(first_ns)

    def _finish(self) -> None:
        self._put_all(self._audio.give_up_waiting())
        for packet in self._merge.rest():
            self._emit(packet)
        for track, due_ns in ((Track.VIDEO, self._video.due_ns), (Track.AUDIO, self._audio.due_ns)):
            if track not in self._open_gaps and due_ns + HOLD_NS // 2 < self._stop_ns:
                silent = Gap(due_ns, self._stop_ns, Cause.SILENT, track)
                self._say(since(silent, self._start_ns))
        self._say_doubt(self._doubts.end())
        for gap in self._open_gaps.values():
            self._say(replace(gap, to_ns=max(gap.from_ns, self._stop_ns)))
        self._notice(self._writer.end())
        self._rest()

    def _rest(self) -> None:
        self._phase = Phase.WARM
        self._open_gaps.clear()
        self._merge.clear()
        self._audio.record(on=False)

    # Packets.

    def _put_all(self, packets: Iterable[MediaPacket]) -> None:
        for packet in packets:
            if packet.pts_ns >= self._since_ns and self._phase is not Phase.WARM:
                self._put(packet)

    def _put(self, packet: MediaPacket) -> None:
        if self._phase is Phase.RECORDING and packet.pts_ns < self._start_ns:
            return
        wanted = self._phase is not Phase.STOPPING or packet.pts_ns <= self._stop_ns
        self._merge.put(packet, keep=wanted)
        if not wanted and packet.gap is not None and packet.gap.from_ns < self._stop_ns:
            self._say_open(replace(packet.gap, to_ns=None))

    def _emit(self, packet: MediaPacket) -> None:
        if packet.gap is not None:
            self._open_gaps.pop(packet.track, None)
            self._say(since(packet.gap, self._start_ns))
        if self._is_late(packet):
            return
        if packet.track is Track.AUDIO:
            self._say_doubt(self._doubts.follow(packet))
        self._write(packet)

    def _is_late(self, packet: MediaPacket) -> bool:
        """Sound that comes long after its segment has ended is lost, and said to be."""
        if packet.track is Track.VIDEO:
            return False
        if self._writer.segment is not None and packet.pts_ns < self._writer.start_ns - _BEHIND_NS:
            self._late_from = self._late_from or packet.pts_ns
            return True
        if self._late_from is not None:
            self._say(Gap(self._late_from, packet.pts_ns, Cause.LATE, Track.AUDIO))
            self._late_from = None
        return False

    def _write(self, packet: MediaPacket) -> None:
        self._notice(self._writer.write(packet, pictures=Track.VIDEO not in self._gone))

    def _notice(self, passed: list[MediaPacket]) -> None:
        if passed:
            self._muxed_ns = max(self._muxed_ns, *(packet.end_ns for packet in passed))
        segment = self._writer.segment
        if segment is not None:
            self._beginning.passed(passed, segment, awaited=set(Track) - self._gone.keys())

    # Parts.

    def _here(self, track: Track, at_ns: int) -> None:
        self._heard_ns[track] = self._now_ns()
        if self._gone.pop(track, None) is not None:
            # Its clock settles, its pictures wait for an IDR frame: the other track waits too.
            self._merge.expect(track, at_ns)
            self._listener.part_recovered(PARTS[track])

    def _broke(self, track: Track, fault: CameraFault | MicrophoneFault, cause: Cause) -> None:
        self._asks.restart(track)
        if track in self._gone:
            self._merge.gone(track)
            return
        self._gone[track] = cause
        gap = self._break_track(track, cause)
        self._merge.gone(track)
        if self._phase in {Phase.RECORDING, Phase.STOPPING}:
            open_gap = since(gap, self._start_ns)
            if open_gap is not None:
                self._say_open(open_gap)
        self._listener.part_failed(fault)

    def _break_track(self, track: Track, cause: Cause) -> Gap:
        if track is Track.VIDEO:
            return self._video.broke(cause)
        packets, gap = self._audio.broke(cause)
        self._put_all(packets)
        return gap

    def _look_for_silence(self, seen_ns: int) -> None:
        for track, heard_ns in self._heard_ns.items():
            if seen_ns - heard_ns <= SILENCE_NS:
                continue
            self._heard_ns[track] = seen_ns
            if track in self._gone:
                # It could be started, and is as silent as before.
                self._asks.restart(track)
            else:
                self._broke(track, _silent(track), Cause.SILENT)

    def _turn_needs_keyframe(self, packet: VideoPacket) -> bool:
        return not packet.keyframe and self._writer.turn_is_due(packet.pts_ns)

    def _ask_keyframe(self, at_ns: int, *, now: bool = False) -> None:
        if now or abs(at_ns - self._asked_ns) >= _ASK_AGAIN_NS:
            self._asked_ns = at_ns
            self._asks.keyframe()

    # Gaps.

    def _say(self, gap: Gap | None) -> None:
        if gap is not None:
            self._sink.gap(gap)

    def _say_doubt(self, doubt: Doubt | None) -> None:
        if doubt is not None and doubt.to_ns > self._start_ns:
            self._sink.doubt(replace(doubt, from_ns=max(doubt.from_ns, self._start_ns)))

    def _say_open(self, gap: Gap) -> None:
        self._open_gaps[gap.track] = gap
        self._sink.gap(gap)


def _silent(track: Track) -> CameraFault | MicrophoneFault:
    detail = f"it delivered nothing for {SILENCE_NS // SECOND_NS} s; it is started again"
    if track is Track.VIDEO:
        return CameraFault(PARTS[track], detail)
    return MicrophoneFault(PARTS[track], detail)
