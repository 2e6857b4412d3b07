"""The end of what the recorder has signed.

Owns finding the session that was written last, and the last lines of its journal and of the device
log as text; the ticks, one a second, are left out. Refuses to verify: ``evidence verify`` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.settings import Paths
from evidence import journal, timeline

_READ_BYTES: Final = 96 * 1024
"""A line has its certificates seldom: so much holds the last dozens."""
_LEFT_OUT: Final = frozenset({"tick"})


class Records:
    """The records of one device folder.

    Args:
        paths: Where it lies.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def last(self, count: int) -> tuple[str, ...]:
        """The last ``count`` records, of the device log and of the session, each with its time."""
        told = [*self._of(self._paths.device_log, "▪"), *self._of(self._newest(), "●")]
        return tuple(line for _, line in sorted(told)[-count:])

    def _newest(self) -> Path | None:
        """The journal that was written last."""
        journals = [path / "journal.jws" for path in self._folders()]
        return max((path for path in journals if path.is_file()), key=_written_ns, default=None)

    def _folders(self) -> list[Path]:
        return list(self._paths.sessions.iterdir()) if self._paths.sessions.is_dir() else []

    def _of(self, path: Path | None, sign: str) -> list[tuple[str, str]]:
        """When and what, of each record at the end of a file."""
        if path is None or not path.is_file():
            return []
        _, *lines = timeline.tell(journal.split(_end_of(path)))
        return [_parted(line, sign) for line in lines if line.split()[2] not in _LEFT_OUT]


def _written_ns(path: Path) -> int:
    return path.stat().st_mtime_ns


def _end_of(path: Path) -> bytes:
    """The whole lines at the end of a file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _READ_BYTES))
        content = file.read()
    first = 0 if size <= _READ_BYTES else content.find(b"\n") + 1
    return content[first : content.rfind(b"\n") + 1]


def _parted(line: str, sign: str) -> tuple[str, str]:
    """A line of the timeline as when it was, and what to show."""
    number, utc, record = line.split(maxsplit=2)
    return utc, f"{sign} {utc[11:19]} {number:>4}  {record}"
