"""The door between capture and the vault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agent.capture.media import Cause, Doubt, Gap, Progress, Started, Track
from agent.media_gate import MOST_HELD_BYTES, Media, MediaGate
from agent.session.events import Event, MediaTaken
from agent.vault.messages import BeginSegment, Durable, EndSegment, Fragment
from evidence.records import EVENTS
from evidence.schema import check_fields


class RecordingLink:
    def __init__(self) -> None:
        self.sent: list[Media] = []
        self.events: list[tuple[str, Mapping[str, Any]]] = []

    def send_media(self, message: Media) -> None:
        self.sent.append(message)

    def store_event(self, kind: str, fields: Mapping[str, Any]) -> None:
        self.events.append((kind, fields))

    def kinds(self) -> list[str]:
        return [f"{type(one).__name__} {one.number}" for one in self.sent]


class Room:
    """A gate with something on both sides."""

    def __init__(self) -> None:
        self.link = RecordingLink()
        self.posted: list[Event] = []
        self.gate = MediaGate(self.link, self.posted.append)

    def segment(self, number: int, size: int = 100) -> None:
        self.gate.begin(number, b"init")
        self.gate.fragment(number, bytes(size), Progress(frames=1, samples=1024), keyframe=True)
        self.gate.end(number, Progress(frames=1, samples=1024))

    def durable(self, number: int, offset: int) -> None:
        self.gate.durable(Durable(number=number, plaintext_offset=offset, journal_i=1))


def test_nothing_passes_before_the_vault_has_admitted_the_session() -> None:
    room = Room()
    room.gate.hold()
    room.segment(0)
    assert room.link.sent == []


def test_what_was_held_passes_in_order_and_the_rest_follows() -> None:
    room = Room()
    room.gate.hold()
    room.segment(0)
    assert room.gate.let_pass()
    room.segment(1)
    assert room.link.kinds() == [
        f"{kind.__name__} {number}"
        for number in (0, 1)
        for kind in (BeginSegment, Fragment, EndSegment)
    ]


@pytest.mark.rule("D12")
def test_what_a_refused_session_captured_never_passes() -> None:
    room = Room()
    room.gate.hold()
    room.segment(0)
    room.gate.close()
    room.segment(1)
    assert not room.gate.let_pass()
    assert room.link.sent == []


def test_media_of_one_connection_never_reach_the_next() -> None:
    room = Room()
    room.gate.hold()
    room.gate.let_pass()
    room.gate.interrupt()
    room.segment(4)
    assert room.link.sent == []


def test_an_interruption_before_admission_keeps_what_is_held() -> None:
    room = Room()
    room.gate.hold()
    room.segment(0)
    room.gate.interrupt()
    assert room.gate.let_pass()
    assert room.link.kinds()[0] == "BeginSegment 0"


def test_after_an_interruption_media_pass_from_the_agreed_segment_on() -> None:
    room = Room()
    room.gate.await_segment(5)
    room.segment(4)
    room.segment(5)
    assert {one.number for one in room.link.sent} == {5}


def test_more_than_can_be_held_has_to_be_replayed() -> None:
    room = Room()
    room.gate.hold()
    for number in range(3):
        room.segment(number, MOST_HELD_BYTES // 2)
    assert not room.gate.let_pass()


def test_media_count_as_taken_once_picture_and_sound_are_acknowledged() -> None:
    room = Room()
    room.gate.hold()
    room.gate.started(Started(number=0, plaintext_offset=900, video_ns=1, audio_ns=1))
    room.durable(0, 899)
    assert room.posted == []
    room.durable(0, 900)
    room.durable(1, 0)
    assert room.posted == [MediaTaken()]


def test_a_gap_is_an_event_even_while_no_media_pass() -> None:
    room = Room()
    room.gate.hold()
    room.gate.let_pass()
    room.gate.interrupt()
    room.gate.gap(Gap(5, None, Cause.CAMERA_GONE, Track.VIDEO))
    fields = {"track": "video", "from_ns": 5, "to_ns": None, "cause": "camera_gone"}
    assert room.link.events == [("gap", fields)]


def test_a_doubt_is_an_event_as_a_gap_is() -> None:
    room = Room()
    room.gate.hold()
    room.gate.let_pass()
    room.gate.interrupt()
    room.gate.doubt(Doubt(5, 9, 7_000_000))
    fields = {"track": "audio", "from_ns": 5, "to_ns": 9, "within_ns": 7_000_000}
    assert room.link.events == [("doubt", fields)]
    check_fields(EVENTS["doubt"], fields, "doubt")


def test_a_gap_of_what_no_session_took_is_no_event() -> None:
    room = Room()
    room.gate.hold()
    room.gate.close()
    room.gate.gap(Gap(5, None, Cause.CAMERA_GONE, Track.VIDEO))
    assert room.link.events == []
