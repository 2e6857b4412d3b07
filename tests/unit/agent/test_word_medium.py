"""The bureau's words from a removable medium: put aside for the vault, which judges them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.word_medium import ASSIGNMENT_SUFFIX, POLICY, stage
from evidence.assignment import Officer
from evidence.errors import AssignmentError, RulebookError
from evidence.rulebook.carried import MAX_POLICY_BYTES, CarriedClip, pack
from hw.fake.clock import SystemClock
from provisioning.custody.carrying import SUFFIX, carry
from provisioning.errors import UnknownDeviceError
from provisioning.layout import BureauFolder
from provisioning.policy.publishing import MEDIUM_NAME, publish
from tests.kits.bureau.enrolment import Enrolled, assign
from tests.kits.bureau.policy import set_policy
from tests.kits.device.vault import RunningVault, records
from tests.kits.device.words import policy


def test_both_ends_call_the_files_the_same() -> None:
    assert POLICY == MEDIUM_NAME
    assert ASSIGNMENT_SUFFIX == SUFFIX


def test_what_the_clerk_wrote_onto_a_medium_is_adopted_at_the_next_start(
    enrolled: Enrolled, tmp_path: Path
) -> None:
    clock = SystemClock().utc_ns
    set_policy(enrolled.bureau, {"segment.seconds": 4}, clock=clock)
    publish(enrolled.bureau, to=tmp_path / "usb", clock=clock)
    words = ["words", "--from", str(tmp_path / "usb"), "--device"]
    done = CliRunner().invoke(app, [*words, str(enrolled.device.paths.folder)])
    assert (done.exit_code, "第 2 版" in done.output) == (0, True)
    assert "1" in enrolled.device.paths.rulebook_floor.read_text()
    with RunningVault(enrolled) as vault:
        assert vault.recorder().attach().segment_seconds == 4
    log = records(enrolled.device.paths.device_log)
    assert [one["version"] for one in log if one["t"] == "provision"] == [2]


def test_a_medium_that_holds_no_word_is_refused_in_chinese(
    enrolled: Enrolled, tmp_path: Path
) -> None:
    words = ["words", "--from", str(tmp_path), "--device", str(enrolled.device.paths.folder)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "办法传送文件格式不正确" in done.stderr
    assert not enrolled.device.paths.staged_policy.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_policy_message_is_not_put_aside(
    enrolled: Enrolled, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / POLICY).write_bytes(content)
    with pytest.raises(RulebookError):
        stage(enrolled.device, tmp_path)
    assert not enrolled.device.paths.staged_policy.exists()


@pytest.mark.parametrize("book", [b"{}", b"[]", b'{"payload":"e30"}', b'{"payload":3}'])
def test_a_message_without_a_rulebook_is_not_put_aside(
    enrolled: Enrolled, tmp_path: Path, book: bytes
) -> None:
    (tmp_path / POLICY).write_bytes(policy(enrolled, book=book))
    with pytest.raises(RulebookError):
        stage(enrolled.device, tmp_path)


def test_a_long_announcement_goes_by_medium_where_the_network_is_too_narrow(
    enrolled: Enrolled, tmp_path: Path
) -> None:
    clip = CarriedClip(id="zh", meta=b"{}", text=b"x", audio=bytes(MAX_POLICY_BYTES))
    book = enrolled.device.paths.rulebook.read_bytes()
    message = pack(enrolled.device.paths.root.read_bytes(), book, [clip])
    assert len(message) > MAX_POLICY_BYTES
    (tmp_path / POLICY).write_bytes(message)
    assert stage(enrolled.device, tmp_path).policy == 1


@pytest.mark.rule("A1", "A3")
def test_an_assignment_that_the_clerk_wrote_onto_a_medium_is_adopted(
    enrolled: Enrolled, tmp_path: Path
) -> None:
    device = enrolled.device.settings.device_id
    assign(enrolled, "O-7", number=7, officers=(Officer(id="O-1"),))
    token = enrolled.device.paths.assignment.read_bytes()
    assign(enrolled)
    kept = BureauFolder(enrolled.bureau).assignment(device, 7)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(token)
    carry(enrolled.bureau, device, tmp_path / "usb")
    words = ["words", "--from", str(tmp_path / "usb"), "--device"]
    done = CliRunner().invoke(app, [*words, str(enrolled.device.paths.folder)])
    assert (done.exit_code, "第 7 号" in done.output) == (0, True)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
    assert enrolled.device.paths.assignment.read_bytes() == token


def test_what_is_no_assignment_is_not_put_aside(enrolled: Enrolled, tmp_path: Path) -> None:
    name = f"{enrolled.device.settings.device_id}{ASSIGNMENT_SUFFIX}"
    (tmp_path / name).write_bytes(b"garbage")
    with pytest.raises(AssignmentError):
        stage(enrolled.device, tmp_path)
    assert not enrolled.device.paths.staged_assignment.exists()


def test_a_device_that_was_never_assigned_has_nothing_to_carry(
    enrolled: Enrolled, tmp_path: Path
) -> None:
    with pytest.raises(UnknownDeviceError, match="provision assign"):
        carry(enrolled.bureau, "ZF-404", tmp_path)
