"""Searching a whole card for what was recorded: free blocks, the file system's journal and all."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW: Final = 32
LEAST_DISTINCT: Final = 10
"""A window of fewer different bytes says nothing: silence, a border, zeros."""
_CHUNK: Final = 1024 * 1024
_TABLE: Final = 1 << 24
_BEGINNING: Final = 6
_LONGEST_NAME: Final = 256


class Needles:
    """What is searched for, by kind."""

    def __init__(self) -> None:
        self._windows: dict[bytes, str] = {}
        self._names: dict[bytes, str] = {}
        self._written: dict[bytes, list[bytes]] = {}

    def add_content(self, kind: str, content: bytes) -> int:
        """Every window of 32 bytes, one behind the other; returns how many say something.

        Whatever run of 63 bytes of ``content`` lies somewhere holds one of them whole.
        """
        cut = (content[at : at + WINDOW] for at in range(0, len(content) - WINDOW + 1, WINDOW))
        said = [window for window in cut if len(set(window)) >= LEAST_DISTINCT]
        self._windows.update(dict.fromkeys(said, kind))
        return len(said)

    def add_name(self, name: str) -> None:
        """A name in every way in which a program writes one."""
        for written in spellings(name):
            self._names[written] = name
            self._written.setdefault(written[:_BEGINNING], []).append(written)

    def find(self, file: Path) -> dict[str, int]:
        """How often something of each kind lies in ``file``; kinds that do not are left out."""
        first, second = self._tables()
        found: dict[str, int] = defaultdict(int)
        for chunk, own in _chunks(file):
            for at in _candidates(chunk, first, second):
                if at >= own:
                    break
                kind = self._windows.get(chunk[at : at + WINDOW])
                if kind is not None:
                    found[kind] += 1
                for written in self._written.get(chunk[at : at + _BEGINNING], ()):
                    if chunk.startswith(written, at):
                        found[self._names[written]] += 1
        return dict(found)

    def _tables(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which beginnings of three bytes there are, and which three bytes follow one of them."""
        first, second = np.zeros(_TABLE, np.bool_), np.zeros(_TABLE, np.bool_)
        for needle in (*self._windows, *self._names):
            first[int.from_bytes(needle[:3], "little")] = True
            second[int.from_bytes(needle[3:_BEGINNING], "little")] = True
        return first, second


def spellings(name: str) -> set[bytes]:
    """``name`` in UTF-8, UTF-16 and GB 18030, these in base64, and escaped and in hex."""
    plain = {name.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")}
    inside = {part for one in plain for part in _inside_base64(one)}
    escaped = {json.dumps(name)[1:-1].encode(), name.encode().hex().encode()}
    return plain | escaped | inside


def _inside_base64(written: bytes) -> Iterator[bytes]:
    """The middle of it that does not depend on what stands before and behind."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + written)
        whole = coded[4 if before else 0 : (before + len(written)) // 3 * 4]
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


def _chunks(file: Path) -> Iterator[tuple[bytes, int]]:
    """The file in pieces that overlap, and how much of each is its own; holes are left out."""
    with file.open("rb") as content:
        at = 0
        while chunk := content.read(_CHUNK + _LONGEST_NAME):
            own = min(_CHUNK, len(chunk))
            if chunk.count(0) < len(chunk):
                yield chunk, own
            at += own
            content.seek(at)


def _candidates(chunk: bytes, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Iterator[int]:
    """Where something may begin."""
    bytes_ = np.frombuffer(chunk, np.uint8).astype(np.uint32)
    threes = bytes_[:-2] | bytes_[1:-1] << 8 | bytes_[2:] << 16
    begins = np.flatnonzero(first[threes])
    begins = begins[begins + _BEGINNING <= len(chunk)]
    yield from begins[second[threes[begins + 3]]].tolist()


def merged(*found: Mapping[str, int]) -> dict[str, int]:
    """All of it together."""
    total: dict[str, int] = defaultdict(int)
    for one in found:
        for kind, count in one.items():
            total[kind] += count
    return dict(total)
