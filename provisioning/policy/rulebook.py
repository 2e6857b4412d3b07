"""The bureau's rulebook (本单位办法): the first one, the next one, and putting one onto a device.

Owns the numbers a bureau starts with, the double signature of clerk and head, and the version that
only grows. Refuses keys that are not to be changed (name, recipients and announcements belong to
``provision init``), a broken bound, and an older version than a device has seen.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evidence import rulebook
from evidence.canonical import JsonObject
from evidence.errors import RulebookError
from evidence.jws import Signer
from evidence.moments import utc_text
from evidence.rulebook import EVERY_DEVICE, Announcement
from evidence.store.durable import make_folder, replace_file, write_once
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.enrolment.device import check_owner, read_settings
from provisioning.errors import ForeignError, InUseError, PolicyError, RollbackError
from provisioning.layout import BureauFolder, DeviceFolder
from provisioning.plan import Report, Step, carry_out
from provisioning.policy import clips

NUMBERS: Final[Mapping[str, int]] = {
    "segment.seconds": 10,
    "release.keep_days": 7,
    "storage.warn_minutes": 120,
    "storage.refuse_minutes": 15,
    "storage.alarm_minutes": 10,
    "storage.close_minutes": 2,
    "upload.deadline_hours": 24,
}
"""What every bureau starts with (24 h: S0§20)."""

FIXED: Final = frozenset(
    {"bureau.id", "bureau.name", "disclosure.announcements", "seal.recipients"}
)
"""Keys that ``provision init`` decides for good: keys, identities and clips hang on them."""

THRESHOLD: Final = 2
_YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_RULEBOOK_YEARS: Final = 3
_ROOT_YEARS: Final = 10
_LONGEST_SOCKET_PATH: Final = 107


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the rulebook, unsigned."""

    number: int
    policy: Mapping[str, Any]


