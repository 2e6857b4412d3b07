"""The only part of the shared format that touches a disk.

Files here are either append-only (grow, never shrink, never renamed) or replaced as a whole through
a temporary file; both are on the medium when the call returns. Signers read a device's or a
bureau's private key from a file that nobody else can read. Every fsync and rename of the whole
product happens in ``durable``.
"""
