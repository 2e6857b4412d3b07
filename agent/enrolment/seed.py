"""The seed: what a recorder is told before it knows anybody.

Owns reading ``seed.toml`` from the seed partition. Refuses an unknown key, a value out of range,
and a CA that is none: all trust of the recorder hangs on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cryptography import x509
from msgspec import Meta

from agent.enrolment.errors import EnrolmentRefusedError
from evidence.ids import DEVICE_ID

SEED_NAME: Final = "seed.toml"
SEED_FOLDER: Final = "seed"
"""Where the seed partition is mounted, in the device folder."""

_MAX_SEED_BYTES: Final = 16 * 1024


class Seed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in ``seed.toml``.

    Attributes:
        device: The id this recorder will have.
        claim: The secret by which it may ask, once.
        board: Which body it is expected to be.
        host: Where the desk listens, as its certificate names it.
        port: TCP port there.
        ca: The bureau's CA, PEM.
    """

    device: Annotated[str, Meta(pattern=rf"^{DEVICE_ID.pattern}\Z")]
    claim: Annotated[str, Meta(min_length=1, max_length=128)]
    board: Literal["fake", "pi"]
    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    ca: Annotated[str, Meta(min_length=1, max_length=8_192)]

    def authority(self) -> x509.Certificate:
        """The CA that every answer is judged by.

        Raises:
            EnrolmentRefusedError: ``seed``: it is no certificate.
        """
        try:
            return x509.load_pem_x509_certificate(self.ca.encode())
        except ValueError as error:
            raise EnrolmentRefusedError("the seed's CA is no certificate", code="seed") from error


def read_seed(folder: Path) -> Seed:
    """Read the seed in ``folder``.

    Raises:
        EnrolmentRefusedError: ``seed``: missing, unreadable or wrong.
    """
    path = folder / SEED_NAME
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_SEED_BYTES + 1)
        if len(text) > _MAX_SEED_BYTES:
            raise EnrolmentRefusedError(f"{path} is too large", code="seed")
        seed = msgspec.toml.decode(text, type=Seed, strict=True)
    except OSError as error:
        raise EnrolmentRefusedError(f"{path}: {error.strerror}", code="seed") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise EnrolmentRefusedError(f"{path}: {error}", code="seed") from error
    seed.authority()
    return seed
