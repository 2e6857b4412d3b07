"""An evidence folder in memory: the noise in its sealed files, and how the verifier takes it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evidence import ids
from evidence.canonical import JsonObject
from evidence.digests import facts_of
from evidence.verify import Bundle

Folder = dict[str, bytes]
"""Names and contents."""


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


def tree(path: Path) -> Folder:
    """Every file below a folder on disk, by its path there."""
    return {
        str(item.relative_to(path)): item.read_bytes()
        for item in sorted(path.rglob("*"))
        if item.is_file()
    }


def stated(name: str, content: bytes) -> JsonObject:
    """What a record says of a file."""
    facts = facts_of(content)
    return {"file": name, "size": facts.size, "sha256": facts.sha256, "chunks": list(facts.chunks)}


def noise(text: str, size: int) -> bytes:
    """``size`` bytes that are the same for the same text."""
    return hashlib.shake_128(text.encode()).digest(size)


def sealed_file(text: str, size: int) -> bytes:
    """A true age header to two X25519 recipients, and noise behind it: 300 bytes or more."""

    def b64(part: str, length: int) -> bytes:
        return base64.b64encode(noise(f"{text} {part}", length)).rstrip(b"=")

    stanzas = b"".join(
        b"-> X25519 " + b64(f"share {n}", 32) + b"\n" + b64(f"body {n}", 32) + b"\n"
        for n in range(2)
    )
    head = b"age-encryption.org/v1\n" + stanzas + b"--- " + b64("mac", 32) + b"\n"
    return head + noise(text, max(300, size) - len(head))
