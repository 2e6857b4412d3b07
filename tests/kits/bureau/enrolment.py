"""A bureau and an enrolled device in a temporary folder, made by the real provisioning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyrage
from cryptography import x509

from agent.enrolment.enrol import Outcome, Recorder
from agent.settings import Device, load_device
from evidence import assignment
from evidence.assignment import Assignment, Standing
from evidence.ids import JOURNAL_NAME
from evidence.moments import utc_text
from evidence.store.signers import file_signer
from hw.fake.clock import SystemClock
from provisioning.authority.founding import Founding, init_bureau
from provisioning.bureau_folder import UtcNs
from provisioning.enrolment.claiming import Expected, write_seed
from provisioning.enrolment.settings import DeviceOptions
from provisioning.enrolment.sticks import answer_request
from tests.kits.media.clip import write_clip

DEVICE_ID = "REC-001"


@dataclass(frozen=True)
class Enrolled:
    """One bureau, one device, both by the book."""

    bureau: Path
    device: Device

    def session(self, sid: str) -> Path:
        """Where the device keeps a session."""
        return self.device.paths.sessions / sid

    def journal(self, sid: str) -> Path:
        """Its journal."""
        return self.session(sid) / JOURNAL_NAME

    def open_age(self, sealed: bytes, role: str = "bureau") -> bytes:
        """Decrypt with the bureau's or the escrow's identity."""
        text = (self.bureau / "identities" / f"{role}.age").read_text()
        line = next(line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-"))
        identity = pyrage.x25519.Identity.from_str(line)
        return bytes(pyrage.decrypt(sealed, [identity]))


def assign(one: Enrolled, custodian: str = "O-1", **fields: Any) -> Assignment:
    """Put an assignment, signed by the bureau's receipt key, onto the device.

    Args:
        one: The bureau and its device.
        custodian: Who answers for it.
        fields: What differs from number 1, assigned, in order; see ``Assignment``.
    """
    whole: dict[str, Any] = {
        "device": one.device.settings.device_id,
        "number": 1,
        "standing": Standing.ASSIGNED,
        "custodian": custodian,
        "keeper": "K-1",
        "leader": "L-1",
        "approval": "a-1",
        "issued": utc_text(SystemClock().utc_ns()),
        **fields,
    }
    word = Assignment(**whole)
    certificate = x509.load_pem_x509_certificate(
        (one.bureau / "certs" / "receipt.pem").read_bytes()
    )
    signer = file_signer(one.bureau / "keys" / "receipt.pem")
    one.device.paths.assignment.write_bytes(assignment.make(word, signer, certificate))
    return word


def shelve(one: Enrolled, number: int = 1) -> None:
    """Let the desk know the assignment that the device has, as provisioning would have."""
    device = one.device.settings.device_id
    shelf = one.bureau / "registry" / "assignments" / device
    shelf.mkdir(parents=True, exist_ok=True)
    word = one.device.paths.assignment.read_bytes()
    (shelf / f"{number:06d}.jws").write_bytes(word)


def founded(folder: Path, clock: UtcNs | None = None, **wish: Any) -> Path:
    """A bureau in ``folder/bureau``, founded as ``provision init`` does; its folder.

    Args:
        folder: Its announcement lies there as well: a short sound in the sentence's place, since a
            test does not wait nine seconds for each start.
        clock: UTC in nanoseconds; the machine's without.
        wish: What differs; see ``Founding``.
    """
    if "announce" not in wish:
        wish["announce"] = write_clip(folder / "clips" / "zh-CN")
    init_bureau(
        folder / "bureau", Founding(name="某县统计局", **wish), clock=clock or SystemClock().utc_ns
    )
    return folder / "bureau"


def take_in(bureau: Path, device: Path, name: str, *, clock: UtcNs, **options: Any) -> None:
    """Enrol a device by both real ends, a stick between them; run again it changes nothing.

    Args:
        bureau: The bureau's folder.
        device: The device's folder; made if it is not there.
        name: Device id.
        clock: UTC in nanoseconds.
        options: See ``DeviceOptions``.
    """
    write_seed(
        bureau,
        Expected(device=name, options=DeviceOptions(**options)),
        device / "seed",
        clock=clock,
    )
    recorder = Recorder.at(device)
    shown: list[str] = []
    with TemporaryDirectory(dir=bureau.parent) as folder:
        stick = Path(folder)
        if recorder.onto_stick(stick, shown.append) is Outcome.UNCHANGED:
            return
        answer_request(bureau, stick, stick, lambda _: shown[0], clock=clock)
        recorder.from_stick(stick)


def enrol(folder: Path, *, device_id: str = DEVICE_ID, **options: Any) -> Enrolled:
    """Found a bureau in ``folder/bureau`` (unless there) and enrol a device in ``folder/<id>``.

    Args:
        folder: Kept short: socket paths have 107 bytes.
        device_id: The device.
        options: ``numbers`` and ``port`` for the bureau, ``custodian`` for the assignment (None:
            there is none), the rest as in ``DeviceOptions``.
    """
    numbers = {"storage.refuse_minutes": 1, "storage.warn_minutes": 1, **options.pop("numbers", {})}
    founding = {name: options.pop(name) for name in ("port", "announce") if name in options}
    bureau = folder / "bureau"
    if not bureau.exists():
        founded(folder, numbers=numbers, **founding)
    path = folder / device_id
    # A small picture keeps tests light, and the floor of a real card would not fit a test's medium.
    small = {"width": 320, "height": 180, "bits_per_second": 300_000, "storage_floor_bytes": 0}
    custodian = options.pop("custodian", "O-1")
    wished = {**small, "board": "fake", **options}
    take_in(bureau, path, device_id, clock=SystemClock().utc_ns, **wished)
    enrolled = Enrolled(bureau, load_device(path))
    # A recorder that nobody answers for refuses to record (S0§19).
    if custodian is not None:
        assign(enrolled, custodian)
    return enrolled
