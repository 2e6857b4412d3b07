"""A bureau's root: the passphrases of its offline keys, and what a test reads of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from evidence.rulebook import Root, read_root
from provisioning.bureau_folder import open_bureau
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import read_lines
from provisioning.plan import Report
from tests.kits.bureau.ca import ca_of

Found = Callable[..., Report]
Rotate = Callable[..., Report]
FIRST: Final = tuple(f"一把离线根密钥的口令 {number}" for number in (1, 2, 3))
NEW: Final = tuple(f"一把新的根密钥的口令 {number}" for number in (1, 2, 3))


def nobody(number: int) -> NoReturn:
    """Who must not be asked for a passphrase."""
    raise AssertionError(number)


def root_of(bureau: Path) -> Root:
    """The root in force."""
    return read_root((bureau / "rulebook" / "root.json").read_bytes(), ca_of(bureau))


def ledger_of(bureau: Path) -> list[str]:
    """Kinds of its lines, each judged by the root in force at that line."""
    opened = open_bureau(bureau)
    assert [one.code for one in audit(opened, at_ns=10**18).discrepancies] == []
    return [str(line.payload["t"]) for line in read_lines(opened)]
