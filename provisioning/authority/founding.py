"""Founding a bureau: everything that has to exist before the first recorder is taken in.

Owns ``provision init``: keys, certificates, identities, the first rulebook, the broker's
configuration. Refuses to overwrite a key, and to turn one bureau into another: what may change
later (host, port) is changed by running it again, the rulebook's numbers by ``provision rulebook
set``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Final

import pyrage
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier

from evidence import keys
from evidence.ids import is_device_id
from evidence.moments import utc_text
from evidence.store.durable import make_folder, replace_file
from evidence.store.signers import file_signer, load_key_file, make_key_file
from provisioning.authority import broker
from provisioning.authority import certificates as authority
from provisioning.authority.certificates import Authority
from provisioning.bureau_folder import (
    CLERK,
    HEAD,
    BureauSettings,
    UtcNs,
    exclusive,
    ledger_step,
    open_bureau,
    read_settings,
)
from provisioning.enrolment.device import pem
from provisioning.errors import BureauConflictError, SettingsError
from provisioning.layout import FILES, BureauFolder
from provisioning.plan import Report, Step, carry_out, content_step, folder_step, once_step
from provisioning.policy import clips, rulebook

ANNOUNCE: Final = FILES / "announce"
PORT: Final = 8_883
LOOPBACK: Final = "127.0.0.1"
DESK: Final = "DESK-01"

_LONGEST_NAME = 50
_BUREAU_ID = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}")
_MOST_PORT = 65_535
_ROLES = {"bureau": "本单位解密身份", "escrow": "托管解密身份"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """What the clerk says about a bureau; None leaves what is there, or the default.

    Attributes:
        name: Full name, at most 50 characters.
        bureau_id: Code; by default made from the name.
        desk: Name of the intake worker.
        host: Where devices reach the broker.
        bind: Address the broker listens on.
        port: Its TCP port.
        numbers: The rulebook's numbers that differ from the defaults.
        announce: Folder of the clips.
    """

    name: str | None = None
    bureau_id: str | None = None
    desk: str | None = None
    host: str | None = None
    bind: str | None = None
    port: int | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    announce: Path = ANNOUNCE


def init_bureau(path: Path, wish: Founding, *, clock: UtcNs, dry_run: bool = False) -> Report:
    """Found a bureau in ``path``; run again it changes nothing.

    Args:
        path: The bureau's folder; made if it is not there.
        wish: What the clerk says.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        BureauConflictError: The folder is a bureau founded with other values.
        SettingsError: A value is not usable.
        PolicyError: A number is unknown or out of bounds.
        ClipError: There is no usable announcement.
    """
    folder = BureauFolder(path.absolute())
    settings = _resolve(folder, wish)
    rulebook.check_settable(wish.numbers)
    if not dry_run:
        make_folder(folder.path)
    with nullcontext() if dry_run else exclusive(folder):
        outcomes = carry_out(_steps(folder, settings, wish, clock()), dry_run=dry_run)
    return Report(outcomes=outcomes, facts={} if dry_run else _facts(folder))


def _resolve(folder: BureauFolder, wish: Founding) -> BureauSettings:
    """The clerk's words, what stands in ``bureau.toml``, and the defaults, in this order."""
    there = read_settings(folder)
    if there is None:
        name = (wish.name or "").strip()
        settings = BureauSettings(
            bureau_id=wish.bureau_id or f"b-{hashlib.sha256(name.encode()).hexdigest()[:8]}",
            name=name,
            desk=wish.desk or DESK,
            host=authority.host_text(wish.host or LOOPBACK),
            bind=authority.host_text(wish.bind or LOOPBACK),
            port=wish.port or PORT,
        )
    else:
        _check_same(folder, there, wish)
        settings = BureauSettings(
            bureau_id=there.bureau_id,
            name=there.name,
            desk=there.desk,
            host=authority.host_text(wish.host or there.host),
            bind=authority.host_text(wish.bind or there.bind),
            port=wish.port or there.port,
        )
    _check(settings)
    return settings


