"""The one queue before the loudspeaker.

Owns playing: one sound at a time, and for each attempt at a clip one report of what was really
handed to the loudspeaker. Refuses to say more than that, to overlap sounds, and to hold anything
back: it works in a thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

from agent.disclosure.clips import load_clip
from agent.disclosure.tones import tones
from agent.errors import ClipError
from agent.session.events import ClipEnded
from agent.vault.messages import AnnouncementRule
from hw.errors import HardwareFault
from hw.ports import Clock, Playback, Speaker
from hw.types import Clip

_LOOK_SECONDS: Final = 0.05
_SLACK_SECONDS: Final = 2.0
"""A loudspeaker that takes this much longer than its clip is broken."""
_MOST_WAITING: Final = 4


@dataclass(frozen=True, slots=True)
class _Job:
    """A sound to be played: announcement ``index``, or tones where that is None."""

    index: int | None
    clip: Clip | None


class Announcer:
    """Plays what it is told to, and reports.

    Args:
        speaker: The loudspeaker.
        clock: The device's clock.
        report: Takes a ``ClipEnded`` for every ``play``.
    """

    def __init__(self, speaker: Speaker, clock: Clock, report: Callable[[ClipEnded], None]) -> None:
        self._speaker = speaker
        self._clock = clock
        self._report = report
        self._clips: list[Clip | None] = []
        self._jobs: deque[_Job] = deque()
        self._lock = Lock()
        self._work = Event()
        self._hush = Event()
        self._busy = False

    def start(self) -> None:
        """Begin to work."""
        Thread(target=self._run, name="announcer", daemon=True).start()

    def load(self, announce: Path, rules: Sequence[AnnouncementRule]) -> dict[str, str]:
        """Read the clips of ``rules`` ahead of the press.

        Returns:
            What is wrong with those that cannot be played, by id.
        """
        clips: list[Clip | None] = []
        wrong = {}
        for rule in rules:
            try:
                clips.append(load_clip(announce, rule))
            except ClipError as error:
                clips.append(None)
                wrong[rule.id] = error.detail
        with self._lock:
            self._clips = clips
        return wrong

    def play(self, index: int) -> None:
        """Play announcement ``index`` after what sounds now; a ``ClipEnded`` always follows."""
        with self._lock:
            clip = self._clips[index] if index < len(self._clips) else None
            self._hush.clear()
            self._jobs.append(_Job(index, clip))
        self._work.set()

    def beep(self, times: int) -> None:
        """Sound tones, unless something sounds already: they never overlap an announcement."""
        with self._lock:
            if self._busy or len(self._jobs) >= _MOST_WAITING or self._jobs:
                return
            self._jobs.append(_Job(None, tones(times)))
        self._work.set()

    def stop(self) -> None:
        """Give up what is being announced: it is reported as far as it came."""
        self._hush.set()

    def _run(self) -> None:
        while True:
            self._work.wait()
            with self._lock:
                job = self._jobs.popleft() if self._jobs else None
                self._busy = job is not None
                if job is None:
                    self._work.clear()
                    continue
            self._do(job)

    def _do(self, job: _Job) -> None:
        from_ns = self._clock.monotonic_ns()
        if job.clip is None:
            self._tell(job, from_ns, None, "clip")
            return
        if job.index is not None and self._hush.is_set():
            self._tell(job, from_ns, None, "stopped")
            return
        try:
            playback = self._speaker.play(job.clip)
        except HardwareFault:
            self._tell(job, from_ns, None, "speaker")
            return
        whole = self._follow(playback, job.clip)
        played = playback.frames_played() >= len(job.clip.samples) // 2
        stopped = self._hush.is_set() and not whole
        self._tell(job, from_ns, playback, None if played else "stopped" if stopped else "speaker")
        # The loudspeaker cannot be silenced: the next sound waits for this one.
        self._drain(playback, job.clip)

    def _follow(self, playback: Playback, clip: Clip) -> bool:
        """Whether the playback ended by itself, before anybody gave it up."""
        limit_ns = self._clock.monotonic_ns() + _longest_ns(clip)
        while not self._hush.is_set() and self._clock.monotonic_ns() < limit_ns:
            if playback.wait(_LOOK_SECONDS):
                return True
        return False

    def _drain(self, playback: Playback, clip: Clip) -> None:
        limit_ns = self._clock.monotonic_ns() + _longest_ns(clip)
        while self._clock.monotonic_ns() < limit_ns and not playback.wait(_LOOK_SECONDS):
            continue

    def _tell(self, job: _Job, from_ns: int, playback: Playback | None, reason: str | None) -> None:
        if job.index is None:
            return
        self._report(
            ClipEnded(
                clip=job.index,
                frames_played=playback.frames_played() if playback else 0,
                underruns=playback.underruns() if playback else 0,
                from_ns=from_ns,
                to_ns=self._clock.monotonic_ns(),
                reason=reason,
            )
        )


def _longest_ns(clip: Clip) -> int:
    seconds = len(clip.samples) / 2 / clip.rate + _SLACK_SECONDS
    return round(seconds * 1_000_000_000)
