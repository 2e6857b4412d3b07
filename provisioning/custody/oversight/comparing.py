"""Registry, certificates, revocation list and assignments against what the ledger adds up to.

Owns one comparison for each of them. Refuses to mend: the next command does, where a command was
cut short; where somebody else changed a file, a person has to look.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from evidence import assignment, keys
from evidence.assignment import Standing
from evidence.errors import EvidenceError
from provisioning.bureau_folder import Bureau
from provisioning.custody import registry
from provisioning.custody.docked import Desk
from provisioning.custody.oversight.discrepancy import Discrepancy
from provisioning.custody.registry import Certified, Entry
from provisioning.custody.state import Custody, State
from provisioning.errors import BureauError

_REVOKED = "revoked"


def compare(bureau: Bureau, state: State, *, at_ns: int) -> Iterator[Discrepancy]:
    """Everything that differs, device by device."""
    desk, entries = Desk(bureau.folder.path, bureau.ca), {}
    for name in sorted(path.stem for path in bureau.folder.registry.glob("*.json")):
        try:
            entries[name] = registry.find(bureau.folder.registry, name)
        except BureauError as error:
            yield _about(name, "登记簿文件无法读取", "registry", error.detail)
    for entry in entries.values():
        if entry is not None:
            yield from _entry(bureau, state, entry, at_ns)
    for name in sorted(state.devices):
        if name not in entries:
            yield _about(name, "台账中有而登记簿中没有", "registry", "there is no entry")
        yield from _words(bureau, state.devices[name])
        yield from _ahead(desk, state.devices[name])
    yield from _strangers(bureau, state)
    yield from _list(bureau, state, [entry for entry in entries.values() if entry is not None])


def _about(device: str, told: str, code: str, detail: str) -> Discrepancy:
    return Discrepancy(f"设备 {device}：{told}（{detail}）", code, detail, None, device)


def _entry(bureau: Bureau, state: State, entry: Entry, at_ns: int) -> Iterator[Discrepancy]:
    name, custody = entry.device, state.devices.get(entry.device)
    if custody is None or custody.enrolled is None:
        yield _about(name, "登记簿中有而台账中没有", "registry", "no line enrolled it")
        return
    over = custody.standing is Standing.ENDED
    if over != (entry.status == _REVOKED):
        detail = f"{entry.status} where the ledger says {custody.standing}"
        yield _about(name, "登记簿状态与台账不符", "registry_status", detail)
    for purpose, held, sha256 in (
        (keys.EKU_DEVICE_SIGNING, entry.signing, custody.signing),
        (ExtendedKeyUsageOID.CLIENT_AUTH, entry.tls, custody.tls),
    ):
        yield from _certificate(bureau, entry, held, sha256, purpose, at_ns)


def _certificate(
    bureau: Bureau,
    entry: Entry,
    held: Certified,
    sha256: str | None,
    purpose: ObjectIdentifier,
    at_ns: int,
) -> Iterator[Discrepancy]:
    name = entry.device
    try:
        leaf = keys.reach([held.x5c], bureau.ca, purpose)
        owner = keys.device_of(leaf)
    except EvidenceError as error:
        yield _about(name, "证书不是本单位签发或用途不符", "certificate", error.detail)
        return
    if registry.certified(leaf) != held or owner != name or sha256 not in (None, held.sha256):
        yield _about(name, "证书与台账登记的不符", "certificate", f"it is {owner}'s {held.sha256}")
    if leaf.not_valid_after_utc.timestamp() * 1_000_000_000 < at_ns:
        yield _about(name, "证书已过期", "expired", f"since {leaf.not_valid_after_utc:%Y-%m-%d}")


def _words(bureau: Bureau, custody: Custody) -> Iterator[Discrepancy]:
    for word in custody.words:
        path = bureau.folder.assignment(custody.device, word.number)
        if not path.exists():
            detail = f"number {word.number} is missing; the next command issues it"
            yield _about(custody.device, "配发文件缺失", "assignment", detail)
            continue
        try:
            read = assignment.read(path.read_bytes(), bureau.ca, device=custody.device)
        except (OSError, EvidenceError) as error:
            yield _about(custody.device, "配发文件无效", "assignment", f"{path.name}: {error}")
            continue
        if read != word:
            yield _about(custody.device, "配发文件与台账不符", "assignment", path.name)


def _ahead(desk: Desk, custody: Custody) -> Iterator[Discrepancy]:
    """A device that has a word which the ledger has yet to issue: it was restored from before."""
    adopted = desk.glance(custody.device).adopted
    if adopted > custody.number:
        told = f"设备已领到第 {adopted} 号配发，台账只到第 {custody.number} 号，请照单据补办"
        yield _about(custody.device, told, "ahead", "the ledger was restored from before it")


def _strangers(bureau: Bureau, state: State) -> Iterator[Discrepancy]:
    """Words that no line speaks of."""
    root = bureau.folder.assignments("x").parent
    for path in sorted(root.glob("*/*.jws")):
        custody = state.devices.get(path.parent.name)
        known = {f"{word.number:06d}" for word in custody.words} if custody is not None else set()
        if path.stem not in known:
            yield _about(path.parent.name, "配发文件不见于台账", "assignment", path.name)


def _list(bureau: Bureau, state: State, entries: list[Entry]) -> Iterator[Discrepancy]:
    try:
        there = bureau.revocations()
        signed = there.is_signature_valid(keys.public_key_of(bureau.ca))
    except BureauError as error:
        yield Discrepancy(f"证书吊销列表无法读取（{error.detail}）", "revocations", error.detail)
        return
    if not signed:
        yield Discrepancy("证书吊销列表不是本单位签发", "revocations", "it is not signed by the CA")
    serials = {item.serial_number for item in there}
    for entry in entries:
        custody = state.devices.get(entry.device)
        over = custody is not None and custody.standing is Standing.ENDED
        listed = {int(held.serial, 16) in serials for held in (entry.signing, entry.tls)}
        if listed != {over}:
            told = "已注销而证书未吊销" if over else "证书已吊销而台账未注销"
            yield _about(entry.device, told, "revocations", f"listed: {sorted(listed)}")
