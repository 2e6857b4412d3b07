"""Somebody else's process that fills a medium: run by its path, as another user.

    python filler.py FOLDER blocks|inodes once|on

Refuses a folder that is not on a small mount of its own. Says ``full`` when nothing more goes in;
``on``: and takes, as fast as it can, whatever becomes free afterwards.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Event
from typing import Final

LARGEST: Final = 1024**3
PIECE: Final = 1024 * 1024
BREATH_SECONDS: Final = 0.001
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC


def main() -> None:
    folder, what, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    facts = os.statvfs(folder)
    if not os.path.ismount(folder.parent) or facts.f_blocks * facts.f_frsize > LARGEST:
        raise SystemExit(f"{folder} is not on a small mount of its own")
    take = Blocks(folder) if what == "blocks" else Inodes(folder)
    take.all_there_is()
    sys.stdout.write("full\n")
    sys.stdout.flush()
    while how == "on":
        take.all_there_is()
        Event().wait(BREATH_SECONDS)


class Blocks:
    """One file that grows until not a byte more goes in."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / "blocks", _WRITE)

    def all_there_is(self) -> None:
        size = PIECE
        while size:
            try:
                os.write(self._fd, bytes(size))
            except OSError:
                size //= 2


class Inodes:
    """Empty files until no further one can be made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def all_there_is(self) -> None:
        while True:
            try:
                os.close(os.open(self._folder / f"i{self._made}", os.O_CREAT | os.O_EXCL))
            except OSError:
                return
            self._made += 1


if __name__ == "__main__":
    main()
