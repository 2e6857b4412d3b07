"""Reading a recorder's medium that somebody hands over.

Owns finding log, sessions, receipts and the bureau's words in a device's folder or in its store,
each file bounded and never through a link. Refuses to judge them: ``evidence.verify`` does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from evidence.assignment import MAX_ASSIGNMENT_BYTES
from evidence.errors import StoreError
from evidence.ids import DEVICE_LOG_NAME, is_session_id
from evidence.limits import MAX_JOURNAL_BYTES, MAX_RECEIPT_BYTES, MAX_RULEBOOK_BYTES
from evidence.store.folder import read_folder, read_part
from evidence.verify import Bundle, Card

MOST_SESSIONS: Final = 100_000
_KINDS: Final = ("committed", "stored")


def read_card(folder: Path) -> Card:
    """Read a device's folder, or its ``store`` alone.

    Raises:
        StoreError: There is no device log, or something cannot be read or is too large.
    """
    store = folder / "store" if (folder / "store").is_dir() else folder
    log = read_part(store / DEVICE_LOG_NAME, MAX_JOURNAL_BYTES)
    if log is None:
        raise StoreError(f"{folder} has no {DEVICE_LOG_NAME}: it is no recorder's medium")
    bureau = folder / "bureau"
    return Card(
        device_log=log,
        sessions=_sessions(store / "sessions"),
        receipts=_receipts(store / "receipts"),
        rulebook=read_part(bureau / "rulebook.json", MAX_RULEBOOK_BYTES),
        root=read_part(bureau / "root.json", MAX_RULEBOOK_BYTES),
        assignment=read_part(bureau / "assignment.jws", MAX_ASSIGNMENT_BYTES),
    )


def _names(folder: Path) -> list[str]:
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) > MOST_SESSIONS:
                    raise StoreError(f"{folder} holds more than {MOST_SESSIONS} entries")
    except FileNotFoundError:
        return []
    return sorted(names)


def _sessions(folder: Path) -> dict[str, Bundle]:
    return {
        name: read_folder(folder / name, journal_optional=True)
        for name in _names(folder)
        if is_session_id(name)
    }


def _receipts(folder: Path) -> dict[tuple[str, str], bytes]:
    found = {}
    for name in _names(folder):
        sid, _, rest = name.partition(".")
        kind = rest.removesuffix(".jws")
        if is_session_id(sid) and kind in _KINDS:
            content = read_part(folder / name, MAX_RECEIPT_BYTES)
            found[sid, kind] = content or b""
    return found
