"""Revoking a recorder: lost, retired, or in the wrong hands.

Owns the status in the registry and the revocation list. Refuses to undo it: a revoked id is never
used again. What the device recorded before stays valid; it is the bureau that no longer takes from
it.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from cryptography import x509

from evidence.moments import utc_ns, utc_text
from evidence.store.durable import replace_file
from provisioning.authority.certificates import Revoked
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody import registry
from provisioning.custody.registry import Entry
from provisioning.errors import SettingsError, UnknownDeviceError
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out

_REASON = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")


def revoke_device(
    bureau_path: Path, name: str, reason: str, *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Revoke a device; run again it changes nothing.

    Args:
        bureau_path: The bureau's folder.
        name: Device id.
        reason: A lower-case code, for example ``lost``.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        UnknownDeviceError: The registry has no such device.
        SettingsError: The reason is no code.
    """
    if _REASON.fullmatch(reason) is None:
        raise SettingsError("--reason is a lower-case code, for example lost")
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        entry = registry.find(bureau.folder.registry, name)
        if entry is None:
            raise UnknownDeviceError(f"{name} is not in the registry")
        steps = _steps(bureau, entry, reason, clock())
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts={"device": name})


def _steps(bureau: Bureau, entry: Entry, reason: str, at_ns: int) -> list[Step]:
    def mark() -> None:
        revoked = msgspec.structs.replace(
            entry, status="revoked", revoked_utc=utc_text(at_ns), reason=reason
        )
        registry.write(bureau.folder.registry, revoked)

    return [
        Step("登记簿：注销", lambda: entry.status == "revoked", mark),
        Step("证书吊销列表", lambda: _listed(bureau), lambda: _list(bureau, at_ns)),
        bureau.ledger_step("revoked", {"device": entry.device}, at_ns=at_ns),
    ]


def _revoked(bureau: Bureau) -> list[Revoked]:
    """Both certificates of every revoked device: the registry is the truth, the list follows it."""
    return [
        Revoked(int(held.serial, 16), utc_ns(entry.revoked_utc))
        for entry in registry.entries(bureau.folder.registry)
        if entry.revoked_utc is not None
        for held in (entry.signing, entry.tls)
    ]


def _listed(bureau: Bureau) -> bool:
    known = {item.serial_number for item in bureau.revocations()}
    return known == {item.serial for item in _revoked(bureau)}


def _list(bureau: Bureau, at_ns: int) -> None:
    number = bureau.revocations().extensions.get_extension_for_class(x509.CRLNumber).value
    content = bureau.authority.revocation_list(
        _revoked(bureau), number=number.crl_number + 1, at_ns=at_ns
    )
    replace_file(bureau.folder.crl, content)
