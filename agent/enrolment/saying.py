"""Saying the six digits aloud, so that a clerk who faces the screen hears them.

Owns which body speaks. Refuses to keep a recorder from being enrolled because it cannot be heard:
the digits are shown all the same, and what was wrong with the loudspeaker is told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from agent.enrolment.enrol import Recorder, Show
from agent.enrolment.telling import words_of
from agent.errors import ClipError
from agent.voice.words import clip_of
from hw.board import open_speaker
from hw.errors import HardwareFault
from hw.ports import Speaker

Say = Callable[[str], None]
_LONGEST_SECONDS: Final = 20.0


def aloud(recorder: Recorder, show: Show, *, simulated: bool = False) -> Show:
    """Show, and say too: always by a real body, by a simulated one where its world runs.

    Args:
        recorder: Whose digits.
        show: Shows them.
        simulated: Whether a simulated body is to speak.
    """
    if recorder.seed.board == "fake" and not simulated:
        return show

    def show_and_say(digits: str) -> None:
        show(digits)
        try:
            say(_speaker(recorder), digits)
        except (HardwareFault, ClipError) as fault:
            print(f"扬声器不可用（{fault.code}），请看屏幕数字", file=sys.stderr)  # noqa: T201

    return show_and_say


def say(speaker: Speaker, digits: str) -> None:
    """Say the digits, one at a time, to the end.

    Raises:
        SpeakerFault: The loudspeaker does not play.
        ClipError: The sound of a digit is missing.
    """
    speaker.play(clip_of(words_of(digits))).wait(_LONGEST_SECONDS)


def _speaker(recorder: Recorder) -> Speaker:
    """Only that: a camera that is opened for nothing does not always close well."""
    paths = recorder.paths
    return open_speaker(recorder.seed.board, device_dir=paths.folder, run_dir=paths.run)
