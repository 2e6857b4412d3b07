"""The loop: events in, effects out, and what it looks at by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest

from agent.errors import AgentError
from agent.preflight.endurance import Endurance
from agent.session import events as e
from agent.session.events import (
    FirstFrame,
    MediaAdvanced,
    MediaTaken,
    SessionClosed,
    SessionOpened,
    VaultAttached,
)
from agent.session.inbox import MOST_WAITING, Inbox
from agent.session.parts import Checker, Listener, Parts, Vault
from agent.session.parts import Media as MediaPart
from agent.session.parts import Voice as VoicePart
from agent.session.runner import Runner
from agent.session.states import Phase
from agent.vault.messages import (
    ActiveSession,
    AnnouncementRule,
    Conduct,
    NoteFault,
    NotePress,
    OpenSession,
    PlanChoice,
    StorePreflight,
)
from agent.voice import sentences
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import ButtonName, CameraSettings, LampPattern
from scripts.session_table import clip_ended, heard

RULE = AnnouncementRule(
    id="zh-cn", text_sha256="a" * 64, pcm_sha256="b" * 64, samples=10, rate=16_000
)
HELD = ActiveSession(sid="s1", counter=1, next_segment=0, gop_count=0, video_end_ns=0)
REQUEST = OpenSession(activity="voluntary", officer=None, plan_id=None, bits_per_second=1_000)


class Doings(Vault, Listener, Checker):
    """Vault, ear and check in one: writes down what it is asked for."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.stored: list[tuple[str, Mapping[str, Any]]] = []

    def take(self) -> list[str]:
        done, self.done = self.done, []
        return done

    # The vault.

    def open_session(self, request: OpenSession) -> None:
        self.done.append(f"open {request.plan_id}" if request.plan_id else "open")

    def go_on(self) -> None:
        self.done.append("go on")

    def store_event(self, kind: str, fields: Mapping[str, Any]) -> None:
        self.done.append(f"store {kind}")
        self.stored.append((kind, fields))

    def close_session(self, reason: str) -> None:
        self.done.append(f"close {reason}")

    def forget_session(self) -> None:
        self.done.append("forget session")

    def note(self, note: NotePress | NoteFault) -> None:
        if isinstance(note, NotePress):
            self.done.append(f"note {note.button} {note.gesture}")
        else:
            self.done.append(f"note {note.part} {note.state}")

    def store_photo(self, pts_ns: int, content: bytes) -> None:
        self.done.append(f"store photo {len(content)}")

    def store_preflight(self, preflight: StorePreflight) -> None:
        self.done.append(f"store preflight {preflight.trigger}")

    def ask_status(self) -> None:
        self.done.append("ask status")

    # The ear and the check.

    def attend(self, seconds: int) -> None:
        self.done.append(f"attend {seconds}")

    def listen(self, template: str, from_ns: int, to_ns: int) -> None:
        self.done.append(f"listen {template} {(to_ns - from_ns) // 1_000_000_000}")

    def check(self, trigger: str) -> None:
        self.done.append(f"check {trigger}")

    def watch(self) -> None:
        """Time brings it now and then; the tests of the table look at it."""


class Media(MediaPart):
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

    def take_photo(self, pressed_ns: int) -> None:
        self._doings.done.append("take photo")

    def forget(self) -> None:
        self._doings.done.append("forget media")

    def stop(self) -> None:
        self._doings.done.append("stop")


class Voice(VoicePart):
    def __init__(self, doings: Doings) -> None:
        self._doings = doings

    def load(self, announce: Path, rules: Sequence[AnnouncementRule]) -> Mapping[str, str]:
        return {}

    def play(self, index: int) -> None:
        self._doings.done.append(f"play {index}")

    def stop(self) -> None:
        self._doings.done.append("stop voice")

    def say(self, words: tuple[str, ...]) -> None:
        self._doings.done.append(f"say {words[0]}")

    def hush(self) -> None:
        self._doings.done.append("hush")

    def rising_beep(self, step: int) -> None:
        self._doings.done.append(f"rise {step}")

    def beep(self, times: int) -> None:
        self._doings.done.append(f"beep {times}")


def _heard_whole(from_ns: int) -> e.ClipEnded:
    ended = clip_ended(hearing=heard())
    return replace(ended, from_ns=from_ns, to_ns=from_ns + 3_000_000_000)


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
            listener=self.doings,
            checker=self.doings,
            endurance=Endurance(None),
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
        ended = _heard_whole(now_ns)
        self.turn(
            SessionOpened(HELD), FirstFrame(now_ns), MediaAdvanced(now_ns), MediaTaken(), ended
        )
        assert self.runner.session.phase is Phase.RECORDING


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_press_begins_capture_before_the_vault_is_asked(table: Table) -> None:
    made = table.turn(VaultAttached(None, (RULE,), 2))
    assert made == ["prepare 2", "say power.on", "check power_up"]
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
    assert table.turn(seconds=1.0) == ["rise 1"]
    assert table.turn(seconds=2.0) == ["store button", "rise 3", "hush", "say stop.confirm"]
    table.world.let_go(ButtonName.RECORD)
    table.turn()
    table.world.press(ButtonName.RECORD)
    assert table.turn() == ["store button", "stop", "hush", "close officer"]
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
    faults = [
        fields["state"]
        for kind, fields in table.doings.stored
        if kind == "fault" and fields["part"] == "battery"
    ]
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
    assert table.turn() == ["stop", "hush", "close shutdown"]
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


def test_every_effect_reaches_its_part(table: Table) -> None:
    plan = PlanChoice(plan_id="p1", number=1, activity="hearing", officers=[])
    conduct = Conduct(arrival="fixed", arrival_seconds=20, sign=True)
    table.turn(VaultAttached(None, (RULE,), 2, conduct=conduct, plans=(plan,)))
    done = table.turn(e.PreflightReady("power_up", ()), e.PartFailed("camera", "camera", "gone"))
    assert done == ["store preflight power_up", "note camera begun", "say cause.camera"]
    now_ns = table.clock.monotonic_ns()
    assert table.turn(e.MarkTapped(now_ns), e.MarkHeld(now_ns))[-1] == "say plan.chosen"
    assert table.turn(e.PhotoPressed(now_ns)) == ["note photo press", "hush", "ask status"]
    now_ns = table.clock.monotonic_ns()
    assert table.turn(e.RecordPressed(now_ns))[:2] == ["begin 0", "open p1"]
    done = table.turn(SessionOpened(HELD), MediaTaken(), _heard_whole(now_ns))
    assert done[-3:] == ["store disclosure", "store prompt", "say arrival.sign"]
    assert table.turn(e.MarkTapped(now_ns))[-1] == "say arrival.fixed"
    assert table.turn(e.Spoken(sentences.arrival("fixed"))) == ["attend 20"]
    assert table.turn(seconds=21) == ["listen fixed 21"]
    now_ns = table.clock.monotonic_ns()
    assert table.turn(e.PhotoPressed(now_ns))[1] == "take photo"
    assert table.turn(e.PhotoTaken(now_ns, 1, b"jpeg")) == ["store photo 4"]
    table.turn(e.VaultLost())
    assert table.turn(VaultAttached(HELD, (RULE,), 2))[0] == "replay 0"
    assert table.turn(MediaTaken())[-1] == "play 0"
    now_ns = table.clock.monotonic_ns()
    table.turn(e.RecordHeld(now_ns - 1, now_ns))
    assert "stop voice" in table.turn(e.RecordPressed(now_ns))
    stopped = replace(_heard_whole(now_ns), reason="stopped", hearing=None)
    assert table.turn(stopped)[-1] == "close officer"
