"""Receipts that the vault refuses, or cannot take just now."""

import logging

import pytest

from evidence.digests import CHUNK_BYTES
from evidence.wire import FinTopic
from tests.kits.device.dock import Rig


@pytest.mark.rule("H9")
def test_receipt_that_the_vault_refuses_is_not_acknowledged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    session = rig.card.add_session(100)
    forged = rig.desk.topics.receipt(session.sid, "stored")
    rig.desk.retained[forged] = b"stored of-another-device"
    rig.desk.override = lambda topic, _payload: [] if isinstance(topic, FinTopic) else None
    with caplog.at_level(logging.WARNING):
        rig.run()
    assert b"stored of-another-device" in rig.vault.refused
    assert not any(topic.endswith("/ack") for topic, _ in rig.network.sent)
    assert rig.desk.retained[forged] == b"stored of-another-device"
    assert "refused" in caplog.text


def test_receipt_bytes_reach_the_vault_untouched(rig: Rig) -> None:
    odd = bytes(range(256))
    rig.desk.retained[rig.desk.topics.base + "/receipt/x/stored"] = odd
    rig.run()
    assert rig.vault.refused == [odd]


def test_receipt_too_large_for_any_is_ignored(rig: Rig) -> None:
    rig.desk.retained[rig.desk.topics.base + "/receipt/x/stored"] = b"x" * 1_000_001
    rig.run()
    assert rig.vault.refused == []


def test_vault_that_restarts_in_the_middle_is_found_again(rig: Rig) -> None:
    rig.card.add_session(CHUNK_BYTES)
    fins = []

    def lose_the_vault(topic: str, _payload: bytes) -> None:
        if "/fin/" in topic:
            fins.append(topic)
            rig.vault.is_there = len(fins) != 1

    rig.network.on_publish = lose_the_vault
    rig.network.on_link = lambda: setattr(rig.vault, "is_there", True)
    rig.run()
    assert rig.missing() == []
    assert ("docked", "") in rig.vault.notes
    assert rig.vault.notes[-1][1].startswith("vault")
