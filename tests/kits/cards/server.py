"""A medium that remembers every write and every flush: one file, served over FUSE.

Run as ``python -m tests.kits.cards.server MOUNT IMAGE LOG BYTES_PER_SECOND FLUSH_MS``: the file at
MOUNT holds IMAGE's bytes; what is written to it goes to memory and, with the moment it came, to
LOG. It takes one request at a time, as fast as a card does: a loop device on it is a card whose
every past instant can be looked at. It speaks the kernel's FUSE protocol itself (7.31,
``linux/fuse.h``), which no package here does. It ends when its mount is gone.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

from hw.fake.clock import boottime_ns
from tests.kits.cards.log import LogWriter

_IN = struct.Struct("<IIQQIIIHH")
_OUT = struct.Struct("<IiQ")
_IO_IN = struct.Struct("<QQIIQII")
_ATTR = struct.Struct("<QIIQQQQQQIIIIIIIIII")
_INIT_OUT = struct.Struct("<IIIIHHIIHHI28x")
_OPEN_OUT = struct.Struct("<QII")
_STATFS_OUT = struct.Struct("<QQQQQIIII24x")
_WRITE_OUT = struct.Struct("<II")
_GETATTR, _SETATTR, _OPEN, _READ, _WRITE, _STATFS = 3, 4, 14, 15, 16, 17
_RELEASE, _FSYNC, _FLUSH, _INIT, _DESTROY = 18, 20, 25, 26, 38
_SILENT = frozenset({2, 36, 42})  # forget, interrupt, batch forget: nobody waits for an answer
_MAX_PAGES_FLAG = 1 << 22
_MAX_PAGES = 256
_MAX_WRITE = _MAX_PAGES * 4_096
_DIRECT_IO = 1
_MS_NOSUID_NODEV = 2 | 4
_SECOND_NS = 1_000_000_000


class CardServer:
    """Serves one file.

    Args:
        mount: An empty regular file to lay it over.
        image: What it holds at first.
        log: Takes what is written.
        bytes_per_second: How fast it takes writes.
        flush_ms: What a flush costs at least.
    """

    def __init__(
        self, mount: Path, image: Path, log: LogWriter, *, bytes_per_second: int, flush_ms: float
    ) -> None:
        self._size = image.stat().st_size
        self._content = mmap.mmap(-1, self._size)
        _fill(self._content, image)
        self._log = log
        self._byte_ns = _SECOND_NS / bytes_per_second
        self._flush_ns = round(flush_ms * 1_000_000)
        self._fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        _mount(mount, self._fd)
        self._answers: dict[int, Callable[[memoryview], bytes]] = {
            _INIT: self._init,
            _GETATTR: self._attributes,
            _SETATTR: self._attributes,
            _OPEN: lambda _: _OPEN_OUT.pack(1, _DIRECT_IO, 0),
            _READ: self._read,
            _WRITE: self._write,
            _FSYNC: self._sync,
            _FLUSH: lambda _: b"",
            _RELEASE: lambda _: b"",
            _STATFS: lambda _: _STATFS_OUT.pack(0, 0, 0, 0, 0, 4_096, 255, 4_096, 0),
        }

    def run(self) -> None:
        """Answer until the mount is gone."""
        request = bytearray(_MAX_WRITE + 4_096)
        view = memoryview(request)
        while True:
            try:
                size = os.readv(self._fd, [request])
            except InterruptedError:
                continue
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                raise
            _, code, unique, *_ = _IN.unpack_from(request)
            if code in _SILENT:
                continue
            self._answer(unique, code, view[_IN.size : size])

    def _answer(self, unique: int, code: int, body: memoryview) -> None:
        answer = self._answers.get(code)
        content = b"" if answer is None else answer(body)
        error = -errno.ENOSYS if answer is None and code != _DESTROY else 0
        os.writev(self._fd, [_OUT.pack(_OUT.size + len(content), error, unique), content])

    def _init(self, body: memoryview) -> bytes:
        major, minor, ahead, _ = struct.unpack_from("<IIII", body)
        return _INIT_OUT.pack(
            major, min(minor, 31), ahead, _MAX_PAGES_FLAG, 12, 9, _MAX_WRITE, 1, _MAX_PAGES, 0, 0
        )

    def _attributes(self, body: memoryview) -> bytes:
        blocks, mode = self._size // 512, stat.S_IFREG | 0o600
        times = (0, 0, 0, 0, 0, 0)
        return _ATTR.pack(3_600, 0, 0, 1, self._size, blocks, *times, mode, 1, 0, 0, 0, 4_096, 0)

    def _read(self, body: memoryview) -> bytes:
        _, offset, size, *_ = _IO_IN.unpack_from(body)
        return self._content[offset : offset + size]

    def _write(self, body: memoryview) -> bytes:
        begun_ns = boottime_ns()
        _, offset, size, *_ = _IO_IN.unpack_from(body)
        piece = body[_IO_IN.size : _IO_IN.size + size]
        self._content[offset : offset + size] = piece.tobytes()
        _wait_until(begun_ns + round(size * self._byte_ns))
        self._log.write(begun_ns, boottime_ns(), offset, piece)
        return _WRITE_OUT.pack(size, 0)

    def _sync(self, body: memoryview) -> bytes:
        begun_ns = boottime_ns()
        _wait_until(begun_ns + self._flush_ns)
        self._log.flush(begun_ns, boottime_ns())
        return b""


def _wait_until(at_ns: int) -> None:
    left = at_ns - boottime_ns()
    if left > 0:
        Event().wait(left / _SECOND_NS)


def _fill(content: mmap.mmap, image: Path) -> None:
    """Copy what is there; what is not stays untouched memory."""
    with image.open("rb") as file:
        at, size = 0, len(content)
        while at < size:
            try:
                begin = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            at = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            file.seek(begin)
            content[begin:at] = file.read(at - begin)


def _mount(target: Path, fd: int) -> None:
    """mount(2): mount(8) knows no way to hand over a descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fd},rootmode={stat.S_IFREG:o},user_id=0,group_id=0,max_read={_MAX_WRITE}"
    done = libc.mount(b"card", os.fsencode(target), b"fuse", _MS_NOSUID_NODEV, options.encode())
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def main() -> None:
    """Serve what the command line names."""
    mount, image, log, bytes_per_second, flush_ms = sys.argv[1:]
    writer = LogWriter(Path(log))
    server = CardServer(
        Path(mount),
        Path(image),
        writer,
        bytes_per_second=int(bytes_per_second),
        flush_ms=float(flush_ms),
    )
    try:
        server.run()
    finally:
        writer.close()


if __name__ == "__main__":
    main()
