"""A store on an ext4 of its own, locked by the kernel, for others to attack."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.authority.certificates import found

IMAGE_BYTES = 48 * 1024 * 1024
NEEDS = ("mkfs.ext4", "mount", "setpriv", "unshare", "chattr")


@pytest.fixture
def medium(tmp_path: Path) -> Iterator[Path]:
    """An empty ext4, mounted; nothing but it is ever attacked."""
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(NEEDS)}; missing: {missing or 'root'}")
    # Below the test's own folder nobody else could even try.
    image, place = tmp_path / "card.img", Path(tempfile.mkdtemp(prefix="card-"))
    place.chmod(0o755)
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    mounted = subprocess.run(
        ["mount", "-o", "loop", str(image), str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no loop mount here: {mounted.stderr.strip()}")
    try:
        _assert_own(place)
        place.chmod(0o755)
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()


def device_of(place: Path) -> str:
    """The block device that is mounted at ``place``."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        device, where, *_ = line.split()
        if where == str(place):
            return device
    raise AssertionError(f"{place} is not mounted")


def _assert_own(place: Path) -> None:
    facts = os.statvfs(place)
    assert os.path.ismount(place), f"{place} is no mount"
    assert facts.f_blocks * facts.f_frsize < 1024**3, f"{place} is too large to be the test's own"


@pytest.fixture(scope="session")
def pinned() -> x509.Certificate:
    """A bureau's CA that has signed nothing here."""
    key = ec.generate_private_key(ec.SECP256R1())
    return found("b-test", "某县统计局", key, at_ns=1_800_000_000_000_000_000)
