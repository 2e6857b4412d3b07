"""What a clerk says about a bureau, and what is made of it.

Owns the founding's wishes, their defaults, and ``bureau.toml``. Refuses to turn one bureau into
another: what may change later is where the broker is and where a key lies, never which key it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import keys
from evidence.ids import is_device_id
from provisioning.authority import certificates as authority
from provisioning.authority.keyring import KeyRole, read_places
from provisioning.authority.root.passphrases import Passphrases
from provisioning.bureau_folder import (
    Bureau,
    BureauSettings,
    keyring_of,
    open_bureau,
    read_settings,
)
from provisioning.errors import BureauConflictError, SettingsError
from provisioning.layout import FILES, BureauFolder

ANNOUNCE: Final = FILES / "announce"
PORT: Final = 8_883
LOOPBACK: Final = "127.0.0.1"
DESK: Final = "DESK-01"

_LONGEST_NAME = 50
_BUREAU_ID = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}")
_MOST_PORT = 65_535


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
        places: Where keys lie that are not in their files: ``ca``, ``receipt``, ``clerk`` or
            ``head`` → URI.
        root_passphrases: Of the three offline root keys. None founds a bureau without them, whose
            root the CA alone may replace, as all were once; ``provision init`` insists.
    """

    name: str | None = None
    bureau_id: str | None = None
    desk: str | None = None
    host: str | None = None
    bind: str | None = None
    port: int | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    announce: Path = ANNOUNCE
    places: Mapping[str, str] = field(default_factory=dict)
    root_passphrases: Passphrases | None = None


def resolve(folder: BureauFolder, wish: Founding) -> BureauSettings:
    """The clerk's words, what stands in ``bureau.toml``, and the defaults, in this order.

    Raises:
        BureauConflictError: The folder is a bureau founded with other values.
        SettingsError: A value is not usable.
    """
    there = read_settings(folder)
    places = read_places(wish.places)
    if there is None:
        name = (wish.name or "").strip()
        settings = BureauSettings(
            bureau_id=wish.bureau_id or f"b-{hashlib.sha256(name.encode()).hexdigest()[:8]}",
            name=name,
            desk=wish.desk or DESK,
            host=authority.host_text(wish.host or LOOPBACK),
            bind=authority.host_text(wish.bind or LOOPBACK),
            port=wish.port or PORT,
            places=places,
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
            places=_merged(there, wish),
        )
    _check(settings)
    if there is not None and settings.places != there.places and folder.rulebook.exists():
        _check_keys(open_bureau(folder.path), settings)
    return settings


def _merged(there: BureauSettings, wish: Founding) -> dict[KeyRole, str]:
    stated: dict[str, object] = {str(role): uri for role, uri in there.places.items()}
    return read_places({**stated, **wish.places})


def settings_text(settings: BureauSettings) -> bytes:
    """``bureau.toml``."""
    template = Template((FILES / "bureau.toml").read_text())
    names = ("bureau_id", "name", "desk", "host", "bind", "port")
    # A JSON string is a TOML string.
    values = {name: json.dumps(getattr(settings, name), ensure_ascii=False) for name in names}
    lines = [
        f"{role} = {json.dumps(uri, ensure_ascii=False)}"
        for role, uri in sorted(settings.places.items())
    ]
    stated = "\n".join(("", "[keys]", *lines, "")) if lines else ""
    return template.substitute(values, keys=stated).encode()


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
                    f"{key} is {policy.get(key)} here; run: provision policy edit {key}={number}"
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


def _check_keys(bureau: Bureau, settings: BureauSettings) -> None:
    """A key may move, into a token for instance; it does not become another."""
    ring = keyring_of(bureau.folder, settings)
    for role in KeyRole:
        moved = settings.places.get(role) != bureau.settings.places.get(role)
        if moved and ring.signer(role).kid != _kid(bureau, role):
            raise BureauConflictError(
                f"{ring.place(role)} is another key than this bureau's {role}"
            )


def _kid(bureau: Bureau, role: KeyRole) -> str:
    if role is KeyRole.CA:
        return _thumbprint(keys.public_key_of(bureau.ca))
    if role is KeyRole.RECEIPT:
        content = bureau.folder.certificate("receipt").read_bytes()
        return _thumbprint(keys.public_key_of(x509.load_pem_x509_certificate(content)))
    return list(bureau.root.keys)[(KeyRole.CLERK, KeyRole.HEAD).index(role)]


def _thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    return keys.thumbprint(keys.to_jwk(key))
