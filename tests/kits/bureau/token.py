"""A real PKCS#11 token, in software, in a folder of its own."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL = "县统计局"
PIN = "1234"


@dataclass(frozen=True)
class SoftToken:
    """A token that has been initialised.

    Attributes:
        pin: File with its PIN.
    """

    pin: Path

    def uri(self, name: str, **parts: str) -> str:
        """Where the key ``name`` lies; ``parts`` replace or add to the URI's query."""
        query = {"module-path": str(MODULE), "pin-source": str(self.pin), **parts}
        return f"pkcs11:token={LABEL};object={name}?" + "&".join(
            f"{key}={value}" for key, value in query.items()
        )


@cache
def soft_token() -> SoftToken:
    """The token of this process: the library reads its place once."""
    tool = shutil.which("softhsm2-util")
    if tool is None or not MODULE.exists():
        pytest.skip("softhsm2 is not installed")
    pytest.importorskip("pkcs11", reason="the token extra is not installed")
    kept = tempfile.TemporaryDirectory(prefix="softhsm-")
    atexit.register(kept.cleanup)
    folder = Path(kept.name)
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    words = ["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "12345678"]
    subprocess.run([tool, *words], check=True, capture_output=True)
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    return SoftToken(pin)
