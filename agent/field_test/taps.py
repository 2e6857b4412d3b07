"""Between the recorder's mind and its body: what crosses the ports, watched.

Owns the wrapped ports. Refuses to change what crosses them, but for two things: while the tester
tries buttons or lamp, the mind feels no finger and its patterns wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from agent.disclosure.ear import Ear
from agent.session.events import Event
from agent.session.inbox import Inbox
from hw.errors import CameraFault
from hw.ports import Button, Camera, Clock, Lamp, VideoSink
from hw.types import Edge, LampPattern, LampReading, VideoPacket

_EVENTS_KEPT: Final = 2_048
_PACKETS_KEPT: Final = 600
_BLOCKS_KEPT: Final = 1_000
_EDGES_KEPT: Final = 1_000
_LATE: Final = 1.5
"""Frames: a step of more than this between two pictures has lost some."""


class WatchedInbox(Inbox):
    """The loop's inbox; what was posted last can be looked up."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: deque[Event | Edge] = deque(maxlen=_EVENTS_KEPT)
        self.posted = 0
        self._guard = Lock()

    def post(self, event: Event | Edge) -> None:
        """Keep it, and hand it on."""
        with self._guard:
            self._seen.append(event)
            self.posted += 1
        super().post(event)

    def since(self, posted: int) -> list[Event | Edge]:
        """What was posted after so many, as far as it is kept."""
        with self._guard:
            count = min(self.posted - posted, len(self._seen))
            return list(self._seen)[len(self._seen) - count :]


class FeltButton(Button):
    """A button whose edges are kept.

    Attributes:
        diverted: Whether the mind feels nothing of it.
    """

    def __init__(self, button: Button) -> None:
        self._button = button
        self._edges: deque[Edge] = deque(maxlen=_EDGES_KEPT)
        self.diverted = True

    def on_edge(self, callback: Callable[[Edge], None]) -> None:
        """Keep edges; hand them on unless they are diverted."""

        def feel(edge: Edge) -> None:
            self._edges.append(edge)
            if not self.diverted:
                callback(edge)

        self._button.on_edge(feel)

    def pressed(self) -> bool:
        """The level, as the mind may know it."""
        return not self.diverted and self._button.pressed()

    def is_down(self) -> bool:
        """The level."""
        return self._button.pressed()

    def edges(self) -> tuple[Edge, ...]:
        """Those that are kept."""
        return tuple(self._edges)

    def forget(self) -> None:
        """Keep none of the edges so far."""
        self._edges.clear()


class SharedLamp(Lamp):
    """A lamp that the test may take for itself."""

    def __init__(self, lamp: Lamp) -> None:
        self._lamp = lamp
        self._held = False
        self._wanted = LampPattern.STARTING

    def show(self, pattern: LampPattern) -> None:
        """Show it, or remember it."""
        self._wanted = pattern
        if not self._held:
            self._lamp.show(pattern)

    def read_back(self) -> LampReading:
        """What the lamp was told and shows."""
        return self._lamp.read_back()

    def hold(self, pattern: LampPattern) -> None:
        """Show ``pattern`` until it is let go."""
        self._held = True
        self._lamp.show(pattern)

    def let_go(self) -> None:
        """Show again what the mind wants."""
        self._held = False
        self._lamp.show(self._wanted)


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures so far: how many came, how many are missing, how uneven their times are."""

    count: int
    lost: int
    worst_step_ns: int


class WatchedCamera(Camera):
    """A camera whose last packets are kept, and all of them counted."""

    def __init__(self, camera: Camera, frame_ns: int) -> None:
        self._camera = camera
        self._frame_ns = frame_ns
        self._packets: deque[VideoPacket] = deque(maxlen=_PACKETS_KEPT)
        self.frames = Frames(0, 0, 0)

    def start(self, sink: VideoSink) -> None:
        """Keep and count what comes, and hand it on."""
        self._packets.clear()

        def take(packet: VideoPacket | CameraFault) -> None:
            if isinstance(packet, VideoPacket):
                self._count(packet)
                self._packets.append(packet)
            sink(packet)

        self._camera.start(take)

    def stop(self) -> None:
        """Stop."""
        self._camera.stop()

    def request_keyframe(self) -> None:
        """Ask for one."""
        self._camera.request_keyframe()

    def still(self) -> bytes:
        """Take one."""
        return self._camera.still()

    def packets(self, since_ns: int = 0) -> tuple[VideoPacket, ...]:
        """Those captured after ``since_ns``, and those before from which they can be decoded."""
        kept = tuple(self._packets)
        begins = [n for n, one in enumerate(kept) if one.keyframe]
        before = [n for n in begins if kept[n].pts_ns <= since_ns]
        first = before[-1] if before else begins[0] if begins else len(kept)
        return kept[first:]

    def _count(self, packet: VideoPacket) -> None:
        frames, last = self.frames, self._packets[-1].pts_ns if self._packets else None
        step_ns = self._frame_ns if last is None else packet.pts_ns - last
        lost = round(step_ns / self._frame_ns) - 1 if step_ns > _LATE * self._frame_ns else 0
        worst_ns = max(frames.worst_step_ns, step_ns)
        self.frames = Frames(frames.count + 1, frames.lost + lost, worst_ns)


class WatchedEar(Ear):
    """An ear whose last blocks are kept as they came."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._blocks: deque[tuple[int, bytes]] = deque(maxlen=_BLOCKS_KEPT)

    def heard(self, samples: bytes, first_ns: int) -> None:
        """Keep a block, and listen."""
        self._blocks.append((first_ns, samples))
        super().heard(samples, first_ns)

    def blocks(self, since_ns: int) -> list[tuple[int, bytes]]:
        """Those that began to sound after ``since_ns``: when, and samples."""
        return [one for one in tuple(self._blocks) if one[0] >= since_ns]
