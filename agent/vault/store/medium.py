"""The store's folders and the space they stand on.

Owns creating the vault's files, locking them, the reserve of room and of files that is given up as
the medium fills, and the arithmetic of minutes. Refuses to take anything away: that is custody's,
after a receipt.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from agent.settings import Paths
from agent.vault.store.ahead import keep_ahead
from evidence import ids
from evidence.store import durable
from evidence.store.durable import AppendFile
from hw.errors import HardwareFault
from hw.ports import Locker, Storage

_LARGEST_STEP: Final = 8 * 1024 * 1024
_SMALLEST_STEP: Final = 64 * 1024
_STEPS: Final = 48
_LOW_PERCENT: Final = 50
"""The lower half of the reserve is for the end: somebody else may take each step that is given."""
CHAIN_AHEAD_BYTES: Final = 64 * 1024
"""Room that every chain's file has before it needs it: what is said at the end has its place."""
SPARES: Final = 128
"""Files set aside: ten minutes of segments, and as many again for stills and for the end."""
SEGMENT_SECONDS: Final = 10
_log = logging.getLogger(__name__)

_PROBE_BYTES: Final = 4_096
_OVERHEAD_PERCENT: Final = 125
_BITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Room for recordings.

    Attributes:
        free_bytes: What the medium says is free.
        minutes: Minutes of recording at the expected rate, floor and reserve considered.
    """

    free_bytes: int
    minutes: int


class Medium:
    """Where the vault writes.

    Args:
        paths: The device folder's paths.
        locker: Locks every file before its first byte and again when it is complete.
        storage: Reads the room that is left.
        floor_bytes: Never used by recordings.
        reserve_bytes: Size of the reserve file; 0 for none.
    """

    def __init__(
        self,
        paths: Paths,
        locker: Locker,
        storage: Storage,
        *,
        floor_bytes: int,
        reserve_bytes: int,
    ) -> None:
        self.paths = paths
        self._locker = locker
        self._storage = storage
        self._floor_bytes = floor_bytes
        self._reserve_bytes = reserve_bytes
        self._chains: list[AppendFile] = []
        self._giving = Lock()
        self._proving = Lock()
        self.gave_reserve = False
        for folder in (paths.sessions, paths.receipts, paths.state, paths.plans, paths.spares):
            durable.make_folder(folder)

    @property
    def protection(self) -> str:
        """What the locks really do: ``kernel``, ``simulated`` or ``absent``."""
        return self._locker.protection()

    def session_folder(self, sid: str) -> Path:
        """Where the files of session ``sid`` lie."""
        return self.paths.sessions / sid

    def make_session_folder(self, sid: str) -> Path:
        """Create it; names can only be added to it."""
        folder = self.session_folder(sid)
        durable.make_folder(folder)
        self._lock(folder, os.O_RDONLY | os.O_DIRECTORY, self._locker.lock_append)
        return folder

    def create(self, path: Path) -> AppendFile:
        """A fresh file, locked to grow only before its first byte.

        Raises:
            OSError: It exists, or the medium refuses.
            LockFault: The lock cannot be set.
        """
        file = self._new(path)
        self._locker.lock_append(file.fd)
        return file

    def keep_room(self, chain: AppendFile) -> AppendFile:
        """From now on ``chain`` has room before it needs it, for as long as it is open."""
        self._chains.append(chain)
        self.keep_chains_going()
        return chain

    def keep_chains_going(self) -> None:
        """Have the open chains' room renewed; a medium that is full has none to give."""
        self._chains = [chain for chain in self._chains if chain.fd >= 0]
        for chain in self._chains:
            if not keep_ahead(chain.fd, CHAIN_AHEAD_BYTES):
                _log.warning("the medium has no room to keep for %s", chain.path.name)

    def reopen(self, path: Path) -> AppendFile:
        """A file that exists, to go on growing."""
        return AppendFile(path, fresh=False, relief=self.give_reserve)

    def write_once(self, path: Path, content: bytes) -> None:
        """Create ``path`` with ``content``; on a full medium of the reserve.

        At every instant it is absent or whole: what a cut tore has another name, which nobody
        reads.

        Raises:
            OSError: The medium refuses.
        """
        unfinished = durable.unfinished_of(path)
        with self._new(unfinished) as file:
            file.write(content)
            os.fchmod(file.fd, 0o440)
            file.sync()
        durable.put_in_place(unfinished, path)

    def freeze(self, path: Path) -> None:
        """From now on ``path`` cannot change at all."""
        self._lock(path, os.O_RDONLY, self._locker.lock_immutable)

    def unfreeze(self, path: Path, receipt: Path) -> None:
        """Lift the lock of ``path``: custody alone asks for it, by a verified receipt."""
        self._lock(path, os.O_RDONLY, lambda fd: self._locker.release(fd, receipt))

    def space(self, bits_per_second: int, segment_seconds: int = SEGMENT_SECONDS) -> Space:
        """The room that is left, counting a quarter more than the expected rate.

        A medium that can name no further file is as full as one that holds no further byte.

        Raises:
            StorageFault: The medium does not say.
        """
        reading = self._storage.read()
        free = reading.free_bytes
        usable = max(0, free + self._reserve_size() - self._floor_bytes)
        per_minute = bits_per_second * 60 * _OVERHEAD_PERCENT // (100 * _BITS)
        minutes = usable // per_minute
        if reading.free_files is not None:
            files = reading.free_files + len(self._spares())
            minutes = min(minutes, files * segment_seconds // 60)
        return Space(free_bytes=free, minutes=minutes)

    def free_bytes(self) -> int:
        """Room that the medium admits to; 0 where it does not say."""
        try:
            return self._storage.read().free_bytes
        except HardwareFault as fault:
            _log.warning("the medium does not say how much room it has: %s", fault)
            return 0

    def is_writable(self) -> bool:
        """Whether the medium says that it takes anything at all."""
        return self._storage.read().writable

    def prove(self) -> bool:
        """Write, sync and read back a probe; whether it came back as it was written.

        Raises:
            StorageFault: The medium refused one of them.
        """
        content = os.urandom(_PROBE_BYTES)
        with self._proving:  # two over one another would call a good medium a liar
            return self._storage.prove(self.paths.probe, content) == content

    def keep_reserve(self) -> None:
        """Set the reserve of room and of files aside where there is enough to spare for it."""
        self._keep_spares()
        self.keep_chains_going()
        missing = self._reserve_bytes - self._reserve_size()
        if missing <= 0 or self.free_bytes() < self._floor_bytes + missing:
            return
        fd = os.open(self.paths.reserve, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, self._reserve_bytes)
        finally:
            os.close(fd)
        self.gave_reserve = False

    def give_reserve(self) -> bool:
        """Give up one step of the reserve; False when none is left."""
        with self._giving:
            size = self._reserve_size()
            self.gave_reserve = True
            if size == 0:
                return False
            step = min(_LARGEST_STEP, max(_SMALLEST_STEP, self._reserve_bytes // _STEPS))
            os.truncate(self.paths.reserve, max(0, size - step))
            return True

    @property
    def reserve_is_low(self) -> bool:
        """Whether what is left of the reserve is what the end needs."""
        least = self._reserve_bytes * _LOW_PERCENT // 100
        return self.gave_reserve and self._reserve_size() <= least

    def sealed_names(self, sid: str) -> list[str]:
        """Names in a session's folder that may be sealed files, in order."""
        names = [path.name for path in self.session_folder(sid).iterdir()]
        return sorted(name for name in names if ids.is_content_name(name))

    def _new(self, path: Path) -> AppendFile:
        """A fresh file; where the medium refuses, of the reserve."""
        while True:
            try:
                return AppendFile(path, fresh=True, relief=self.give_reserve)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                if self._take_spare(path):
                    return self.reopen(path)
                if not self.give_reserve():
                    raise

    def _take_spare(self, path: Path) -> bool:
        """Give a spare file the name ``path``; False where files are not what is missing."""
        spares = self._spares()
        if self._free_files() or not spares:
            return False
        self.gave_reserve = True
        try:
            durable.move_file(spares[-1], path)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            return False
        return True

    def _keep_spares(self) -> None:
        free = self._free_files()
        missing = SPARES - len(self._spares())
        if missing <= 0 or (free is not None and free < SPARES + missing):
            return
        for number in range(SPARES):
            path = self.paths.spares / f"{number:03}"
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))

    def _free_files(self) -> int | None:
        """How many more the medium can name; 0 where it does not answer."""
        try:
            return self._storage.read().free_files
        except HardwareFault as fault:
            _log.warning("the medium does not say how many files it can name: %s", fault)
            return 0

    def _spares(self) -> list[Path]:
        return sorted(self.paths.spares.iterdir())

    def _reserve_size(self) -> int:
        try:
            return self.paths.reserve.stat().st_size
        except FileNotFoundError:
            return 0

    def _lock(self, path: Path, flags: int, lock: Callable[[int], None]) -> None:
        fd = os.open(path, flags | os.O_CLOEXEC)
        try:
            lock(fd)
        finally:
            os.close(fd)
