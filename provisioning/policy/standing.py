"""Which device goes by which rulebook.

Owns putting together what each device's signed log says that it adopted, and what it answered to
the desk. Refuses to guess: a device that never docked has said nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evidence.errors import RulebookError
from provisioning.bureau_folder import Bureau
from provisioning.custody import registry
from provisioning.custody.docked import Desk

SILENT: Final = "silent"
ACTIVE: Final = "active"
_LARGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One device.

    Attributes:
        device: Its id.
        version: The version that its log says it adopted last; 0: none yet, but the one it was
            enrolled with.
        answered: The version that it last answered to; 0: to none.
        state: ``adopted``, ``staged``, ``refused``, or ``silent``.
        code: Why it refused.
        utc: When it answered; empty: never.
    """

    device: str
    version: int
    answered: int = 0
    state: str = SILENT
    code: str = ""
    utc: str = ""

    def has(self, version: int) -> bool:
        """Whether it is known to go by that version."""
        return self.version == version or (self.state == "adopted" and self.answered == version)

    def told(self) -> str:
        """The state in Chinese."""
        if self.state == "adopted":
            return f"已采用第 {self.answered} 版"
        if self.state == "staged":
            return f"已收到第 {self.answered} 版，记录结束后采用"
        if self.state == "refused":
            why = RulebookError("", code=self.code).wording()
            return f"拒收第 {self.answered} 版：{why}（{self.code}）"
        return "尚未答复（未对接）"


def standings(bureau: Bureau) -> list[Standing]:
    """Every active device, by its id."""
    desk = Desk(bureau.folder.path, bureau.ca)
    entries = registry.entries(bureau.folder.registry)
    active = sorted(entry.device for entry in entries if entry.status == ACTIVE)
    return [_of(device, desk, bureau.folder.words / f"{device}.json") for device in active]


def _of(device: str, desk: Desk, path: Path) -> Standing:
    said = _answer(path)
    version = desk.glance(device).rulebook
    if said is None:
        return Standing(device=device, version=version)
    return Standing(
        device=device,
        version=version,
        answered=int(said.get("number", 0)),
        state=str(said.get("state", SILENT)),
        code=str(said.get("code", "")),
        utc=str(said.get("utc", "")),
    )


def _answer(path: Path) -> Mapping[str, Any] | None:
    """What the desk noted; None where it noted nothing, or nothing that can be read."""
    try:
        with path.open("rb") as file:
            held = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    answered = held.get("rulebook") if isinstance(held, dict) else None
    return answered if isinstance(answered, dict) else None
