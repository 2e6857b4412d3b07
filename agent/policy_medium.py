"""A policy from a removable medium: for a bureau without a dock network.

Owns putting it where the vault looks for words that wait, at its start and once a minute. Refuses
what is no policy message at all; whether it is adopted is for the vault to judge, like everything
that comes over the network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.settings import Device
from evidence import canonical, jws
from evidence.errors import EvidenceError, RulebookError
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.rulebook.carried import MAX_CARRIED_BYTES, unpack
from evidence.store import durable

NAME: Final = "policy.json"
_MALFORMED: Final = "policy_malformed"


def stage(device: Device, source: Path) -> int:
    """Put the policy that ``source`` holds aside for the vault.

    Args:
        device: Enrolled.
        source: The medium's folder, or the file itself.

    Returns:
        The version that it says it has.

    Raises:
        RulebookError: It cannot be read, or is no policy message.
    """
    path = source / NAME if source.is_dir() else source
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CARRIED_BYTES + 1)
    except OSError as error:
        raise RulebookError(f"{path}: {error.strerror}", code=_MALFORMED) from error
    version = _claimed(unpack(content).rulebook)
    durable.replace_file(device.paths.staged_policy, content)
    return version


def _claimed(envelope: bytes) -> int:
    """The version without a signature checked: for the clerk's eyes alone."""
    try:
        outer = canonical.loads(envelope, limit=MAX_RULEBOOK_BYTES)
        inner = jws.decode(outer["payload"].encode())
        return int(canonical.loads(inner, limit=MAX_RULEBOOK_BYTES)["version"])
    except (EvidenceError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RulebookError("no rulebook in it", code=_MALFORMED) from error
