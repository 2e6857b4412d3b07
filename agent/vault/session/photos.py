"""Stills (照片): taken while the film goes on, signed in the same chain.

Owns putting the parts of a still together and sealing it. Refuses parts out of their order and
stills without end; what is to be seen on one is nobody's business on the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.errors import ProtocolError
from agent.vault.messages import StorePhoto
from agent.vault.store.medium import Medium
from agent.vault.store.seal import seal_bytes
from evidence.canonical import JsonObject

MOST_PARTS: Final = 32
PART_BYTES: Final = 512 * 1024


class PhotoParts:
    """Puts one still after the other together, on the recorder's connection."""

    def __init__(self) -> None:
        self._pts_ns: int | None = None
        self._parts: list[bytes] = []

    def take(self, message: StorePhoto) -> bytes | None:
        """Take the next part; the whole still with the last one.

        Raises:
            ProtocolError: It is not the next part, or larger than a part may be.
        """
        if message.part == 0:
            self._pts_ns, self._parts = message.pts_ns, []
        expected = (self._pts_ns, len(self._parts))
        if (message.pts_ns, message.part) != expected or not message.part < message.parts:
            raise ProtocolError(f"part {message.part} of {message.parts} where {expected} is next")
        if message.parts > MOST_PARTS or not 0 < len(message.content) <= PART_BYTES:
            raise ProtocolError(f"a part of {len(message.content)} bytes, of {message.parts}")
        self._parts.append(message.content)
        if len(self._parts) < message.parts:
            return None
        whole = b"".join(self._parts)
        self._pts_ns, self._parts = None, []
        return whole


def keep_photo(medium: Medium, path: Path, content: bytes, recipients: Sequence[str]) -> JsonObject:
    """Seal a still onto the medium and lock it; the fields its event names it by."""
    facts = seal_bytes(content, medium.create(path), recipients)
    medium.freeze(path)
    return {"size": facts.size, "sha256": facts.sha256, "chunks": list(facts.chunks)}
