"""Who takes the device home or its card out has nothing he could look at, keep or pass on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.vault import messages as m
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault, TestRecorder

pytestmark = pytest.mark.rule("H5", "K6", "L3")

PIECE = 24
EVERY = 1_000


def pieces(content: bytes) -> Iterator[bytes]:
    """Bytes out of every part of ``content``: no sealed file holds one of them by chance."""
    for begin in range(0, len(content) - PIECE, EVERY):
        yield content[begin : begin + PIECE]


def lying_in_clear(folder: Path, media: list[bytes]) -> list[Path]:
    """The files of ``folder`` that hold a piece of ``media``."""
    files = [(path, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    wanted = [piece for one in media for piece in pieces(one)]
    return [path for path, content in files if any(piece in content for piece in wanted)]


def recorded(recorder: TestRecorder, photo: bytes) -> None:
    """A session with a sealed segment, one that is still open, and a photo."""
    recorder.attach()
    recorder.open()
    recorder.segment(0)
    recorder.begin(1)
    for _ in range(4):
        recorder.feed(1, 70_000)
    recorder.channel.send(m.StorePhoto(pts_ns=5, part=0, parts=1, content=photo))
    recorder.wait(m.Recorded)
    while not recorder.durable.get(1):
        recorder.wait(m.Durable)


def test_no_file_of_the_device_holds_what_was_recorded_in_clear(enrolled: Enrolled) -> None:
    folder = enrolled.device.paths.folder
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        photo = recorder.dice.randbytes(60_000)
        recorded(recorder, photo)
        media = [*recorder.sent.values(), photo]
        assert lying_in_clear(folder, media) == []
        recorder.end(1)
        recorder.close()
    sealed = sorted(path.name for path in enrolled.device.paths.sessions.rglob("*.age"))
    assert sealed == ["000000.jpg.age", "000000.mp4.age", "000001.mp4.age"]
    assert lying_in_clear(folder, media) == []


def test_no_key_on_the_device_opens_what_it_sealed(enrolled: Enrolled) -> None:
    files = [path for path in enrolled.device.paths.folder.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if b"AGE-SECRET-KEY-" in path.read_bytes().upper()] == []


def test_a_piece_that_lay_in_clear_would_be_found(tmp_path: Path) -> None:
    media = bytes(range(256)) * 40
    (tmp_path / "copy.bin").write_bytes(b"x" * 77 + media[3_000:7_000])
    assert lying_in_clear(tmp_path, [media]) == [tmp_path / "copy.bin"]
