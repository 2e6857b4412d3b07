"""What the bureau has put this vault in charge of: key, certificate, rulebook, assignment.

Owns loading and judging them. Refuses to go on with anything that was not reached from the pinned
CA; an expired rulebook only warns, since keeping to record is the lesser harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509

from agent.errors import RefusedError
from agent.preflight.bounded import Bounded
from agent.preflight.results import Trouble
from agent.settings import Paths
from evidence import assignment, jws, keys, rulebook
from evidence.assignment import Assignment
from evidence.errors import AssignmentError, EvidenceError
from evidence.jws import Signer
from evidence.rulebook import Rulebook
from evidence.store import durable
from hw.errors import HardwareFault
from hw.ports import Clock, DeviceKey

_SECOND_NS: Final = 1_000_000_000
_KEY_SECONDS: Final = 3.0
"""A token on a bus takes a tenth of a second."""


WRONG: Final = "wrong"


class SigningFault(HardwareFault):
    """The key does not sign, not in time, or with another key than its own.

    Args:
        trouble: Which of these.
    """

    code = "key"

    def __init__(self, trouble: Trouble) -> None:
        super().__init__("key", trouble.detail)
        self.trouble = trouble


class PortSigner:
    """The ``DeviceKey`` port as a signer of lines.

    A key that hangs is not waited for long, and what it signs is verified before it is believed.
    """

    def __init__(self, key: DeviceKey, clock: Clock) -> None:
        self._key = key
        self._public = keys.from_jwk(key.public_jwk())
        self._bounded = Bounded(clock)
        self._kid = keys.thumbprint(key.public_jwk())

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self._kid

    def sign(self, message: bytes) -> bytes:
        """ES256 over ``message``: 64 bytes r‖s, s in the lower half.

        Raises:
            SigningFault: The key does not sign, not in time, or with another key than its own.
        """
        signature = self._bounded.ask("key", lambda: self._key.sign(message), _KEY_SECONDS)
        if isinstance(signature, Trouble):
            raise SigningFault(signature)
        try:
            jws.check_signature(self._public, message, signature)
        except EvidenceError as error:
            raise SigningFault(Trouble(WRONG, error.detail)) from error
        return signature


@dataclass(frozen=True, kw_only=True)
class Mandate:
    """Who this device is, by the bureau's word.

    Attributes:
        device: Device id.
        ca: The pinned bureau CA.
        x5c: The signing certificate, as records carry it.
        signer: The device's signing key.
        certified_since_ns: Begin of the certificate's term, nanoseconds since 1970.
        certified_until_ns: End of it.
    """

    device: str
    ca: x509.Certificate
    x5c: list[str]
    signer: Signer
    certified_since_ns: int
    certified_until_ns: int


def load_mandate(paths: Paths, device: str, key: DeviceKey, clock: Clock) -> Mandate:
    """Load certificate and CA and check that they fit the key and the device.

    Raises:
        RefusedError: They do not; nothing could be signed that a court would accept.
    """
    try:
        ca = _certificate(paths.ca)
        x5c = [keys.certificate_text(_certificate(paths.signing_certificate))]
        leaf = keys.reach(x5c, ca, keys.EKU_DEVICE_SIGNING)
        signer = PortSigner(key, clock)
        certified = keys.thumbprint(keys.to_jwk(keys.public_key_of(leaf)))
        named = keys.device_of(leaf)
    except (EvidenceError, OSError, ValueError) as error:
        raise RefusedError(
            f"the signing key's certificate is unusable ({error}); enrol the device again",
            code="no_key",
        ) from error
    if certified != signer.kid or named != device:
        raise RefusedError(
            f"the certificate is for {named}, another key or device; enrol the device again",
            code="no_key",
        )
    return Mandate(
        device=device,
        ca=ca,
        x5c=x5c,
        signer=signer,
        certified_since_ns=int(leaf.not_valid_before_utc.timestamp()) * _SECOND_NS,
        certified_until_ns=int(leaf.not_valid_after_utc.timestamp()) * _SECOND_NS,
    )


def load_rulebook(paths: Paths, mandate: Mandate) -> Rulebook:
    """Load the rulebook in force and raise the version floor to it.

    Called between sessions only: a session keeps the rulebook it opened with.

    Raises:
        RefusedError: Missing, not signed as the root document asks, below the floor, or addressed
            to other devices.
    """
    try:
        root = rulebook.read_root(paths.root.read_bytes(), mandate.ca)
        floor = read_floor(paths.rulebook_floor)
        book = rulebook.read_rulebook(paths.rulebook.read_bytes(), root, floor=floor)
    except (EvidenceError, OSError) as error:
        raise RefusedError(
            f"the rulebook is unusable ({error}); have the bureau install one", code="no_rulebook"
        ) from error
    if not book.is_for(mandate.device):
        raise RefusedError(f"the rulebook is not addressed to {mandate.device}", code="no_rulebook")
    if book.version > floor:
        durable.replace_file(paths.rulebook_floor, f"{book.version}\n".encode())
    return book


def load_assignment(paths: Paths, mandate: Mandate) -> Assignment | None:
    """Load the assignment in force (A1); None where the bureau has never said whose this is.

    Raises:
        RefusedError: ``custody``: it is not the bureau's, not this device's, or unreadable: what
            cannot be read permits nothing.
    """
    try:
        token = paths.assignment.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RefusedError(
            f"the assignment cannot be read: {error.strerror}", code="custody"
        ) from error
    try:
        return _believed(token, mandate.ca, device=mandate.device)
    except AssignmentError as error:
        raise RefusedError(
            f"the assignment is unusable ({error.detail}); have the bureau send it again",
            code="custody",
        ) from error


_believed = lru_cache(maxsize=1)(assignment.read)
"""The same bytes were reached from the same CA before: plans are held against them each second."""


def read_floor(path: Path) -> int:
    """The lowest rulebook version still accepted; 1 before the first.

    Raises:
        RefusedError: The file holds something else: a floor that cannot be read protects nothing.
    """
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return 1
    except ValueError as error:
        raise RefusedError(f"{path} holds no number", code="no_rulebook") from error


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
