"""Taking a recorder in: 配发.

Owns ``provision enrol``: the device makes its keys, the bureau checks the requests, issues two
certificates and remembers them, the device gets certificates, rulebook, clips and ``device.toml``.
Refuses an id or a key that is somebody else's, a foreign device folder, and a revoked device. One
command for the case that both folders are at hand; the two sides only meet in ``Requests`` and the
registry's entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from evidence import keys
from evidence.ids import is_device_id
from evidence.moments import utc_text
from evidence.store.durable import make_folder, replace_file
from provisioning.authority import certificates as authority
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody import registry
from provisioning.custody.registry import Entry
from provisioning.enrolment import device
from provisioning.enrolment.device import Requests
from provisioning.errors import (
    BoardError,
    DeviceIdError,
    EnrolledError,
    RequestError,
    RevokedError,
    SettingsError,
)
from provisioning.layout import FILES, BureauFolder, DeviceFolder
from provisioning.plan import Report, Step, carry_out
from provisioning.policy import clips, rulebook

BOARDS: Final = ("fake", "pi")

_RESERVE_SECONDS = 600
_FLOOR_BYTES = 256 * 1024 * 1024
_PURPOSES: Final[Mapping[str, ObjectIdentifier]] = {
    "signing": authority.DEVICE_SIGNING,
    "tls": authority.TLS_CLIENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """What may differ from device to device in ``device.toml``; None means the default.

    Attributes:
        board: ``pi`` for the hardware, ``fake`` for the simulated body; ``fake``.
        width: Pixels; 1280.
        height: Pixels; 720.
        frames_per_second: 25.
        bits_per_second: 4,000,000.
        keyframe_interval: Frames; one second of them.
        storage_floor_bytes: Never used by recordings; 256 MiB.
        reserve_bytes: Kept back for the end; ten minutes of recording on a Pi, nothing on a fake.
        run_dir: Folder of the sockets, for a device folder whose path is long.
        officer: Bureau's id of who presses.
        custodian: Bureau's id of who answers for the device (使用人).
    """

    board: str | None = None
    width: int | None = None
    height: int | None = None
    frames_per_second: int | None = None
    bits_per_second: int | None = None
    keyframe_interval: int | None = None
    storage_floor_bytes: int | None = None
    reserve_bytes: int | None = None
    run_dir: str | None = None
    officer: str | None = None
    custodian: str | None = None


def enrol_device(
    bureau_path: Path,
    device_path: Path,
    name: str,
    options: DeviceOptions | None = None,
    *,
    clock: UtcNs,
    dry_run: bool = False,
) -> Report:
    """Take a recorder in; run again it changes nothing.

    Args:
        bureau_path: The bureau's folder.
        device_path: The device's folder; made if it is not there.
        name: Device id.
        options: What stands in ``device.toml``.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        ProvisioningError: Refused, see ``provisioning.errors``; nothing was changed.
        KeyUnusableError: A key file is unusable.
    """
    options = options or DeviceOptions()
    if not is_device_id(name):
        raise DeviceIdError("a device id has 3 to 32 capitals, digits and hyphens")
    if options.board is not None and options.board not in BOARDS:
        raise BoardError(f"{options.board!r} is none of {', '.join(BOARDS)}")
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        folder = DeviceFolder(device_path.absolute())
        _refuse(bureau, folder, name, options)
        steps = _steps(bureau, folder, name, options, clock())
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts={} if dry_run else _facts(bureau, name))


def _refuse(bureau: Bureau, folder: DeviceFolder, name: str, options: DeviceOptions) -> None:
    if name == bureau.settings.desk:
        raise DeviceIdError(f"{name} is the desk's own name")
    device.check_owner(folder, name, bureau.authority.certificate)
    _check_settings(folder, options)
    _check_registry(bureau, folder, name)
    rulebook.check_floor(folder, bureau.rulebook.version)
    clips.check_clips(bureau.folder.announce, bureau.rulebook.announcements)
    rulebook.check_stopped(folder, rulebook.rulebook_steps(bureau, folder))


def _check_registry(bureau: Bureau, folder: DeviceFolder, name: str) -> None:
    held = {device.key_id(folder, key) for key in device.KEYS} - {None}
    if len(held) == 1 and all(folder.key(key).exists() for key in device.KEYS):
        raise RequestError("signing and TLS key are the same; a key has one purpose")
    for entry in registry.entries(bureau.folder.registry):
        known = {entry.signing.kid, entry.tls.kid}
        if entry.device != name and held & known:
            raise EnrolledError(f"the keys in {folder.path} are those of {entry.device}")
        if entry.device == name and entry.status == "revoked":
            raise RevokedError(f"{name} was revoked at {entry.revoked_utc}; take a new id")
        if entry.device == name and held != known:
            raise EnrolledError(f"{name} is enrolled with other keys than those in {folder.path}")


def _check_settings(folder: DeviceFolder, options: DeviceOptions) -> None:
    """A ``device.toml`` that is there stays; options that contradict it are refused."""
    there = device.read_settings(folder)
    if there is None:
        return
    flat = {**there, **there.get("camera", {})}
    for key, wanted in asdict(options).items():
        if wanted is not None and flat.get(key) != wanted:
            raise SettingsError(
                f"{folder.settings} says {key} = {flat.get(key)!r}, not {wanted!r};"
                " edit the file or leave the option out"
            )


def _steps(
    bureau: Bureau, folder: DeviceFolder, name: str, options: DeviceOptions, at_ns: int
) -> list[Step]:
    entry = registry.find(bureau.folder.registry, name)
    return [
        _key_step(folder, "signing", "设备签名密钥（在设备上生成）"),
        _key_step(folder, "tls", "设备传输密钥（在设备上生成）"),
        Step(
            "签发证书并登记",
            lambda: entry is not None,
            lambda: _admit(
                bureau, device.make_requests(folder, name), _board(folder, options), at_ns
            ),
        ),
        *(_certificate_step(bureau, folder, name, key) for key in device.KEYS),
        Step(
            "单位 CA 证书",
            folder.certificate("ca").exists,
            lambda: replace_file(
                folder.certificate("ca"), device.pem(bureau.authority.certificate)
            ),
        ),
        *rulebook.rulebook_steps(bureau, folder),
        Step(
            "设备配置 device.toml",
            folder.settings.exists,
            lambda: replace_file(folder.settings, settings_text(bureau, name, options)),
        ),
        bureau.ledger_step("enrolled", {"device": name}, at_ns=at_ns),
    ]


def _key_step(folder: DeviceFolder, key: str, title: str) -> Step:
    return Step(title, folder.key(key).exists, lambda: device.make_key(folder, key))


def _certificate_step(bureau: Bureau, folder: DeviceFolder, name: str, key: str) -> Step:
    path = folder.certificate(key)

    def do() -> None:
        entry = registry.find(bureau.folder.registry, name)
        if entry is None:
            raise RequestError(f"{name} has not been admitted")
        held = entry.signing if key == "signing" else entry.tls
        make_folder(path.parent)
        replace_file(path, device.pem(keys.read_certificate(held.x5c)))

    return Step("设备签名证书" if key == "signing" else "设备传输证书", path.exists, do)


def _admit(bureau: Bureau, requests: Requests, board: str, at_ns: int) -> None:
    """The bureau's side: check both requests, issue, remember."""
    issued = {
        key: bureau.authority.issue(
            requests.device,
            requested_key(content, requests.device),
            _PURPOSES[key],
            at_ns=at_ns,
        )
        for key, content in (("signing", requests.signing), ("tls", requests.tls))
    }
    entry = Entry(
        device=requests.device,
        board=board,
        status="active",
        enrolled_utc=utc_text(at_ns),
        signing=registry.certified(issued["signing"]),
        tls=registry.certified(issued["tls"]),
    )
    registry.write(bureau.folder.registry, entry)


