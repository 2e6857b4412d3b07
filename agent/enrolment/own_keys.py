"""The recorder's two private keys: made here, once.

Owns making them and what proves them to the bureau. Refuses to overwrite a key or to let one out:
only certificate requests leave. A key appears under its name whole or not at all.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from agent.settings import Paths
from evidence.store.durable import make_folder
from evidence.store.signers import load_key_file, make_key_file


def make_keys(paths: Paths) -> None:
    """Make the keys that are not there yet; each readable by its owner alone."""
    for path in (paths.signing_key, paths.tls_key):
        make_folder(path.parent)
        if not path.exists():
            make_key_file(path)


def prove_key(path: Path, device: str) -> str:
    """A PEM request for a certificate of the key in ``path``, under the device's id.

    Raises:
        KeyUnusableError: The key is missing or unusable.
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    request = builder.sign(load_key_file(path), hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def public_key(path: Path) -> ec.EllipticCurvePublicKey:
    """The public half of the key in ``path``.

    Raises:
        KeyUnusableError: The key is missing or unusable.
    """
    return load_key_file(path).public_key()
