"""The catalog: a small index of sessions, for listing and for the spoken status.

Owns a tinydb over one file that is replaced as a whole. Refuses to be the truth: it is rebuilt from
the device log and the journals whenever the vault starts, and losing it loses nothing.
"""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path
from typing import Any

from tinydb import Query, TinyDB
from tinydb.storages import Storage

from evidence.store import durable

_log = logging.getLogger(__name__)


class AtomicStorage(Storage):
    """A file replaced as a whole; tinydb's own storage tears on a power cut."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]] | None:
        """The tables; None where there are none or the file is not readable as JSON."""
        try:
            value = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace the file; a full medium keeps the old one, for an index may be behind."""
        try:
            durable.replace_file(self._path, json.dumps(data, ensure_ascii=False).encode())
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            _log.warning("the catalog is behind until there is room: %s", error)


class Catalog:
    """Sessions by id: {sid, counter, state, reason, bytes, segments}."""

    def __init__(self, path: Path) -> None:
        self._database = TinyDB(path, storage=AtomicStorage)
        self._sessions = self._database.table("sessions")

    def rebuild(self, rows: list[dict[str, Any]]) -> None:
        """Forget everything and take ``rows``."""
        self._sessions.truncate()
        self._sessions.insert_multiple(rows)

    def put(self, row: dict[str, Any]) -> None:
        """Add or renew the row of one session; fields it does not name stay."""
        self._sessions.upsert(row, Query().sid == row["sid"])

    def rows(self) -> list[dict[str, Any]]:
        """All rows, oldest session first."""
        return sorted((dict(row) for row in self._sessions.all()), key=lambda row: row["counter"])
