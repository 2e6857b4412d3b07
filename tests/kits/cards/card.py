"""Cards: an ext4 file system on a medium that remembers, and the images that cuts leave of it.

Needs root, /dev/fuse and loop devices; ``missing`` says what is not there. Everything mounted or
attached here is let go again by its own name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Self

ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024
MOUNT_OPTIONS = "noatime"
"""As Raspberry Pi OS mounts its root; data=ordered and commit=5 are ext4's own."""
CLEAN = (0, 1)
"""What ``e2fsck -p`` may end with: nothing to mend, or mended without a question."""
_TOOLS = ("mkfs.ext4", "e2fsck", "debugfs", "losetup", "mount", "umount", "unshare")
_SECONDS = 20.0
_EVERYBODYS = "CARDS_EVERYBODYS_MOUNTS"


@dataclass(frozen=True)
class Speed:
    """How fast a medium is.

    Attributes:
        bytes_per_second: Of writes; 10 MB/s is what class 10 and V10 promise.
        flush_ms: What a flush costs.
    """

    bytes_per_second: int = 10_000_000
    flush_ms: float = 5.0


CARD = Speed()
DISK = Speed(bytes_per_second=1_000_000_000, flush_ms=0.0)


def missing() -> str | None:
    """What this machine lacks for a card; None where it lacks nothing."""
    if os.geteuid() != 0:
        return "a card is mounted: run as root"
    for path in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(path, os.R_OK | os.W_OK):
            return f"a card needs {path}: modprobe fuse loop"
    absent = [tool for tool in _TOOLS if _tool(tool) is None]
    if absent:
        return f"a card needs {', '.join(absent)}: apt install e2fsprogs mount util-linux"
    return None


class Card:
    """One card, mounted at a folder, every write of which is remembered. A context manager.

    Args:
        name: Of its files.
        scratch: A folder for image and log; on another medium.
        mount: The folder that its file system appears at; made if need be.
        mib: Size.
        speed: How fast it is.
    """

    def __init__(
        self, name: str, scratch: Path, mount: Path, *, mib: int = 384, speed: Speed = CARD
    ) -> None:
        self.mount = mount
        self.base = scratch / f"{name}.base"
        self.log = scratch / f"{name}.log"
        self._file = scratch / f"{name}.card"
        self._speed = speed
        make_file_system(self.base, mib)

    def __enter__(self) -> Self:
        assert_own_mounts()
        with ExitStack() as stack:
            self._serve(stack)
            loop = run("losetup", "--find", "--show", str(self._file)).strip()
            stack.callback(run, "losetup", "--detach", loop)
            self.mount.mkdir(parents=True, exist_ok=True)
            run("mount", "-t", "ext4", "-o", MOUNT_OPTIONS, loop, str(self.mount))
            stack.callback(unmount, self.mount)
            (self.mount / "lost+found").rmdir()
            assert self.mount.is_mount()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Unmount, detach, and wait until the log is whole."""
        self._stack.close()

    def _serve(self, stack: ExitStack) -> None:
        self._file.write_bytes(b"")
        command = [sys.executable, "-m", "tests.kits.cards.server"]
        places = [str(self._file), str(self.base), str(self.log)]
        speed = [str(self._speed.bytes_per_second), str(self._speed.flush_ms)]
        self._server = subprocess.Popen([*command, *places, *speed], cwd=ROOT)
        stack.callback(self._server.wait, _SECONDS)
        self._wait_for(lambda: self._file.stat().st_size > 0)
        # A loop device lets go of its file some time after it was detached.
        stack.callback(unmount, self._file)

    def _wait_for(self, fact: Callable[[], bool]) -> None:
        for _ in range(int(_SECONDS / 0.01)):
            if fact():
                return
            assert self._server.poll() is None, "the card's server ended"
            Event().wait(0.01)
        raise AssertionError("the card's server does not serve")


def in_own_mounts(module: str, *words: str | Path, seconds: float | None = None) -> Any:
    """Run a module of ours where what it mounts is its own; returns the JSON object it prints last.

    Nobody else's copy of the mount table can then hold a card, and one that a failure left mounted
    goes with the last process that knew it.
    """
    alone = [_need("unshare"), "--mount", "--propagation", "private"]
    command = [*alone, sys.executable, "-m", module, *map(str, words)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        timeout=seconds,
        env={**os.environ, _EVERYBODYS: _namespace()},
    )
    assert done.returncode == 0, f"{module} ended with {done.returncode}"
    return json.loads(done.stdout.splitlines()[-1])


def assert_own_mounts() -> None:
    """Refuse to mount anything where everybody would see it."""
    assert os.environ.get(_EVERYBODYS, _namespace()) != _namespace(), "use in_own_mounts"


def _namespace() -> str:
    return str(Path("/proc/self/ns/mnt").readlink())


def make_file_system(path: Path, mib: int) -> None:
    """A fresh ext4 in a sparse file."""
    with path.open("wb") as file:
        file.truncate(mib * MIB)
    whole = "lazy_itable_init=0,lazy_journal_init=0"
    run("mkfs.ext4", "-q", "-F", "-E", whole, str(path))


def check(image: Path) -> int:
    """What ``e2fsck -p`` ends with, as at every start of the machine."""
    done = subprocess.run(
        [_need("e2fsck"), "-p", str(image)], check=False, capture_output=True, text=True
    )
    return done.returncode


def read_out(image: Path, name: str, target: Path) -> bool:
    """Copy a file out of the root of a checked image without mounting it; whether it was there."""
    target.unlink(missing_ok=True)
    run("debugfs", "-R", f"dump /{name} {target}", str(image))
    return target.exists()


@contextmanager
def mounted(image: Path, mount: Path, *, read_only: bool = False) -> Iterator[Path]:
    """An image, mounted at a folder."""
    options = f"loop,{MOUNT_OPTIONS}" + (",ro" if read_only else "")
    run("mount", "-t", "ext4", "-o", options, str(image), str(mount))
    try:
        assert mount.is_mount()
        yield mount
    finally:
        unmount(mount)


def unmount(mount: Path) -> None:
    """Unmount, as soon as nobody is in it any more."""
    said = ""
    for _ in range(100):
        done = subprocess.run(
            [_need("umount"), str(mount)], check=False, capture_output=True, text=True
        )
        if done.returncode == 0:
            return
        said = done.stderr.strip()
        Event().wait(0.05)
    raise AssertionError(f"{mount} cannot be unmounted: {said}")


def run(tool: str, *words: str) -> str:
    """Run a tool that has to succeed; returns what it printed."""
    done = subprocess.run([_need(tool), *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{tool} {' '.join(words)}: {done.stderr.strip()}"
    return done.stdout


def _need(tool: str) -> str:
    path = _tool(tool)
    assert path is not None, f"no {tool} here"
    return path


def _tool(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
