"""The bureau's rulebook (本单位办法): the first one, and putting a version into force.

Owns the numbers a bureau starts with, the double signature of the first version, and that every
version is kept. Refuses keys that are not to be changed (name and recipients belong to ``provision
init``, announcements to ``policy voice``), and a broken bound. Later versions: ``draft`` and
``publishing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evidence import rulebook
from evidence.canonical import JsonObject
from evidence.errors import RulebookError
from evidence.jws import Signer
from evidence.moments import utc_text
from evidence.rulebook import EVERY_DEVICE, Announcement
from evidence.store.durable import create_file, make_folder, replace_file
from provisioning.errors import PolicyError
from provisioning.layout import BureauFolder
from provisioning.policy import clips

NUMBERS: Final[Mapping[str, int]] = {
    "segment.seconds": 10,
    "release.keep_days": 7,
    "storage.warn_minutes": 120,
    "storage.refuse_minutes": 15,
    "storage.alarm_minutes": 10,
    "storage.close_minutes": 2,
    "upload.deadline_hours": 24,
}
"""What every bureau starts with (24 h: S0§20)."""

FIXED: Final = frozenset({"bureau.id", "bureau.name", "seal.recipients"})
"""Keys that ``provision init`` decides for good: keys and identities hang on them."""
VOICED: Final = "disclosure.announcements"
"""Set by importing a voice: text, sound and digests belong together."""

YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
YEARS: Final = 3
"""How long a rulebook is valid unless its clerk says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the rulebook, unsigned."""

    number: int
    policy: Mapping[str, Any]


def first_policy(
    bureau_id: str,
    name: str,
    *,
    announcements: Sequence[Announcement],
    recipients: Mapping[str, str],
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    """The policy of version 1.

    Args:
        bureau_id: Code of the bureau.
        name: Its full name.
        announcements: What a session says, in order.
        recipients: Role → age recipient, ``bureau`` and ``escrow``.
        numbers: What differs from ``NUMBERS``.
    """
    return {
        **NUMBERS,
        **numbers,
        "bureau.id": bureau_id,
        "bureau.name": name,
        "disclosure.announcements": [clips.policy_entry(clip) for clip in announcements],
        "seal.recipients": [{"role": role, "age": age} for role, age in recipients.items()],
    }


def signed_rulebook(version: Version, signers: Sequence[Signer], *, at_ns: int) -> bytes:
    """A rulebook for every device, signed by each signer.

    Raises:
        PolicyError: A key is unknown or a bound is broken.
    """
    payload: JsonObject = {
        "type": "rulebook",
        "version": version.number,
        "to": [EVERY_DEVICE],
        "not_before": utc_text(at_ns),
        "expires": utc_text(at_ns + YEARS * YEAR_NS),
        "policy": dict(version.policy),
    }
    try:
        return rulebook.sign_rulebook(payload, signers)
    except RulebookError as error:
        raise PolicyError(error.detail) from error


def check_settable(changes: Mapping[str, Any]) -> None:
    """Check that every key is one of the rulebook's that may be set.

    Raises:
        PolicyError: A key is unknown, or fixed.
    """
    for key in changes:
        if key not in rulebook.KEYS or key in FIXED or key == VOICED:
            known = sorted(rulebook.KEYS.keys() - FIXED - {VOICED})
            raise PolicyError(f"{key} cannot be set; these can: {', '.join(known)}")


def keep(folder: BureauFolder, number: int, envelope: bytes) -> None:
    """Put a rulebook into force at the bureau; every version is kept for good."""
    path = folder.rulebook_version(number)
    make_folder(path.parent)
    if not path.exists():
        create_file(path, envelope)
    replace_file(folder.rulebook, path.read_bytes())
