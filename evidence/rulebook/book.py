"""The rulebook: a bureau's policy, signed by clerk and head.

Owns signing and reading it, and its version floor. Refuses what ``policy`` refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evidence import jws
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import RulebookError
from evidence.rulebook.envelope import VALIDITY, check_document, open_envelope, sign_envelope
from evidence.rulebook.policy import check_policy, effective
from evidence.rulebook.root import Root

EVERY_DEVICE: Final = "*"

_RULEBOOK: Final[s.Schema] = {
    **VALIDITY,
    "type": s.one_of("rulebook"),
    "to": s.many(s.text, least=1, most=10_000),
    "policy": s.anything,
}


@dataclass(frozen=True, slots=True)
class Announcement:
    """One announcement a session plays, in the rulebook's order.

    Attributes:
        id: Folder of the clip.
        lang: BCP 47 tag.
        text: What is said, byte for byte.
        text_sha256: Of the UTF-8 text.
        pcm_sha256: Of the decoded samples, signed 16 bit little endian, mono.
        samples: How many.
        rate: Samples each second.
    """

    id: str
    lang: str
    text: str
    text_sha256: str
    pcm_sha256: str
    samples: int
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """A verified rulebook.

    Attributes:
        version: Never lower than the device's floor.
        sha256: Digest of the envelope's bytes; the ``open`` record pins it.
        to: Device ids, or ``*``.
        not_before: UTC.
        expires: UTC; an expired rulebook warns, it never stops a recording.
        policy: Every key of ``KEYS``: what was signed, and the default of what was not.
        stated: The keys that were signed.
    """

    version: int
    sha256: str
    to: tuple[str, ...]
    not_before: str
    expires: str
    policy: Mapping[str, Any]
    stated: Mapping[str, Any]

    @property
    def announcements(self) -> tuple[Announcement, ...]:
        """What a session says, in order."""
        return tuple(Announcement(**item) for item in self.policy["disclosure.announcements"])

    @property
    def recipients(self) -> dict[str, str]:
        """Role (``bureau``, ``escrow``) → age recipient."""
        return {item["role"]: item["age"] for item in self.policy["seal.recipients"]}

    def number(self, key: str) -> int:
        """The integer under ``key``."""
        return int(self.policy[key])

    def word(self, key: str) -> str:
        """The code or text under ``key``."""
        return str(self.policy[key])

    def asks(self, key: str) -> bool:
        """Whether ``key`` is true."""
        return self.policy[key] is True

    def codes(self, key: str) -> tuple[str, ...]:
        """The list of codes under ``key``."""
        return tuple(self.policy[key])

    def is_for(self, device: str) -> bool:
        """Whether the rulebook is addressed to ``device``."""
        return EVERY_DEVICE in self.to or device in self.to


def sign_rulebook(payload: JsonObject, signers: Sequence[jws.Signer]) -> bytes:
    """Sign a rulebook by clerk and head.

    Raises:
        RulebookError: The payload is not a rulebook, or its policy breaks a bound.
    """
    _check_rulebook(payload)
    return sign_envelope(payload, signers, jws.TYP_RULEBOOK)


def read_rulebook(envelope: bytes, root: Root, *, floor: int = 1) -> Rulebook:
    """Verify and read a rulebook.

    Args:
        envelope: As received.
        root: From ``read_root``.
        floor: The lowest version still accepted: one below it is a rollback.

    Raises:
        RulebookError: Too few signatures, an unknown key, a broken bound, or a version below the
            floor.
    """
    payload = open_envelope(envelope, root.keys, root.threshold, jws.TYP_RULEBOOK)
    _check_rulebook(payload)
    if payload["version"] < floor:
        raise RulebookError(f"version {payload['version']} is older than the floor {floor}")
    return Rulebook(
        version=payload["version"],
        sha256=sha256_hex(envelope),
        to=tuple(payload["to"]),
        not_before=payload["not_before"],
        expires=payload["expires"],
        policy=effective(payload["policy"]),
        stated=payload["policy"],
    )


def _check_rulebook(payload: JsonObject) -> None:
    check_document(_RULEBOOK, payload)
    check_policy(payload["policy"])
