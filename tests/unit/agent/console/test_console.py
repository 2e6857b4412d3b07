"""The terminal view, worked by textual's own pilot before a fake world in this process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from agent.console import words
from agent.console.app import Console
from agent.console.opening import body_of, open_console
from agent.console.records import Records
from agent.errors import ConsoleError
from agent.settings import Device, load_device
from agent.voice import catalog
from hw.fake.state import Sound
from hw.fake.world import FakeWorld
from hw.types import ButtonName, LampPattern

VECTORS = Path(__file__).parents[3] / "vectors" / "clean"
SETTINGS = """
device_id = "ZF-001"
board = "fake"
[broker]
host = "127.0.0.1"
"""
PATIENCE_TURNS = 200


@pytest.fixture
def device(tmp_path: Path) -> Device:
    (tmp_path / "device.toml").write_text(SETTINGS, "utf-8")
    told = tmp_path / "announce" / "zh-cn"
    told.mkdir(parents=True)
    (told / "text.txt").write_text("本次执法全程录音录像。\n", "utf-8")
    device = load_device(tmp_path)
    session = device.paths.sessions / "ZF-001-1"
    session.mkdir(parents=True)
    shutil.copy(VECTORS / "journal.jws", session / "journal.jws")
    shutil.copy(VECTORS / "device.jws", device.paths.device_log)
    return device


@pytest.fixture
def world() -> Iterator[FakeWorld]:
    with FakeWorld.here() as world:
        yield world


class Screen:
    """A console that runs, and what stands on it."""

    def __init__(self, app: Console, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    def text(self, pane: str) -> str:
        return str(self.app.query_one(pane, Static).render())

    async def until(self, shown: Callable[[], bool]) -> None:
        for _ in range(PATIENCE_TURNS):
            if shown():
                return
            await self.pilot.pause(0.02)
        raise AssertionError([self.text(f"#{name}") for name in ("lamp", "body", "prompts")])


def on_screen(
    device: Device, world: FakeWorld, play: Callable[[Screen], Awaitable[None]]
) -> str | None:
    """Run a console of a usual terminal's size and ``play`` before it; its result."""
    app = Console(body_of(device, world))

    async def run() -> None:
        async with app.run_test(size=(110, 36)) as pilot:
            await play(Screen(app, pilot))

    asyncio.run(run())
    return app.return_value


def test_lamp_battery_space_sound_and_cradle_are_shown(device: Device, world: FakeWorld) -> None:
    world.link.change(lamp=LampPattern.CAPTURING.value, camera_light=True)

    async def play(screen: Screen) -> None:
        await screen.until(lambda: "正在记录" in screen.text("#lamp"))
        facts = screen.text("#body")
        for fact in ("设备：ZF-001", "证据库：未运行", "摄像灯：亮", "电量：90%", "底座：未放上"):
            assert fact in facts
        assert "空间：" in facts
        assert "dB" in facts
        world.dock()
        world.drain_battery(5)
        await screen.until(lambda: "底座：已放上" in screen.text("#body"))
        assert "电量：5%" in screen.text("#body")

    on_screen(device, world, play)


def test_every_pattern_of_the_lamp_has_words_and_a_dark_one_too() -> None:
    assert set(words.LAMPS) == {*LampPattern, None}


def test_what_the_loudspeaker_says_is_read(device: Device, world: FakeWorld) -> None:
    word = next(iter(catalog.WORDS))
    said = [catalog.clip_id([word]), "zh-cn", "../device.toml"]
    world.link.change(
        sounds=tuple(
            Sound(clip_id=clip, frames_played=5, frames=5 + number, underruns=0, began_ns=0)
            for number, clip in enumerate(said)
        )
    )

    async def play(screen: Screen) -> None:
        await screen.until(lambda: "本次执法全程录音录像。——" in screen.text("#prompts"))
        assert catalog.WORDS[word].text in screen.text("#prompts")

    on_screen(device, world, play)


def test_the_end_of_the_journal_and_of_the_device_log_is_shown(
    device: Device, world: FakeWorld
) -> None:
    async def play(screen: Screen) -> None:
        await screen.until(lambda: "close" in screen.text("#records"))

    on_screen(device, world, play)
    last = Records(device.paths).last(500)
    assert {line[0] for line in last} == {"▪", "●"}
    assert len(Records(device.paths).last(3)) == 3


def test_the_tail_of_a_long_journal_begins_with_a_whole_line(device: Device) -> None:
    [journal] = device.paths.sessions.rglob("journal.jws")
    journal.write_bytes(journal.read_bytes() * 20 + b"torn")
    assert all(" ? " not in line for line in Records(device.paths).last(500))


def test_a_folder_without_a_store_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(SETTINGS, "utf-8")
    assert Records(load_device(tmp_path).paths).last(9) == ()


@pytest.mark.parametrize(
    ("key", "button", "seconds"),
    [
        ("r", ButtonName.RECORD, 0),
        ("R", ButtonName.RECORD, 3),
        ("p", ButtonName.PHOTO, 0),
        ("P", ButtonName.PHOTO, 1),
    ],
)
def test_a_key_is_a_finger_on_a_button(
    device: Device, world: FakeWorld, key: str, button: ButtonName, seconds: int
) -> None:
    felt: list[tuple[bool, int]] = []
    world.link.watch(
        lambda before, after, at_ns: (
            felt.append((after.pressed(button), at_ns))
            if before.pressed(button) != after.pressed(button)
            else None
        )
    )

    async def play(screen: Screen) -> None:
        await screen.pilot.press(key)
        await screen.until(lambda: len(felt) == 2)

    on_screen(device, world, play)
    assert [down for down, _ in felt] == [True, False]
    assert felt[1][1] - felt[0][1] >= seconds * 1_000_000_000


def test_keys_put_it_on_the_cradle_cover_the_lens_talk_and_drain(
    device: Device, world: FakeWorld
) -> None:
    async def play(screen: Screen) -> None:
        for key in "dctb":
            await screen.pilot.press(key)
        await screen.until(lambda: world.state().docked and world.state().camera_covered)
        await screen.until(lambda: world.state().talking and world.state().battery_percent == 5)
        for key in "dctb":
            await screen.pilot.press(key)
        await screen.until(lambda: world.state().battery_percent == 100)
        await screen.until(lambda: not world.state().docked and not world.state().talking)
        assert not world.state().camera_covered

    on_screen(device, world, play)


def test_q_ends_it_and_nothing_else(device: Device, world: FakeWorld) -> None:
    before = world.state()

    async def play(screen: Screen) -> None:
        await screen.pilot.press("q")

    assert on_screen(device, world, play) is None
    assert world.state() == before


def test_a_body_that_does_not_run_is_told_with_the_next_step(device: Device) -> None:
    with pytest.raises(ConsoleError) as refusal:
        open_console(device, start=False)
    assert "recorder run" in refusal.value.diagnosis()


def test_a_real_body_has_buttons_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(SETTINGS.replace('"fake"', '"pi"'), "utf-8")
    with pytest.raises(ConsoleError) as refusal:
        open_console(load_device(tmp_path), start=True)
    assert refusal.value.code == "not_fake"


def test_all_facts_and_keys_fit_a_usual_terminal(device: Device, world: FakeWorld) -> None:
    async def play(screen: Screen) -> None:
        await screen.until(lambda: "待移交" in screen.text("#body"))
        body = screen.app.query_one("#body", Static)
        assert body.content_size.height >= len(screen.text("#body").splitlines())
        keys = [said for _, _, said in words.KEYS]
        await screen.until(lambda: all(key in screen.app.export_screenshot() for key in keys))

    on_screen(device, world, play)
