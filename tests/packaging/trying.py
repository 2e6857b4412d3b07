"""What the user that runs this may do: tries each, changes nothing that was there.

Run with a JSON list of ``[verb, path]`` on stdin; answers with the list of what was possible.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from pathlib import Path


def reads(path: Path) -> None:
    os.close(os.open(path, os.O_RDONLY))


def writes(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))


def puts(path: Path) -> None:
    """Put a file of one's own into a folder, and take it out again."""
    fresh = path / secrets.token_hex(4)
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    fresh.unlink()


def lists(path: Path) -> None:
    os.listdir(path)  # noqa: PTH208


def opens(path: Path) -> None:
    kind = socket.SOCK_SEQPACKET if path.name == "locker.sock" else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as one:
        one.connect(str(path))


VERBS = {verb.__name__: verb for verb in (reads, writes, puts, lists, opens)}


def is_possible(verb: str, path: str) -> bool:
    try:
        VERBS[verb](Path(path))
    except PermissionError:
        return False
    return True


if __name__ == "__main__":
    wishes = json.load(sys.stdin)
    json.dump([wish for wish in wishes if is_possible(*wish)], sys.stdout)
