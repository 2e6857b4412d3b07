"""What was recorded stays, whoever of the device attacks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509

from agent.locker import flags
from agent.locker.permission import Permission
from agent.locker.server import listen, serve
from evidence.store.durable import AppendFile
from hw.fake.clock import SystemClock
from hw.fake.gauges import FakeWatchdog
from tests.attacks.attacks import ATTACKS
from tests.attacks.conftest import device_of

SCRIPT = Path(__file__).with_name("attacks.py")
VAULT, RECORDER, DOCK, OFFICER = 61_001, 61_002, 61_003, 61_004
CONTENT = b"sealed segment " * 20_000
BOUNDING = "-linux_immutable,-sys_rawio,-sys_module,-sys_ptrace,-mknod"


def as_user(uid: int) -> list[str]:
    words = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return [*words, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


# A service as root: what service.d takes away, and DevicePolicy=closed.
SERVICE_ROOT = [
    *("unshare", "--mount", "--propagation=private", "sh", "-c"),
    f'mount -t tmpfs none /dev && exec setpriv --bounding-set={BOUNDING} -- "$@"',
    "sh",
]
IDENTITIES = {
    "officer": as_user(OFFICER),
    "recorder": as_user(RECORDER),
    "dock": as_user(DOCK),
    "vault": as_user(VAULT),
    "service root": SERVICE_ROOT,
}


@dataclass(frozen=True)
class Store:
    """A session's folder with a sealed and an open segment, locked as the vault locks them."""

    sealed: Path
    open: Path
    spare: Path
    locker: Path


@contextmanager
def locked_store(card: Path, ca: x509.Certificate) -> Iterator[Store]:
    session = card / "store" / "sessions" / "S-1"
    session.mkdir(parents=True)
    spare = card / "spare"
    spare.mkdir()
    spare.chmod(0o1777)
    for path in (session.parent, session):
        os.chown(path, VAULT, VAULT)
    with AppendFile(session / "000000.mp4.age", fresh=True) as file:
        flags.lock_append(file.fd)
        file.write(CONTENT)
        file.sync()
        flags.lock_immutable(file.fd)
    written = AppendFile(session / "000001.mp4.age", fresh=True)
    flags.lock_append(written.fd)
    written.write(CONTENT)
    written.sync()
    for path in session.iterdir():
        with unlocked(path):
            os.chown(path, VAULT, VAULT)
    lock_folder(session)
    lock_folder(session.parent)
    socket_path = card / "locker.sock"
    stop = Event()
    listener = listen(socket_path)
    os.chown(socket_path, VAULT, VAULT)
    thread = Thread(
        target=serve, args=(listener, Permission(ca, "ZF-001"), FakeWatchdog(SystemClock()), stop)
    )
    thread.start()
    try:
        yield Store(session / "000000.mp4.age", session / "000001.mp4.age", spare, socket_path)
    finally:
        stop.set()
        thread.join()
        listener.close()
        written.close()


@contextmanager
def unlocked(path: Path) -> Iterator[None]:
    """Change a file's owner under its lock, as only the stage may."""
    fd = os.open(path, os.O_RDONLY)
    held = flags.read_flags(fd)
    flags.unlock(fd)
    yield
    (flags.lock_immutable if held & flags.IMMUTABLE else flags.lock_append)(fd)
    os.close(fd)


def open_and(path: Path, change: Callable[[int], None]) -> None:
    fd = os.open(path, os.O_RDONLY)
    change(fd)
    os.close(fd)


def lock_folder(path: Path) -> None:
    open_and(path, flags.lock_append)


def content_of(path: Path) -> bytes | None:
    """What the medium holds, past the page cache of whoever wrote it."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def harm_of(words: list[str], store: Store, target: Path, device: str) -> list[str]:
    """Let somebody attack ``target``; names of the attacks after which it was not as before."""
    told = [sys.executable, str(SCRIPT), str(target), str(store.spare), str(store.locker), device]
    with subprocess.Popen(
        ["timeout", "60", *words, *told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as attacker:
        assert attacker.stdin is not None
        assert attacker.stdout is not None
        tried, harm = [], []
        for line in attacker.stdout:
            tried.append(json.loads(line))
            if content_of(target) != CONTENT:
                harm.append(tried[-1]["attack"])
                restore(target)
            attacker.stdin.write("\n")
            attacker.stdin.flush()
        attacker.stdin.close()
    assert attacker.returncode == 0
    assert len(tried) == len(ATTACKS) >= 30
    return harm


def restore(target: Path) -> None:
    """Put back what an attack has changed, for the next one."""
    for path in (target.parent.parent, target.parent, target):
        if path.exists():
            open_and(path, flags.unlock)
    gone = target.parent.with_name("gone")
    if gone.exists():
        gone.rename(target.parent)
    target.parent.mkdir(exist_ok=True)
    os.chown(target.parent, VAULT, VAULT)
    target.write_bytes(CONTENT)
    os.chown(target, VAULT, VAULT)


@pytest.mark.rule("G1", "G2")
@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("which", ["sealed", "open"])
def test_nothing_recorded_is_changed_or_gone(
    medium: Path, pinned: x509.Certificate, identity: str, which: str
) -> None:
    with locked_store(medium, pinned) as store:
        target = store.sealed if which == "sealed" else store.open
        assert harm_of(IDENTITIES[identity], store, target, device_of(medium)) == []


def test_the_same_attacks_do_harm_where_nothing_is_locked(
    medium: Path, pinned: x509.Certificate
) -> None:
    with locked_store(medium, pinned) as store:
        for path in (store.sealed.parent.parent, store.sealed.parent, store.sealed):
            open_and(path, flags.unlock)
        harm = harm_of(IDENTITIES["vault"], store, store.sealed, device_of(medium))
        assert len(harm) >= 24, harm
