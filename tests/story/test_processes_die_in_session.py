"""A process of the recorder is killed while it records: the session goes on, nothing is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.processes.story import Story, broken

pytestmark = [pytest.mark.slow, pytest.mark.rule("E8")]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(tmp_path) as made:
        made.switch_on()
        yield made


def test_a_killed_vault_loses_nothing_and_the_party_is_told_again(story: Story) -> None:
    sid = story.start_recording()
    story.run_for(sid, 1)
    story.kill("vault")
    story.wait_until(lambda: story.of(sid, "resume"), "the vault to go on")
    story.wait_until(lambda: len(story.events(sid, "disclosure")) == 2, "a second announcement")
    story.run_for(sid, 1)
    assert story.stop_recording(sid)["reason"] == "officer"
    assert story.events(sid, "gap") == []
    verdict = story.judge(sid)
    assert broken(verdict) == []
    assert verdict["judgement"] == "verified with explained interruptions"


def test_a_killed_recorder_goes_on_with_a_signed_gap_and_tells_the_party_again(
    story: Story,
) -> None:
    sid = story.start_recording()
    story.run_for(sid, 1)
    story.kill("session")
    story.wait_until(lambda: len(story.events(sid, "disclosure")) == 2, "a second announcement")
    story.run_for(sid, 1)
    assert story.sessions() == [sid]
    assert story.stop_recording(sid)["reason"] == "officer"
    gaps = [one for one in story.events(sid, "gap") if one["cause"] == "recorder_lost"]
    assert len(gaps) == 1
    assert 0 < gaps[0]["to_ns"] - gaps[0]["from_ns"] < 10_000_000_000
    assert story.faults(sid, "recorder") == ["begun", "ended"]
    verdict = story.judge(sid)
    assert broken(verdict) == []
    assert verdict["judgement"] == "verified with explained interruptions"
