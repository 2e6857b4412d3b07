"""The locker locks for the vault, and releases by the bureau's receipt alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from agent.locker import flags, service
from agent.locker.self_test import prove_locks
from evidence.digests import sha256_hex
from evidence.ids import session_id
from evidence.receipt import Receipt, ReceiptedFile
from hw.errors import LockFault, MissingPartFault
from hw.fake.clock import SystemClock
from hw.fake.gauges import FakeWatchdog
from hw.pi.locker import KernelLocker
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.records.receipts import STORED_AT, signed_by

SID = session_id(1_800_000_000_000, bytes(10))
CONTENT = b"a sealed segment"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    return enrol(tmp_path_factory.mktemp("l"))


@pytest.fixture
def locker(enrolled: Enrolled) -> Iterator[KernelLocker]:
    stop, failures = Event(), []

    def run() -> None:
        try:
            watchdog = FakeWatchdog(SystemClock())
            service.run(enrolled.device.paths, enrolled.device.settings.device_id, watchdog, stop)
        except LockFault as fault:
            failures.append(fault)

    thread = Thread(target=run)
    thread.start()
    try:
        while not failures and not enrolled.device.paths.locker_socket.exists():
            Event().wait(0.01)
        if failures:
            pytest.skip(f"no locks here: {failures[0]}")
        asking = KernelLocker(enrolled.device.paths.locker_socket)
        yield asking
        asking.close()
    finally:
        stop.set()
        thread.join()
        enrolled.device.paths.locker_socket.unlink(missing_ok=True)


@pytest.fixture
def sealed(enrolled: Enrolled, locker: KernelLocker) -> Iterator[Path]:
    """A locked file in a locked session folder."""
    folder = enrolled.session(SID)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "000000.mp4.age"
    path.write_bytes(CONTENT)
    on(path, locker.lock_append)
    on(path, locker.lock_immutable)
    on(folder, locker.lock_append)
    yield path
    on(folder, flags.unlock)
    if path.exists():
        on(path, flags.unlock)
        path.unlink()


def on(path: Path, verb: Callable[[int], None]) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        verb(fd)
    finally:
        os.close(fd)


def receipt(enrolled: Enrolled, tmp_path: Path, **changes: Any) -> Path:
    """A receipt on the card."""
    honest: dict[str, Any] = {
        "kind": "stored",
        "dev": enrolled.device.settings.device_id,
        "sid": SID,
        "counter": 1,
        "journal_sha256": "0" * 64,
        "root": "0" * 64,
        "files": (ReceiptedFile("000000.mp4.age", len(CONTENT), sha256_hex(CONTENT)),),
        "serial": 1,
        "prev_receipt_sha256": "0" * 64,
        "stored_at": STORED_AT,
        "retain_until": None,
    }
    path = tmp_path / "stored.jws"
    path.write_bytes(signed_by(enrolled.bureau, Receipt(**{**honest, **changes})))
    return path


@pytest.mark.rule("G1")
def test_a_locked_file_stays_even_for_its_owner(sealed: Path) -> None:
    with pytest.raises(PermissionError):
        sealed.unlink()
    with pytest.raises(PermissionError):
        sealed.write_bytes(b"changed")
    with pytest.raises(PermissionError):
        sealed.parent.rename(sealed.parent.with_name("gone"))


@pytest.mark.rule("G1")
def test_the_bureaus_receipt_releases_the_folder_and_the_file_it_names(
    sealed: Path, locker: KernelLocker, enrolled: Enrolled, tmp_path: Path
) -> None:
    permit = receipt(enrolled, tmp_path)
    on(sealed.parent, lambda fd: locker.release(fd, permit))
    with pytest.raises(PermissionError):
        sealed.unlink()
    on(sealed, lambda fd: locker.release(fd, permit))
    sealed.unlink()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "committed"},
        {"dev": "ZF-999"},
        {"files": (ReceiptedFile("000000.mp4.age", len(CONTENT), "1" * 64),)},
        {"files": (ReceiptedFile("000000.mp4.age", 5, sha256_hex(CONTENT)),)},
        {"files": ()},
    ],
    ids=["committed", "another device", "another content", "another size", "no file"],
)
def test_a_receipt_that_does_not_fit_releases_nothing(
    sealed: Path, locker: KernelLocker, enrolled: Enrolled, tmp_path: Path, changes: dict[str, Any]
) -> None:
    permit = receipt(enrolled, tmp_path, **changes)
    with pytest.raises(LockFault):
        on(sealed, lambda fd: locker.release(fd, permit))
    with pytest.raises(PermissionError):
        sealed.unlink()


def test_a_receipt_of_another_bureau_releases_nothing(
    sealed: Path, locker: KernelLocker, enrolled: Enrolled, tmp_path: Path
) -> None:
    (tmp_path / "o").mkdir()
    foreign = enrol(tmp_path / "o")
    permit = receipt(foreign, tmp_path, dev=enrolled.device.settings.device_id)
    with pytest.raises(LockFault, match="not a receipt of the bureau"):
        on(sealed, lambda fd: locker.release(fd, permit))


def test_a_folder_is_released_by_its_own_session_alone(
    sealed: Path, locker: KernelLocker, enrolled: Enrolled, tmp_path: Path
) -> None:
    permit = receipt(enrolled, tmp_path, sid=session_id(1_800_000_000_001, bytes(10)))
    with pytest.raises(LockFault, match="not for this folder"):
        on(sealed.parent, lambda fd: locker.release(fd, permit))


def test_extents_and_other_flags_survive_a_lock(sealed: Path) -> None:
    fd = os.open(sealed, os.O_RDONLY)
    held = flags.read_flags(fd)
    os.close(fd)
    assert held & flags.APPEND
    assert held & flags.IMMUTABLE
    assert held & ~(flags.APPEND | flags.IMMUTABLE), "the file system's own flags are gone"


def test_without_a_locker_the_vault_does_not_begin(tmp_path: Path) -> None:
    with pytest.raises(MissingPartFault, match="nobody locks files"):
        KernelLocker(tmp_path / "locker.sock")


def test_a_locker_that_was_started_again_is_found_again(sealed: Path, locker: KernelLocker) -> None:
    locker._connection.close()  # noqa: SLF001 - as the kernel does when the locker ends
    on(sealed, locker.lock_immutable)


def test_locks_that_a_bounding_set_took_away_are_found_before_anybody_relies_on_them(
    tmp_path: Path,
) -> None:
    """service.d's drop-in strips the locker too, without a word: the trap of the bounding set."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from agent.locker.self_test import prove_locks
        from hw.errors import LockFault
        try:
            prove_locks(Path(sys.argv[1]))
        except LockFault as fault:
            sys.exit(str(fault))
        """
    )
    words = ["setpriv", "--bounding-set=-linux_immutable", sys.executable, "-c", code]
    done = subprocess.run([*words, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CAP_LINUX_IMMUTABLE" in done.stderr


def test_the_trial_is_repeated_after_a_power_cut_left_it_locked(tmp_path: Path) -> None:
    try:
        prove_locks(tmp_path)
    except LockFault as fault:
        pytest.skip(f"no locks here: {fault}")
    on(tmp_path / "trial", flags.lock_immutable)
    prove_locks(tmp_path)
