"""The recorder's ear: what its microphone heard of what its loudspeaker played.

Owns the wait for the sound that is still on its way, the windows in which an officer is to speak,
and the level this unit's loudspeaker usually has. Refuses to guess: where the microphone delivered
nothing there is no answer, and where a part was not captured that part counts as missing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from threading import Event
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.capture.media import SECOND_NS
from agent.disclosure.ring import IDLE_NS, Ring
from evidence import hearing
from evidence.hearing import Hearing
from hw.ports import Clock
from hw.types import Clip

_log = logging.getLogger(__name__)

AROUND_NS: Final = 7 * SECOND_NS // 10
"""A clip is looked for 0.6 s around where it is expected."""
PATIENCE_SECONDS: Final = 2.5
"""So long is waited for sound that should have come, and again as long as more of it comes: a
second of it may wait to be certain of its time (``agent.capture.watch``), and a busy machine is
behind with all of it."""
LONGEST_SECONDS: Final = 10.0
"""Of that patience: whoever has asked waits for an answer."""

STALE_NS: Final = SECOND_NS
"""A microphone of which no later sound comes delivers nothing now."""

_LOOK_SECONDS: Final = 0.05
_PATIENCE_NS: Final = round(PATIENCE_SECONDS * SECOND_NS)
_PIECE_NS: Final = 10 * SECOND_NS
"""A window is listened to in pieces, so that a long one needs no more memory than a short one."""
_REFERENCES_KEPT: Final = 8
_USUAL_MDB: Final = -6_000
"""A self-test that is weaker than this against the usual one does not become the usual one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one clip.

    Attributes:
        hearing: What was heard of it.
        level_relative_mdb: How loud it was against what this unit's self-test leads to expect,
            thousandths of a dB; None before a self-test, or where nothing was heard.
    """

    hearing: Hearing
    level_relative_mdb: int | None


class Ear:
    """Listens to the microphone's blocks.

    Args:
        clock: CLOCK_BOOTTIME, and the only waiter.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ring = Ring()
        self._usual_mdb: int | None = None

    def heard(self, samples: bytes, first_ns: int) -> None:
        """Take a block of the microphone; capture's mux thread calls this.

        Args:
            samples: Mono, signed 16 bit little endian, 48,000 a second.
            first_ns: When the first of them sounded, CLOCK_BOOTTIME.
        """
        self._ring.hold(samples, first_ns)

    def attend(self, seconds: float) -> None:
        """Something will be asked about the next ``seconds``: keep what is heard."""
        self._ring.attend(self._clock.monotonic_ns() + round(seconds * SECOND_NS))

    def learn(self, level_mdb: int) -> None:
        """Set the level of the self-test: how much louder it is here than in the clip itself."""
        self._usual_mdb = level_mdb

    def check(self, clip: Clip, from_ns: int, to_ns: int) -> Heard | None:
        """Look for ``clip``, which was played from ``from_ns`` to ``to_ns``.

        Waits up to 2.5 s for the sound, up to 10 s while more of it comes. Needs about 15 ms of one
        core on a desktop.

        Returns:
            What was heard; None where the microphone delivered nothing of that time, or the clip is
            too short (under 2 s) to be recognised.
        """
        reference = _reference(clip)
        if reference is None:
            return None
        self._await(to_ns + AROUND_NS)
        begin_ns = from_ns - AROUND_NS
        end_ns = from_ns + _duration_ns(clip) + AROUND_NS
        sound = self._ring.cut(begin_ns, max(end_ns, to_ns))
        if sound.captured == 0:
            return None
        found = hearing.listen(reference, sound.samples, expected_ns=AROUND_NS, lost=sound.lost)
        return Heard(found, self._relative(clip, found))

    def test(self, clip: Clip, from_ns: int, to_ns: int) -> Heard | None:
        """``check`` of a self-test, which also says how loud this unit usually is."""
        answer = self.check(clip, from_ns, to_ns)
        if answer is not None and answer.hearing.complete:
            relative = answer.level_relative_mdb
            if relative is None or relative > _USUAL_MDB:
                self.learn(_gain_mdb(clip, answer.hearing))
        return answer

    def window(self, from_ns: int, to_ns: int) -> int | None:
        """How many milliseconds of this time somebody spoke; None where nothing was captured.

        Waits as ``check``. Nothing is known of more than 130 s ago, nor of a time that
        nobody attended to.
        """
        self._await(to_ns)
        voiced, captured = 0, 0
        for begin_ns in range(from_ns, to_ns, _PIECE_NS):
            sound = self._ring.cut(begin_ns, min(to_ns, begin_ns + _PIECE_NS))
            captured += sound.captured
            voiced += hearing.voiced_ms(sound.samples)
        return voiced if captured else None

    def level(self, seconds: float) -> int | None:
        """How loud the last ``seconds`` (at most 5) were, thousandths of dBFS; None: no sound.

        Waits up to 2.5 s for sound that is no older than a second now.
        """
        asked_ns = self._clock.monotonic_ns() - STALE_NS
        self._await(asked_ns, PATIENCE_SECONDS)
        newest_ns = self._ring.newest_ns
        if newest_ns < asked_ns:
            return None
        sound = self._ring.cut(newest_ns - min(IDLE_NS, round(seconds * SECOND_NS)), newest_ns)
        if sound.captured == 0:
            return None
        there = np.ones(sound.samples.size, bool)
        for begin, end in sound.lost:
            there[begin:end] = False
        return hearing.level_mdb(sound.samples[there])

    def _await(self, at_ns: int, longest_seconds: float = LONGEST_SECONDS) -> None:
        """Wait for sound up to ``at_ns``, with patience from when it should have come."""
        due_ns = max(self._clock.monotonic_ns(), at_ns - AROUND_NS)
        longest_ns = due_ns + round(longest_seconds * SECOND_NS)
        limit_ns, newest_ns = due_ns + _PATIENCE_NS, self._ring.newest_ns
        while newest_ns < at_ns and self._clock.monotonic_ns() < min(limit_ns, longest_ns):
            self._clock.wait(Event(), _LOOK_SECONDS)
            if self._ring.newest_ns > newest_ns:
                newest_ns = self._ring.newest_ns
                limit_ns = max(limit_ns, self._clock.monotonic_ns() + _PATIENCE_NS)

    def _relative(self, clip: Clip, found: Hearing) -> int | None:
        if self._usual_mdb is None or not found.heard:
            return None
        return _gain_mdb(clip, found) - self._usual_mdb


def prepare(clip: Clip) -> None:
    """Do ahead of a press what ``Ear.check`` needs of ``clip``."""
    _reference(clip)


@lru_cache(_REFERENCES_KEPT)
def _reference(clip: Clip) -> hearing.Reference | None:
    try:
        return hearing.Reference(_samples(clip), clip.rate)
    except ValueError as error:
        _log.warning("clip %s cannot be listened for: %s", clip.clip_id, error)
        return None


def _samples(clip: Clip) -> NDArray[np.int16]:
    return np.frombuffer(clip.samples, "<i2").astype(np.int16)


def _gain_mdb(clip: Clip, found: Hearing) -> int:
    return found.level_mdb - hearing.level_mdb(_samples(clip))


def _duration_ns(clip: Clip) -> int:
    return len(clip.samples) // 2 * SECOND_NS // clip.rate
