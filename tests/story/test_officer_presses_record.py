"""An officer, a button, a recording: the stories everybody has in mind."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from hw.types import ButtonName, LampPattern
from tests.kits.story import Story, broken

pytestmark = [pytest.mark.slow]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(tmp_path) as made:
        yield made


@pytest.mark.rule("C8", "C10")
def test_a_press_records_announces_seals_and_a_hold_with_a_press_ends_it(story: Story) -> None:
    story.switch_on()
    sid = story.start_recording()
    story.wait_until(lambda: story.lamp() is LampPattern.CAPTURING, "the red lamp")
    story.world.press(ButtonName.RECORD)
    story.wait_until(lambda: "record tap" in story.gestures(sid), "the second press")
    story.world.press(ButtonName.MARK)
    story.world.press(ButtonName.PHOTO)
    story.run_for(sid, 1)
    close = story.stop_recording(sid)
    story.wait_until(lambda: story.lamp() is LampPattern.READY, "the green lamp")

    assert close["reason"] == "officer"
    assert story.gestures(sid) == [
        "record press",
        "record tap",
        "mark tap",
        "photo press",
        "record hold",
        "record confirm",
    ]
    assert len(story.events(sid, "mark")) == 1
    assert story.events(sid, "gap") == []
    said = story.events(sid, "disclosure")
    assert [(one["announced"], one["check"], one["verdict"]) for one in said] == [
        (True, "none", "unverified")
    ]
    verdict = story.judge(sid)
    assert verdict["judgement"] == "verified"


@pytest.mark.rule("C12")
def test_the_announcement_is_itself_on_the_record(story: Story) -> None:
    story.switch_on()
    sid = story.start_recording()
    story.stop_recording(sid)
    first_segment = story.of(sid, "seg")[0]
    said = story.events(sid, "disclosure")[0]
    assert first_segment["first_pts_ns"] < said["from_ns"]
    assert said["from_ns"] < story.of(sid, "seg")[-1]["last_pts_ns"]


@pytest.mark.rule("E1")
def test_pictures_join_without_loss_from_the_press_to_the_end(story: Story) -> None:
    story.switch_on()
    sid = story.start_recording()
    story.run_for(sid, 2)
    story.stop_recording(sid)
    segments = story.of(sid, "seg")
    assert [one["number"] for one in segments] == list(range(len(segments)))
    joins = [
        later["first_pts_ns"] - earlier["last_pts_ns"] for earlier, later in pairwise(segments)
    ]
    assert all(abs(join) < 5_000_000 for join in joins), joins
    assert sum(one["dropped"] for one in segments) == 0


def test_presses_without_a_session_are_in_the_device_log(story: Story) -> None:
    story.switch_on()
    story.world.press(ButtonName.MARK)
    story.world.press(ButtonName.PHOTO)
    story.wait_until(
        lambda: (
            [one["button"] for one in story.device_log() if one["t"] == "press"]
            == ["mark", "photo"]
        ),
        "both presses",
    )
    assert story.sessions() == []


@pytest.mark.rule("C8")
def test_an_altered_clip_is_not_played_and_the_recording_goes_on(story: Story) -> None:
    clip = story.device_folder / "announce" / "zh-cn" / "text.txt"
    clip.chmod(0o600)
    clip.write_text("今天天气很好。")
    story.switch_on()
    sid = story.start_recording()
    story.wait_until(lambda: story.lamp() is LampPattern.UNVERIFIED, "the amber lamp")
    story.stop_recording(sid)
    said = story.events(sid, "disclosure")
    assert [(one["announced"], one["reason"]) for one in said] == [(False, "clip")]
    assert story.world.heard() == () or "zh-cn" not in {
        sound.clip_id for sound in story.world.heard()
    }
    assert broken(story.judge(sid)) == []


def test_too_little_space_refuses_the_start_and_signs_why(story: Story) -> None:
    story.switch_on()
    story.world.fill_disk(1_000_000)
    story.world.press(ButtonName.RECORD)
    story.wait_until(
        lambda: [one["code"] for one in story.device_log() if one["t"] == "refusal"] == ["storage"],
        "the refusal",
    )
    story.wait_until(lambda: story.lamp() is LampPattern.LOW, "the lamp to say so")
    assert story.sessions() == []


def test_the_end_of_the_recorder_closes_what_it_records(story: Story) -> None:
    story.switch_on()
    sid = story.start_recording()
    assert story.stop("recorder") == 0
    assert story.closed(sid)["reason"] == "shutdown"
    assert story.judge(sid)["judgement"] == "verified"
