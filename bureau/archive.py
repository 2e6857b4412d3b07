"""Where verified sessions lie, and those that are not.

Owns the names in ``archive/`` and ``quarantine/``, the copy of each device's log, and the moves
between them: a file enters the archive whole, once, read-only. Refuses judgement, and refuses to
free anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from evidence import canonical
from evidence.canonical import JsonObject
from evidence.ids import DEVICE_LOG_NAME, is_device_id, is_file_name, is_session_id
from evidence.journal import NEWLINE, split
from evidence.store.durable import (
    AppendFile,
    make_folder,
    move_file,
    move_folder,
    replace_file,
    write_once,
)

REASON_NAME: Final = "reason.json"
ANSWERS_NAME: Final = "answers.jws"
MAX_REASON_BYTES: Final = 16 * 1024 * 1024


class Archive:
    """The bureau's store.

    Args:
        folder: ``archive/``.
        quarantine: ``quarantine/``, on the same file system.
    """

    def __init__(self, folder: Path, quarantine: Path) -> None:
        self._folder = folder
        self._quarantine = quarantine

    def log(self, device: str, branch: int = 0) -> Path:
        """The copy of a device's log.

        Args:
            device: Whose.
            branch: 0, or the number of another log that the same device's key has signed: after
                its card was put back to an older state, or copied.
        """
        name = f"branch-{branch:04d}.jws" if branch else DEVICE_LOG_NAME
        return self._folder / device / name

    def branches(self, device: str) -> int:
        """How many logs of a device there are beside its first one."""
        return sum(1 for _ in (self._folder / device).glob("branch-*.jws"))

    def read_log(self, device: str, branch: int = 0) -> tuple[bytes, ...]:
        """Its lines. Bytes of a line that a crash tore were never acknowledged and are no line."""
        path = self.log(device, branch)
        return split(path.read_bytes()).complete if path.exists() else ()

    def append_log(self, device: str, lines: Sequence[bytes], branch: int = 0) -> None:
        """Add lines to the copy of a device's log; they are on the medium on return.

        Raises:
            OSError: The medium is full or broken.
        """
        self._append(self.log(device, branch), lines)

    def replace_log(self, device: str, lines: Sequence[bytes], branch: int = 0) -> None:
        """Keep only these lines of the copy: the others were not what the device had signed."""
        replace_file(self.log(device, branch), b"".join(line + NEWLINE for line in lines))

    def add_answer(self, device: str, token: bytes) -> None:
        """Keep what a device answered at the dock, as it signed it.

        Raises:
            OSError: The medium is full or broken.
        """
        self._append(self._answers(device), [token])

    def last_answer(self, device: str) -> bytes | None:
        """What a device last answered, or None."""
        path = self._answers(device)
        lines = split(path.read_bytes()).complete if path.exists() else ()
        return lines[-1] if lines else None

    def _answers(self, device: str) -> Path:
        return self._folder / device / ANSWERS_NAME

    def _append(self, path: Path, lines: Sequence[bytes]) -> None:
        make_folder(path.parent)
        self._mend(path)
        with AppendFile(path, fresh=False) as file:
            file.write(b"".join(line + NEWLINE for line in lines))
            file.sync()

    def session(self, device: str, sid: str) -> Path:
        """The folder of a session: in quarantine if it was put there."""
        held = self._quarantine / device / sid / "session"
        return held if held.exists() else self._folder / device / sid

    def file(self, device: str, sid: str, name: str) -> Path:
        """One file of a session."""
        return self.session(device, sid) / name

    def holds(self, device: str, sid: str, name: str) -> bool:
        """Whether that file is archived: it was read back whole before it got its name."""
        return self.file(device, sid, name).exists()

    def admit(self, arrived: Path, device: str, sid: str, name: str) -> Path:
        """Give a file that was read back whole its place. Repeating a cut-short move finishes it.

        Raises:
            FileExistsError: Another file has the name.
            OSError: The medium is full or broken.
        """
        target = self.file(device, sid, name)
        make_folder(target.parent)
        move_file(arrived, target)
        return target

    def admit_empty(self, device: str, sid: str, name: str) -> None:
        """Give an empty file its place: it needs no transfer."""
        target = self.file(device, sid, name)
        make_folder(target.parent)
        if not target.exists():
            write_once(target, b"")

    def sessions(self) -> Iterator[tuple[str, str]]:
        """Device and session of everything archived or in quarantine."""
        found = set()
        for root in (self._folder, self._quarantine):
            for path in root.glob("*/*"):
                if path.is_dir() and is_device_id(path.parent.name) and is_session_id(path.name):
                    found.add((path.parent.name, path.name))
        return iter(sorted(found))

    def files(self, device: str, sid: str) -> list[str]:
        """Names of the files held of a session."""
        folder = self.session(device, sid)
        if not folder.exists():
            return []
        return sorted(path.name for path in folder.iterdir() if is_file_name(path.name))

    def quarantine(self, device: str, sid: str, reason: JsonObject) -> None:
        """Put a session aside with its reason, whole; idempotent, the first reason stands.

        Raises:
            OSError: The medium is full or broken.
        """
        folder = self._quarantine / device / sid
        make_folder(folder)
        if not (folder / REASON_NAME).exists():
            replace_file(folder / REASON_NAME, canonical.dumps(reason))
        source = self._folder / device / sid
        if source.exists():
            move_folder(source, folder / "session")

    def quarantine_content(
        self, device: str, name: str, content: bytes, reason: JsonObject
    ) -> None:
        """Keep bytes that belong to no session, such as a fork of a log, with their reason."""
        folder = self._quarantine / device / name
        make_folder(folder)
        replace_file(folder / "content", content)
        replace_file(folder / REASON_NAME, canonical.dumps(reason))

    def reason(self, device: str, sid: str) -> JsonObject | None:
        """Why a session is in quarantine, or None."""
        path = self._quarantine / device / sid / REASON_NAME
        if not path.exists():
            return None
        return canonical.loads(path.read_bytes(), limit=MAX_REASON_BYTES)

    def quarantined(self) -> Iterator[tuple[str, str, JsonObject]]:
        """Device, name and reason of everything in quarantine."""
        for path in sorted(self._quarantine.glob(f"*/*/{REASON_NAME}")):
            reason = canonical.loads(path.read_bytes(), limit=MAX_REASON_BYTES)
            yield path.parent.parent.name, path.parent.name, reason

    def _mend(self, path: Path) -> None:
        """Drop the bytes of a torn last line of our copy: they were never acknowledged."""
        if not path.exists() or _ends_with_newline(path):
            return
        complete = split(path.read_bytes()).complete
        replace_file(path, b"".join(line + NEWLINE for line in complete))


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return file.read(1) in (NEWLINE, b"")
