"""Files that are made whole, copied to other media, and let go only once they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evidence.store import durable


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"a key, whole")
    return path


def test_a_file_is_made_whole_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    durable.create_file(path, b"first", mode=0o600)
    with pytest.raises(FileExistsError):
        durable.create_file(path, b"second")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"first", 0o600)


def test_a_file_that_could_not_be_written_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        durable.create_file(tmp_path / "key.pem", b"first")
    assert not (tmp_path / "key.pem").exists()


@pytest.mark.parametrize("there", [None, b"", b"a key", b"a key, whole"])
def test_a_copy_is_made_or_finished(tmp_path: Path, source: Path, there: bytes | None) -> None:
    target = tmp_path / "copy"
    if there is not None:
        target.write_bytes(there)
    durable.copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("there", [b"another", b"a key, whole and more"])
def test_another_file_is_not_copied_over(tmp_path: Path, source: Path, there: bytes) -> None:
    (tmp_path / "copy").write_bytes(there)
    with pytest.raises(FileExistsError):
        durable.copy_file(source, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == there


def test_a_medium_that_gives_back_something_else_is_named(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable.PositionedFile, "pieces", lambda *_: iter([b"rot"]))
    with pytest.raises(OSError, match="copy"):
        durable.copy_file(source, tmp_path / "copy")
    assert source.exists()


def test_what_was_copied_is_let_go_and_nothing_else(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "copy"
    for wrong in (b"", b"another"):
        target.write_bytes(wrong)
        with pytest.raises(OSError, match="not the file"):
            durable.release_copied(source, target)
    with pytest.raises(OSError, match="not the file"):
        durable.release_copied(source, source)
    with pytest.raises(FileNotFoundError):
        durable.release_copied(source, tmp_path / "nowhere")
    assert source.exists()
    target.write_bytes(source.read_bytes())
    durable.release_copied(source, target)
    assert not source.exists()
    assert target.exists()
