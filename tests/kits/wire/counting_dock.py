"""A dock's process that writes down what it publishes before it does: ``DEVICE_DIR FILE``.

Each line of the file is a topic and the payload's size; ``connect 0`` stands where a connection is
tried.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from agent import process
from agent.dock.link import Link, Mailbox, Will
from agent.dock.serve import paho_links, serve
from agent.settings import load_device
from hw.fake.board import dock_board
from hw.fake.world import FakeWorld


class CountingLink(Link):
    """Writes down what goes through another link."""

    def __init__(self, link: Link, fd: int) -> None:
        self._link = link
        self._fd = fd

    def open(self, mailbox: Mailbox, will: Will) -> None:
        self._note("connect", 0)
        self._link.open(mailbox, will)

    def publish(self, topic: str, payload: bytes | memoryview, *, retain: bool = False) -> int:
        self._note(topic, len(payload))
        return self._link.publish(topic, payload, retain=retain)

    def subscribe(self, topics: tuple[str, ...]) -> None:
        self._link.subscribe(topics)

    def close(self) -> None:
        self._link.close()

    def _note(self, topic: str, size: int) -> None:
        os.write(self._fd, f"{topic} {size}\n".encode())


def counted(links: Callable[[], Link], path: Path) -> Callable[[], Link]:
    """Links that append what they publish to ``path``."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    return lambda: CountingLink(links(), fd)


def main() -> None:
    process.log_to_stderr("dock")
    process.end_with_any_thread()
    stop = process.stop_when_asked()
    device = load_device(Path(sys.argv[1]))
    world = FakeWorld.here()
    world.dock()
    links = counted(paho_links(device), Path(sys.argv[2]))
    serve(device, dock_board(world.link), stop, make_link=links)


if __name__ == "__main__":
    main()
