"""The bureau's time at the dock (校时): signed, for one device and one question.

Owns the word and reading it. It names the nonce that the device drew for it, so that it can be used
once and never again. Refuses any clock: how far it is to be trusted follows from the round trip,
which the device measures; nothing here sets a clock.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from cryptography import x509

from evidence import jws
from evidence import schema as s
from evidence.bureau_word import read_word, signed_word
from evidence.errors import ChallengeError, EvidenceError
from evidence.moments import utc_ns

VERSION: Final = 1
MAX_TIME_BYTES: Final = 8 * 1024

_TIME: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "dev": s.device,
    "nonce": s.sha256,
    "received": s.utc,
    "sent": s.utc,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BureauTime:
    """What time it is at the bureau.

    Attributes:
        dev: Device id.
        nonce: Of the answer that it follows.
        received: UTC when the bureau had read that answer.
        sent: UTC when this was signed.
    """

    dev: str
    nonce: str
    received: str
    sent: str

    @property
    def held_ns(self) -> int:
        """How long the bureau had the question, nanoseconds."""
        return utc_ns(self.sent) - utc_ns(self.received)


def sign_time(time: BureauTime, signer: jws.Signer, certificate: x509.Certificate) -> bytes:
    """Sign ``time`` with the bureau's receipt key."""
    payload = {"v": VERSION, **asdict(time)}
    s.check_fields(_TIME, payload, "time")
    return signed_word(payload, jws.TYP_TIME, signer, certificate)


def read_time(token: bytes, ca: x509.Certificate, *, device: str, nonce: str) -> BureauTime:
    """Verify and read the bureau's time.

    Args:
        token: As received.
        ca: The pinned bureau CA.
        device: Who asked.
        nonce: What it asked with.

    Raises:
        ChallengeError: Not the bureau's, not for this device and this question, or no time.
    """
    try:
        payload = read_word(token, jws.TYP_TIME, ca, limit=MAX_TIME_BYTES)
        s.check_fields(_TIME, payload, "time")
    except EvidenceError as error:
        raise ChallengeError(error.detail) from error
    if (payload["dev"], payload["nonce"]) != (device, nonce):
        raise ChallengeError("the time is for another device or another question")
    time = BureauTime(**{name: held for name, held in payload.items() if name != "v"})
    if time.held_ns < 0:
        raise ChallengeError("the bureau's time goes back")
    return time
