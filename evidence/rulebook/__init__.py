"""The bureau's signed policy (本单位办法) and the root document that says who may sign it.

Owns the envelope, the threshold of signatures, the version floor and the meaning of every key.
Refuses unknown keys, and values beyond what the law leaves to a bureau: an announcement always
plays, nothing is released without a receipt, nothing is recorded before the press, segments last 2
to 60 s. A key that a rulebook does not state has its default: what earlier rulebooks signed keeps
its meaning.
"""

from __future__ import annotations

from evidence.rulebook.book import (
    EVERY_DEVICE,
    Announcement,
    Rulebook,
    read_rulebook,
    sign_rulebook,
)
from evidence.rulebook.envelope import sign_envelope
from evidence.rulebook.keys import KEYS, Key
from evidence.rulebook.policy import DEFAULTS, POLICY, check_policy, effective
from evidence.rulebook.root import Authority, Root, check_rotation, read_root, sign_root

__all__ = [
    "DEFAULTS",
    "EVERY_DEVICE",
    "KEYS",
    "POLICY",
    "Announcement",
    "Authority",
    "Key",
    "Root",
    "Rulebook",
    "check_policy",
    "check_rotation",
    "effective",
    "read_root",
    "read_rulebook",
    "sign_envelope",
    "sign_root",
    "sign_rulebook",
]
