"""Updates to try out: signed bundles, releases that run, and processes in systemd's place."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from agent.update.prefix import Prefix
from agent.update.services import Services
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.jws import Signer
from evidence.update import MANIFEST_NAME, sign_update
from tests.kits.records.bureau import Bureau

BUREAU: Final = Bureau("updates")
NOW: Final = "2026-06-01T00:00:00.000000Z"
SAY: Final = "pathlib.Path(sys.argv[1]).write_text(VERSION)"
GOOD: Final = f"import pathlib, sys, time\ndef run():\n    {SAY}\n    time.sleep(600)\n"
SILENT: Final = "import time\ndef run():\n    time.sleep(600)\n"
BROKEN: Final = "raise SystemExit(3)\n"


BY_HAND: Final = f"import pathlib, sys, time\nVERSION = '0.0.0'\n{SAY}\ntime.sleep(600)\n"
"""A launcher that is the whole recorder, as nobody installs it."""


def wheel(version: str, main: str = GOOD, *, stored: bool = False, **more: bytes) -> bytes:
    """A wheel whose recorder writes its version to its first argument: it is ready."""
    made = BytesIO()
    packing = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(made, "w", packing) as archive:
        archive.writestr("agent/__init__.py", "")
        archive.writestr("agent/main.py", f"VERSION = {version!r}\n{main}")
        archive.writestr(f"zhifa_recorder-{version}.dist-info/METADATA", f"Version: {version}\n")
        for name, content in more.items():
            archive.writestr(name.replace("__", "/"), content)
    return made.getvalue()


def document(version: int, files: dict[str, bytes], **changes: Any) -> JsonObject:
    """A manifest before it is signed."""
    return {
        "type": "update",
        "version": version,
        "release": f"0.{version}.0",
        "least_version": 0,
        "not_before": "2026-01-01T00:00:00.000000Z",
        "expires": "2027-01-01T00:00:00.000000Z",
        "files": [
            {"name": name, "size": len(content), "sha256": sha256_hex(content)}
            for name, content in sorted(files.items())
        ],
        **changes,
    }


def write_bundle(
    folder: Path,
    version: int,
    main: str = GOOD,
    *,
    signers: Sequence[Signer] | None = None,
    stored: bool = False,
    **changes: Any,
) -> Path:
    """A bundle, signed by clerk and head where nobody else is named."""
    files = {
        f"wheels/zhifa_recorder-0.{version}.0-py3-none-any.whl": wheel(
            f"0.{version}.0", main, stored=stored
        ),
        "overlay/etc/systemd/system/recorder-vault.service": f"# {version}\n".encode(),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    manifest = sign_update(document(version, files, **changes), signers or BUREAU.clerks)
    (folder / MANIFEST_NAME).write_bytes(manifest)
    return folder


def installed_by_hand(folder: Path) -> Prefix:
    """A prefix whose current release is one that no bundle made."""
    prefix = Prefix(folder)
    first = prefix.release("by-hand") / "bin"
    first.mkdir(parents=True)
    (first / "recorder").write_text(BY_HAND)
    prefix.switch("by-hand")
    return prefix


class Processes(Services):
    """One real process, started from whatever is current; ready once it has said its version."""

    def __init__(self, prefix: Prefix, folder: Path) -> None:
        self._prefix = prefix
        self._told = folder / "told"
        self._process: subprocess.Popen[bytes] | None = None
        self.restarts = 0

    def restart(self) -> None:
        self.stop()
        self.restarts += 1
        with suppress(FileNotFoundError):
            self._told.unlink()
        command = [sys.executable, str(self._prefix.current / "bin" / "recorder"), str(self._told)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def are_ready(self) -> bool:
        return self._process is not None and self._process.poll() is None and bool(self.version())

    def version(self) -> str:
        """What the running release says it is; empty while it says nothing."""
        return self._told.read_text() if self._told.exists() else ""

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
