"""What the hardware says of itself: serial number, model, what it is made of (A2).

Owns reading it from the kernel's files, under a prefix. Refuses to make up a serial number for a
real body: the bureau binds the recorder's id to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.enrolment.errors import EnrolmentRefusedError
from evidence.digests import sha256_hex

_TREE: Final = Path("proc/device-tree")
_MEMORY = re.compile(rb"MemTotal:\s+(\d{1,12}) kB")
_KIB: Final = 1_024
_LONGEST: Final = 256
_FAKE_MODEL: Final = "simulated body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One piece of hardware.

    Attributes:
        serial: Its serial number.
        model: What it calls itself.
        facts: Non-negative integers by name: ``memory_bytes``, ``storage_bytes``.
    """

    serial: str
    model: str
    facts: Mapping[str, int] = field(default_factory=dict)


def body_of(
    board: str, device: str, folder: Path, *, root: Path = Path("/"), serial: str | None = None
) -> Body:
    """What this body is.

    Args:
        board: ``pi``, or ``fake`` for a simulated one.
        device: Device id: each simulated recorder has a serial number of its own.
        folder: The device folder: the medium it lies on is the recorder's.
        root: Where the kernel's files are.
        serial: What a simulated body is to call itself.

    Raises:
        EnrolmentRefusedError: ``body``: a real one tells no serial number, or was told one.
    """
    facts = {"memory_bytes": _memory(root), "storage_bytes": _storage(folder)}
    if board == "fake":
        told = serial or f"SIM-{sha256_hex(_machine(root) + device.encode())[:12]}"
        return Body(serial=told, model=_FAKE_MODEL, facts=facts)
    if serial is not None:
        raise EnrolmentRefusedError("a real body tells its serial number itself", code="body")
    return Body(
        serial=_text(root / _TREE / "serial-number"),
        model=_text(root / _TREE / "model"),
        facts=facts,
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).rstrip(b"\0\n").decode("ascii")
    except (OSError, ValueError) as error:
        raise EnrolmentRefusedError(f"{path} cannot be read: {error}", code="body") from error
    if not text:
        raise EnrolmentRefusedError(f"{path} is empty", code="body")
    return text


def _machine(root: Path) -> bytes:
    """What tells two machines apart that simulate recorders of the same name."""
    try:
        return (root / "etc" / "machine-id").read_bytes()[:_LONGEST]
    except OSError:
        return os.uname().nodename.encode()


def _memory(root: Path) -> int:
    try:
        found = _MEMORY.search((root / "proc" / "meminfo").read_bytes())
    except OSError:
        found = None
    return int(found[1]) * _KIB if found else 0


def _storage(folder: Path) -> int:
    medium = os.statvfs(folder)
    return medium.f_blocks * medium.f_frsize
