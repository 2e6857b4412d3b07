"""The signing key of a board without a secure element: a file, and what can befall it.

Owns the way from a key file to the ``DeviceKey`` port, and a key that fails, hangs or signs with
another one. Refuses a key that others can read.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from evidence.errors import KeyUnusableError
from evidence.keys import EcSigner
from evidence.store.signers import file_signer
from hw.errors import KeyFault, MissingPartFault
from hw.fake.hang import hang_while
from hw.fake.link import WorldLink
from hw.fake.state import KeyCondition
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


class FakeKey(DeviceKey):
    """``key``, as well as the world lets it be.

    Args:
        key: What signs while all is well.
        link: The world.
    """

    def __init__(self, key: DeviceKey, link: WorldLink) -> None:
        self._key = key
        self._link = link
        self._foreign = EcSigner(ec.generate_private_key(ec.SECP256R1()))

    def public_jwk(self) -> dict[str, str]:
        """The public key: that of ``key``, whatever signs."""
        return self._key.public_jwk()

    def sign(self, message: bytes) -> bytes:
        """ES256 with s in the lower half.

        Raises:
            KeyFault: The key is gone.
        """
        state = hang_while(self._link, lambda state: state.key is KeyCondition.HUNG)
        if state.key is KeyCondition.GONE:
            raise KeyFault("key", "the signing key does not answer")
        signer = self._foreign if state.key is KeyCondition.FOREIGN else self._key
        return signer.sign(message)
