"""An evidence folder in memory, as the verifier takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evidence import ids
from evidence.verify import Bundle


class MemoryFiles:
    """The sealed files of a folder in memory (``evidence.verify.Files``)."""

    def __init__(self, folder: Mapping[str, bytes]) -> None:
        self._files = {n: content for n, content in folder.items() if n not in PARTS}

    def names(self) -> list[str]:
        return list(self._files)

    def size(self, name: str) -> int:
        return len(self._files[name])

    def read(self, name: str) -> Iterator[bytes]:
        content = self._files[name]
        for start in range(0, len(content), 65_536):
            yield content[start : start + 65_536]


PARTS = {
    ids.JOURNAL_NAME: "journal",
    ids.DEVICE_LOG_NAME: "device_log",
    "receipt-committed.jws": "committed",
    "receipt-stored.jws": "stored",
    "rulebook.json": "rulebook",
    "root.json": "root",
}


def bundle(folder: Mapping[str, bytes]) -> Bundle:
    """A folder in memory as ``evidence.verify`` takes it."""
    parts: dict[str, Any] = {field: folder.get(name) for name, field in PARTS.items()}
    return Bundle(files=MemoryFiles(folder), **parts)
