"""The power goes, in order: by the power button, by systemd, by an empty battery."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.types import ButtonName
from scripts.officer import HOLD_SECONDS
from tests.kits.processes.services import SERVICES, Services
from tests.kits.processes.story import Story, broken

UNITS = Path(__file__).resolve().parents[2] / "overlays" / "rootfs" / "etc" / "systemd" / "system"

pytestmark = [pytest.mark.slow, pytest.mark.rule("E8")]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(tmp_path) as made:
        made.switch_on()
        yield made


def said(story: Story, word: str) -> bool:
    return any(word in sound.clip_id for sound in story.world.heard())


def seconds_to_stop(service: str) -> float:
    text = (UNITS / f"recorder-{service}.service").read_text()
    found = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    return 90.0 if found is None else float(found[1])


def test_the_power_button_asks_first_closes_with_its_reason_and_switches_off(story: Story) -> None:
    sid = story.start_recording()
    story.world.press(ButtonName.POWER)
    story.wait_until(lambda: said(story, "power.recording"), "the warning")
    story.world.hold(ButtonName.POWER, HOLD_SECONDS)
    story.wait_until(lambda: story.gestures(sid)[-1:] == ["power hold"], "the hold to be signed")
    assert story.of(sid, "close") == []
    story.world.press(ButtonName.POWER)
    assert story.wait_for_end("recorder") == 0
    assert story.of(sid, "close")[0]["reason"] == "power_off"
    assert story.gestures(sid) == ["record press", "power tap", "power hold", "power confirm"]
    assert broken(story.judge(sid)) == []


@pytest.mark.campaign
def test_systemd_ends_the_session_before_the_vault_and_the_recording_is_closed(
    tmp_path: Path,
) -> None:
    with Services(tmp_path) as story:
        story.switch_on()
        sid = story.start_recording()
        story.run_for(sid, 1)
        ended = story.shut_down()
        for name in SERVICES:
            code, seconds = ended[name]
            assert code == 0, name
            assert seconds < seconds_to_stop(name), name
        assert story.of(sid, "close")[0]["reason"] == "shutdown"
        entered = [one["sid"] for one in story.device_log() if one["t"] == "session"]
        assert entered == [sid]
        assert story.events(sid, "gap") == []
        assert broken(story.judge(sid)) == []


@pytest.mark.campaign
def test_an_empty_battery_closes_the_recording_and_then_switches_off(story: Story) -> None:
    sid = story.start_recording()
    story.world.drain_battery(1)
    assert story.wait_for_end("recorder") == 0
    assert story.of(sid, "close")[0]["reason"] == "battery"
    readings = story.events(sid, "battery")
    assert [one["percent"] for one in readings][-2:] == [1, 1]
    assert broken(story.judge(sid)) == []
