"""The one queue between the drivers' threads and the mux thread.

Owns its bounds, per track, and the count of what did not fit. Refuses to lose anything silently: a
loss is handed over as a value, in its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event

from agent.capture.media import CaptureRules, Track
from hw.errors import CameraFault, MicrophoneFault
from hw.types import AudioBlock, VideoPacket

_BLOCKS_PER_SECOND = 100
"""More than any driver makes: blocks of 10 ms."""
_SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class Picture:
    """A packet of the camera, and when its encoder had delivered it, CLOCK_BOOTTIME."""

    packet: VideoPacket
    delivered_ns: int


@dataclass(frozen=True, slots=True)
class Overflow:
    """``amount`` frames or samples of ``track`` did not fit here."""

    track: Track
    amount: int


@dataclass(frozen=True, slots=True)
class PartStarted:
    """The driver of ``track`` has been started."""

    track: Track


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do in the mux thread."""

    run: Callable[[], None]


Item = Picture | AudioBlock | CameraFault | MicrophoneFault | Overflow | PartStarted | Command


class Inbox:
    """Media is bounded; faults and commands always fit.

    Args:
        rules: Seconds of media that fit, and how long a full queue may hold a driver.
    """

    def __init__(self, rules: CaptureRules) -> None:
        self.ready = Event()
        self._patience_seconds = rules.patience_seconds
        self._most = {
            Track.VIDEO: rules.queue_seconds * rules.frames_per_second,
            Track.AUDIO: rules.queue_seconds * _BLOCKS_PER_SECOND,
        }
        self._held = dict.fromkeys(Track, 0)
        self._lost = dict.fromkeys(Track, 0)
        self._items: deque[Item] = deque()
        self._changed = Condition()
        self._closed = False

    def offer(self, item: Picture | AudioBlock) -> None:
        """Put media in; what does not fit is counted and told before the next that does."""
        track = Track.VIDEO if isinstance(item, Picture) else Track.AUDIO
        with self._changed:
            if not self._has_room(track):
                self._lost[track] += _amount(item)
                return
            if self._lost[track]:
                self._items.append(Overflow(track, self._lost[track]))
                self._lost[track] = 0
            self._held[track] += 1
            self._items.append(item)
        self.ready.set()

    def tell(self, item: CameraFault | MicrophoneFault | PartStarted | Command) -> None:
        """Put in what must arrive."""
        with self._changed:
            self._items.append(item)
        self.ready.set()

    def take(self) -> list[Item]:
        """Everything that is in, in order."""
        with self._changed:
            self.ready.clear()
            items = list(self._items)
            self._items.clear()
            self._held = dict.fromkeys(Track, 0)
            self._changed.notify_all()
        return items

    def close(self) -> None:
        """Hold no driver any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.ready.set()

    def _has_room(self, track: Track) -> bool:
        if self._held[track] < self._most[track]:
            return True
        if self._patience_seconds <= 0:
            return False
        self._changed.wait_for(
            lambda: self._closed or self._held[track] < self._most[track], self._patience_seconds
        )
        return self._held[track] < self._most[track]


def _amount(item: Picture | AudioBlock) -> int:
    return (
        1 if isinstance(item, Picture) else len(item.samples) // _SAMPLE_BYTES + item.lost_samples
    )
