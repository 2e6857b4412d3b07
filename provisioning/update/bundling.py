"""From a folder of wheels and overlay files to a bundle that recorders take.

Owns a bundle's folder: the files under the names of the manifest, ``update.draft.json`` while it is
signed, ``update.json`` once clerk and head have signed. Refuses a file that changed after the first
signature, and to publish what a recorder would refuse or a number that does not follow the last one
(``published``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evidence import canonical, jws
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError, RulebookError
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.moments import utc_text
from evidence.rulebook.envelope import open_envelope
from evidence.store import durable
from evidence.update import (
    MANIFEST_NAME,
    TYP_UPDATE,
    Update,
    check_adoptable,
    read_update,
    sign_update,
)
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out, content_step
from provisioning.policy.publishing import SIGNATORIES
from provisioning.update.errors import UpdateError
from provisioning.update.manifest import Manifest
from provisioning.update.published import follow

DRAFT_NAME: Final = "update.draft.json"
_PIECE: Final = 1024 * 1024
_DAY_NS: Final = 86_400 * 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a bundle is to say of itself.

    Attributes:
        version: Its number; recorders never go back to a lower one.
        release: Its name.
        least_version: What a recorder must run already; 0 for any.
        days: How long it holds, from now.
    """

    version: int
    release: str
    least_version: int = 0
    days: int = 90


def make(source: Path, target: Path, wish: Wish, *, clock: UtcNs, dry_run: bool = False) -> Report:
    """Make a bundle of ``source``.

    Args:
        source: Holds ``wheels/*.whl`` and, where the system changes, ``overlay/…``.
        target: The bundle's folder; made.
        wish: What it says of itself.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        UpdateError: The source holds something else, no recorder, or too much.
    """
    files = [_described(source, path) for path in _files_of(source)]
    now_ns = clock()
    payload: JsonObject = {
        "type": "update",
        "version": wish.version,
        "release": wish.release,
        "least_version": wish.least_version,
        "not_before": utc_text(now_ns),
        "expires": utc_text(now_ns + wish.days * _DAY_NS),
        "files": files,
    }
    try:
        # Judged as it will be when it is signed.
        sign_update(payload, [])
    except RulebookError as error:
        raise UpdateError(error.detail, code="update_source") from error
    names = [str(one["name"]) for one in files]
    steps = [_copy_step(source / name, target / name) for name in names]
    draft = canonical.dumps({"payload": jws.encode(canonical.dumps(payload)).decode()})
    if not _is_of(target / DRAFT_NAME, payload):
        steps.append(content_step(f"升级包清单（{len(files)} 个文件）", target / DRAFT_NAME, draft))
    return Report(outcomes=carry_out(steps, dry_run=dry_run), facts=_facts(payload))


