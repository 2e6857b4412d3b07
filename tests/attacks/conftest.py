"""A store on an ext4 of its own, locked by the kernel, for others to attack."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.authority.certificates import found
from tests.kits.cards.small import mounted, require_root_and

IMAGE_BYTES = 48 * 1024 * 1024
NEEDS = ("mkfs.ext4", "mount", "setpriv", "unshare", "chattr")


@pytest.fixture
def medium(tmp_path: Path) -> Iterator[Path]:
    """An empty ext4, mounted; nothing but it is ever attacked."""
    require_root_and(*NEEDS)
    # Below the test's own folder nobody else could even try.
    image, place = tmp_path / "card.img", Path(tempfile.mkdtemp(prefix="card-"))
    place.chmod(0o755)
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    try:
        with mounted(place, "-o", "loop", image):
            place.chmod(0o755)
            yield place
    finally:
        place.rmdir()


def device_of(place: Path) -> str:
    """The block device that is mounted at ``place``."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        device, where, *_ = line.split()
        if where == str(place):
            return device
    raise AssertionError(f"{place} is not mounted")


@pytest.fixture(scope="session")
def pinned() -> x509.Certificate:
    """A bureau's CA that has signed nothing here."""
    key = ec.generate_private_key(ec.SECP256R1())
    return found("b-test", "某县统计局", key, at_ns=1_800_000_000_000_000_000)
