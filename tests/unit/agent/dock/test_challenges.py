"""The dock carries challenge, answer and time, and decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.bureau_time import MAX_TIME_BYTES
from evidence.challenge import MAX_CHALLENGE_BYTES
from evidence.wire import DeviceTopic, LogTopic
from tests.kits.device.dock import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, seconds=60)


def says(rig: Rig, *words: tuple[str, bytes]) -> None:
    """The desk says so at the first question of a connection, before it answers."""
    left = [*words]

    def override(topic: DeviceTopic, _payload: bytes) -> list[tuple[str, bytes]] | None:
        if not isinstance(topic, LogTopic) or not left:
            return None
        said = [*left]
        left.clear()
        return [*said, *rig.desk.say(rig.desk.topics.log, next_index=len(rig.desk.lines))]

    rig.desk.override = override


def test_a_challenge_is_answered_before_anything_is_pushed(rig: Rig) -> None:
    topics = rig.desk.topics
    says(rig, (topics.challenge, b"challenge 7"))
    rig.run()
    sent = [topic for topic, _ in rig.network.sent]
    assert sent[:2] == [topics.log, topics.challenge_answer]
    assert ("dock", len(b"answer 7")) == ("dock", dict(rig.network.sent)[topics.challenge_answer])


def test_the_bureaus_time_is_handed_on(rig: Rig) -> None:
    says(rig, (rig.desk.topics.time, b"time now"))
    rig.run()
    assert rig.vault.times == ["now"]


def test_what_the_vault_refuses_is_not_answered_and_the_push_goes_on(rig: Rig) -> None:
    topics = rig.desk.topics
    says(
        rig,
        (topics.challenge, b"of somebody else"),
        (topics.time, b"of somebody else"),
        (topics.challenge, b""),
        (topics.challenge, b"c" * (MAX_CHALLENGE_BYTES + 1)),
        (topics.time, b"t" * (MAX_TIME_BYTES + 1)),
    )
    rig.run()
    assert topics.challenge_answer not in [topic for topic, _ in rig.network.sent]
    assert rig.vault.refused == [b"of somebody else"] * 2
    assert len(rig.desk.lines) == 3


def test_a_desk_that_asks_nothing_is_served_as_ever(rig: Rig) -> None:
    rig.run()
    assert rig.missing() == []
    assert rig.vault.times == []
