"""A manifest as it lies in a folder: the signatures that it has, and what is signed.

Owns reading both. Refuses to say whose signatures they are: whoever goes by them verifies them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from evidence import canonical, jws
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.limits import MAX_RULEBOOK_BYTES
from provisioning.update.errors import UpdateError


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest, unverified.

    Attributes:
        outer: ``payload`` and, once somebody has signed, ``signatures``.
        payload: What is signed.
    """

    outer: JsonObject
    payload: JsonObject

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read ``content``.

        Raises:
            UpdateError: It is no manifest.
        """
        try:
            outer = canonical.loads(content, limit=MAX_RULEBOOK_BYTES)
            body = jws.decode(outer["payload"].encode())
            return cls(outer, canonical.loads(body, limit=MAX_RULEBOOK_BYTES))
        except (EvidenceError, KeyError, AttributeError) as error:
            raise UpdateError(f"no manifest: {error}") from error

    @classmethod
    def at(cls, path: Path) -> Self:
        """Read the file at ``path``.

        Raises:
            UpdateError: There is none.
        """
        try:
            return cls.parse(path.read_bytes())
        except (OSError, UpdateError) as error:
            raise UpdateError(f"{path} holds no manifest: {error}") from error
