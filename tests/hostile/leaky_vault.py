"""A vault that writes what it is given in clear as well, and takes the file away again.

Run in the place of ``recorder vault``: what it leaves lies in no file, only in free blocks.

    python leaky_vault.py DEVICE NAME
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pyrage

from agent.main import run


def main() -> None:
    device, name = Path(sys.argv[1]), sys.argv[2]
    place = device / "state" / "scratch"
    leak(place, name.encode())
    really, really_io = pyrage.encrypt, pyrage.encrypt_io

    def encrypt(content: bytes, keys: Any) -> bytes:
        leak(place, content)
        return bytes(really(content, keys))

    def encrypt_io(plaintext: Any, sealed: Any, keys: Any) -> None:
        really_io(Leaking(plaintext, place), sealed, keys)

    pyrage.encrypt, pyrage.encrypt_io = encrypt, encrypt_io
    sys.argv[1:] = ["vault", "--device", str(device)]
    run()


class Leaking:
    """A pipe whose content also goes to the medium, and from there when it ends."""

    def __init__(self, plaintext: Any, place: Path) -> None:
        self._plaintext = plaintext
        self._place = place
        self._seen = b""

    def read(self, size: int = -1) -> bytes:
        content: bytes = self._plaintext.read(size)
        self._seen += content
        if not content:
            leak(self._place, self._seen)
        return content


def leak(place: Path, content: bytes) -> None:
    fd = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_SYNC)
    os.write(fd, content)
    os.close(fd)
    place.unlink()


if __name__ == "__main__":
    main()