def sign(bureau_path: Path, bundle: Path, role: KeyRole, *, dry_run: bool = False) -> Report:
    """Sign a bundle by one of the two keys; with both it is complete.

    Args:
        bureau_path: The bureau's folder.
        bundle: From ``make``.
        role: ``CLERK`` or ``HEAD``.
        dry_run: Only say what would happen.

    Raises:
        UpdateError: No draft, a file that changed, or a key that is not the root's.
        KeyUnusableError: The key cannot be used.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        draft = Manifest.at(bundle / DRAFT_NAME)
        outer, payload = draft.outer, draft.payload
        _check_files(bundle, payload)
        signer = bureau.signer(role)
        if signer.kid not in bureau.root.keys:
            raise UpdateError(f"the key of {role} is not the root's", code="update_signer")
        signed = _signers(outer, bureau)
        signatures = list(outer.get("signatures", []))
        if signer.kid not in signed:
            mine = canonical.loads(sign_update(payload, [signer]), limit=MAX_RULEBOOK_BYTES)
            signatures += mine["signatures"]
            signed |= {signer.kid}
        envelope = canonical.dumps({"payload": outer["payload"], "signatures": signatures})
        title = f"{SIGNATORIES[role]}签署升级包第 {payload['version']} 版"
        steps = [content_step(title, bundle / DRAFT_NAME, envelope)]
        if len(signed) >= bureau.root.threshold:
            steps.append(content_step("双签名齐全，清单生效", bundle / MANIFEST_NAME, envelope))
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts={**_facts(payload), "signatures": len(signed)})


def publish(
    bureau_path: Path, bundle: Path, to: Path | None, *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Put a signed bundle where the desk finds it, or onto a medium (``recorder update --from``).

    Args:
        bureau_path: The bureau's folder.
        bundle: Signed by both.
        to: A folder on the medium; None: the bureau's own, for recorders that dock.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        UpdateError: A signature is missing, a file changed, a recorder would refuse it, or its
            number does not follow the one that was published last.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        envelope, update = _signed(bundle, bureau, utc_text(clock()))
        payload = Manifest.parse(envelope).payload
        _check_files(bundle, payload)
        updates = bureau.folder.path / "updates"
        noted = follow(updates, payload)
        to = updates / f"{update.version:06}" if to is None else to
        steps = [_copy_step(bundle / one.name, to / one.name) for one in update.files]
        # The manifest last: without it nothing of a bundle is looked at.
        steps += [noted, content_step("清单", to / MANIFEST_NAME, envelope)]
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts=_facts(payload))


def _signed(bundle: Path, bureau: Bureau, now: str) -> tuple[bytes, Update]:
    """The manifest that both have signed, judged as a recorder would."""
    try:
        envelope = (bundle / MANIFEST_NAME).read_bytes()
    except OSError as error:
        raise UpdateError("clerk and head have not both signed", code="update_unsigned") from error
    try:
        update = read_update(envelope, bureau.root)
        check_adoptable(update, running=update.least_version, floor=0, now=now)
    except EvidenceError as error:
        raise UpdateError(error.detail, code="update_refused") from error
    return envelope, update


def _files_of(source: Path) -> Iterator[Path]:
    for top in ("wheels", "overlay"):
        for path in sorted((source / top).rglob("*")):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise UpdateError(f"{path} is no plain file", code="update_source")
            if path.is_file():
                yield path


def _described(source: Path, path: Path) -> dict[str, str | int]:
    return {
        "name": path.relative_to(source).as_posix(),
        "size": path.stat().st_size,
        "sha256": _digest(path),
    }


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _copy_step(source: Path, target: Path) -> Step:
    def is_done() -> bool:
        return target.is_file() and _digest(target) == _digest(source)

    def do() -> None:
        durable.make_folder(target.parent)
        durable.replace_file(target, source.read_bytes(), mode=None)

    return Step(f"文件 {target.name}", is_done, do)


def _is_of(path: Path, payload: JsonObject) -> bool:
    """Whether the draft at ``path`` says the same, its term aside."""
    try:
        held = Manifest.at(path).payload
    except UpdateError:
        return False
    term = ("not_before", "expires")
    return {**held, **{key: payload[key] for key in term}} == payload


def _check_files(bundle: Path, payload: JsonObject) -> None:
    for one in payload["files"]:
        path = bundle / one["name"]
        if not path.is_file() or _digest(path) != one["sha256"]:
            raise UpdateError(f"{one['name']} is not what the manifest says")


def _signers(outer: JsonObject, bureau: Bureau) -> frozenset[str]:
    """Thumbprints of whoever signed it, verified."""
    if "signatures" not in outer:
        return frozenset()
    found = set()
    for kid, key in bureau.root.keys.items():
        try:
            open_envelope(canonical.dumps(outer), {kid: key}, 1, TYP_UPDATE)
        except RulebookError:
            continue
        found.add(kid)
    return frozenset(found)


def _facts(payload: JsonObject) -> dict[str, str | int]:
    return {
        "version": int(payload["version"]),
        "release": str(payload["release"]),
        "expires": str(payload["expires"]),
        "bytes": sum(int(one["size"]) for one in payload["files"]),
    }
