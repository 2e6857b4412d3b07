"""What is set aside carries a recording on: room, files, and the chains' own place."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent.settings import Paths
from agent.vault.store import medium as store
from agent.vault.store.ahead import keep_ahead
from agent.vault.store.medium import SPARES, Medium
from evidence.store.durable import AppendFile
from hw.fake.gauges import FakeStorage
from hw.fake.world import FakeWorld
from hw.types import StorageReading
from hw.unlocked import UnlockedFiles

RESERVE = 4 * 1024 * 1024


class Card(FakeStorage):
    """A medium that says how many files it can still name."""

    free_files: int | None = 100_000

    def read(self) -> StorageReading:
        return replace(super().read(), free_files=self.free_files)


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(FakeWorld.here().link, tmp_path)


@pytest.fixture
def medium(tmp_path: Path, card: Card) -> Medium:
    paths = Paths(tmp_path, tmp_path / "run")
    made = Medium(paths, UnlockedFiles(), card, floor_bytes=0, reserve_bytes=RESERVE)
    made.keep_reserve()
    return made


def test_the_upper_half_of_the_reserve_is_to_go_on_with(medium: Medium) -> None:
    assert not medium.reserve_is_low
    given = 0
    while not medium.reserve_is_low:
        assert medium.give_reserve()
        given += 1
    left = medium.paths.reserve.stat().st_size
    assert given > 20
    assert RESERVE * 45 // 100 < left <= RESERVE // 2


def test_without_files_a_segment_takes_a_spare_ones_place(
    medium: Medium, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *, fresh: bool, relief: object) -> AppendFile:
        if fresh:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        assert relief is not None
        return AppendFile(path, fresh=False)

    card.free_files = 0
    monkeypatch.setattr(store, "AppendFile", full)
    path = medium.paths.sessions / "000000.mp4.age"
    with medium.create(path) as file:
        file.write(b"sealed")
    assert path.read_bytes() == b"sealed"
    assert len(list(medium.paths.spares.iterdir())) == SPARES - 1
    assert medium.gave_reserve


def test_room_is_the_lesser_of_bytes_and_files(medium: Medium, card: Card) -> None:
    roomy = medium.space(1_000_000)
    assert roomy.minutes > 1_000
    card.free_files = 0
    assert medium.space(1_000_000, 10).minutes == SPARES * 10 // 60
    assert medium.space(1_000_000, 2).minutes == SPARES * 2 // 60
    card.free_files = None
    assert medium.space(1_000_000).minutes == roomy.minutes


def test_spare_files_are_made_again_where_there_is_plenty(medium: Medium, card: Card) -> None:
    for path in list(medium.paths.spares.iterdir())[:5]:
        path.unlink()
    card.free_files = SPARES
    medium.keep_reserve()
    assert len(list(medium.paths.spares.iterdir())) == SPARES - 5
    card.free_files = 100_000
    medium.keep_reserve()
    assert len(list(medium.paths.spares.iterdir())) == SPARES


def test_room_kept_ahead_changes_neither_length_nor_content(tmp_path: Path) -> None:
    path = tmp_path / "chain"
    with AppendFile(path, fresh=True) as file:
        file.write(b"one line\n")
        file.sync()
        if not keep_ahead(file.fd, 65_536):
            pytest.skip("this medium keeps no room (no fallocate)")
        assert path.stat().st_size == len(b"one line\n")
        assert path.stat().st_blocks * 512 >= 65_536
        file.write(b"another\n")
    assert path.read_bytes() == b"one line\nanother\n"
