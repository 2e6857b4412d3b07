"""A policy: what was stated, what follows from it, and what it may not say.

Owns the defaults and the rules between keys. Refuses a policy that contradicts itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from evidence import schema as s
from evidence.digests import sha256_hex
from evidence.errors import RecordError, RulebookError
from evidence.rulebook.keys import KEYS, REQUIRED

POLICY: Final[s.Schema] = MappingProxyType(
    {name: key.check if key.default is REQUIRED else s.May(key.check) for name, key in KEYS.items()}
)
"""Every key a rulebook may have, and no other."""

DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {name: key.default for name, key in KEYS.items() if key.default is not REQUIRED}
)
"""What a key means that a rulebook does not state."""


def effective(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What ``policy`` says under every key of ``KEYS``."""
    return {**DEFAULTS, **policy}


def check_policy(policy: Mapping[str, Any]) -> None:
    """Check a policy as it is stated.

    Raises:
        RulebookError: A key is unknown or missing, a bound is broken, or two keys contradict.
    """
    try:
        s.check_fields(POLICY, policy, "policy")
    except RecordError as error:
        raise RulebookError(error.detail) from error
    _check_recipients(policy)
    _check_announcements(policy)
    _check_terms(effective(policy))


def _check_recipients(policy: Mapping[str, Any]) -> None:
    if {item["role"] for item in policy["seal.recipients"]} != {"bureau", "escrow"}:
        raise RulebookError("a session is sealed to the bureau and to escrow, both")


def _check_announcements(policy: Mapping[str, Any]) -> None:
    said = policy["disclosure.announcements"]
    for announcement in said:
        if not announcement["text"].strip():
            raise RulebookError("an announcement says something")
        if sha256_hex(announcement["text"].encode()) != announcement["text_sha256"]:
            raise RulebookError("an announcement's text and its digest differ")
    prescribed = policy.get("disclosure.text", "")
    if prescribed and prescribed not in {announcement["text"] for announcement in said}:
        raise RulebookError("no announcement says disclosure.text, byte for byte")


def _check_terms(policy: Mapping[str, Any]) -> None:
    if policy["retention.floor_months"] == 0 and not policy["retention.with_case"]:
        raise RulebookError("a term of its own or the case file's: retention needs one of them")
    if policy["disclosure.wording"] == "exact" and not policy["disclosure.text"]:
        raise RulebookError("an exact wording needs disclosure.text")
    if policy["export.dual_control"] and policy["export.supervisor"] == "none":
        raise RulebookError("a supervised export needs export.supervisor")
    if policy["equip.approval"] and policy["equip.approver"] == "none":
        raise RulebookError("an approval needs equip.approver")
    if policy["arrival.voiced_ms"] > policy["arrival.seconds"] * 1_000:
        raise RulebookError("no statement is voiced longer than its window")
