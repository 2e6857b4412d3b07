"""What the bureau says to its devices by its receipt key: a session plan, an assignment.

Owns reaching the signer of such a word from the pinned CA. Refuses to know what the word means.
"""

from __future__ import annotations

from cryptography import x509

from evidence import jws, keys
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError, SignatureError


def signed_word(
    payload: JsonObject, typ: str, signer: jws.Signer, certificate: x509.Certificate
) -> bytes:
    """Sign ``payload`` by the receipt key; its certificate travels in the header (``x5c``)."""
    return jws.sign(payload, signer, typ, [keys.certificate_text(certificate)])


def read_word(token: bytes, typ: str, ca: x509.Certificate, *, limit: int) -> JsonObject:
    """The payload, once the bureau's receipt key is known to have signed it.

    Args:
        token: As received.
        typ: Which kind of word is expected.
        ca: The pinned bureau CA.
        limit: Most bytes of ``token``.

    Raises:
        LimitError: It is too large.
        SignatureError: Nobody of this bureau signed it.
        EvidenceError: It is not such a word.
    """
    parsed = jws.parse(token, typ, limit=limit)
    x5c = parsed.header.get("x5c")
    try:
        leaf = keys.reach(x5c if isinstance(x5c, list) else [], ca, keys.EKU_RECEIPT_SIGNING)
        key = keys.public_key_of(leaf)
        parsed.verify(key)
    except EvidenceError as error:
        raise SignatureError(error.detail) from error
    if parsed.kid != keys.thumbprint(keys.to_jwk(key)):
        raise SignatureError("the kid names another key than the certificate")
    return parsed.payload()
