"""The bureau's words from a removable medium: for a bureau without a dock network.

Owns putting a policy and an assignment where the vault looks for words that wait, at its start and
once a minute. Refuses what is no such word at all; whether it is adopted is for the vault to judge,
like everything that comes over the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.settings import Device
from evidence import canonical, jws
from evidence.assignment import MAX_ASSIGNMENT_BYTES
from evidence.errors import AssignmentError, EvidenceError, RulebookError
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.rulebook.carried import MAX_CARRIED_BYTES, unpack
from evidence.store import durable

POLICY: Final = "policy.json"
ASSIGNMENT_SUFFIX: Final = ".assignment.jws"
_MALFORMED: Final = "policy_malformed"


@dataclass(frozen=True, slots=True)
class Staged:
    """What a medium held for this device, as it says itself; None where it held none.

    Attributes:
        policy: Version of the rulebook.
        assignment: Number of the assignment.
    """

    policy: int | None
    assignment: int | None


def stage(device: Device, source: Path) -> Staged:
    """Put what ``source`` holds for ``device`` aside for the vault.

    Args:
        device: Enrolled.
        source: The medium's folder.

    Raises:
        RulebookError: It holds neither, or a policy that cannot be read.
        AssignmentError: Its assignment cannot be read.
    """
    policy = source / POLICY
    assignment = source / f"{device.settings.device_id}{ASSIGNMENT_SUFFIX}"
    if not policy.exists() and not assignment.exists():
        raise RulebookError(f"{source} holds no word of the bureau", code=_MALFORMED)
    return Staged(
        policy=_stage_policy(device, policy) if policy.exists() else None,
        assignment=_stage_assignment(device, assignment) if assignment.exists() else None,
    )


def _stage_policy(device: Device, path: Path) -> int:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CARRIED_BYTES + 1)
    except OSError as error:
        raise RulebookError(f"{path}: {error.strerror}", code=_MALFORMED) from error
    version = _claimed(unpack(content).rulebook)
    durable.replace_file(device.paths.staged_policy, content)
    return version


def _stage_assignment(device: Device, path: Path) -> int:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ASSIGNMENT_BYTES + 1)
        token = jws.parse(content, jws.TYP_ASSIGNMENT, limit=MAX_ASSIGNMENT_BYTES)
        number = int(token.payload()["number"])
    except (OSError, EvidenceError, KeyError, TypeError, ValueError) as error:
        raise AssignmentError(f"{path} is no assignment: {error}") from error
    durable.replace_file(device.paths.staged_assignment, content)
    return number


def _claimed(envelope: bytes) -> int:
    """The version without a signature checked: for the clerk's eyes alone."""
    try:
        outer = canonical.loads(envelope, limit=MAX_RULEBOOK_BYTES)
        inner = jws.decode(outer["payload"].encode())
        return int(canonical.loads(inner, limit=MAX_RULEBOOK_BYTES)["version"])
    except (EvidenceError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RulebookError("no rulebook in it", code=_MALFORMED) from error
