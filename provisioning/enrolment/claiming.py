"""``provision claim`` and ``provision seed``: expecting a device.

Owns making a claim and writing the seed that carries it to the device. Refuses an id that cannot be
given, hardware that has an id already, and a seed folder of another device. A seed that still holds
is not written again.
"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from evidence.enrolment import CLAIM_BYTES, claim_signer, claim_text
from evidence.errors import EvidenceError
from evidence.ids import is_device_id
from evidence.moments import utc_ns, utc_text
from evidence.store.durable import make_folder, replace_file
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody import registry
from provisioning.custody.register import read_state
from provisioning.enrolment import claims
from provisioning.enrolment.claims import CLAIM_NS, Claim
from provisioning.enrolment.errors import AdmissionError
from provisioning.enrolment.known import Known
from provisioning.enrolment.settings import DeviceOptions, check_board
from provisioning.errors import DeviceIdError, RevokedError
from provisioning.layout import FILES, BureauFolder
from provisioning.plan import Report, Step, carry_out

PORT: Final = 8_884
"""Where the desk listens for recorders that want to be taken in."""

SEED_NAME: Final = "seed.toml"
_MAX_SEED_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A device that is to come.

    Attributes:
        device: Device id.
        serial: The only hardware that may use the claim; None for any.
        model: 型号 as the bureau names it; None for what the hardware calls itself.
        options: What its ``device.toml`` will say.
        host: Where it finds the desk; None for the broker's host.
        port: TCP port there.
    """

    device: str
    serial: str | None = None
    model: str | None = None
    options: DeviceOptions = field(default_factory=DeviceOptions)
    host: str | None = None
    port: int = PORT


