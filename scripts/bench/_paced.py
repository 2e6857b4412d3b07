"""A line of a given speed: a TCP proxy on loopback that forwards no faster.

    python -m scripts.bench._paced PORT TARGET_PORT BYTES_PER_SECOND

What flows towards the target is paced by a token bucket of a few milliseconds, what flows back is
not. The kernel's own shapers need modules that virtual machines often lack; this one works
everywhere, and what it costs is its own process's, not the sender's. Its receive buffer is small,
so that the sender feels the line and not the buffer.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from threading import Event, Thread

PIECE = 32 * 1024
RECEIVE_BUFFER = 128 * 1024
BURST_SECONDS = 0.005


def pump(source: socket.socket, target: socket.socket, rate: int) -> None:
    """Forward until the source ends; at most ``rate`` bytes a second, 0 for any."""
    buffer = memoryview(bytearray(PIECE))
    due = time.monotonic()
    # Either end may go away at any time: the other one is told, which is all there is to do.
    with contextlib.suppress(OSError):
        while size := source.recv_into(buffer):
            if rate:
                due = max(due, time.monotonic() - BURST_SECONDS) + size / rate
                if (early := due - time.monotonic()) > 0:
                    Event().wait(early)
            target.sendall(buffer[:size])
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def serve(port: int, target_port: int, rate: int) -> None:
    """Take connections for ever."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", target_port))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Thread(target=pump, args=(near, far, rate), daemon=True).start()
        Thread(target=pump, args=(far, near, 0), daemon=True).start()


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:4]))
