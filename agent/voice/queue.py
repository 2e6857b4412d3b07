"""The one queue before the loudspeaker.

Owns playing: one sound at a time, for each attempt at an announcement one report of what was played
and heard of it, for each prompt one of its end. Refuses to overlap sounds, to say more than it
knows, and to hold anything back: it plays in a thread of its own and listens in another one.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Final, assert_never

from agent.disclosure import ear as ears
from agent.disclosure.clips import load_clip
from agent.disclosure.ear import Ear, Heard
from agent.errors import ClipError
from agent.session.events import ClipEnded, PartFailed, PartRecovered, Spoken
from agent.vault.messages import AnnouncementRule
from agent.voice import sentences
from agent.voice.loudspeaker import Loudspeaker, Sounded
from agent.voice.numbers import Words
from agent.voice.tones import rising, tones
from agent.voice.waiting import (
    PROMPT_NS,
    TONE_NS,
    Announcement,
    Prompt,
    Tone,
    Waiting,
    sentences_of,
)
from agent.voice.words import clip_of
from hw.ports import Clock, Speaker
from hw.types import Clip

_log = logging.getLogger(__name__)

Report = ClipEnded | Spoken | PartFailed | PartRecovered

_PART: Final = "speaker"
_AFTER_CLIP_SECONDS: Final = 3.0
_SELF_TEST_SECONDS: Final = 60.0
"""Only a thread that has died keeps a self-test waiting so long."""
_RINGS_SECONDS: Final = 0.3
"""What a sound rings on in loudspeaker and room."""
_SOUNDS_KEPT: Final = 128
_SECOND_NS: Final = 1_000_000_000


class Voice:
    """Plays what it is told to, and reports.

    Args:
        speaker: The loudspeaker.
        clock: The device's clock.
        report: Takes what happened; called from this class's threads, it must only enqueue.
        ear: Hears what was played.
        failed: Told of an error that is no fault of a part: the process has to end.
    """

    def __init__(
        self,
        speaker: Speaker,
        clock: Clock,
        report: Callable[[Report], None],
        ear: Ear,
        failed: Callable[[Exception], None],
    ) -> None:
        self._loudspeaker = Loudspeaker(speaker, clock)
        self._clock = clock
        self._report = report
        self._ear = ear
        self._failed = failed
        self._clips: list[Clip | None] = []
        self._waiting = Waiting()
        self._sounding: Announcement | Tone | Prompt | None = None
        self._checks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = Lock()
        self._work = Event()
        self._broken = False
        self._sounds: deque[tuple[int, int]] = deque(maxlen=_SOUNDS_KEPT)

    def start(self) -> None:
        """Begin to work."""
        for name, work in (("voice", self._play_next), ("voice-ear", self._check_next)):
            Thread(target=self._run, args=(work,), name=name, daemon=True).start()

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
        for clip in clips:
            if clip is not None:
                self._checks.put(partial(ears.prepare, clip))
        return wrong

    def play(self, index: int) -> None:
        """Play announcement ``index`` after what sounds now; a ``ClipEnded`` always follows."""
        with self._lock:
            clip = self._clips[index] if index < len(self._clips) else None
            self._waiting.announce(Announcement(index, clip))
        self._work.set()

    def stop(self) -> None:
        """Give up what is being announced: it is reported as far as it came."""
        with self._lock:
            sounding = (self._sounding,) if isinstance(self._sounding, Announcement) else ()
            for announcement in (*sounding, *self._waiting.announcements):
                announcement.given_up.set()

    def beep(self, times: int) -> None:
        """Sound tones before any prompt; never beside an announcement."""
        self._sound_tone(tones(times))

    def rising_beep(self, step: int) -> None:
        """Sound the tone of second ``step`` of a hold, each higher."""
        self._sound_tone(rising(step))

    def say(self, words: Words) -> None:
        """Say a sentence to the officer; a ``Spoken`` always follows, said or given up."""
        if not words:
            self._report(Spoken(words))
            return
        self._put(self._prompt(words))

    def hush(self) -> None:
        """Give up the prompts that wait; a sentence that sounds already ends by itself."""
        with self._lock:
            cut = self._waiting.hush()
            if isinstance(self._sounding, Prompt):
                self._sounding.given_up.set()
        for prompt in cut:
            self._end(prompt)

    def self_test(self) -> Heard | None:
        """Say a short prompt and listen for it. Blocks; not for the session's loop.

        Returns:
            What was heard; None where it could not be played, or nobody could listen.
        """
        answer: Future[Heard | None] = Future()
        self._put(self._prompt(sentences.SELF_TEST, answer))
        try:
            return answer.result(_SELF_TEST_SECONDS)
        except FutureTimeoutError:
            _log.error("the self-test of the loudspeaker was not played in time")
            return None

    def silences(self, from_ns: int, to_ns: int) -> list[tuple[int, int]]:
        """The parts of that time in which this loudspeaker did not sound: others may have spoken.

        Nothing is known of more than a hundred sounds ago.
        """
        with self._lock:
            sounds = sorted(self._sounds)
        silent, begin_ns = [], from_ns
        for began_ns, ended_ns in sounds:
            if began_ns > begin_ns:
                silent.append((begin_ns, min(began_ns, to_ns)))
            begin_ns = max(begin_ns, ended_ns)
        silent.append((begin_ns, to_ns))
        return [(begin, end) for begin, end in silent if begin < end]

    def _sound_tone(self, clip: Clip) -> None:
        with self._lock:
            if isinstance(self._sounding, Announcement):
                return
            self._waiting.beep(Tone(clip, self._clock.monotonic_ns() + TONE_NS))
        self._work.set()

    def _prompt(self, words: Words, answer: Future[Heard | None] | None = None) -> Prompt:
        stale_ns = self._clock.monotonic_ns() + PROMPT_NS
        return Prompt(words, sentences_of(words), stale_ns, answer)

    def _put(self, prompt: Prompt) -> None:
        with self._lock:
            cut = self._waiting.say(prompt)
        for given_up in cut:
            self._end(given_up)
        self._work.set()

    def _end(self, prompt: Prompt) -> None:
        """A prompt is over, without anything to be heard of it."""
        if prompt.answer is not None:
            prompt.answer.set_result(None)
        else:
            self._report(Spoken(prompt.words))

    # The playing thread.

    def _run(self, work: Callable[[], None]) -> None:
        try:
            while True:
                work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process is told and ends
            self._failed(error)

    def _play_next(self) -> None:
        self._work.wait()
        with self._lock:
            self._sounding, stale = self._waiting.take(self._clock.monotonic_ns())
            if self._sounding is None:
                self._work.clear()
        for prompt in stale:
            self._end(prompt)
        match self._sounding:
            case Announcement():
                self._announce(self._sounding)
            case Tone(clip):
                self._sound(clip, Event())
            case Prompt():
                self._speak(self._sounding)
            case None:
                pass
            case _:
                assert_never(self._sounding)

    def _announce(self, announcement: Announcement) -> None:
        clip = announcement.clip
        if clip is None:
            self._report(self._silence(announcement, "clip"))
            return
        if announcement.given_up.is_set():
            self._report(self._silence(announcement, "stopped"))
            return
        self._ear.attend(_seconds(clip) + _AFTER_CLIP_SECONDS)
        sounded = self._sound(clip, announcement.given_up)
        ended = _ended(announcement, sounded)
        if ended.reason == "stopped" or sounded.frames_played == 0:
            self._report(ended)
        else:
            self._checks.put(partial(self._listen, clip, ended))
        # The loudspeaker cannot be silenced: the next sound waits for this one.
        self._loudspeaker.drain()

    def _silence(self, announcement: Announcement, reason: str) -> ClipEnded:
        now_ns = self._clock.monotonic_ns()
        return ClipEnded(
            clip=announcement.index,
            frames_played=0,
            underruns=0,
            from_ns=now_ns,
            to_ns=now_ns,
            reason=reason,
        )

    def _speak(self, prompt: Prompt) -> None:
        try:
            clip = clip_of(prompt.left[0])
        except ClipError as error:
            _log.error("a prompt cannot be said: %s", error.detail)
            self._end(prompt)
            return
        if prompt.answer is not None:
            self._ear.attend(_seconds(clip) + _AFTER_CLIP_SECONDS)
        sounded = self._sound(clip, Event())
        rest = prompt.rest()
        if sounded.fault is None and rest is not None and self._goes_on(rest):
            return
        if prompt.answer is None or sounded.frames_played == 0:
            self._end(prompt)
        else:
            self._checks.put(partial(_answer, prompt.answer, self._ear, clip, sounded))

    def _goes_on(self, rest: Prompt) -> bool:
        """Put the rest of a prompt back, unless it has been given up."""
        with self._lock:
            if rest.given_up.is_set():
                return False
            self._waiting.go_on(rest)
            self._sounding = None
            return True

    def _sound(self, clip: Clip, given_up: Event) -> Sounded:
        """Play, and report a loudspeaker that has failed or come back."""
        began_ns = self._clock.monotonic_ns()
        self._remember(began_ns, began_ns + round(_seconds(clip) * _SECOND_NS))
        sounded = self._loudspeaker.sound(clip, given_up)
        self._remember(sounded.from_ns, sounded.to_ns)
        fault = sounded.fault
        if fault is not None and not self._broken:
            self._broken = True
            self._report(PartFailed(_PART, fault.code, fault.detail))
        elif fault is None and self._broken and not given_up.is_set():
            self._broken = False
            self._report(PartRecovered(_PART))
        return sounded

    def _remember(self, from_ns: int, to_ns: int) -> None:
        with self._lock:
            self._sounds.append((from_ns, to_ns + round(_RINGS_SECONDS * _SECOND_NS)))

    # The listening thread.

    def _check_next(self) -> None:
        self._checks.get()()

    def _listen(self, clip: Clip, ended: ClipEnded) -> None:
        heard = self._ear.check(clip, ended.from_ns, ended.to_ns)
        self._report(replace(ended, hearing=heard))


def _ended(announcement: Announcement, sounded: Sounded) -> ClipEnded:
    return ClipEnded(
        clip=announcement.index,
        frames_played=sounded.frames_played,
        underruns=sounded.underruns,
        from_ns=sounded.from_ns,
        to_ns=sounded.to_ns,
        reason=_reason(announcement, sounded),
    )


def _reason(announcement: Announcement, sounded: Sounded) -> str | None:
    """Why not all of it was played; None where it was."""
    clip = announcement.clip
    if clip is not None and sounded.frames_played >= len(clip.samples) // 2:
        return None
    return "stopped" if announcement.given_up.is_set() else "speaker"


def _answer(answer: Future[Heard | None], ear: Ear, clip: Clip, sounded: Sounded) -> None:
    answer.set_result(ear.test(clip, sounded.from_ns, sounded.to_ns))


def _seconds(clip: Clip) -> float:
    return len(clip.samples) / 2 / clip.rate
