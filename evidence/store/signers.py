"""Signers whose private key lies in a file.

Owns making and loading key files. Refuses a key that others can read, or of another kind than
P-256.
"""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from evidence.errors import KeyUnusableError
from evidence.keys import EcSigner
from evidence.store.durable import write_once

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_key_file(path: Path) -> ec.EllipticCurvePrivateKey:
    """Make a P-256 key and write it to ``path`` (PKCS#8 PEM, mode 0600).

    Raises:
        FileExistsError: There is a key already; keys are never overwritten.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_once(path, pem, mode=0o600)
    return key


def load_key_file(path: Path) -> ec.EllipticCurvePrivateKey:
    """Load a P-256 key from a PEM file that only its owner can read.

    Raises:
        KeyUnusableError: Missing, readable by others, or of another kind.
    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeyUnusableError(f"{path} can be read by others; run: chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyUnusableError(f"{path} holds no usable key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnusableError(f"{path} holds no P-256 key; enrol the device again")
    return key


def file_signer(path: Path) -> EcSigner:
    """A signer for the key in ``path``; see ``load_key_file`` for the errors."""
    return EcSigner(load_key_file(path))
