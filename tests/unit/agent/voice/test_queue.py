"""One queue before the loudspeaker: no overlap, an answer to everything, no endless wait."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Event
from typing import TypeVar

import msgspec
import pytest

from agent.disclosure.ear import Ear
from agent.session.events import ClipEnded, PartFailed, PartRecovered, Spoken
from agent.vault.messages import AnnouncementRule
from agent.voice import sentences
from agent.voice.queue import Report, Voice
from hw.errors import SpeakerFault
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.ports import Playback, Speaker
from hw.types import CameraSettings, Clip
from tests.kits.media.clip import SAMPLES, write_clip

Kind = TypeVar("Kind", bound=Report)


class Stage:
    """A voice, its world, and what it reported."""

    def __init__(self, announce: Path, *, speaker: Speaker | None = None) -> None:
        self.clock = JumpingClock()
        self.world = FakeWorld.here(self.clock)
        board = recorder_board(self.world.link, camera=CameraSettings(), source=self.clock)
        self.reports: Queue[Report] = Queue()
        self.errors: list[Exception] = []
        self.voice = Voice(
            speaker or board.speaker,
            board.clock,
            self.reports.put,
            Ear(board.clock),
            self.errors.append,
        )
        meta = json.loads((announce / "zh-cn" / "meta.json").read_text())
        del meta["lang"]
        self.rule = msgspec.convert(meta, AnnouncementRule)
        self.announce = announce

    def load(self) -> dict[str, str]:
        return self.voice.load(self.announce, [self.rule])

    def ended(self) -> ClipEnded:
        return self._next(ClipEnded)

    def spoken(self) -> Spoken:
        return self._next(Spoken)

    def sounded(self) -> list[str]:
        return [sound.clip_id for sound in self.world.heard()]

    def _next(self, kind: type[Kind]) -> Kind:
        while True:
            report = self.reports.get(timeout=10)
            if isinstance(report, kind):
                return report


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(write_clip(tmp_path / "announce" / "zh-cn"))
    made.load()
    yield made
    made.world.close()
    assert made.errors == []


def test_a_clip_that_was_played_whole_has_no_reason(stage: Stage) -> None:
    stage.voice.start()
    stage.voice.play(0)
    report = stage.ended()
    assert (report.frames_played, report.reason) == (SAMPLES, None)
    assert report.to_ns > report.from_ns
    assert stage.sounded() == ["zh-cn"]


def test_nobody_heard_a_clip_where_the_microphone_delivers_nothing(stage: Stage) -> None:
    stage.voice.start()
    stage.voice.play(0)
    assert stage.ended().hearing is None


def test_an_altered_clip_is_not_played_and_said_so(stage: Stage) -> None:
    (stage.announce / "zh-cn" / "text.txt").write_text("你好")
    assert set(stage.load()) == {"zh-cn"}
    stage.voice.start()
    stage.voice.play(0)
    report = stage.ended()
    assert (report.frames_played, report.reason) == (0, "clip")
    assert stage.sounded() == []


def test_a_broken_speaker_is_said_once_and_its_return_too(stage: Stage) -> None:
    stage.voice.start()
    stage.world.break_speaker()
    stage.voice.play(0)
    stage.voice.play(0)
    assert [stage.ended().reason for _ in range(2)] == ["speaker", "speaker"]
    stage.world.mend_speaker()
    stage.voice.play(0)
    assert stage.ended().reason is None


def test_a_fault_of_the_speaker_is_reported_when_it_begins_and_when_it_ends(stage: Stage) -> None:
    stage.voice.start()
    stage.world.break_speaker()
    for _ in range(2):
        stage.voice.say(sentences.docked())
        stage.spoken()
    stage.world.mend_speaker()
    stage.voice.say(sentences.photo_taken())
    kinds = [type(stage.reports.get(timeout=10)) for _ in range(2)]
    assert kinds == [PartRecovered, Spoken]


def test_an_announcement_that_is_given_up_says_how_far_it_came(stage: Stage) -> None:
    stage.voice.start()
    stage.voice.play(0)
    stage.voice.stop()
    report = stage.ended()
    assert report.reason in {"stopped", None}
    assert (report.frames_played == SAMPLES) == (report.reason is None)


def test_giving_up_reaches_the_announcements_that_wait_and_no_later_one(stage: Stage) -> None:
    stage.voice.play(0)
    stage.voice.stop()
    stage.voice.play(0)
    stage.voice.start()
    assert [stage.ended().reason for _ in range(2)] == ["stopped", None]


def test_each_attempt_has_its_report(stage: Stage) -> None:
    stage.voice.start()
    for _ in range(3):
        stage.voice.play(0)
    assert [stage.ended().reason for _ in range(3)] == [None, None, None]
    assert stage.sounded() == ["zh-cn"] * 3


def test_the_voice_knows_when_it_was_silent(stage: Stage) -> None:
    begin_ns = stage.clock.monotonic_ns()
    assert stage.voice.silences(begin_ns, begin_ns + 9) == [(begin_ns, begin_ns + 9)]
    stage.voice.start()
    stage.voice.say(sentences.stopped())
    stage.spoken()
    now_ns = stage.clock.monotonic_ns()
    (sound,) = stage.world.heard()
    silent = stage.voice.silences(begin_ns, now_ns + 60 * 10**9)
    assert all(end <= sound.began_ns or begin >= now_ns for begin, end in silent)
    assert silent[-1][1] == now_ns + 60 * 10**9
    assert stage.voice.silences(sound.began_ns + 1, sound.began_ns + 2) == []


def test_an_announcement_comes_before_a_tone_and_a_tone_before_a_prompt(stage: Stage) -> None:
    stage.voice.say(sentences.docked())
    stage.voice.beep(2)
    stage.voice.start()
    assert stage.spoken().words == sentences.docked()
    assert stage.sounded() == ["tones-2", "say:docked+stop"]
    stage.voice.play(0)
    stage.ended()
    assert stage.sounded()[-1] == "zh-cn"


def test_tones_never_sound_beside_an_announcement(stage: Stage) -> None:
    stage.voice.play(0)
    stage.voice.beep(2)
    stage.voice.rising_beep(1)
    stage.voice.start()
    stage.ended()
    stage.voice.say(sentences.docked())
    stage.spoken()
    assert stage.sounded() == ["zh-cn", "say:docked+stop"]


def test_every_prompt_is_answered_said_or_given_up(stage: Stage) -> None:
    asked = [sentences.docked(), sentences.photo_taken(), sentences.power_on()]
    for words in asked:
        stage.voice.say(words)
    stage.voice.hush()
    assert [stage.spoken().words for _ in asked] == asked
    stage.voice.start()
    stage.voice.say(())
    stage.voice.say(("no such word",))
    assert [stage.spoken().words for _ in range(2)] == [(), ("no such word",)]
    assert stage.sounded() == []


def test_a_prompt_that_came_too_late_is_not_said(stage: Stage) -> None:
    stage.voice.say(sentences.docked())
    stage.clock.advance(31)
    stage.voice.start()
    assert stage.spoken().words == sentences.docked()
    assert stage.sounded() == []


def test_a_self_test_without_a_microphone_has_no_answer(stage: Stage) -> None:
    stage.voice.start()
    assert stage.voice.self_test() is None
    assert stage.sounded() == ["say:check.self_test+stop"]


def test_a_self_test_that_is_given_up_is_answered(stage: Stage) -> None:
    stage.world.break_speaker()
    stage.voice.start()
    assert stage.voice.self_test() is None


class Mute(Playback):
    """A sound that never ends, or one the driver lies about."""

    def __init__(self, frames: int, *, ends: bool) -> None:
        self._frames = frames
        self._ends = ends

    def wait(self, seconds: float) -> bool:
        return self._ends

    def frames_played(self) -> int:
        return self._frames

    def underruns(self) -> int:
        return 0


class Patient(Speaker):
    """A loudspeaker whose driver does as told."""

    def __init__(self, do: Callable[[Clip], Playback]) -> None:
        self.do = do

    def play(self, clip: Clip) -> Playback:
        return self.do(clip)


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[[Speaker], Stage]]:
    stages: list[Stage] = []

    def make(speaker: Speaker) -> Stage:
        stage = Stage(write_clip(tmp_path / "announce" / "zh-cn"), speaker=speaker)
        stage.load()
        stage.voice.start()
        stages.append(stage)
        return stage

    yield make
    for stage in stages:
        stage.world.close()


def test_a_sound_that_stops_half_way_is_a_fault(build: Callable[[Speaker], Stage]) -> None:
    stage = build(Patient(lambda _: Mute(10, ends=True)))
    stage.voice.play(0)
    failed = stage.reports.get(timeout=10)
    assert isinstance(failed, PartFailed)
    assert (failed.part, failed.code) == ("speaker", "speaker")
    report = stage.ended()
    assert (report.frames_played, report.reason) == (10, "speaker")


def test_an_error_that_is_no_fault_ends_the_process(build: Callable[[Speaker], Stage]) -> None:
    def explode(clip: Clip) -> Playback:
        raise RuntimeError(clip.clip_id)

    stage = build(Patient(explode))
    stage.voice.play(0)
    while not stage.errors:
        stage.clock.wait(Event(), 0.01)
    assert str(stage.errors[0]) == "zh-cn"


def test_a_driver_that_refuses_a_sound_keeps_nobody_waiting(
    build: Callable[[Speaker], Stage],
) -> None:
    def refuse(clip: Clip) -> Playback:
        raise SpeakerFault("speaker", "it is still playing")

    stage = build(Patient(refuse))
    for _ in range(3):
        stage.voice.play(0)
    assert [stage.ended().reason for _ in range(3)] == ["speaker"] * 3


def test_an_announcement_waits_for_a_sentence_and_not_for_those_after_it(
    build: Callable[[Speaker], Stage],
) -> None:
    built: list[Stage] = []
    sounded: list[str] = []

    def announce_during_the_first(clip: Clip) -> Playback:
        sounded.append(clip.clip_id)
        if len(sounded) == 1:
            built[0].voice.play(0)
        return Mute(len(clip.samples) // 2, ends=True)

    stage = build(Patient(announce_during_the_first))
    built.append(stage)
    words = (*sentences.docked(), *sentences.photo_taken())
    stage.voice.say(words)
    assert stage.spoken().words == words
    assert sounded == ["say:docked+stop", "zh-cn", "say:photo.taken+stop"]


def test_hushing_lets_the_sentence_that_sounds_end_and_drops_the_rest(
    build: Callable[[Speaker], Stage],
) -> None:
    built: list[Stage] = []
    sounded: list[str] = []

    def hush_during_the_first(clip: Clip) -> Playback:
        sounded.append(clip.clip_id)
        built[0].voice.hush()
        return Mute(len(clip.samples) // 2, ends=True)

    stage = build(Patient(hush_during_the_first))
    built.append(stage)
    words = (*sentences.docked(), *sentences.photo_taken())
    stage.voice.say(words)
    assert stage.spoken().words == words
    assert sounded == ["say:docked+stop"]
