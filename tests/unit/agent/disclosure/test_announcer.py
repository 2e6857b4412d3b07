"""The announcer plays one sound at a time and says what was played."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import msgspec
import pytest

from agent.disclosure.announcer import Announcer
from agent.session.events import ClipEnded
from agent.vault.messages import AnnouncementRule
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import CameraSettings
from tests.kits.clip import SAMPLES, write_clip


class Voice:
    """An announcer, its world, and what it reported."""

    def __init__(self, announce: Path) -> None:
        clock = JumpingClock()
        self.world = FakeWorld.here(clock)
        board = recorder_board(self.world.link, camera=CameraSettings(), source=clock)
        self.reports: Queue[ClipEnded] = Queue()
        self.announcer = Announcer(board.speaker, board.clock, self.reports.put)
        meta = json.loads((announce / "zh-cn" / "meta.json").read_text())
        del meta["lang"]
        self.rule = msgspec.convert(meta, AnnouncementRule)
        self.announce = announce
        self.announcer.start()

    def load(self) -> dict[str, str]:
        return self.announcer.load(self.announce, [self.rule])

    def report(self) -> ClipEnded:
        return self.reports.get(timeout=10)


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    made = Voice(write_clip(tmp_path / "announce" / "zh-cn"))
    yield made
    made.world.close()


def test_a_clip_that_was_played_whole_has_no_reason(voice: Voice) -> None:
    assert voice.load() == {}
    voice.announcer.play(0)
    report = voice.report()
    assert (report.frames_played, report.reason) == (SAMPLES, None)
    assert report.to_ns > report.from_ns
    assert [sound.clip_id for sound in voice.world.heard()] == ["zh-cn"]


def test_an_altered_clip_is_not_played_and_said_so(voice: Voice) -> None:
    (voice.announce / "zh-cn" / "text.txt").write_text("你好")
    assert set(voice.load()) == {"zh-cn"}
    voice.announcer.play(0)
    report = voice.report()
    assert (report.frames_played, report.reason) == (0, "clip")
    assert voice.world.heard() == ()


def test_a_broken_speaker_is_said(voice: Voice) -> None:
    voice.load()
    voice.world.break_speaker()
    voice.announcer.play(0)
    assert voice.report().reason == "speaker"


def test_an_announcement_that_is_given_up_says_how_far_it_came(voice: Voice) -> None:
    voice.load()
    voice.announcer.play(0)
    voice.announcer.stop()
    report = voice.report()
    assert report.reason in {"stopped", None}
    assert (report.frames_played == SAMPLES) == (report.reason is None)


def test_each_attempt_has_its_report(voice: Voice) -> None:
    voice.load()
    for _ in range(3):
        voice.announcer.play(0)
    assert [voice.report().reason for _ in range(3)] == [None, None, None]
    assert len(voice.world.heard()) == 3


def test_tones_never_overlap_the_announcement(voice: Voice) -> None:
    voice.load()
    voice.announcer.play(0)
    voice.announcer.beep(2)
    voice.report()
    voice.announcer.play(0)
    voice.report()
    assert {sound.clip_id for sound in voice.world.heard()} == {"zh-cn"}
