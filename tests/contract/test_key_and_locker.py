"""What every signing key and every locker does."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from evidence.jws import P256_ORDER
from evidence.keys import from_jwk
from hw.errors import KeyFault, LockFault, MissingPartFault
from hw.fake.key import FileKey
from hw.fake.world import FakeWorld
from hw.ports import Locker
from hw.unlocked import UnlockedFiles
from tests.contract.bodies import Body, Collected

RECEIPT = Path("sid.stored.jws")
"""Only the kernel's locker reads it."""


@pytest.fixture
def locker(body: Body) -> Locker:
    if body.vault.locker.protection() == "absent":
        pytest.skip("this medium locks nothing, and says so")
    return body.vault.locker


@pytest.fixture
def fd(device_dir: Path) -> Iterator[int]:
    """A file of 8 bytes, open for writing at its end."""
    path = device_dir / "store" / "000000.mp4.age"
    path.write_bytes(b"evidence")
    number = os.open(path, os.O_WRONLY | os.O_APPEND)
    yield number
    os.close(number)


def test_a_signature_is_64_bytes_with_low_s_and_verifies(body: Body) -> None:
    public = from_jwk(body.vault.key.public_jwk())
    for number in range(16):
        message = b"message %d" % number
        signature = body.vault.key.sign(message)
        assert len(signature) == 64
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        assert 0 < s <= P256_ORDER // 2
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


def test_the_public_key_has_no_private_half(body: Body) -> None:
    assert set(body.vault.key.public_jwk()) == {"crv", "kty", "x", "y"}


def test_a_key_that_others_can_read_is_refused(device_dir: Path) -> None:
    (device_dir / "keys" / "signing.pem").chmod(0o644)
    with pytest.raises(MissingPartFault, match="read by others"):
        FileKey(device_dir / "keys" / "signing.pem")


def test_a_lock_can_be_taken_and_released(locker: Locker, fd: int) -> None:
    locker.lock_append(fd)
    os.write(fd, b" grows")
    locker.lock_immutable(fd)
    locker.release(fd, RECEIPT)
    os.write(fd, b" again")


def test_an_immutable_file_does_not_become_append_only(locker: Locker, fd: int) -> None:
    locker.lock_immutable(fd)
    with pytest.raises(LockFault):
        locker.lock_append(fd)


def test_releasing_what_is_not_locked_is_no_fault(locker: Locker, fd: int) -> None:
    locker.release(fd, RECEIPT)


def test_what_is_no_file_cannot_be_locked(locker: Locker) -> None:
    reading, writing = os.pipe()
    for end in (reading, writing):
        with pytest.raises(LockFault):
            locker.lock_append(end)
        os.close(end)


def test_a_folder_can_be_locked(locker: Locker, device_dir: Path) -> None:
    number = os.open(device_dir / "store", os.O_RDONLY | os.O_DIRECTORY)
    locker.lock_append(number)
    (device_dir / "store" / "new").touch()
    locker.release(number, RECEIPT)
    os.close(number)


def test_a_locker_says_what_it_really_does(body: Body) -> None:
    assert body.vault.locker.protection() in {"kernel", "simulated", "absent"}


def test_a_medium_without_locks_says_absent(fd: int) -> None:
    unlocked = UnlockedFiles()
    unlocked.lock_append(fd)
    unlocked.lock_immutable(fd)
    unlocked.release(fd, RECEIPT)
    assert unlocked.protection() == "absent"


def test_a_key_that_is_gone_is_a_fault(body: Body, world: FakeWorld) -> None:
    world.break_key()
    with pytest.raises(KeyFault):
        body.vault.key.sign(b"message")
    world.mend_key()
    assert len(body.vault.key.sign(b"message")) == 64


def test_a_key_that_was_swapped_is_found_out_by_its_signature(body: Body, world: FakeWorld) -> None:
    world.swap_key()
    signature = body.vault.key.sign(b"message")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public = from_jwk(body.vault.key.public_jwk())
    with pytest.raises(InvalidSignature):
        public.verify(encode_dss_signature(r, s), b"message", ec.ECDSA(hashes.SHA256()))


def test_a_key_that_hangs_signs_when_it_comes_back(body: Body, world: FakeWorld) -> None:
    signatures: Collected[bytes] = Collected()
    world.hang_key()
    asker = threading.Thread(
        target=lambda: signatures(body.vault.key.sign(b"message")), daemon=True
    )
    asker.start()
    asker.join(0.1)
    assert (asker.is_alive(), signatures.items) == (True, [])
    world.mend_key()
    assert len(signatures.wait_for(1)[0]) == 64
