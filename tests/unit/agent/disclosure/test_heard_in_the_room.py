"""The real announcement, through the fake loudspeaker and room, at the recorder's microphone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Event

import msgspec
import pytest

from agent.capture.tracks import AudioTrack
from agent.disclosure.ear import Ear
from agent.session.events import ClipEnded, PartFailed, PartRecovered, Spoken
from agent.vault.messages import AnnouncementRule
from agent.voice import sentences
from agent.voice.queue import Report, Voice
from hw.errors import MicrophoneFault
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import AudioBlock, CameraSettings

ANNOUNCE = Path(__file__).parents[4] / "provisioning" / "files" / "announce"


class Recorder:
    """Microphone, loudspeaker and ear of one recorder, in accelerated time.

    Capture's sound track hears in the microphone's own thread: nothing can come late.
    """

    def __init__(self, announce: Path) -> None:
        self.clock = JumpingClock(settle_seconds=0.001)
        self.world = FakeWorld.here(self.clock)
        board = recorder_board(self.world.link, camera=CameraSettings(), source=self.clock)
        self.ear = Ear(board.clock)
        self.board_clock = board.clock
        self.track = AudioTrack(self.ear.heard)
        self.microphone = board.microphone
        self.reports: Queue[Report] = Queue()
        self.errors: list[Exception] = []
        self.voice = Voice(
            board.speaker, board.clock, self.reports.put, self.ear, self.errors.append
        )
        assert self.voice.load(announce, [rule(announce)]) == {}
        self.microphone.start(self.hear)
        self.voice.start()
        self.run(1)

    def hear(self, block: AudioBlock | MicrophoneFault) -> None:
        if isinstance(block, AudioBlock):
            self.track.take(block)

    def run(self, seconds: float) -> None:
        self.board_clock.wait(Event(), seconds)

    def announce(self) -> ClipEnded:
        self.voice.play(0)
        return self.ended()

    def ended(self) -> ClipEnded:
        report = self.reports.get(timeout=60)
        assert isinstance(report, ClipEnded)
        return report

    def close(self) -> None:
        self.microphone.stop()
        self.track.close()
        self.world.close()
        assert self.errors == []


def rule(announce: Path) -> AnnouncementRule:
    meta = json.loads((announce / "zh-cn" / "meta.json").read_text())
    del meta["lang"]
    return msgspec.convert(meta, AnnouncementRule)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    (tmp_path / "zh-cn").symlink_to(ANNOUNCE / "zh-CN")
    made = Recorder(tmp_path)
    yield made
    made.close()


@pytest.mark.rule("C8")
def test_an_announcement_is_heard_whole(recorder: Recorder) -> None:
    report = recorder.announce()
    assert report.reason is None
    assert report.hearing is not None
    hearing = report.hearing.hearing
    assert hearing.heard
    assert hearing.complete
    assert hearing.missing == ()
    assert 0 < hearing.delay_ns < 200_000_000
    assert report.hearing.level_relative_mdb is None


@pytest.mark.rule("C8")
def test_a_covered_loudspeaker_is_not_heard_whole_though_the_driver_played_all(
    recorder: Recorder,
) -> None:
    recorder.world.cover_speaker()
    report = recorder.announce()
    assert report.reason is None
    assert report.hearing is not None
    # With a thumb on it a shadow of the sound arrives, 28 dB below the room's own noise.
    assert not report.hearing.hearing.complete


@pytest.mark.rule("C8")
def test_an_announcement_with_a_hand_before_its_end_is_not_complete(recorder: Recorder) -> None:
    recorder.voice.play(0)
    recorder.run(5)
    recorder.world.cover_speaker()
    report = recorder.ended()
    assert report.hearing is not None
    assert report.hearing.hearing.heard
    assert not report.hearing.hearing.complete
    assert report.hearing.hearing.missing[-1][1] > 8_000


def test_a_microphone_that_delivers_nothing_leaves_no_answer(recorder: Recorder) -> None:
    recorder.world.break_microphone()
    recorder.run(7)
    assert recorder.announce().hearing is None


def test_sound_that_the_microphone_lost_counts_as_missing(recorder: Recorder) -> None:
    recorder.voice.play(0)
    recorder.run(4)
    recorder.world.lose_samples(48_000)
    report = recorder.ended()
    assert report.hearing is not None
    assert report.hearing.hearing.heard
    assert not report.hearing.hearing.complete
    [begin, end] = report.hearing.hearing.missing[0]
    assert 700 <= end - begin <= 1_700


def test_a_self_test_says_how_loud_this_unit_usually_is(recorder: Recorder) -> None:
    heard = recorder.voice.self_test()
    assert heard is not None
    assert heard.hearing.complete
    assert heard.level_relative_mdb is None
    report = recorder.announce()
    assert report.hearing is not None
    assert report.hearing.level_relative_mdb is not None
    assert abs(report.hearing.level_relative_mdb) < 3_000


def test_a_mute_loudspeaker_is_not_heard(recorder: Recorder) -> None:
    recorder.world.mute_speaker()
    report = recorder.announce()
    assert report.reason is None
    assert report.hearing is not None
    assert not report.hearing.hearing.heard


def test_a_loudspeaker_that_hangs_is_said_and_works_again_when_it_does(recorder: Recorder) -> None:
    recorder.voice.play(0)
    recorder.run(3)
    recorder.world.hang_speaker()
    failed = recorder.reports.get(timeout=60)
    assert isinstance(failed, PartFailed)
    assert failed.part == "speaker"
    report = recorder.ended()
    assert report.reason == "speaker"
    assert report.hearing is not None
    assert not report.hearing.hearing.complete
    assert recorder.announce().reason == "speaker"
    recorder.world.mend_speaker()
    # What hung is first played to its end.
    recorder.run(12)
    recorder.voice.play(0)
    assert isinstance(recorder.reports.get(timeout=60), PartRecovered)
    report = recorder.ended()
    assert report.reason is None
    assert report.hearing is not None
    assert report.hearing.hearing.complete


def test_prompts_and_presses_leave_the_announcement_whole(recorder: Recorder) -> None:
    recorder.voice.say(sentences.status(60, 60, 60))
    recorder.voice.play(0)
    recorder.voice.beep(1)
    recorder.voice.say(sentences.docked())
    heard: list[Report] = [recorder.reports.get(timeout=60) for _ in range(3)]
    [report] = [item for item in heard if isinstance(item, ClipEnded)]
    assert report.hearing is not None
    assert report.hearing.hearing.complete
    assert sum(isinstance(item, Spoken) for item in heard) == 2
