"""A medium that runs full ends the session cleanly; nothing that was taken is torn or lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.vault import messages as m
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.cards.small import assert_small_mount, memory_disk
from tests.kits.device.vault import RunningVault, TestRecorder, kinds, records

MEDIUM_BYTES = 48 * 1024 * 1024
RESERVE_BYTES = 16 * 1024 * 1024

pytestmark = [pytest.mark.rule("B3"), pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk")]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A medium of its own, so that filling it fills nothing else."""
    with memory_disk(tmp_path / "m", MEDIUM_BYTES) as disk:
        yield disk


@pytest.fixture
def enrolled(small_disk: Path) -> Enrolled:
    return enrol(small_disk, reserve_bytes=RESERVE_BYTES)


def fill(recorder: TestRecorder, enrolled: Enrolled) -> m.SessionClosed:
    """Record until the vault closes the session by itself."""
    store = enrolled.device.paths.store
    assert_small_mount(store.parent.parent)
    recorder.begin(0)
    for _ in range(MEDIUM_BYTES // 500_000):
        recorder.feed(0, 500_000)
    return recorder.wait(m.SessionClosed)


def test_a_full_disk_closes_the_session_with_its_reason(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        assert enrolled.device.paths.reserve.stat().st_size == RESERVE_BYTES
        recorder = vault.attached()
        # A rate so low that minutes never run out before the bytes do.
        request = m.OpenSession(
            activity="voluntary", officer=None, plan_id=None, bits_per_second=1_000
        )
        sid = recorder.ask(request, m.SessionOpened).session.sid
        assert fill(recorder, enrolled).reason == "storage"
    folder = enrolled.session(sid)
    expected = ["open", "attest", "event", "event", "seg", "close", "attest"]
    assert kinds(folder / "journal.jws") == expected
    journal = records(folder / "journal.jws")
    assert next(r for r in journal if r["t"] == "event")["fields"]["level"] == "full"
    seg = next(record for record in journal if record["t"] == "seg")
    opened = enrolled.open_age((folder / seg["file"]).read_bytes())
    assert opened == recorder.sent[0][: len(opened)]
    assert len(opened) == seg["plain_size"]
    assert len(opened) > MEDIUM_BYTES - RESERVE_BYTES - 4_000_000


def test_the_session_is_closed_while_minutes_are_left(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.segment(0)
        vault.world.fill_disk(1_000)
        closed = recorder.wait(m.SessionClosed)
        assert closed.reason == "storage"
    journal = records(enrolled.journal(closed.sid))
    levels = [r["fields"]["level"] for r in journal if r.get("kind") == "storage"]
    assert levels[-1] == "close"
    assert journal[-2]["reason"] == "storage"
