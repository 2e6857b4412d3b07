"""Labels and forms as files in a folder, to be opened and printed.

Owns their names. Refuses a printer: a browser has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

from provisioning.bureau_folder import exclusive, open_bureau
from provisioning.layout import BureauFolder
from provisioning.paper import filling
from provisioning.paper.errors import PaperError
from provisioning.paper.filling import Book
from provisioning.paper.forms import Form, page
from provisioning.paper.label import labels
from provisioning.plan import Report, carry_out, print_step


@unique
class FormKind(StrEnum):
    """Which form."""

    HANDOVER = "handover"
    """配发交接单."""
    RETURN = "return"
    """归还单."""
    REPAIR = "repair"
    """维修单."""
    LOSS = "loss"
    """遗失报告."""


TITLES: Final = {
    FormKind.HANDOVER: "配发交接单",
    FormKind.RETURN: "归还单",
    FormKind.REPAIR: "维修单",
    FormKind.LOSS: "遗失报告",
}
_FILLED: Final[dict[FormKind, Callable[[Book, str], Form]]] = {
    FormKind.HANDOVER: filling.handover,
    FormKind.RETURN: filling.giving_back,
    FormKind.REPAIR: filling.repair,
    FormKind.LOSS: filling.loss,
}


def print_labels(
    bureau_path: Path, devices: Sequence[str], to: Path | None = None, *, dry_run: bool = False
) -> Report:
    """Write one page for each device into ``labels.html``, or ``label-<device>.html`` for one.

    Args:
        bureau_path: The bureau's folder.
        devices: Which; none for all that may still be used.
        to: A folder; None for ``paper`` in the bureau's.
        dry_run: Only say what would happen.

    Raises:
        PaperError: A device is not enrolled, or there is none at all.
    """
    book = _open(bureau_path)
    wanted = list(dict.fromkeys(devices)) or book.devices()
    if not wanted:
        raise PaperError("no device is enrolled yet", advice="请先登记设备（provision enrol）")
    machines = [book.machine(device) for device in wanted]
    name = f"label-{wanted[0]}.html" if len(wanted) == 1 else "labels.html"
    content = labels(book.bureau.settings.name, machines)
    return _write(book, to, name, content, f"设备标签（{len(wanted)} 张）", dry_run=dry_run)


def print_form(
    bureau_path: Path, kind: FormKind, device: str, to: Path | None = None, *, dry_run: bool = False
) -> Report:
    """Write ``<number of the form>.html``.

    Args:
        bureau_path: The bureau's folder.
        kind: Which form.
        device: Device id.
        to: A folder; None for ``paper`` in the bureau's.
        dry_run: Only say what would happen.

    Raises:
        PaperError: The ledger has nothing to fill it with.
    """
    book = _open(bureau_path)
    book.machine(device)
    form = _FILLED[kind](book, device)
    name = f"{form.heading.number}.html"
    return _write(book, to, name, page(form), TITLES[kind], dry_run=dry_run)


def _open(bureau_path: Path) -> Book:
    # Held, so that no line is read while another command writes it.
    with exclusive(BureauFolder(bureau_path.absolute())):
        return filling.open_book(open_bureau(bureau_path))


def _write(
    book: Book, to: Path | None, name: str, content: str, title: str, *, dry_run: bool
) -> Report:
    folder = book.bureau.folder.path / "paper" if to is None else to.absolute()
    path = folder / name
    outcomes = carry_out([print_step(title, path, content.encode())], dry_run=dry_run)
    return Report(outcomes=outcomes, facts={"file": str(path)})
