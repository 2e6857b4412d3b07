"""Hands one connection of the virtual machine on to an address of this host's loopback.

Started by the emulator for each connection (``guestfwd``): standard input and output are the
machine's end.
"""

from __future__ import annotations

import os
import socket
import sys
from threading import Thread

_BLOCK = 65_536


def main() -> None:
    """Copy both ways until both have ended."""
    with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as far:

        def out() -> None:
            while block := far.recv(_BLOCK):
                while block:
                    block = block[os.write(1, block) :]
            os.close(1)

        Thread(target=out).start()
        while block := os.read(0, _BLOCK):
            far.sendall(block)
        far.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
