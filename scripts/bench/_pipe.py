"""The least that could move files: one TLS 1.3 connection, bytes in, synced at the end.

python -m scripts.bench._pipe receive PORT CERTIFICATE KEY CA FILE
python -m scripts.bench._pipe send PORT CERTIFICATE KEY CA FILE…

Both ends show certificates, as over MQTT. The sender prints {"seconds", "cpu_seconds"} once the
receiver has said that everything is on its medium.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from pathlib import Path

from evidence.store.durable import AppendFile

PIECE = 1_048_576


def context_of(purpose: ssl.Purpose, certificate: str, key: str, ca: str) -> ssl.SSLContext:
    """TLS 1.3, the other end's certificate required."""
    context = ssl.create_default_context(purpose, cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    return context


def receive(port: int, context: ssl.SSLContext, file: Path) -> None:
    """Take one connection's bytes into ``file``; say so when they are on the medium."""
    buffer = bytearray(PIECE)
    with (
        socket.create_server(("127.0.0.1", port)) as listener,
        AppendFile(file, fresh=True) as target,
    ):
        raw, _ = listener.accept()
        with context.wrap_socket(raw, server_side=True) as connection:
            left = int.from_bytes(connection.recv(8), "big")
            while left and (got := connection.recv_into(buffer)):
                target.write(memoryview(buffer)[:got])
                left -= got
            target.sync()
            connection.sendall(b"!")


def send(port: int, context: ssl.SSLContext, files: list[Path]) -> None:
    """Send the bytes of ``files`` and wait until they are on the medium."""
    begun, cpu = time.monotonic(), time.process_time()
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(sum(file.stat().st_size for file in files).to_bytes(8, "big"))
        buffer = bytearray(PIECE)
        for file in files:
            with file.open("rb", buffering=0) as source:
                while got := source.readinto(buffer):
                    connection.sendall(memoryview(buffer)[:got])
        if connection.recv(1) != b"!":
            raise SystemExit("the receiver went away")
    spent = {
        "seconds": time.monotonic() - begun,
        "cpu_seconds": time.process_time() - cpu,
    }
    print(json.dumps(spent))


def main() -> None:
    """See the module's docstring."""
    verb, port, certificate, key, ca, *files = sys.argv[1:]
    if verb == "receive":
        context = context_of(ssl.Purpose.CLIENT_AUTH, certificate, key, ca)
        receive(int(port), context, Path(files[0]))
    else:
        context = context_of(ssl.Purpose.SERVER_AUTH, certificate, key, ca)
        send(int(port), context, [Path(file) for file in files])


if __name__ == "__main__":
    main()
