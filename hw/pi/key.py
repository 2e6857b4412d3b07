"""The signing key of a Raspberry Pi: a file, a systemd credential or a PKCS#11 token.

Owns where the key is looked for and the way from a signer to the ``DeviceKey`` port. Refuses a key
that others can read, and to try a second place when the first one named holds no usable key.
"""

from __future__ import annotations

from pathlib import Path

from evidence.errors import KeyUnusableError
from evidence.store.signers import key_exists, open_signer
from hw.errors import KeyFault, MissingPartFault
from hw.ports import DeviceKey

URI_FILE = "signing.uri"
"""In ``keys``: one line that says where the key lies, ``pkcs11:…`` for example."""
CREDENTIAL = "credential:signing.pem"
"""As the vault's unit names it (``LoadCredentialEncrypted=signing.pem:…``)."""


class PiKey(DeviceKey):
    """The P-256 key at ``uri``.

    Args:
        uri: See ``evidence.store.signers.open_key``.
        folder: What a relative path in it is relative to.

    Raises:
        MissingPartFault: There is no usable key; says where it was looked for, and why.
    """

    def __init__(self, uri: str, folder: Path) -> None:
        try:
            self._signer = open_signer(uri, folder)
        except KeyUnusableError as error:
            raise MissingPartFault("key", f"{uri}: {error}") from error

    def public_jwk(self) -> dict[str, str]:
        """The public key."""
        return dict(self._signer.jwk)

    def sign(self, message: bytes) -> bytes:
        """ES256 with s in the lower half.

        Raises:
            KeyFault: The key does not sign: a token was pulled out, for example.
        """
        try:
            return self._signer.sign(message)
        except KeyUnusableError as error:
            raise KeyFault("key", str(error)) from error


def key_uri(device_dir: Path) -> str:
    """Where this device's key lies: what ``keys/signing.uri`` says, a credential, or the file."""
    named = device_dir / "keys" / URI_FILE
    if named.exists():
        return named.read_text("utf-8").strip()
    return CREDENTIAL if _is_handed_over() else "file:keys/signing.pem"


def _is_handed_over() -> bool:
    """Whether systemd handed this service the key; outside a service it cannot."""
    try:
        return key_exists(CREDENTIAL, Path())
    except KeyUnusableError:
        return False
