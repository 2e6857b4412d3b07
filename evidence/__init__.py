"""What a record is.

This package is the format that recorder and bureau agree on, and all that a court needs to check a
recording years later without either of them. A session is a folder: sealed media files and one
journal of signed lines, each naming the hash of the line before it. Everything here is pure: bytes
come in, values and findings come out. It reads no file, opens no socket, starts no thread and asks
no clock; only ``evidence.store`` (durable files, signers) and ``evidence.__main__`` (the bare
verifier's command) do. It needs the standard library and ``cryptography``, nothing else.
"""