def first_policy(
    bureau_id: str,
    name: str,
    *,
    announcements: Sequence[Announcement],
    recipients: Mapping[str, str],
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    """The policy of version 1.

    Args:
        bureau_id: Code of the bureau.
        name: Its full name.
        announcements: What a session says, in order.
        recipients: Role → age recipient, ``bureau`` and ``escrow``.
        numbers: What differs from ``NUMBERS``.
    """
    return {
        **NUMBERS,
        **numbers,
        "bureau.id": bureau_id,
        "bureau.name": name,
        "disclosure.announcements": [clips.policy_entry(clip) for clip in announcements],
        "seal.recipients": [{"role": role, "age": age} for role, age in recipients.items()],
    }


def signed_root(jwks: Sequence[Mapping[str, str]], ca: Signer, *, at_ns: int) -> bytes:
    """The first root document: ``THRESHOLD`` of these keys, signed by the CA."""
    payload: JsonObject = {
        "type": "root",
        "version": 1,
        "threshold": THRESHOLD,
        "keys": [dict(jwk) for jwk in jwks],
        "not_before": utc_text(at_ns),
        "expires": utc_text(at_ns + _ROOT_YEARS * _YEAR_NS),
    }
    return rulebook.sign_root(payload, ca)


def signed_rulebook(version: Version, signers: Sequence[Signer], *, at_ns: int) -> bytes:
    """A rulebook for every device, signed by each signer.

    Raises:
        PolicyError: A key is unknown or a bound is broken.
    """
    payload: JsonObject = {
        "type": "rulebook",
        "version": version.number,
        "to": [EVERY_DEVICE],
        "not_before": utc_text(at_ns),
        "expires": utc_text(at_ns + _RULEBOOK_YEARS * _YEAR_NS),
        "policy": dict(version.policy),
    }
    try:
        return rulebook.sign_rulebook(payload, signers)
    except RulebookError as error:
        raise PolicyError(error.detail) from error


def check_settable(changes: Mapping[str, Any]) -> None:
    """Check that every key is one of the rulebook's that may change.

    Raises:
        PolicyError: A key is unknown, or fixed.
    """
    for key in changes:
        if key not in rulebook.KEYS or key in FIXED:
            known = sorted(rulebook.KEYS.keys() - FIXED)
            raise PolicyError(f"{key} cannot be set; these can: {', '.join(known)}")


def keep(folder: BureauFolder, number: int, envelope: bytes) -> None:
    """Put a rulebook into force at the bureau; every version is kept for good."""
    path = folder.rulebook_version(number)
    make_folder(path.parent)
    if not path.exists():
        write_once(path, envelope)
    replace_file(folder.rulebook, path.read_bytes())


def set_policy(
    bureau_path: Path, changes: Mapping[str, Any], *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Sign the next version of the rulebook with ``changes``; no change, no version.

    Args:
        bureau_path: The bureau's folder.
        changes: Values by key, see ``evidence.rulebook.KEYS``.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        PolicyError: A key is unknown or a bound is broken.
        BureauError: The folder is no bureau.
    """
    check_settable(changes)
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        policy = {**bureau.rulebook.stated, **changes}
        same = rulebook.effective(policy) == bureau.rulebook.policy
        number = bureau.rulebook.version + (0 if same else 1)
        at_ns = clock()
        envelope = signed_rulebook(
            Version(number=number, policy=policy), bureau.signers(), at_ns=at_ns
        )
        steps = [
            Step(
                f"本单位办法第 {number} 版（经办人、负责人双签名）",
                lambda: same,
                lambda: keep(bureau.folder, number, envelope),
            ),
            bureau.ledger_step("rulebook", {"version": number}, at_ns=at_ns),
        ]
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts={"version": number})


def install(bureau_path: Path, device_path: Path, *, dry_run: bool = False) -> Report:
    """Put the bureau's rulebook onto an enrolled device that is not running.

    Args:
        bureau_path: The bureau's folder.
        device_path: The device's folder.
        dry_run: Only say what would happen.

    Raises:
        ForeignError: The folder is no device of this bureau.
        RollbackError: The device has seen a newer version.
        InUseError: The device runs.
    """
    bureau = open_bureau(bureau_path)
    folder = DeviceFolder(device_path.absolute())
    settings = read_settings(folder)
    if settings is None:
        raise ForeignError(f"{device_path} is no enrolled device; run provision enrol")
    check_owner(folder, str(settings.get("device_id")), bureau.authority.certificate)
    check_floor(folder, bureau.rulebook.version)
    clips.check_clips(bureau.folder.announce, bureau.rulebook.announcements)
    steps = rulebook_steps(bureau, folder)
    check_stopped(folder, steps)
    outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts={"version": bureau.rulebook.version})


def rulebook_steps(bureau: Bureau, folder: DeviceFolder) -> list[Step]:
    """Clips first, the floor last: a run cut short leaves a device that still verifies."""
    version = bureau.rulebook.version
    return [
        *(
            _clip_step(bureau.folder.announce / clip.id, folder.announce / clip.id, clip)
            for clip in bureau.rulebook.announcements
        ),
        _copy_step("签名根文件", bureau.folder.root, folder.root),
        _copy_step(f"本单位办法第 {version} 版", bureau.folder.rulebook, folder.rulebook),
        Step(
            "办法版本下限",
            lambda: read_floor(folder) == version,
            lambda: replace_file(folder.floor, f"{version}\n".encode()),
        ),
    ]


def read_floor(folder: DeviceFolder) -> int:
    """The lowest version the device still accepts; 0 where it has seen none.

    Raises:
        ForeignError: The file holds no number.
    """
    if not folder.floor.exists():
        return 0
    text = folder.floor.read_text().strip()
    if not text.isdecimal():
        raise ForeignError(f"{folder.floor} holds no version")
    return int(text)


def check_floor(folder: DeviceFolder, version: int) -> None:
    """Check that ``version`` is no step back for the device.

    Raises:
        RollbackError: The device has seen a newer one.
    """
    floor = read_floor(folder)
    if version < floor:
        raise RollbackError(f"the device has seen version {floor}, the bureau has {version}")


def check_stopped(folder: DeviceFolder, steps: Sequence[Step]) -> None:
    """Check that no vault listens while ``steps`` change something.

    A rulebook changes between sessions only.

    Raises:
        InUseError: A vault answers.
    """
    if all(step.is_done() for step in steps):
        return
    run = str((read_settings(folder) or {}).get("run_dir", "run"))
    path = folder.path / run / "vault.sock"
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise InUseError(f"the vault answers on {path}; stop the recorder first")


def _copy_step(title: str, source: Path, target: Path) -> Step:
    def do() -> None:
        make_folder(target.parent)
        replace_file(target, source.read_bytes())

    return Step(title, lambda: target.is_file() and target.read_bytes() == source.read_bytes(), do)


def _clip_step(source: Path, target: Path, clip: Announcement) -> Step:
    def is_done() -> bool:
        return all(
            (target / name).is_file()
            and (target / name).read_bytes() == (source / name).read_bytes()
            for name in clips.NAMES
        )

    def do() -> None:
        make_folder(target)
        for name in clips.NAMES:
            replace_file(target / name, (source / name).read_bytes())

    return Step(f"告知语音 {clip.id}", is_done, do)
