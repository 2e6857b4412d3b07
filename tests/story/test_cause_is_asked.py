"""An officer stops without a word, goes on, and says by a button why: asked, signed, reported.

The rulebook of S1 names the causes for which recording may be interrupted. Only the officer knows
why he stopped; whole processes, a whole desk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.voice.sentences import WHYS
from evidence.canonical import JsonObject
from hw.types import ButtonName, LampPattern
from scripts.officer import HOLD_SECONDS, Officer
from tests.kits.processes.story import Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

S1 = Path(__file__).parents[1] / "rulebooks" / "S1" / "policy.json"
CHANGES = {"arrival.statement": "none"}


@dataclass(frozen=True)
class Told:
    """The session that was stopped, the one that goes on with it, and what the desk says."""

    first: list[JsonObject]
    second: list[JsonObject]
    log: list[JsonObject]
    rows: JsonObject


def fields(records: list[JsonObject], kind: str) -> list[JsonObject]:
    return [one["fields"] for one in records if one.get("kind") == kind]


def choose(story: Story, word: str) -> None:
    """Wait until a choice is read out, and press MARK."""
    story.wait_until(
        lambda: any(word in sound.clip_id for sound in story.world.heard()[-1:]),
        f"the choice {word}",
        seconds=90,
    )
    story.world.press(ButtonName.MARK)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("S1")
    stated = {**json.loads(S1.read_text()), **CHANGES}
    policy = folder / "policy.json"
    policy.write_text(json.dumps(stated, ensure_ascii=False))
    with Story(folder, policy=policy) as story:
        story.start_bureau()
        officer = Officer(story, stated)
        officer.switch_on()
        first = officer.begin()
        story.stop_recording(first)
        story.wait_until(lambda: story.lamp() is LampPattern.READY, "the green lamp")
        second = officer.resume()
        choose(story, WHYS["damage"])
        story.wait_until(lambda: story.events(second, "mark"), "the cause's mark")
        story.world.hold(ButtonName.RECORD, HOLD_SECONDS)
        choose(story, WHYS["fault"])
        story.closed(second)
        journals = story.journal(first), story.journal(second)
        log = story.device_log()
        officer.hand_in(first, second)
        arguments = [second, "--bureau", str(story.bureau), "--json"]
        report = story.command_json("bureau.main", ["report", *arguments])
        return Told(
            *journals,
            log,
            {one["row"]: one for one in report["report"]["rows"]},
        )


@pytest.mark.rule("E2", "E3")
def test_the_cause_that_was_chosen_by_ear_is_signed_before_anything_else_is_said(
    told: Told,
) -> None:
    asked = [one["prompt"] for one in fields(told.second, "prompt")]
    assert asked[0] == "cause"
    assert [one["code"] for one in fields(told.second, "mark")] == [
        "resume:damage",
        "stop:fault",
    ]
    assert fields(told.first, "check")[-1]["name"] == "ending"
    previous = told.second[0]["previous"]
    assert (previous["reason"], previous["ending"]) == ("officer", None)


@pytest.mark.rule("E2", "E3")
def test_how_each_session_ended_goes_to_the_device_log(told: Told) -> None:
    endings = [one["ending"] for one in told.log if one["t"] == "session"]
    assert endings == [None, "stop:fault"]


@pytest.mark.rule("E3", "H1")
def test_the_report_names_the_cause_and_holds_it_against_the_rulebook(told: Told) -> None:
    said = told.rows["E3"]
    assert said["state"] == "met"
    assert said["because_zh"] == "中断原因属规定情形（设备损坏、设备故障）"
    assert said["proof"]["file"] == "journal.jws"