def _check_same(folder: BureauFolder, there: BureauSettings, wish: Founding) -> None:
    for name in ("name", "bureau_id", "desk"):
        wanted = getattr(wish, name)
        if wanted is not None and wanted.strip() != getattr(there, name):
            raise BureauConflictError(f"{name} is {getattr(there, name)!r} here, not {wanted!r}")
    if folder.rulebook.exists():
        policy = open_bureau(folder.path).rulebook.policy
        for key, number in wish.numbers.items():
            if policy.get(key) != number:
                raise BureauConflictError(
                    f"{key} is {policy.get(key)} here; run: provision rulebook set {key}={number}"
                )


def _check(settings: BureauSettings) -> None:
    name = settings.name
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise SettingsError(f"--name is the bureau's full name, 1 to {_LONGEST_NAME} characters")
    if _BUREAU_ID.fullmatch(settings.bureau_id) is None:
        raise SettingsError("--id is a lower-case code, for example county-stats")
    if not is_device_id(settings.desk):
        raise SettingsError("--desk has 3 to 32 capitals, digits and hyphens")
    for host in (settings.host, settings.bind):
        if _HOST.fullmatch(host) is None:
            raise SettingsError(f"{host!r} is no host name or address")
    if not 1 <= settings.port <= _MOST_PORT:
        raise SettingsError(f"--port is 1 to {_MOST_PORT}")


def _steps(
    folder: BureauFolder, settings: BureauSettings, wish: Founding, at_ns: int
) -> list[Step]:
    return [
        content_step("单位配置 bureau.toml", folder.settings, _settings_text(settings)),
        *_authority_steps(folder, settings, at_ns),
        *_leaf_steps(folder, settings, at_ns),
        *_rulebook_steps(folder, settings, wish, at_ns),
        *_broker_steps(folder, settings, at_ns),
        folder_step("登记簿", folder.registry),
        ledger_step(folder, "founded", {"bureau": settings.bureau_id}, at_ns=at_ns),
        ledger_step(folder, "rulebook", {"version": 1}, at_ns=at_ns),
    ]


def _authority_steps(folder: BureauFolder, settings: BureauSettings, at_ns: int) -> list[Step]:
    def make_ca() -> bytes:
        key = load_key_file(folder.ca_key)
        return pem(authority.found(settings.bureau_id, settings.name, key, at_ns=at_ns))

    def make_crl() -> bytes:
        return _authority(folder).revocation_list([], number=1, at_ns=at_ns)

    return [
        _key_step("证书机构（CA）密钥", folder.ca_key),
        once_step("证书机构（CA）证书", folder.ca, make_ca),
        once_step("证书吊销列表", folder.crl, make_crl),
    ]


def _leaf_steps(folder: BureauFolder, settings: BureauSettings, at_ns: int) -> list[Step]:
    def leaf(key: str, name: str, purpose: ObjectIdentifier) -> bytes:
        public_key = load_key_file(folder.key(key)).public_key()
        return pem(_authority(folder).issue(name, public_key, purpose, at_ns=at_ns))

    return [
        _key_step("回执签名密钥", folder.key("receipt")),
        once_step(
            "回执签名证书",
            folder.certificate("receipt"),
            lambda: leaf("receipt", f"receipt {settings.bureau_id}", authority.RECEIPT_SIGNING),
        ),
        _key_step("采集工作站密钥", folder.key("desk")),
        once_step(
            "采集工作站证书",
            folder.certificate("desk"),
            lambda: leaf("desk", settings.desk, authority.TLS_CLIENT),
        ),
        _key_step("办法签名密钥（经办人）", folder.key(CLERK)),
        _key_step("办法签名密钥（负责人）", folder.key(HEAD)),
        *(_identity_step(folder, role, at_ns) for role in _ROLES),
    ]


