"""A founded bureau whose broker runs with the configuration it wrote, and devices of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ObjectIdentifier

from evidence.wire import Topics
from provisioning.bureau_folder import open_bureau
from tests.kits.bureau.enrolment import founded, take_in
from tests.kits.wire.peer import Credential, Mosquitto, Peer, free_port, real_utc_ns

FID, SHA, SID = "0" * 32, "0" * 64, "01890a5d-ac96-774b-bcce-b302099a8057"


def said_by(device: Topics) -> list[str]:
    """Every topic on which a device speaks."""
    return [
        device.init(FID),
        device.chunk(FID, 0, SHA),
        device.fin(FID, 1, SHA),
        device.log,
        device.state,
        device.receipt_ack(SID, "stored"),
        device.plan_ack,
        device.roster_ack,
        device.policy_ack,
    ]


def said_to(device: Topics) -> list[str]:
    """Every topic on which the bureau speaks to a device."""
    return [
        device.response,
        device.receipt(SID, "committed"),
        device.receipt(SID, "stored"),
        device.plan,
        device.roster,
        device.policy,
    ]


@dataclass(frozen=True)
class BrokerScene:
    """A bureau whose broker runs, and its devices beside it."""

    folder: Path
    port: int
    broker: Mosquitto
    peers: ExitStack = field(default_factory=ExitStack)

    @property
    def bureau(self) -> Path:
        return self.folder / "bureau"

    @property
    def ca(self) -> Path:
        return self.bureau / "certs" / "ca.pem"

    @property
    def desk(self) -> Credential:
        """What the receiving desk shows."""
        keys, certs = self.bureau / "keys", self.bureau / "certs"
        return Credential(self.ca, certs / "desk.pem", keys / "desk.pem")

    def device(self, name: str, key: str = "tls") -> Credential:
        """What a device shows."""
        device = self.folder / name
        return Credential(
            device / "certs" / "ca.pem",
            device / "certs" / f"{key}.pem",
            device / "keys" / f"{key}.pem",
        )

    def issued(self, name: str, purpose: ObjectIdentifier, *, at_ns: int) -> Credential:
        """A certificate that this very bureau issued, at another time or for another purpose."""
        key = ec.generate_private_key(ec.SECP256R1())
        authority = open_bureau(self.bureau).authority
        certificate = authority.issue(name, key.public_key(), purpose, at_ns=at_ns)
        shown = Credential(self.ca, self.folder / "odd.pem", self.folder / "odd.key.pem")
        assert shown.certificate is not None
        assert shown.key is not None
        shown.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        shown.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return shown

    def try_to_connect(self, credential: Credential, **options: Any) -> Peer:
        """A client that may or may not be let in."""
        peer = Peer(credential, self.port, **options)
        self.peers.callback(peer.close)
        return peer

    def connect(self, credential: Credential, **options: Any) -> Peer:
        """A client that is let in."""
        peer = self.try_to_connect(credential, **options)
        assert peer.is_accepted()
        return peer


@contextmanager
def broker_scene(folder: Path, *devices: str) -> Iterator[BrokerScene]:
    """Found a bureau in ``folder`` with those devices, and run its broker."""
    port = free_port()
    founded(folder, real_utc_ns, port=port)
    for name in devices:
        take_in(folder / "bureau", folder / name, name, clock=real_utc_ns)
    broker = Mosquitto(folder / "bureau" / "broker" / "mosquitto.conf", port)
    try:
        yield BrokerScene(folder, port, broker)
    finally:
        broker.stop()


def another_bureaus(folder: Path, name: str, ca: Path) -> Credential:
    """What a device of the same name shows that another bureau of the same name took in."""
    founded(folder, real_utc_ns)
    take_in(folder / "bureau", folder / name, name, clock=real_utc_ns)
    device = folder / name
    return Credential(ca, device / "certs" / "tls.pem", device / "keys" / "tls.pem")