def make_claim(
    bureau_path: Path, expected: Expected, *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Make a claim; one that was made before and not used is void from then on.

    Args:
        bureau_path: The bureau's folder.
        expected: Who is to come.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        ProvisioningError: Refused; nothing was changed.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        read_state(bureau)
        check_expected(bureau, expected, Known(bureau.folder.registry))
        held = claims.find(bureau.folder.registry, expected.device)
        secret, claim = _fresh(expected, held, clock())
        steps = [_claim_step(bureau, claim), *_ledger_steps(bureau, [_said(claim)], clock())]
        outcomes = carry_out(steps, dry_run=dry_run)
    facts = {} if dry_run else {"device": claim.device, "claim": secret, "until": claim.until}
    return Report(outcomes=outcomes, facts=facts)


def write_seed(
    bureau_path: Path, expected: Expected, to: Path, *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Write the seed partition of a device; one whose claim still holds is left as it is.

    Args:
        bureau_path: The bureau's folder.
        expected: Who is to come.
        to: The seed partition, or a folder for it.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        ProvisioningError: Refused; nothing was changed.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        read_state(bureau)
        check_expected(bureau, expected, Known(bureau.folder.registry))
        at_ns = clock()
        plan = plan_seed(bureau, expected, to, at_ns=at_ns)
        steps = [*plan.steps, *_ledger_steps(bureau, plan.said, at_ns)]
        outcomes = carry_out(steps, dry_run=dry_run)
        held = claims.find(bureau.folder.registry, expected.device)
    facts = {"device": expected.device, "seed": str(to / SEED_NAME)}
    return Report(outcomes=outcomes, facts=facts | ({"until": held.until} if held else {}))


def check_expected(bureau: Bureau, expected: Expected, known: Known) -> None:
    """Check that a device may be expected.

    Raises:
        DeviceIdError: The id is none, or the desk's.
        BoardError: There is no such body.
        RevokedError: The id was used up.
        AdmissionError: ``serial``: the hardware has an id already.
    """
    name = expected.device
    if not is_device_id(name):
        raise DeviceIdError("a device id has 3 to 32 capitals, digits and hyphens")
    if name == bureau.settings.desk:
        raise DeviceIdError(f"{name} is the desk's own name")
    check_board(expected.options)
    entry = registry.find(bureau.folder.registry, name)
    if entry is not None and entry.status == "revoked":
        raise RevokedError(f"{name} was revoked at {entry.revoked_utc}; take a new id")
    if expected.serial is not None:
        other = known.device_with_serial(expected.serial, name)
        if other is not None:
            raise AdmissionError(f"serial {expected.serial} is {other}'s", code="serial")


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """What makes a seed, and what the ledger will say of it.

    Attributes:
        steps: Claim and seed.
        said: Kind and fields of the ledger's lines, to be written after them.
    """

    steps: list[Step]
    said: list[tuple[str, dict[str, str]]]


def plan_seed(bureau: Bureau, expected: Expected, to: Path, *, at_ns: int) -> SeedPlan:
    """Claim and seed; both are left alone where the seed in ``to`` still holds.

    Raises:
        AdmissionError: ``seed``: another device's lies there.
    """
    held = claims.find(bureau.folder.registry, expected.device)
    there = _read_seed(to / SEED_NAME)
    if there is not None and there.get("device") != expected.device:
        raise AdmissionError(f"{to / SEED_NAME} is {there.get('device')}'s", code="seed")
    if held is not None and there is not None and _holds(there, held, expected, at_ns):
        secret, claim = str(there["claim"]), held
    else:
        secret, claim = _fresh(expected, held, at_ns)
    steps = [_claim_step(bureau, claim), _seed_step(to, _seed_text(bureau, expected, secret))]
    return SeedPlan(steps, [_said(claim), ("seeded", {"device": expected.device})])


def _said(claim: Claim) -> tuple[str, dict[str, str]]:
    return "claim", {"device": claim.device, "sha256": claim.sha256, "until": claim.until}


def _claim_step(bureau: Bureau, claim: Claim) -> Step:
    folder = bureau.folder.registry
    return Step(
        f"{claim.device} 领取码（24 小时，仅存摘要）",
        lambda: claims.find(folder, claim.device) == claim,
        lambda: claims.write(folder, claim),
    )


def _ledger_steps(
    bureau: Bureau, said: Sequence[tuple[str, dict[str, str]]], at_ns: int
) -> Iterator[Step]:
    for kind, fields in said:
        yield bureau.ledger_step(kind, dict(fields), at_ns=at_ns)


def _fresh(expected: Expected, before: Claim | None, at_ns: int) -> tuple[str, Claim]:
    """A new claim; hardware that came under this id before stays the only one that may."""
    came = before.use.serial if before is not None and before.use is not None else None
    secret = claim_text(secrets.token_bytes(CLAIM_BYTES))
    claim = Claim(
        device=expected.device,
        kid=claim_signer(secret, expected.device).kid,
        until=utc_text(at_ns + CLAIM_NS),
        serial=expected.serial or came,
        model=expected.model,
        options=expected.options,
    )
    return secret, claim


def _holds(there: Mapping[str, Any], held: Claim, expected: Expected, at_ns: int) -> bool:
    """Whether the seed that lies there carries the claim, and the claim is still what is wished."""
    if held.use is None and utc_ns(held.until) < at_ns:
        return False
    wished = (expected.serial or held.serial, expected.model, expected.options)
    if (held.serial, held.model, held.options) != wished:
        return False
    try:
        return claim_signer(str(there.get("claim")), held.device).kid == held.kid
    except EvidenceError:
        return False


def _seed_text(bureau: Bureau, expected: Expected, secret: str) -> bytes:
    ca = bureau.ca.public_bytes(Encoding.PEM).decode()
    values = {
        "device": expected.device,
        "claim": secret,
        "board": expected.options.body,
        "host": expected.host or bureau.settings.host,
    }
    texts = {name: msgspec.json.encode(value).decode() for name, value in values.items()}
    template = Template((FILES / SEED_NAME).read_text())
    return template.substitute(texts, port=expected.port, ca=ca).encode()


def _seed_step(to: Path, text: bytes) -> Step:
    path = to / SEED_NAME

    def do() -> None:
        make_folder(to)
        # A seed partition is FAT: it knows no permissions.
        replace_file(path, text, mode=None)

    return Step(f"种子 {path}", lambda: path.is_file() and path.read_bytes() == text, do)


def _read_seed(path: Path) -> dict[str, Any] | None:
    """What lies there; None for nothing, or for what is no seed."""
    try:
        with path.open("rb") as file:
            return tomllib.loads(file.read(_MAX_SEED_BYTES).decode())
    except (OSError, ValueError):
        return None
