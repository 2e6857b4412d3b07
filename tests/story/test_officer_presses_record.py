"""An officer, a button, a recording: the stories everybody has in mind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from evidence.canonical import JsonObject
from hw.types import ButtonName, LampPattern
from tests.kits.processes.story import Story, broken

pytestmark = [pytest.mark.slow]


@dataclass(frozen=True)
class Recorded:
    """One recording, from the press to the confirmed end."""

    story: Story
    sid: str
    close: JsonObject
    lamps: list[LampPattern | None]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    with Story(tmp_path_factory.mktemp("story")) as story:
        story.switch_on()
        lamps = [story.lamp()]
        sid = story.start_recording()
        story.wait_until(lambda: story.lamp() is LampPattern.CAPTURING, "the red lamp")
        lamps.append(story.lamp())
        story.world.press(ButtonName.RECORD)
        story.wait_until(lambda: "record tap" in story.gestures(sid), "the second press")
        story.world.press(ButtonName.MARK)
        story.world.press(ButtonName.PHOTO)
        story.run_for(sid, 2)
        close = story.stop_recording(sid)
        story.wait_until(lambda: story.lamp() is LampPattern.READY, "the green lamp")
        yield Recorded(story, sid, close, lamps)


def test_the_recording_verifies_without_an_interruption(recorded: Recorded) -> None:
    assert recorded.close["reason"] == "officer"
    assert recorded.story.events(recorded.sid, "gap") == []
    assert recorded.story.judge(recorded.sid)["judgement"] == "verified"


@pytest.mark.rule("C10")
def test_the_lamp_is_green_before_and_red_while_media_reach_the_medium(recorded: Recorded) -> None:
    assert recorded.lamps == [LampPattern.READY, LampPattern.CAPTURING]


def test_every_gesture_is_signed_and_a_second_press_stops_nothing(recorded: Recorded) -> None:
    assert recorded.story.gestures(recorded.sid) == [
        "record press",
        "record tap",
        "mark tap",
        "photo press",
        "record hold",
        "record confirm",
    ]
    assert len(recorded.story.events(recorded.sid, "mark")) == 1


@pytest.mark.rule("C8")
def test_the_announcement_is_heard_by_the_device_itself(recorded: Recorded) -> None:
    said = recorded.story.events(recorded.sid, "disclosure")
    assert [(one["announced"], one["check"], one["verdict"]) for one in said] == [
        (True, "acoustic", "verified")
    ]
    assert said[0]["heard"] is said[0]["complete"] is True
    assert said[0]["missing"] == []


@pytest.mark.rule("C12")
def test_the_announcement_is_itself_on_the_record(recorded: Recorded) -> None:
    segments = recorded.story.of(recorded.sid, "seg")
    said = recorded.story.events(recorded.sid, "disclosure")[0]
    assert segments[0]["first_pts_ns"] < said["from_ns"]
    assert said["to_ns"] < segments[-1]["last_pts_ns"]


@pytest.mark.rule("E1")
def test_pictures_join_without_loss_from_the_press_to_the_end(recorded: Recorded) -> None:
    segments = recorded.story.of(recorded.sid, "seg")
    assert [one["number"] for one in segments] == list(range(len(segments)))
    joins = [
        later["first_pts_ns"] - earlier["last_pts_ns"] for earlier, later in pairwise(segments)
    ]
    assert all(abs(join) < 5_000_000 for join in joins), joins
    assert sum(one["dropped"] for one in segments) == 0


@pytest.mark.rule("D12")
def test_nothing_from_before_the_press_is_on_the_record(recorded: Recorded) -> None:
    pressed = recorded.story.events(recorded.sid, "button")[0]
    assert (pressed["button"], pressed["gesture"]) == ("record", "press")
    assert recorded.story.of(recorded.sid, "seg")[0]["first_pts_ns"] >= pressed["at_ns"]


@pytest.mark.rule("D10", "D11")
def test_every_segment_has_picture_and_sound(recorded: Recorded) -> None:
    for one in recorded.story.of(recorded.sid, "seg"):
        assert one["frames"] > 0
        assert one["samples"] > 0


def test_without_a_session_presses_are_noted_and_a_refused_start_is_signed(tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        story.switch_on()
        story.world.press(ButtonName.MARK)
        story.world.press(ButtonName.PHOTO)
        story.world.fill_disk(1_000_000)
        story.world.press(ButtonName.RECORD)
        story.wait_until(
            lambda: (
                [one["button"] for one in story.device_log() if one["t"] == "press"]
                == ["mark", "photo", "record"]
            ),
            "three presses",
        )
        refusals = [one["code"] for one in story.device_log() if one["t"] == "refusal"]
        assert refusals == ["storage"]
        story.wait_until(lambda: story.lamp() is LampPattern.LOW, "the lamp to say so")
        assert story.sessions() == []


@pytest.mark.rule("C8")
def test_an_altered_clip_is_not_played_and_the_end_of_the_recorder_closes_the_session(
    tmp_path: Path,
) -> None:
    with Story(tmp_path) as story:
        clip = story.device_folder / "announce" / "zh-cn" / "text.txt"
        clip.chmod(0o600)
        clip.write_text("今天天气很好。")
        story.switch_on()
        sid = story.start_recording()
        story.wait_until(lambda: story.lamp() is LampPattern.UNVERIFIED, "the amber lamp")
        assert "zh-cn" not in {sound.clip_id for sound in story.world.heard()}
        assert story.stop("recorder") == 0
        assert story.closed(sid)["reason"] == "shutdown"
        said = story.events(sid, "disclosure")
        assert [(one["announced"], one["reason"]) for one in said] == [(False, "clip")]
        assert broken(story.judge(sid)) == []
