"""What can be said to the world and what it refuses."""

from __future__ import annotations

import json

import pytest

from hw.errors import WorldFault
from hw.fake.protocol import LINE_LIMIT, Ask, News, read_ask, read_said, write_message
from hw.fake.state import SOUNDS_KEPT, CameraCondition, Sound, WorldState, changed
from hw.types import ButtonName


def _sound(number: int) -> Sound:
    return Sound(clip_id=str(number), frames_played=1, frames=1, underruns=0, began_ns=0)


def test_a_change_is_a_new_world_and_leaves_the_old_one_as_it_was() -> None:
    before = WorldState()
    after = changed(before, {"camera": "gone", "record_pressed": True})
    assert (after.camera, after.pressed(ButtonName.RECORD)) == (CameraCondition.GONE, True)
    assert before == WorldState()


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"battery_percent": 101},
        {"battery_percent": "full"},
        {"camera": "on fire"},
        {"free_bytes": -1},
        {"microphone_ppm": 5_000},
        {"docked": 1},
        {"scene": "x" * 600},
        {"sounds": [{"clip_id": "x"}]},
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(WorldFault):
        changed(WorldState(), change)


def test_the_world_remembers_only_the_last_sounds() -> None:
    state = WorldState()
    for number in range(SOUNDS_KEPT + 5):
        state = changed(state, {"sounds": (*state.sounds, _sound(number))})
    assert state.sounds[0].clip_id == "5"
    assert len(state.sounds) == SOUNDS_KEPT


def test_messages_are_read_as_they_were_written() -> None:
    ask, news = Ask(n=3, change={"docked": True}), News(at_ns=5, state=WorldState())
    assert read_ask(write_message(ask)) == ask
    assert read_said(write_message(news)) == news


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"press record\n",
        b'{"type":"ask","n":1,"change":{}}',
        b'{"type":"ask","n":1,"change":{},"more":1}\n',
        b'{"type":"news","at_ns":1,"state":{}}\n',
        b'{"type":"ask","n":"1","change":{}}\n',
        b'{"type":"ask","n":1,"change":[]}\n',
        b'\xff\xfe{"type":"ask"}\n',
        b'{"type":"ask","n":1,"change":' + b"[" * 20_000 + b"\n",
    ],
)
def test_a_malformed_line_is_refused(line: bytes) -> None:
    with pytest.raises(WorldFault):
        read_ask(line)


def test_a_deep_line_never_gets_into_the_world() -> None:
    # How deep a line may be read depends on the interpreter; what it says is refused anyhow.
    line = b'{"type":"ask","n":1,"change":{"a":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001 + b"}\n"
    with pytest.raises(WorldFault):
        changed(WorldState(), read_ask(line).change)


def test_a_line_that_is_too_long_is_refused() -> None:
    line = json.dumps({"type": "ask", "n": 1, "change": {"scene": "x" * LINE_LIMIT}})
    with pytest.raises(WorldFault, match="longer"):
        read_ask(line.encode() + b"\n")
