from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.plan import Report, StepState, carry_out, content_step, folder_step, once_step


def test_a_dry_run_touches_nothing_and_says_what_it_would_do(tmp_path: Path) -> None:
    steps = [
        folder_step("a folder", tmp_path / "a"),
        content_step("a file", tmp_path / "b" / "file", b"1"),
    ]
    outcomes = carry_out(steps, dry_run=True)
    assert [outcome.state for outcome in outcomes] == [StepState.PLANNED] * 2
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    steps = [
        folder_step("a folder", tmp_path / "a"),
        once_step("once", tmp_path / "once", lambda: b"x"),
        content_step("a file", tmp_path / "file", b"1"),
    ]
    assert Report(outcomes=carry_out(steps, dry_run=False)).changed == 3
    assert Report(outcomes=carry_out(steps, dry_run=False)).changed == 0


def test_a_file_made_once_is_never_written_again(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"old")
    carry_out([once_step("key", tmp_path / "key", lambda: b"new")], dry_run=False)
    assert (tmp_path / "key").read_bytes() == b"old"


def test_rendered_content_follows_what_it_is_made_from(tmp_path: Path) -> None:
    (tmp_path / "conf").write_bytes(b"port 1")
    outcomes = carry_out([content_step("conf", tmp_path / "conf", b"port 2")], dry_run=False)
    assert outcomes[0].state is StepState.CHANGED
    assert (tmp_path / "conf").read_bytes() == b"port 2"


def test_a_step_that_fails_stops_the_plan_and_the_next_run_goes_on(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise OSError("the medium is full")

    first = once_step("first", tmp_path / "first", lambda: b"1")
    with pytest.raises(OSError, match="full"):
        carry_out([first, once_step("second", tmp_path / "second", fail)], dry_run=False)
    second = once_step("second", tmp_path / "second", lambda: b"2")
    states = [outcome.state for outcome in carry_out([first, second], dry_run=False)]
    assert states == [StepState.UNCHANGED, StepState.CHANGED]
