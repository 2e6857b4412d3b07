"""Labels and handover forms of a whole list, from one look at the ledger.

Owns which devices get which: a label once it is enrolled, a 配发交接单 once it is handed out.
Refuses layout: ``provisioning.paper`` has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from provisioning.bureau_folder import exclusive, open_bureau
from provisioning.layout import BureauFolder
from provisioning.paper import filling
from provisioning.paper.filling import Book
from provisioning.paper.forms import page
from provisioning.paper.label import labels
from provisioning.plan import Outcome, Step, carry_out, print_step

LABELS: Final = "labels.html"


def print_papers(bureau_path: Path, devices: Sequence[str], to: Path) -> tuple[Outcome, ...]:
    """Write ``labels.html`` and a form for each device into ``to``; again, it changes nothing.

    Raises:
        ProvisioningError: The folder is no bureau, or its ledger does not verify.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        book = filling.open_book(open_bureau(bureau_path))
    return carry_out(_steps(book, devices, to), dry_run=False)


def _steps(book: Book, devices: Sequence[str], to: Path) -> Iterator[Step]:
    enrolled = set(book.devices())
    there = [device for device in devices if device in enrolled]
    if there:
        content = labels(book.bureau.settings.name, map(book.machine, there)).encode()
        yield print_step(f"设备标签（{len(there)} 张）", to / LABELS, content)
    for device in there:
        if book.state.devices[device].intervals:
            form = filling.handover(book, device)
            path = to / f"{form.heading.number}.html"
            yield print_step(f"配发交接单 {device}", path, page(form).encode())
