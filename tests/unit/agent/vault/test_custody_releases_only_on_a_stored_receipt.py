"""Only a stored receipt of this bureau that fits device, session and every file frees space."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.vault import messages as m
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, ask_dock, records
from tests.kits.records.receipts import receipt_for, signed_by

pytestmark = pytest.mark.rule("G1", "H9")


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path, numbers={"release.keep_days": 0})


@pytest.fixture
def vault(enrolled: Enrolled) -> Iterator[RunningVault]:
    with RunningVault(enrolled) as running:
        recorder = running.attached()
        running.folder = enrolled.device.paths.sessions / recorder.open().sid
        recorder.segment(0)
        recorder.segment(1)
        recorder.close()
        yield running


def submit(vault: RunningVault, token: bytes) -> Any:
    return ask_dock(vault.enrolled, m.SubmitReceipt(content=token))


def honest(vault: RunningVault, kind: str = "stored", **changes: Any) -> bytes:
    one = receipt_for(vault.enrolled.device.settings.device_id, vault.folder, kind, **changes)
    return signed_by(vault.enrolled.bureau, one)


def test_a_stored_receipt_frees_the_session_and_the_log_says_so(vault: RunningVault) -> None:
    taken = submit(vault, honest(vault))
    assert (taken.kind, taken.released) == ("stored", True)
    assert not vault.folder.exists()
    log = records(vault.enrolled.device.paths.device_log)
    assert [record["t"] for record in log] == ["start", "parts", "session", "receipt", "release"]
    assert (vault.enrolled.device.paths.receipts / f"{vault.folder.name}.stored.jws").exists()


def test_a_committed_receipt_frees_nothing(vault: RunningVault) -> None:
    taken = submit(vault, honest(vault, "committed"))
    assert (taken.kind, taken.released) == ("committed", False)
    assert len(list(vault.folder.iterdir())) == 3


def test_the_same_receipt_again_changes_nothing(vault: RunningVault) -> None:
    token = honest(vault)
    submit(vault, token)
    before = vault.enrolled.device.paths.device_log.read_bytes()
    assert submit(vault, token).kind == "stored"
    assert vault.enrolled.device.paths.device_log.read_bytes() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"dev": "REC-002"},
        {"counter": 2},
        {"journal_sha256": "a" * 64},
        {"root": "b" * 64},
        {"sid": "0197a000-0000-7000-8000-000000000000"},
    ],
    ids=str,
)
def test_a_receipt_of_another_device_or_session_is_refused(
    vault: RunningVault, changes: Any
) -> None:
    assert submit(vault, honest(vault, **changes)).code == "receipt"
    assert vault.folder.exists()
    log = records(vault.enrolled.device.paths.device_log)
    assert (log[-1]["t"], log[-1]["code"]) == ("refusal", "receipt")


def test_a_receipt_that_leaves_a_file_out_is_refused(vault: RunningVault) -> None:
    whole = receipt_for(vault.enrolled.device.settings.device_id, vault.folder)
    token = honest(vault, files=whole.files[:-1])
    refused = submit(vault, token)
    assert refused.code == "receipt"
    assert "000001.mp4.age" in refused.detail
    assert vault.folder.exists()


def test_a_receipt_signed_by_another_bureau_is_refused(vault: RunningVault, tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    other = enrol(tmp_path / "e")
    one = receipt_for(vault.enrolled.device.settings.device_id, vault.folder)
    assert submit(vault, signed_by(other.bureau, one)).code == "receipt"
    assert vault.folder.exists()


@pytest.mark.parametrize("token", [b"", b"a.b.c", b"\xff" * 100, b"." * 1000], ids=range(4))
def test_garbage_is_refused(vault: RunningVault, token: bytes) -> None:
    assert submit(vault, token).code == "receipt"
    assert vault.folder.exists()


def test_one_changed_byte_is_refused(vault: RunningVault) -> None:
    token = honest(vault)
    for position in range(0, len(token), len(token) // 40):
        changed = bytearray(token)
        changed[position] ^= 1
        assert submit(vault, bytes(changed)).code == "receipt"
    assert vault.folder.exists()


def test_nothing_is_released_while_something_records(vault: RunningVault) -> None:
    recorder = vault.recorder_again()
    recorder.open()
    assert submit(vault, honest(vault)).released is False
    assert vault.folder.exists()
    recorder.close()
    recorder.wait_until(lambda: not vault.folder.exists())


def test_a_release_that_a_crash_cut_short_is_finished(vault: RunningVault) -> None:
    name = vault.folder.name
    kept = {path.name: path.read_bytes() for path in vault.folder.iterdir()}
    submit(vault, honest(vault))
    vault.folder.mkdir()
    for file, content in kept.items():
        (vault.folder / file).write_bytes(content)
    enrolled = vault.enrolled
    vault.restart()
    assert not enrolled.session(name).exists()


def test_a_receipt_kept_but_not_recorded_is_recorded_at_the_next_start(vault: RunningVault) -> None:
    path = vault.enrolled.device.paths.receipts / f"{vault.folder.name}.stored.jws"
    path.write_bytes(honest(vault))
    vault.restart()
    assert not vault.folder.exists()
    log = records(vault.enrolled.device.paths.device_log)
    assert [record["t"] for record in log][-3:] == ["start", "receipt", "release"]


@pytest.mark.parametrize("torn", [b"", b"eyJhbGciOiJFUzI1NiIs", b"\0" * 4_096], ids=len)
def test_a_receipt_that_a_cut_tore_is_given_again(vault: RunningVault, torn: bytes) -> None:
    token = honest(vault)
    path = vault.enrolled.device.paths.receipts / f"{vault.folder.name}.stored.jws"
    path.write_bytes(torn)
    vault.restart()
    assert vault.folder.exists()
    taken = submit(vault, token)
    assert (taken.kind, taken.released) == ("stored", True)
    assert path.read_bytes() == token


def test_a_receipt_is_absent_or_whole_at_every_instant(
    vault: RunningVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    path = vault.enrolled.device.paths.receipts / f"{vault.folder.name}.stored.jws"
    real = os.fdatasync  # noqa: TID251 - watched

    def look(fd: int) -> None:
        seen.append(path.read_bytes() if path.exists() else b"")
        real(fd)

    monkeypatch.setattr(os, "fdatasync", look)
    token = honest(vault)
    submit(vault, token)
    assert set(seen) == {b"", token}


def test_receipted_sessions_stay_for_the_days_of_the_rulebook(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    enrolled = enrol(tmp_path / "b", numbers={"release.keep_days": 7})
    with RunningVault(enrolled) as running:
        recorder = running.attached()
        running.folder = enrolled.device.paths.sessions / recorder.open().sid
        recorder.segment(0)
        recorder.close()
        fresh = running.clock_text()
        assert submit(running, honest(running, stored_at=fresh)).released is False
        assert running.folder.exists()
        running.world.skew_clock(8 * 86_400)
        running.restart(keep_world=True)
        assert not running.folder.exists()
