"""What waits to sound, and what sounds next.

Owns the order: an announcement before a tone before a prompt; and when waiting has made something
pointless. Refuses sound and threads.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Final

from agent.disclosure.ear import Heard
from agent.voice.numbers import Words
from hw.types import Clip

_SECOND_NS: Final = 1_000_000_000
TONE_NS: Final = _SECOND_NS
"""A tone answers a finger: a second later it answers nothing."""
PROMPT_NS: Final = 30 * _SECOND_NS
"""A prompt outlasts the announcements before it, not much more."""
MOST_PROMPTS: Final = 8
_END: Final = "stop"


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement of the rulebook; its ``clip`` is None where it cannot be played."""

    index: int
    clip: Clip | None
    given_up: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Tone:
    """Tones, worth sounding until ``stale_ns``."""

    clip: Clip
    stale_ns: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """Sentences to the officer.

    Attributes:
        words: All of it.
        left: Sentences that have not sounded yet.
        stale_ns: Until when it is worth beginning.
        answer: Who waits for what is heard of it, where it is a self-test.
        given_up: Whether nobody needs the rest any more.
    """

    words: Words
    left: tuple[Words, ...]
    stale_ns: int
    answer: Future[Heard | None] | None = None
    given_up: Event = field(default_factory=Event)

    def rest(self) -> Prompt | None:
        """What remains after the first sentence that is left."""
        return replace(self, left=self.left[1:]) if len(self.left) > 1 else None


Sound = Announcement | Tone | Prompt


class Waiting:
    """The three queues as one. Callers keep threads apart."""

    def __init__(self) -> None:
        self._announcements: deque[Announcement] = deque()
        self._tone: Tone | None = None
        self._prompts: deque[Prompt] = deque()

    @property
    def announcements(self) -> tuple[Announcement, ...]:
        """Those that wait."""
        return tuple(self._announcements)

    def announce(self, announcement: Announcement) -> None:
        """An announcement waits for nothing but what sounds already."""
        self._announcements.append(announcement)

    def beep(self, tone: Tone) -> None:
        """The last tone asked for is the one that answers; none beside an announcement."""
        if not self._announcements:
            self._tone = tone

    def say(self, prompt: Prompt) -> list[Prompt]:
        """A prompt waits; the same words wait once.

        Returns:
            Prompts that will not sound now.
        """
        if any(prompt.words == other.words for other in self._prompts):
            return [prompt]
        self._prompts.append(prompt)
        return [self._prompts.popleft()] if len(self._prompts) > MOST_PROMPTS else []

    def go_on(self, prompt: Prompt) -> None:
        """The rest of a prompt that is being said: it comes before others."""
        self._prompts.appendleft(prompt)

    def hush(self) -> list[Prompt]:
        """Take all prompts away, and say which."""
        cut = list(self._prompts)
        self._prompts.clear()
        return cut

    def take(self, now_ns: int) -> tuple[Sound | None, list[Prompt]]:
        """What sounds next, and the prompts that came too late."""
        if self._announcements:
            self._tone = None
            return self._announcements.popleft(), []
        tone, self._tone = self._tone, None
        if tone is not None and now_ns <= tone.stale_ns:
            return tone, []
        stale: list[Prompt] = []
        while self._prompts:
            prompt = self._prompts.popleft()
            if now_ns <= prompt.stale_ns:
                return prompt, stale
            stale.append(prompt)
        return None, stale


def sentences_of(words: Words) -> tuple[Words, ...]:
    """A row of words, cut after each full stop: between sentences something else may sound."""
    cut: list[Words] = []
    begin = 0
    for index, word in enumerate(words, 1):
        if word == _END or index == len(words):
            cut.append(words[begin:index])
            begin = index
    return tuple(cut)
