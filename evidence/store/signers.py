"""One signer by URI, wherever the private key lies.

Owns the three places: ``file:PATH``, ``credential:NAME`` (what systemd hands to a service) and
``pkcs11:…`` (a token, RFC 7512). Refuses a key that others can read, one of another kind than
P-256, and to write over a key. All of them are used alike: as an ``EllipticCurvePrivateKey``,
which signs certificates, or as an ``EcSigner``, which signs lines.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from evidence.errors import KeyUnusableError, PassphraseError
from evidence.keys import EcSigner
from evidence.store import token
from evidence.store.durable import create_file
from evidence.store.protected_key import protected_pem

Passphrase = Callable[[Path], str]
"""Asked for the passphrase of a key file, once for each file that has one."""

_FILE: Final = "file:"
_CREDENTIAL: Final = "credential:"
_CREDENTIALS_FOLDER: Final = "CREDENTIALS_DIRECTORY"
_CREDENTIAL_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_PROTECTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_NOT_THE_OWNER: Final = stat.S_IRWXG | stat.S_IRWXO


def open_signer(uri: str, folder: Path, passphrase: Passphrase | None = None) -> EcSigner:
    """A signer for the key at ``uri``; see ``open_key``."""
    return EcSigner(open_key(uri, folder, passphrase))


def open_key(
    uri: str, folder: Path, passphrase: Passphrase | None = None
) -> ec.EllipticCurvePrivateKey:
    """The private key at ``uri``.

    Args:
        uri: ``file:PATH``, ``credential:NAME`` or ``pkcs11:token=…;object=…``.
        folder: What a relative path is relative to.
        passphrase: Asked where the key has one.

    Raises:
        PassphraseError: The passphrase does not open it.
        KeyUnusableError: Missing, readable by others, of another kind, or another place.
    """
    if uri.startswith(token.SCHEME):
        return token.open_key(uri, folder)
    if uri.startswith(_FILE):
        return load_key_file(folder / uri.removeprefix(_FILE), passphrase)
    if uri.startswith(_CREDENTIAL):
        return _load(_credential(uri), stat.S_IRWXO, passphrase)
    raise KeyUnusableError(f"{uri} is no place of a key: file:PATH, credential:NAME or pkcs11:…")


def make_key(uri: str, folder: Path) -> None:
    """Make a P-256 key at ``uri``.

    Args:
        uri: Where.
        folder: What a relative path is relative to.

    Raises:
        FileExistsError: There is a key file already.
        KeyUnusableError: The place is none where a key can be made.
    """
    if uri.startswith(token.SCHEME):
        token.make_key(uri, folder)
    elif uri.startswith(_FILE):
        make_key_file(folder / uri.removeprefix(_FILE))
    else:
        raise KeyUnusableError(
            f"{uri}: a credential is made by systemd-creds encrypt and named in the unit"
            " (LoadCredentialEncrypted=); it is not made here"
        )


def key_exists(uri: str, folder: Path) -> bool:
    """Whether there is a key at ``uri``, usable or not.

    Raises:
        KeyUnusableError: The token cannot be asked.
    """
    if uri.startswith(token.SCHEME):
        return token.holds(uri, folder)
    if uri.startswith(_CREDENTIAL):
        return _credential(uri).exists()
    return (folder / uri.removeprefix(_FILE)).exists()


def make_key_file(path: Path, passphrase: str | None = None) -> ec.EllipticCurvePrivateKey:
    """Make a P-256 key and write it to ``path`` (PKCS#8 PEM, mode 0600).

    Args:
        path: Absent or whole at every instant.
        passphrase: What the file is protected with; None: its mode alone.

    Raises:
        FileExistsError: There is a key already; keys are never overwritten.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    if passphrase is None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    else:
        pem = protected_pem(key, passphrase)
    create_file(path, pem, mode=0o600)
    return key


def load_key_file(path: Path, passphrase: Passphrase | None = None) -> ec.EllipticCurvePrivateKey:
    """Load a P-256 key from a PEM file that only its owner can read.

    Raises:
        PassphraseError: The passphrase does not open it.
        KeyUnusableError: Missing, readable by others, or of another kind.
    """
    return _load(path, _NOT_THE_OWNER, passphrase)


def file_signer(path: Path, passphrase: Passphrase | None = None) -> EcSigner:
    """A signer for the key in ``path``; see ``load_key_file`` for the errors."""
    return EcSigner(load_key_file(path, passphrase))


def _load(path: Path, forbidden: int, passphrase: Passphrase | None) -> ec.EllipticCurvePrivateKey:
    try:
        pem = path.read_bytes()
        if _PROTECTED in pem:
            # Its passphrase keeps it: on a memory stick every file is everybody's.
            key = _open_protected(path, pem, passphrase)
        elif path.stat().st_mode & forbidden:
            raise KeyUnusableError(f"{path} can be read by others; run: chmod 600 {path}")
        else:
            key = load_pem_private_key(pem, password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyUnusableError(f"{path} holds no usable key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnusableError(f"{path} holds no P-256 key; enrol the device again")
    return key


def _open_protected(path: Path, pem: bytes, passphrase: Passphrase | None) -> PrivateKeyTypes:
    if passphrase is None:
        raise PassphraseError(f"{path} has a passphrase, and nobody can be asked for it here")
    typed = passphrase(path).encode()
    try:
        return load_pem_private_key(pem, typed)
    except (ValueError, TypeError) as error:
        raise PassphraseError(f"the passphrase does not open {path}") from error


def _credential(uri: str) -> Path:
    """A service's credential; systemd keeps it from others by an access list, seen as 0440."""
    name = uri.removeprefix(_CREDENTIAL)
    if _CREDENTIAL_NAME.fullmatch(name) is None:
        raise KeyUnusableError(f"{name!r} is no name of a credential")
    folder = os.environ.get(_CREDENTIALS_FOLDER)
    if folder is None:
        raise KeyUnusableError(
            f"{uri} is there for a service alone: name it in the unit (LoadCredential={name}:…)"
        )
    return Path(folder) / name
