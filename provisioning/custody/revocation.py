"""Revoking a recorder: lost, retired, or in the wrong hands.

Owns the one call for callers that have no register open. Refuses to undo it: see ``moves.ending``.
"""

from __future__ import annotations

from pathlib import Path

from provisioning.bureau_folder import UtcNs
from provisioning.custody.moves.ending import Revoke
from provisioning.custody.register import change
from provisioning.plan import Report


def revoke_device(
    bureau_path: Path, name: str, reason: str, *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Revoke a device; run again it changes nothing.

    Args:
        bureau_path: The bureau's folder.
        name: Device id.
        reason: A lower-case code, for example ``compromised``.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        CustodyError: The bureau has no such device, or the reason is no code.
    """
    return change(bureau_path, [Revoke(device=name, reason=reason)], clock=clock, dry_run=dry_run)
