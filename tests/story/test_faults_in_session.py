"""What breaks while a recording runs: the rest goes on, and the journal says what was missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.types import ButtonName, LampPattern
from scripts.officer import HOLD_SECONDS
from tests.kits.processes.story import Story, broken

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with Story(tmp_path_factory.mktemp("story")) as story:
        story.switch_on()
        yield story


@pytest.fixture
def story(running: Story) -> Iterator[Story]:
    """One recorder for all of these; whatever a test broke is mended."""
    yield running
    running.world.mend_camera()
    running.world.mend_microphone()
    running.world.mend_speaker()
    running.world.skew_clock(0)
    # Only a sound proves that the loudspeaker is back.
    running.world.press(ButtonName.MARK)
    running.wait_until(lambda: running.lamp() is LampPattern.READY, "the green lamp")


def test_without_a_camera_sound_goes_on_and_pictures_come_back(story: Story) -> None:
    sid = story.start_recording()
    story.world.break_camera()
    story.wait_until(lambda: story.faults(sid, "camera") == ["begun"], "the fault")
    story.wait_until(lambda: story.lamp() is LampPattern.FAULT, "the lamp to say so")
    story.run_for(sid, 1)
    story.world.mend_camera()
    story.wait_until(lambda: story.faults(sid, "camera") == ["begun", "ended"], "the camera")
    story.run_for(sid, 1)
    story.stop_recording(sid)
    closed = [one for one in story.events(sid, "gap") if one["to_ns"] is not None]
    assert [(one["track"], one["cause"]) for one in closed] == [("video", "camera_gone")]
    assert broken(story.judge(sid)) == []


def test_without_a_microphone_pictures_go_on_and_sound_comes_back(story: Story) -> None:
    sid = story.start_recording()
    story.world.break_microphone()
    story.wait_until(lambda: story.faults(sid, "microphone") == ["begun"], "the fault")
    story.run_for(sid, 1)
    story.world.mend_microphone()
    story.wait_until(lambda: story.faults(sid, "microphone") == ["begun", "ended"], "the sound")
    story.run_for(sid, 1)
    story.stop_recording(sid)
    closed = [one for one in story.events(sid, "gap") if one["to_ns"] is not None]
    assert [(one["track"], one["cause"]) for one in closed] == [("audio", "microphone_gone")]
    assert broken(story.judge(sid)) == []


def test_a_step_of_the_clock_is_signed_and_moves_no_earlier_stamp(story: Story) -> None:
    sid = story.start_recording()
    story.world.skew_clock(-3_600)
    story.wait_until(lambda: story.events(sid, "clock_step"), "the step to be signed")
    story.stop_recording(sid)
    steps = [one["step_ms"] for one in story.events(sid, "clock_step")]
    assert [round(step / 1000) for step in steps] == [-3_600]
    assert broken(story.judge(sid)) == []


def test_a_broken_speaker_is_stated_and_the_recording_goes_on(story: Story) -> None:
    story.world.break_speaker()
    sid = story.press_record()
    story.wait_until(lambda: len(story.events(sid, "disclosure")) == 3, "three attempts")
    story.wait_until(lambda: story.lamp() is LampPattern.UNVERIFIED, "the amber lamp")
    story.run_for(sid, 1)
    story.stop_recording(sid)
    said = story.events(sid, "disclosure")
    assert {(one["announced"], one["reason"]) for one in said} == {(False, "speaker")}
    assert broken(story.judge(sid)) == []


def test_space_that_runs_out_closes_the_session_cleanly(tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        story.switch_on()
        sid = story.start_recording()
        story.world.fill_disk(1_000_000)
        assert story.closed(sid)["reason"] == "storage"
        story.wait_until(lambda: story.lamp() is LampPattern.LOW, "the lamp to say so")
        assert broken(story.judge(sid)) == []


@pytest.mark.rule("C8")
def test_stopping_during_the_announcement_states_how_far_it_came(tmp_path: Path) -> None:
    with Story(tmp_path, long_clip=True) as story:
        story.switch_on()
        story.checked()
        sid = story.press_record()
        story.wait_until(lambda: story.of(sid, "tick"), "the first picture on the medium")
        story.world.hold(ButtonName.RECORD, HOLD_SECONDS)
        story.world.press(ButtonName.RECORD)
        story.closed(sid)
        said = story.events(sid, "disclosure")
        assert [(one["announced"], one["reason"]) for one in said] == [(False, "stopped")]
        assert 0 < said[0]["frames_played"] < story.samples_of("zh-cn")
        assert story.judge(sid)["judgement"] == "verified"
