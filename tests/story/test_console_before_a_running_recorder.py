"""Somebody tries a running recorder in a terminal, as an officer would."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from agent.console.app import Console
from agent.console.opening import LOG_NAME, body_of, running
from hw.fake.world import FakeWorld
from tests.kits.processes.story import Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

TURNS = 600


async def _until(pilot: Pilot[Any], pane: str, words: str) -> str:
    """Wait until ``words`` stand in a pane; what else stands there."""
    text = ""
    for _ in range(TURNS):
        text = str(pilot.app.query_one(pane, Static).render())
        if words in text:
            return text
        await pilot.pause(0.05)
    raise AssertionError(f"{words} is not in {pane}: {text}")


async def _an_officer_tries_it(pilot: Pilot[Any]) -> None:
    await _until(pilot, "#lamp", "就绪")
    await pilot.press("r")
    await _until(pilot, "#lamp", "正在记录")
    await _until(pilot, "#records", "disclosure")
    assert "本次执法全程录音录像" in await _until(pilot, "#prompts", "全程")
    assert "记录中：是" in await _until(pilot, "#body", "记录中：是")
    await pilot.press("m")
    await _until(pilot, "#records", "kind=mark")
    await pilot.press("R")
    await _until(pilot, "#records", "gesture=hold")
    await pilot.press("r")
    await _until(pilot, "#records", "close")
    await _until(pilot, "#body", "待移交：1 次记录")


def test_a_recording_is_made_with_keys_and_seen_on_the_screen(tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        # As --start does: the recorder's processes run for as long as somebody looks.
        with running(story.device), FakeWorld.at(story.device.paths.world_socket) as world:
            asyncio.run(_before(Console(body_of(story.device, world)), _an_officer_tries_it))
        assert (story.device.paths.run / LOG_NAME).stat().st_size > 0
        [sid] = story.sessions()
        assert story.judge(sid)["judgement"] == "verified"


async def _before(app: Console, play: Callable[[Pilot[Any]], Any]) -> None:
    async with app.run_test(size=(130, 45)) as pilot:
        await play(pilot)


def test_the_command_says_what_to_do_where_nothing_runs(tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        command = [sys.executable, "-m", "agent.main", "console", "--device"]
        done = subprocess.run(
            [*command, str(story.device_folder)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "recorder run" in done.stderr
