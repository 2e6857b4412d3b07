"""The world as a process of its own: shared, bounded, and gone when it is gone."""

from __future__ import annotations

import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.errors import MissingPartFault, WorldFault
from hw.fake.accidents import Accidents
from hw.fake.board import dock_board, recorder_board
from hw.fake.clock import boottime_ns
from hw.fake.protocol import LINE_LIMIT
from hw.fake.world import FakeWorld
from hw.types import ButtonName, CameraSettings, Edge, LampPattern, PartName

SMALL = CameraSettings(width=320, height=240, bits_per_second=400_000)
ROOT = Path(__file__).parents[3]


class WorldProcess:
    """``python -m hw.fake.world``, listening."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "world.sock"
        self.state = folder / "world.json"
        arguments = ["--socket", str(self.path), "--state", str(self.state)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hw.fake.world", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert b"listens" in self.process.stdout.readline()

    def end(self) -> str:
        """End it; returns what it complained about."""
        self.process.send_signal(signal.SIGTERM)
        _, complaints = self.process.communicate(timeout=20)
        return complaints.decode()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[WorldProcess]:
    world = WorldProcess(tmp_path)
    yield world
    complaints = world.end()
    assert (complaints, world.process.returncode) == ("", 0)


def _terminal(running: WorldProcess, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hw.fake.world", *words, "--socket", str(running.path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_a_verb_here_is_felt_by_a_board_there(running: WorldProcess) -> None:
    edges: queue.Queue[Edge] = queue.Queue()
    docked: queue.Queue[bool] = queue.Queue()
    with FakeWorld.at(running.path) as hand, FakeWorld.at(running.path) as elsewhere:
        recorder = recorder_board(elsewhere.link, camera=SMALL)
        recorder.buttons[ButtonName.RECORD].on_edge(edges.put)
        dock_board(elsewhere.link).dock.on_change(docked.put)
        before_ns = boottime_ns()
        hand.press(ButtonName.RECORD)
        hand.dock()
        down, up = edges.get(timeout=5), edges.get(timeout=5)
        assert docked.get(timeout=5)
        assert (down.pressed, up.pressed) == (True, False)
        assert before_ns <= down.at_ns <= up.at_ns - 100_000_000
        recorder.lamp.show(LampPattern.CAPTURING)
        elsewhere.clap()
        # News of another hand's deed takes a moment to get here.
        for _ in range(250):
            if hand.state().clapping:
                break
            threading.Event().wait(0.02)
        assert hand.state().clapping
        assert hand.lamp() is LampPattern.CAPTURING


def test_an_impossible_change_is_refused_and_the_world_goes_on(running: WorldProcess) -> None:
    with FakeWorld.at(running.path) as hand:
        with pytest.raises(WorldFault):
            hand.drain_battery(900)
        hand.drain_battery(9)
        assert hand.state().battery_percent == 9


@pytest.mark.parametrize("garbage", [b"press record\n", b"{" * 100_000, b"x" * (LINE_LIMIT + 9)])
def test_garbage_is_answered_with_the_cause_and_hung_up_on(
    running: WorldProcess, garbage: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(5)
        stranger.connect(str(running.path))
        stranger.sendall(garbage + b"\n")
        said = b""
        while part := stranger.recv(65_536):
            said += part
        assert b"refused" in said
    with FakeWorld.at(running.path) as hand:
        hand.dock()


def test_a_stranger_who_never_reads_cannot_hold_the_world_up(running: WorldProcess) -> None:
    with socket.socket(socket.AF_UNIX) as deaf, FakeWorld.at(running.path) as hand:
        deaf.connect(str(running.path))
        for percent in range(300):
            hand.drain_battery(percent % 100)


def test_the_socket_is_its_owners_alone(running: WorldProcess) -> None:
    assert running.path.stat().st_mode & 0o777 == 0o600


def test_a_second_world_at_the_same_socket_is_refused(running: WorldProcess) -> None:
    second = _terminal(running)
    assert second.returncode == 1
    assert "already listens" in second.stderr


def test_a_person_moves_it_from_a_terminal(running: WorldProcess) -> None:
    assert _terminal(running, "cover-speaker").returncode == 0
    refused = _terminal(running, "drain-battery", "101")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "cannot be" in refused.stderr
    assert '"covered"' in _terminal(running, "state").stdout


def test_the_world_remembers_from_run_to_run(tmp_path: Path) -> None:
    first = WorldProcess(tmp_path)
    with FakeWorld.at(first.path) as hand:
        hand.drain_battery(41)
    first.end()
    second = WorldProcess(tmp_path)
    with FakeWorld.at(second.path) as hand:
        assert hand.state().battery_percent == 41
    second.end()


def test_a_world_that_ended_is_a_fault(tmp_path: Path) -> None:
    world = WorldProcess(tmp_path)
    with FakeWorld.at(world.path) as hand:
        world.end()
        with pytest.raises(MissingPartFault):
            hand.dock()
        with pytest.raises(MissingPartFault):
            hand.state()


def test_every_accident_can_be_caused_from_another_process(running: WorldProcess) -> None:
    given = {"misread_battery": (55,), "skew_clock": (9.0,), "set_clock_quality": ("rtc", 800)}
    given |= {"lose_samples": (3,), "vanish_samples": (3,), "tune_microphone": (5,)}
    given |= {"swap_part": (PartName.CARD,), "put_back_part": (PartName.CARD,)}
    with FakeWorld.at(running.path) as hand:
        for name in [one for one in vars(Accidents) if not one.startswith("_")]:
            before = hand.state()
            buttons = (ButtonName.MARK,) if name.endswith("_button") else ()
            getattr(hand, name)(*given.get(name, buttons))
            mends = name.startswith(("mend", "wipe", "un", "set_clock", "break_lamp"))
            assert mends or hand.state() != before, name
            if name == "break_lamp":
                hand.mend_lamp()
