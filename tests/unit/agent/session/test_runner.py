"""The loop: events in, effects out, and what it looks at by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest

from agent.errors import AgentError
from agent.session.events import (
    ClipEnded,
    FirstFrame,
    MediaAdvanced,
    MediaTaken,
    SessionClosed,
    SessionOpened,
    VaultAttached,
)
from agent.session.inbox import MOST_WAITING, Inbox
from agent.session.runner import Parts, Runner
from agent.session.states import Phase
from agent.vault.messages import ActiveSession, AnnouncementRule, NotePress, OpenSession
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import ButtonName, CameraSettings, LampPattern

RULE = AnnouncementRule(
    id="zh-cn", text_sha256="a" * 64, pcm_sha256="b" * 64, samples=10, rate=16_000
)
HELD = ActiveSession(sid="s1", counter=1, next_segment=0, gop_count=0, video_end_ns=0)
REQUEST = OpenSession(
    activity="voluntary", officer=None, custodian=None, plan_id=None, bits_per_second=1_000
)


class Doings:
    """Vault, media and voice in one: writes down what it is asked for."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.stored: list[tuple[str, Mapping[str, Any]]] = []

    def take(self) -> list[str]:
        done, self.done = self.done, []
        return done

    # The vault.

    def open_session(self, request: OpenSession) -> None:
        assert request is REQUEST
        self.done.append("open")

    def go_on(self) -> None:
        self.done.append("go on")

    def store_event(self, kind: str, fields: Mapping[str, Any]) -> None:
        self.done.append(f"store {kind}")
        self.stored.append((kind, fields))

    def close_session(self, reason: str) -> None:
        self.done.append(f"close {reason}")

    def forget_session(self) -> None:
        self.done.append("forget session")

    def note_press(self, note: NotePress) -> None:
        self.done.append(f"note {note.button} {note.gesture}")


class Media:
    def __init__(self, doings: Doings) -> None:
        self._doings = doings

    def prepare(self, segment_seconds: int) -> None:
        self._doings.done.append(f"prepare {segment_seconds}")

    def is_warm(self) -> bool:
        return True

    def begin(self, number: int, gop: int, pressed_ns: int | None) -> None:
        self._doings.done.append(f"begin {number}")

    def let_pass(self, number: int, gop: int) -> None:
        self._doings.done.append(f"pass {number}")

    def replay(self, number: int, gop: int) -> None:
        self._doings.done.append(f"replay {number}")

    def forget(self) -> None:
        self._doings.done.append("forget media")

    def stop(self) -> None:
        self._doings.done.append("stop")


class Voice:
    def __init__(self, doings: Doings) -> None:
        self._doings = doings

    def load(self, announce: Path, rules: tuple[AnnouncementRule, ...]) -> Mapping[str, str]:
        return {}

    def play(self, index: int) -> None:
        self._doings.done.append(f"play {index}")

    def stop(self) -> None:
        self._doings.done.append("hush")

    def beep(self, times: int) -> None:
        self._doings.done.append(f"beep {times}")


class Table:
    """A runner with everything around it, turned by hand."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.world = FakeWorld.here(self.clock)
        self.doings = Doings()
        self.inbox = Inbox()
        self.stop = Signal()
        parts = Parts(
            board=recorder_board(self.world.link, camera=CameraSettings(), source=self.clock),
            vault=self.doings,
            media=Media(self.doings),
            voice=Voice(self.doings),
            request=REQUEST,
            announce=Path("announce"),
        )
        for button in parts.board.buttons.values():
            button.on_edge(self.inbox.post)
        self.runner = Runner(parts, self.inbox, self.stop)

    def turn(self, *events: Any, seconds: float = 0.1) -> list[str]:
        for event in events:
            self.inbox.post(event)
        self.clock.advance(seconds)
        self.runner.turn()
        return self.doings.take()

    def record(self) -> None:
        self.turn(VaultAttached(None, (RULE,), 2))
        self.world.press(ButtonName.RECORD)
        self.turn()
        now_ns = self.clock.monotonic_ns()
        ended = ClipEnded(clip=0, frames_played=10, underruns=0, from_ns=1, to_ns=2, reason=None)
        self.turn(
            SessionOpened(HELD), FirstFrame(now_ns), MediaAdvanced(now_ns), MediaTaken(), ended
        )
        assert self.runner.session.phase is Phase.RECORDING


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_press_begins_capture_before_the_vault_is_asked(table: Table) -> None:
    assert table.turn(VaultAttached(None, (RULE,), 2)) == ["prepare 2"]
    table.world.press(ButtonName.RECORD)
    assert table.turn()[:2] == ["begin 0", "open"]


def test_media_pass_and_events_follow_once_the_session_is_open(table: Table) -> None:
    table.turn(VaultAttached(None, (RULE,), 2))
    table.world.press(ButtonName.RECORD)
    table.turn()
    assert table.turn(SessionOpened(HELD)) == ["pass 0", "go on", "store button"]


def test_a_hold_and_a_press_end_the_recording(table: Table) -> None:
    table.record()
    table.world.push(ButtonName.RECORD)
    table.turn()
    assert table.turn(seconds=3.0) == ["store button", "beep 2"]
    table.world.let_go(ButtonName.RECORD)
    table.turn()
    table.world.press(ButtonName.RECORD)
    assert table.turn() == ["store button", "stop", "close officer"]
    table.turn(SessionClosed("s1", "officer"))
    assert table.runner.session.phase is Phase.IDLE


def test_the_lamp_is_red_while_media_reach_the_medium_and_green_before(table: Table) -> None:
    table.turn(VaultAttached(None, (RULE,), 2))
    assert table.world.lamp() is LampPattern.READY
    table.record()
    assert table.world.lamp() is LampPattern.CAPTURING
    table.turn(seconds=10)
    assert table.world.lamp() is LampPattern.FAULT


def test_a_gauge_that_falls_silent_is_a_signed_fault(table: Table) -> None:
    table.record()
    table.world.break_gauge()
    table.turn(seconds=6)
    table.world.mend_gauge()
    table.turn(seconds=6)
    faults = [fields["state"] for kind, fields in table.doings.stored if kind == "fault"]
    assert faults == ["begun", "ended"]


def test_a_battery_that_drains_is_signed_at_every_tenth(table: Table) -> None:
    table.record()
    for percent in (85, 84, 71):
        table.world.drain_battery(percent)
        table.turn(seconds=6)
    read = [fields["percent"] for kind, fields in table.doings.stored if kind == "battery"]
    assert read == [85, 71]


def test_the_wish_to_end_closes_the_recording_first(table: Table) -> None:
    table.record()
    table.stop.set()
    assert table.turn() == ["stop", "close shutdown"]
    assert table.turn() == []


def test_a_loop_that_is_too_far_behind_ends_its_process() -> None:
    inbox = Inbox()
    for _ in range(MOST_WAITING + 1):
        inbox.post(MediaTaken())
    with pytest.raises(AgentError, match="stuck"):
        inbox.take_all()


def test_a_dead_capture_ends_the_process(table: Table) -> None:
    table.inbox.fail(RuntimeError("the muxer"))
    with pytest.raises(AgentError, match="the muxer"):
        table.turn()
