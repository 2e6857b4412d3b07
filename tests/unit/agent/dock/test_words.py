"""The bureau's words through the dock: bytes in, the vault's answer out."""

from pathlib import Path

import pytest

from evidence import wire
from evidence.assignment import MAX_ASSIGNMENT_BYTES
from evidence.digests import sha256_hex
from evidence.rulebook.carried import MAX_POLICY_BYTES
from evidence.wire import Topics, WordAck
from tests.kits.device.dock import DEVICE, Rig

TOPICS = Topics(DEVICE)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, seconds=20)
    rig.vault.on_empty = lambda: None
    return rig


def answers(rig: Rig, *said: tuple[str, bytes]) -> list[tuple[str, WordAck]]:
    """What the dock answers to words that arrive one after the other, and where."""
    acks: list[tuple[str, WordAck]] = []

    def look(topic: str, payload: bytes) -> None:
        if topic in (TOPICS.roster_ack, TOPICS.policy_ack):
            acks.append((topic, wire.decode_word_ack(payload)))

    rig.network.on_publish = look
    rig.later(3, lambda: rig.network.links[-1].hear(list(said)))
    rig.run()
    return acks


def test_each_word_reaches_the_vault_and_is_answered_on_its_own_topic(rig: Rig) -> None:
    roster, policy = b"roster 3", b"policy 7"
    assert answers(rig, (TOPICS.roster, roster), (TOPICS.policy, policy)) == [
        (TOPICS.roster_ack, WordAck(sha256=sha256_hex(roster), number=3, state="adopted")),
        (TOPICS.policy_ack, WordAck(sha256=sha256_hex(policy), number=7, state="adopted")),
    ]
    assert rig.vault.words == [("roster", 3), ("policy", 7)]


def test_a_word_taken_during_a_recording_is_answered_as_staged(rig: Rig) -> None:
    rig.vault.recording = True
    ((_, ack),) = answers(rig, (TOPICS.policy, b"policy 7"))
    assert (ack.number, ack.state) == (7, "staged")


def test_what_the_vault_refuses_is_answered_with_its_code(rig: Rig) -> None:
    ((_, ack),) = answers(rig, (TOPICS.roster, b"forged"))
    assert (ack.state, ack.code, ack.number) == ("refused", "assignment_signature", None)
    assert ack.sha256 == sha256_hex(b"forged")


def test_an_assignment_on_the_policys_topic_is_refused(rig: Rig) -> None:
    ((topic, ack),) = answers(rig, (TOPICS.policy, b"roster 3"))
    assert (topic, ack.state) == (TOPICS.policy_ack, "refused")


@pytest.mark.parametrize(
    ("topic", "most", "code"),
    [
        (TOPICS.roster, MAX_ASSIGNMENT_BYTES, "assignment_size"),
        (TOPICS.policy, MAX_POLICY_BYTES, "policy_size"),
    ],
)
def test_what_is_too_large_for_a_word_never_reaches_the_vault(
    rig: Rig, topic: str, most: int, code: str
) -> None:
    ((_, ack),) = answers(rig, (topic, b"x" * (most + 1)))
    assert ack.code == code
    assert (rig.vault.words, rig.vault.refused) == ([], [])


def test_a_retained_word_that_the_bureau_took_back_is_no_word(rig: Rig) -> None:
    assert answers(rig, (TOPICS.roster, b"")) == []
    assert (rig.vault.words, rig.vault.refused) == ([], [])
