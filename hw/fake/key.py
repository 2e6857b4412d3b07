"""The signing key of a board without a secure element: a file.

Owns the way from a key file to the ``DeviceKey`` port. Refuses a key that others can read.
"""

from __future__ import annotations

from pathlib import Path

from evidence.errors import KeyUnusableError
from evidence.store.signers import file_signer
from hw.errors import MissingPartFault
from hw.ports import DeviceKey


class FileKey(DeviceKey):
    """The P-256 key in the PEM file ``path`` (mode 0600).

    Raises:
        MissingPartFault: There is no usable key; says why.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._signer = file_signer(path)
        except KeyUnusableError as error:
            raise MissingPartFault("key", str(error)) from error

    def public_jwk(self) -> dict[str, str]:
        """The public key."""
        return dict(self._signer.jwk)

    def sign(self, message: bytes) -> bytes:
        """ES256 with s in the lower half."""
        return self._signer.sign(message)
