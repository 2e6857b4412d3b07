"""The six digits that a clerk compares: device and desk speak of the same request and the same CA.

Owns deriving them. Refuses guessing by trial: over the network the device first commits to a nonce,
the desk then challenges, the device then reveals; whoever stands between has fixed what he says
before he can know what the digits will be (the order of Bluetooth's numeric comparison). On a stick
there is one way only, so there the digits guard against a mix-up, and the claim against a stranger.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_PURPOSE: Final = b"recorder-digits-1\0"
_DIGITS: Final = 6
_SHOWN = re.compile(r"[0-9]{3} ?[0-9]{3}")


def digits_of(
    request: bytes, ca: x509.Certificate, *, nonce: bytes = b"", challenge: bytes = b""
) -> str:
    """The digits of one exchange, as they are shown: ``123 456``.

    Args:
        request: As it was sent, every byte.
        ca: The bureau's CA, as this end knows it.
        nonce: What the device revealed; empty on a stick.
        challenge: What the desk answered; empty on a stick.
    """
    parts = (request, ca.public_bytes(Encoding.DER), nonce, challenge)
    whole = sha256(_PURPOSE + b"".join(sha256(part).digest() for part in parts)).digest()
    number = int.from_bytes(whole, "big") % 10**_DIGITS
    text = f"{number:0{_DIGITS}d}"
    return f"{text[:3]} {text[3:]}"


def is_digits(text: str) -> bool:
    """Whether ``text`` is six ASCII digits, with or without the space in the middle."""
    return _SHOWN.fullmatch(text) is not None


def plain_digits(text: str) -> str:
    """The digits without spaces, for comparing what was typed."""
    return text.replace(" ", "")