def requested_key(content: bytes, name: str) -> ec.EllipticCurvePublicKey:
    """The key of a certificate request that proves its possession.

    Raises:
        RequestError: Not a request, for another name or kind of key, or not signed by that key.
    """
    try:
        request = x509.load_pem_x509_csr(content)
        key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, InvalidSignature) as error:
        raise RequestError(f"not a certificate request: {error}") from error
    names = [item.value for item in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if not signed or names != [name]:
        raise RequestError(f"the request is not {name}'s own")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestError("only P-256 keys are certified")
    return key


def settings_text(bureau: Bureau, name: str, options: DeviceOptions) -> bytes:
    """``device.toml`` of a new device."""
    board = options.board or BOARDS[0]
    rate = options.frames_per_second or 25
    bits = options.bits_per_second or 4_000_000
    reserve = _RESERVE_SECONDS * bits // 8 * 5 // 4 if board == "pi" else 0
    values: dict[str, str | int] = {
        "device_id": name,
        "board": board,
        "storage_floor_bytes": _given(options.storage_floor_bytes, _FLOOR_BYTES),
        "reserve_bytes": _given(options.reserve_bytes, reserve),
        "run_dir": options.run_dir or "run",
        "host": bureau.settings.host,
        "port": bureau.settings.port,
        "width": options.width or 1_280,
        "height": options.height or 720,
        "frames_per_second": rate,
        "bits_per_second": bits,
        "keyframe_interval": options.keyframe_interval or rate,
    }
    persons = {"officer": options.officer, "custodian": options.custodian}
    lines = [f"{key} = {_toml(value)}\n" for key, value in persons.items() if value]
    template = Template((FILES / "device.toml").read_text())
    texts = {key: _toml(value) for key, value in values.items()}
    return template.substitute(texts, persons="".join(lines)).encode()


def _board(folder: DeviceFolder, options: DeviceOptions) -> str:
    there = device.read_settings(folder) or {}
    return options.board or str(there.get("board", BOARDS[0]))


def _given(value: int | None, default: int) -> int:
    return default if value is None else value


def _toml(value: str | int) -> str:
    """A JSON string or integer is a TOML one."""
    return json.dumps(value, ensure_ascii=False)


def _facts(bureau: Bureau, name: str) -> dict[str, str | int]:
    entry = registry.find(bureau.folder.registry, name)
    return (
        {}
        if entry is None
        else {
            "device": name,
            "signing_sha256": entry.signing.sha256,
            "tls_sha256": entry.tls.sha256,
            "rulebook_version": bureau.rulebook.version,
        }
    )
