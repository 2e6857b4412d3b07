"""When a microphone's sample sounded, on the recorder's clock.

Owns the model of the microphone's own crystal. Blocks arrive late, never early, so the earliest
arrivals of each two seconds tell the truth; a line through the last minutes of them is the
crystal's offset and drift. Refuses to touch samples: drift lives in their times. Refuses to judge
losses: its offset creeps by at most 300 ppm and steps only where it is told of one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from agent.capture.media import SECOND_NS

BUCKET_NS: Final = 2 * SECOND_NS
BUCKETS_KEPT: Final = 60
MOST_SLEW: Final = 300e-6
SETTLING_NS: Final = SECOND_NS // 4
"""Sound that must have been heard before the first sample gets a time."""
_BUSY_NS: Final = 5_000_000
_BUSY_BUCKETS: Final = 3
"""Buckets so much later than the line say nothing of the crystal, unless they stay."""
_ENVELOPE_NS: Final = 2_000_000
_LINE_POINTS: Final = 3

Point = tuple[float, float]
"""Time by the stream's own count, and how late that arrived against a perfect crystal; ns."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through ``(x, y)`` with ``slope``."""

    x: float = 0.0
    y: float = 0.0
    slope: float = 0.0

    def at(self, x: float) -> float:
        """Height of the line at ``x``."""
        return self.y + self.slope * (x - self.x)


class SampleClock:
    """Gives times to the samples of one stream, which begins at index 0.

    Args:
        rate: Samples each second, as the device claims.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._heard = 0
        self._zero_ns = 0
        self._points: deque[Point] = deque(maxlen=BUCKETS_KEPT)
        self._busy = 0
        self._line = Line()
        self._lowest: Point | None = None
        self._bucket = 0
        self._offset_ns = 0.0
        self._first = True

    @property
    def heard(self) -> int:
        """Index of the next sample: all that came, and all that are known to be lost."""
        return self._heard

    @property
    def settled(self) -> bool:
        """Whether enough has been heard for times to be trusted."""
        return self._ns(self._heard) >= SETTLING_NS

    def skip(self, samples: int) -> None:
        """``samples`` are lost: the next one to come is that much later. Negative: found again."""
        self._heard += samples

    def hear(self, samples: int, arrived_ns: int, *, free: bool = False) -> None:
        """A block has come.

        Args:
            samples: How many it holds.
            arrived_ns: When its last sample had been delivered, CLOCK_BOOTTIME.
            free: Whether no time has been given out yet, so that the offset may jump.
        """
        if self._first:
            self._zero_ns, self._first = arrived_ns - round(self._ns(samples)), False
        self._heard += samples
        stream_ns = self._ns(self._heard)
        self._collect((stream_ns, self._lateness(stream_ns, arrived_ns)))
        most = MOST_SLEW * self._ns(samples)
        step = self._expected(stream_ns) - self._offset_ns
        if self.settled and not free:
            step = min(most, max(-most, step))
        self._offset_ns += step

    def time_of(self, index: int) -> int:
        """When sample ``index`` sounded, CLOCK_BOOTTIME, nanoseconds. Ask in rising order."""
        whole = index * SECOND_NS // self._rate
        return self._zero_ns + whole + round(self._offset_ns)

    def late_ns(self, ahead: int, arrived_ns: int) -> float:
        """How late a block came, by the times that are given out.

        Args:
            ahead: Samples from the next one up to the block's end.
            arrived_ns: See ``hear``.
        """
        return arrived_ns - self._zero_ns - self._ns(self._heard + ahead) - self._offset_ns

    def _ns(self, samples: float) -> float:
        return samples * SECOND_NS / self._rate

    def _lateness(self, stream_ns: float, arrived_ns: int) -> float:
        return arrived_ns - self._zero_ns - stream_ns

    def _collect(self, point: Point) -> None:
        bucket = int(point[0]) // BUCKET_NS
        if bucket != self._bucket and self._lowest is not None:
            self._close_bucket(self._lowest)
            self._lowest = None
        self._bucket = bucket
        if self._lowest is None or point[1] < self._lowest[1]:
            self._lowest = point

    def _close_bucket(self, lowest: Point) -> None:
        rise = lowest[1] - self._line.at(lowest[0]) if self._points else 0.0
        self._busy = self._busy + 1 if rise >= _BUSY_NS else 0
        if 0 < self._busy <= _BUSY_BUCKETS:
            return
        self._points.append(lowest)
        self._line = lower_line(list(self._points))

    def _expected(self, stream_ns: float) -> float:
        """The best lateness a block ending at ``stream_ns`` could have."""
        if self._lowest is None:
            return self._line.at(stream_ns)
        if not self._points:
            return self._lowest[1]
        ahead = self._lowest[1] - self._line.at(self._lowest[0])
        return self._line.at(stream_ns) + min(0.0, ahead)


def lower_line(points: list[Point]) -> Line:
    """The line along the lower edge of ``points``: those far above it were late as a whole."""
    line = _fit(points)
    low = [point for point in points if point[1] - line.at(point[0]) < _ENVELOPE_NS]
    return _fit(low) if len(points) // 2 < len(low) < len(points) else line


def _fit(points: list[Point]) -> Line:
    if len(points) < _LINE_POINTS:
        x, y = min(points, key=lambda point: point[1])
        return Line(x, y)
    x = fmean(point[0] for point in points)
    y = fmean(point[1] for point in points)
    spread = sum((point[0] - x) ** 2 for point in points)
    slope = sum((point[0] - x) * (point[1] - y) for point in points) / spread
    return Line(x, y, min(MOST_SLEW, max(-MOST_SLEW, slope)))
