"""A claim: the secret by which one device may ask to be taken in, once.

Owns its spelling and the key that follows from it. Refuses to be kept: the bureau holds the
thumbprint of the public key alone, so that neither its registry nor a request that was read on its
way lets anybody else ask.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from evidence.errors import EnrolmentError
from evidence.jws import P256_ORDER
from evidence.keys import EcSigner

CLAIM_BYTES: Final = 20
"""160 bits: nobody finds it by trying, so hashing it needs no salt."""

_GROUP: Final = 4
_CLAIM = re.compile(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}")
_PURPOSE: Final = b"recorder-claim-1\0"


def claim_text(secret: bytes) -> str:
    """A claim as it is printed: ``ABCD-EFGH-…``, eight groups.

    Args:
        secret: ``CLAIM_BYTES`` random bytes.
    """
    text = base64.b32encode(secret[:CLAIM_BYTES]).decode()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def claim_signer(claim: str, device: str) -> EcSigner:
    """The key that follows from ``claim`` for ``device``: it signs the request.

    Raises:
        EnrolmentError: It is not a claim.
    """
    if _CLAIM.fullmatch(claim) is None:
        raise EnrolmentError("a claim has eight groups of four letters and digits")
    seed = hashlib.sha512(_PURPOSE + device.encode() + b"\0" + claim.encode()).digest()
    scalar = int.from_bytes(seed, "big") % (P256_ORDER - 1) + 1
    return EcSigner(ec.derive_private_key(scalar, ec.SECP256R1()))
