"""Thirty-five attacks on recordings, tried by one identity; standard library alone.

Started as somebody by ``setpriv``. For each attack it prints a line with its name and what came of
it, and waits for a line before the next: the judge looks at the medium meanwhile. An attack that is
refused raises; whether harm was done the judge decides, not the attacker.
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import json
import mmap
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
GARBAGE = b"not what was recorded"
AT_FDCWD = -100
RENAME_EXCHANGE = 2
PUNCH_HOLE, COLLAPSE, ZERO_RANGE, INSERT_RANGE = 0x03, 0x08, 0x10, 0x20
FICLONE = 0x40049409
GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602
SET_XATTR_FLAGS = 0x401C5820


class Target:
    """What is attacked."""

    def __init__(self, file: Path, spare: Path, locker: Path, device: str) -> None:
        self.file = file
        self.folder = file.parent
        self.spare = spare
        self.locker = locker
        self.device = device

    def opened(self, flags: int) -> int:
        return os.open(self.file, flags)

    def own_file(self) -> Path:
        path = self.spare / "own"
        path.write_bytes(GARBAGE * 4_000)
        return path


def call(name: str, *arguments: object) -> None:
    """A libc call that raises."""
    if getattr(LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def overwrite(one: Target) -> None:
    os.pwrite(one.opened(os.O_WRONLY), GARBAGE, 0)


def overwrite_read_write(one: Target) -> None:
    os.pwrite(one.opened(os.O_RDWR), GARBAGE, 100)


def overwrite_by_append_descriptor(one: Target) -> None:
    fd = one.opened(os.O_WRONLY | os.O_APPEND)
    fcntl.fcntl(fd, fcntl.F_SETFL, 0)  # O_APPEND off again
    os.pwrite(fd, GARBAGE, 0)


def open_truncating(one: Target) -> None:
    one.opened(os.O_WRONLY | os.O_TRUNC)


def truncate(one: Target) -> None:
    os.truncate(one.file, 10)


def truncate_open(one: Target) -> None:
    os.ftruncate(one.opened(os.O_RDWR), 0)


def map_shared(one: Target) -> None:
    with mmap.mmap(one.opened(os.O_RDWR), 0) as mapped:
        mapped[:5] = b"12345"
        mapped.flush()


def map_private_descriptor(one: Target) -> None:
    with mmap.mmap(one.opened(os.O_RDONLY), 0, mmap.MAP_SHARED, mmap.PROT_READ) as mapped:
        address = ctypes.c_void_p(id(mapped))
        del address
        mapped.madvise(9)  # MADV_REMOVE punches a hole where it may


def allocate(one: Target, mode: int) -> None:
    fd = one.opened(os.O_RDWR)
    call("fallocate", fd, mode, ctypes.c_long(0), ctypes.c_long(4096))


def punch_hole(one: Target) -> None:
    allocate(one, PUNCH_HOLE)


def collapse_range(one: Target) -> None:
    allocate(one, COLLAPSE)


def zero_range(one: Target) -> None:
    allocate(one, ZERO_RANGE)


def insert_range(one: Target) -> None:
    allocate(one, INSERT_RANGE)


def clone_into(one: Target) -> None:
    fcntl.ioctl(one.opened(os.O_WRONLY), FICLONE, os.open(one.own_file(), os.O_RDONLY))


def copy_into(one: Target) -> None:
    os.copy_file_range(os.open(one.own_file(), os.O_RDONLY), one.opened(os.O_WRONLY), 4096, 0, 0)


def send_into(one: Target) -> None:
    os.sendfile(one.opened(os.O_WRONLY), os.open(one.own_file(), os.O_RDONLY), 0, 4096)


def splice_into(one: Target) -> None:
    reader, writer = os.pipe()
    os.write(writer, GARBAGE)
    os.splice(reader, one.opened(os.O_WRONLY), len(GARBAGE), offset_dst=0)


def unlink(one: Target) -> None:
    one.file.unlink()


def unlink_by_descriptor(one: Target) -> None:
    folder = os.open(one.folder, os.O_PATH)
    os.unlink(one.file.name, dir_fd=folder)  # noqa: TID251 - an attack


def rename_away(one: Target) -> None:
    one.file.rename(one.spare / "away")


def rename_over(one: Target) -> None:
    one.own_file().replace(one.file)


def exchange(one: Target) -> None:
    own, theirs = os.fsencode(one.own_file()), os.fsencode(one.file)
    call("renameat2", AT_FDCWD, own, AT_FDCWD, theirs, RENAME_EXCHANGE)


def rename_folder(one: Target) -> None:
    one.folder.rename(one.folder.with_name("gone"))


def remove_tree(one: Target) -> None:
    shutil.rmtree(one.folder)  # noqa: TID251 - an attack


def link_and_write(one: Target) -> None:
    link = one.spare / "link"
    os.link(one.file, link)
    link.write_bytes(GARBAGE)


def chmod_and_write(one: Target) -> None:
    one.file.chmod(0o666)
    one.file.write_bytes(GARBAGE)


def chown_and_write(one: Target) -> None:
    os.chown(one.file, os.getuid(), os.getgid())
    one.file.write_bytes(GARBAGE)


def clear_flags(one: Target) -> None:
    fcntl.ioctl(one.opened(os.O_RDONLY), SET_FLAGS, array.array("i", [0]))
    one.file.write_bytes(GARBAGE)


def clear_flags_of_folder(one: Target) -> None:
    fcntl.ioctl(os.open(one.folder, os.O_RDONLY), SET_FLAGS, array.array("i", [0]))
    one.file.unlink()


def clear_extended_flags(one: Target) -> None:
    fcntl.ioctl(one.opened(os.O_RDONLY), SET_XATTR_FLAGS, bytes(28))
    one.file.write_bytes(GARBAGE)


def chattr(one: Target) -> None:
    for path in (one.folder, one.file):
        subprocess.run(["chattr", "-ai", str(path)], check=True, capture_output=True)
    one.file.write_bytes(GARBAGE)


def write_through_proc(one: Target) -> None:
    fd = one.opened(os.O_RDONLY)
    Path(f"/proc/self/fd/{fd}").write_bytes(GARBAGE)


def new_user_namespace(one: Target) -> None:
    call("unshare", 0x10000000)
    Path("/proc/self/uid_map").write_text("0 0 1\n")
    chattr(one)


def ask_the_locker(one: Target) -> None:
    """Release by something that is no receipt."""
    forged = one.own_file()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(str(one.locker))
        descriptors = [one.opened(os.O_RDONLY), os.open(forged, os.O_RDONLY)]
        socket.send_fds(connection, [b"r"], descriptors)
        answer = connection.recv(512)
    if answer != b"ok":
        raise OSError(errno.EPERM, answer.decode())
    one.file.write_bytes(GARBAGE)


def raw_device(one: Target) -> None:
    """Look for the content on the block device itself, and change it there."""
    content = one.file.read_bytes()[:512]
    fd = os.open(one.device, os.O_RDWR)
    at = mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ).find(content)
    os.pwrite(fd, bytes(512), at)
    os.fsync(fd)  # noqa: TID251 - an attack


def make_device_node(one: Target) -> None:
    node = one.spare / "node"
    os.mknod(node, 0o60600, one.folder.stat().st_dev)
    with node.open("r+b") as device:
        device.write(bytes(4096))


ATTACKS: tuple[Callable[[Target], None], ...] = (
    overwrite,
    overwrite_read_write,
    overwrite_by_append_descriptor,
    open_truncating,
    truncate,
    truncate_open,
    map_shared,
    map_private_descriptor,
    punch_hole,
    collapse_range,
    zero_range,
    insert_range,
    clone_into,
    copy_into,
    send_into,
    splice_into,
    unlink,
    unlink_by_descriptor,
    rename_away,
    rename_over,
    exchange,
    rename_folder,
    remove_tree,
    link_and_write,
    chmod_and_write,
    chown_and_write,
    clear_flags,
    clear_flags_of_folder,
    clear_extended_flags,
    chattr,
    write_through_proc,
    new_user_namespace,
    ask_the_locker,
    raw_device,
    make_device_node,
)


def main() -> None:
    file, spare, locker, device = sys.argv[1:]
    one = Target(Path(file), Path(spare), Path(locker), device)
    for attack in ATTACKS:
        try:
            attack(one)
            outcome = "went through"
        except Exception as error:  # noqa: BLE001 - whatever stopped it is what is told
            outcome = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps({"attack": attack.__name__, "outcome": outcome}) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    main()