def _rulebook_steps(
    folder: BureauFolder, settings: BureauSettings, wish: Founding, at_ns: int
) -> list[Step]:
    def make_root() -> bytes:
        jwks = [file_signer(folder.key(name)).jwk for name in (CLERK, HEAD)]
        return rulebook.signed_root(jwks, file_signer(folder.ca_key), at_ns=at_ns)

    def copy_clips() -> None:
        for source, clip in clips.read_clips(wish.announce).items():
            make_folder(folder.announce / clip.id)
            for name in clips.NAMES:
                replace_file(folder.announce / clip.id / name, (source / name).read_bytes())

    def make_rulebook() -> None:
        policy = rulebook.first_policy(
            settings.bureau_id,
            settings.name,
            announcements=list(clips.read_clips(folder.announce).values()),
            recipients={role: _recipient(folder, role) for role in _ROLES},
            numbers=wish.numbers,
        )
        signers = [file_signer(folder.key(name)) for name in (CLERK, HEAD)]
        version = rulebook.Version(number=1, policy=policy)
        rulebook.keep(folder, 1, rulebook.signed_rulebook(version, signers, at_ns=at_ns))

    # The clips that a rulebook names are the bureau's own from then on, whatever is shipped later.
    return [
        once_step("签名根文件（双签名门限）", folder.root, make_root),
        Step("告知语音", folder.rulebook.exists, copy_clips),
        Step("本单位办法第 1 版（双签名）", folder.rulebook.exists, make_rulebook),
    ]


def _broker_steps(folder: BureauFolder, settings: BureauSettings, at_ns: int) -> list[Step]:
    key, certificate = folder.broker / "server.key.pem", folder.broker / "server.pem"
    hosts = sorted({"localhost", LOOPBACK, settings.host})

    def covers() -> bool:
        if not certificate.exists():
            return False
        server = x509.load_pem_x509_certificate(certificate.read_bytes())
        return authority.certificate_hosts(server) >= set(hosts)

    def issue() -> None:
        public_key = load_key_file(key).public_key()
        server = _authority(folder).issue(
            settings.host, public_key, authority.TLS_SERVER, at_ns=at_ns, hosts=hosts
        )
        replace_file(certificate, pem(server))

    configuration = broker.configuration(folder, bind=settings.bind, port=settings.port)
    return [
        folder_step("消息服务数据目录", folder.broker / "state", mode=0o700),
        _key_step("消息服务密钥", key),
        Step("消息服务证书", covers, issue),
        content_step("消息服务配置", folder.broker / "mosquitto.conf", configuration),
        content_step(
            "消息服务访问控制",
            folder.broker / "acl",
            broker.access_list(settings.desk),
            # Mosquitto warns about a list that others could read.
            mode=0o600,
        ),
    ]


def _key_step(title: str, path: Path) -> Step:
    def do() -> None:
        make_folder(path.parent, mode=0o700)
        make_key_file(path)

    return Step(title, path.exists, do)


def _identity_step(folder: BureauFolder, role: str, at_ns: int) -> Step:
    """An age identity as ``age-keygen`` writes it: ``age -d -i`` reads it."""
    path = folder.identity(role)

    def make() -> bytes:
        identity = pyrage.x25519.Identity.generate()
        lines = (f"# created: {utc_text(at_ns)}", f"# public key: {identity.to_public()}", identity)
        return "".join(f"{line}\n" for line in lines).encode()

    def do() -> None:
        make_folder(path.parent, mode=0o700)
        once_step(role, path, make, mode=0o600).do()

    return Step(_ROLES[role], path.exists, do)


def _recipient(folder: BureauFolder, role: str) -> str:
    lines = folder.identity(role).read_text().splitlines()
    secret = next(line for line in lines if not line.startswith("#"))
    return str(pyrage.x25519.Identity.from_str(secret).to_public())


def _authority(folder: BureauFolder) -> Authority:
    certificate = x509.load_pem_x509_certificate(folder.ca.read_bytes())
    key: ec.EllipticCurvePrivateKey = load_key_file(folder.ca_key)
    return Authority(key, certificate)


def _settings_text(settings: BureauSettings) -> bytes:
    template = Template((FILES / "bureau.toml").read_text())
    names = ("bureau_id", "name", "desk", "host", "bind", "port")
    # A JSON string is a TOML string.
    values = {name: json.dumps(getattr(settings, name), ensure_ascii=False) for name in names}
    return template.substitute(values).encode()


def _facts(folder: BureauFolder) -> dict[str, str | int]:
    bureau = open_bureau(folder.path)
    ca_key = keys.public_key_of(bureau.authority.certificate)
    return {
        "bureau_id": bureau.settings.bureau_id,
        "name": bureau.settings.name,
        "ca_kid": keys.thumbprint(keys.to_jwk(ca_key)),
        "rulebook_version": bureau.rulebook.version,
        "broker": f"{bureau.settings.host}:{bureau.settings.port}",
    }
