"""An assignment on a removable medium: for a bureau without a dock network.

Owns the file's name. Refuses a device that has no assignment yet. What is on the medium is the word
as it was signed; the device's vault verifies it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from evidence.store.durable import make_folder, replace_file
from provisioning.errors import UnknownDeviceError
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out

SUFFIX: Final = ".assignment.jws"
"""What a removable medium holds beside ``policy.json``, for ``recorder words --from``."""


def carry(bureau: Path, device: str, medium: Path, *, dry_run: bool = False) -> Report:
    """Write the assignment in force of ``device`` onto ``medium``.

    Args:
        bureau: The bureau's folder.
        device: Device id.
        medium: The medium's folder.
        dry_run: Only say what would happen.

    Raises:
        UnknownDeviceError: Nothing was ever assigned under that id.
        DiskError: The medium does not take it.
    """
    kept = sorted(BureauFolder(bureau.absolute()).assignments(device).glob("*.jws"))
    if not kept:
        raise UnknownDeviceError(f"{device} has no assignment; next: provision assign {device}")
    content, path = kept[-1].read_bytes(), medium / f"{device}{SUFFIX}"

    def do() -> None:
        make_folder(medium)
        replace_file(path, content, mode=None)

    step = Step(
        f"配发通知写入存储盘：{path.name}",
        lambda: path.is_file() and path.read_bytes() == content,
        do,
    )
    outcomes = carry_out([step], dry_run=dry_run)
    return Report(outcomes=outcomes, facts={"device": device, "number": int(kept[-1].stem)})
