"""The bureau's next rulebook in one go, as a clerk and a head make it in several commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from provisioning.authority.keyring import KeyRole
from provisioning.policy.draft import edit_draft
from provisioning.policy.publishing import MEDIUM_NAME, publish, sign_draft


def set_policy(bureau: Path, changes: Mapping[str, Any], *, clock: Callable[[], int]) -> None:
    """Edit, sign twice, publish."""
    edit_draft(bureau, changes, clock=clock)
    for role in (KeyRole.CLERK, KeyRole.HEAD):
        sign_draft(bureau, role, clock=clock)
    publish(bureau, clock=clock)


def install(bureau: Path, device: Path, *, clock: Callable[[], int]) -> None:
    """By a removable medium: the recorder adopts it at its next start."""
    medium = device.with_name("medium")
    publish(bureau, to=medium, clock=clock)
    (device / "bureau" / "staged.json").write_bytes((medium / MEDIUM_NAME).read_bytes())
