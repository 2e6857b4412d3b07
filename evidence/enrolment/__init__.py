"""Enrolment (入网): what a recorder asks of its bureau and what comes back.

Both ends agree on it here, over a network or over a stick. A recorder is expected: its bureau made
it a *claim*, a secret for one device and one day, of which the bureau keeps only a public key. The
recorder makes its keys, and its *request* is signed by the claim: nobody without the claim can
ask, and nobody who reads the request learns the claim. Device and desk then derive the same six
*digits*, which a clerk compares. The *bundle* that answers is signed by the bureau's receipt key
and names every file by its digest.
"""

from evidence.enrolment.bundle import MAX_BUNDLE_BYTES, Bundle, is_bundle_path, pack, unpack
from evidence.enrolment.claim import CLAIM_BYTES, claim_signer, claim_text
from evidence.enrolment.digits import digits_of, is_digits, plain_digits
from evidence.enrolment.exchange import (
    CHALLENGE_BYTES,
    HEADER_BYTES,
    MAX_REQUEST_FRAME,
    Kind,
    frame,
    frame_length,
    refusal,
    refusal_of,
)
from evidence.enrolment.request import (
    MAX_REQUEST_BYTES,
    Received,
    Request,
    commitment,
    make_request,
    read_request,
    requested_key,
)

__all__ = [
    "CHALLENGE_BYTES",
    "CLAIM_BYTES",
    "HEADER_BYTES",
    "MAX_BUNDLE_BYTES",
    "MAX_REQUEST_BYTES",
    "MAX_REQUEST_FRAME",
    "Bundle",
    "Kind",
    "Received",
    "Request",
    "claim_signer",
    "claim_text",
    "commitment",
    "digits_of",
    "frame",
    "frame_length",
    "is_bundle_path",
    "is_digits",
    "make_request",
    "pack",
    "plain_digits",
    "read_request",
    "refusal",
    "refusal_of",
    "requested_key",
    "unpack",
]
