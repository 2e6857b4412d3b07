"""A bureau's CA and receipt key in memory, for what is pure."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from evidence.keys import EcSigner
from provisioning.authority import certificates
from provisioning.authority.certificates import Authority

AT_NS = 1_800_000_000_000_000_000


class PinnedBureau:
    """Its CA's certificate, and what signs its words."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.ca = certificates.found("b-1", "某县统计局", key, at_ns=AT_NS)
        receipt = ec.generate_private_key(ec.SECP256R1())
        self.receipt_signer = EcSigner(receipt)
        self.receipt_certificate = Authority(key, self.ca).issue(
            "receipt b-1", receipt.public_key(), certificates.RECEIPT_SIGNING, at_ns=AT_NS
        )
