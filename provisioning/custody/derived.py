"""What follows from the ledger: assignments, closed registry entries, the revocation list.

Owns making them so, for every device of the bureau and not only for the one a command is about: a
command that was cut short is completed by the next, whichever it is. Refuses to know why: the
ledger says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import msgspec
from cryptography import x509

from evidence import assignment
from evidence.assignment import Assignment
from evidence.jws import Signer
from evidence.moments import utc_ns
from evidence.store.durable import make_folder, replace_file
from provisioning.authority.certificates import Revoked
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import Bureau
from provisioning.custody import registry
from provisioning.custody.registry import Entry
from provisioning.custody.state import State
from provisioning.plan import Step

_ReceiptKey = Callable[[], tuple[Signer, x509.Certificate]]
_RECEIPT = "receipt"
_REVOKED = "revoked"


def derived_steps(bureau: Bureau, state: State, *, at_ns: int) -> list[Step]:
    """Steps that make every file say what ``state`` says, those first that take trust away.

    Args:
        bureau: Whose folder.
        state: After the lines that a step before these writes.
        at_ns: UTC in nanoseconds.
    """
    entries = {entry.device: entry for entry in registry.entries(bureau.folder.registry)}
    return [
        *_closing(bureau, state, entries),
        _list_step(bureau, _revoked(state, entries), at_ns),
        *_issuing(bureau, state),
    ]


def _closing(bureau: Bureau, state: State, entries: Mapping[str, Entry]) -> Iterator[Step]:
    for name, custody in state.devices.items():
        last, entry = custody.ended, entries.get(name)
        if last is not None and entry is not None and entry.status != _REVOKED:
            yield _close_step(bureau, entry, last)


def _close_step(bureau: Bureau, entry: Entry, last: Assignment) -> Step:
    def do() -> None:
        closed = msgspec.structs.replace(
            entry, status=_REVOKED, revoked_utc=last.issued, reason=last.because
        )
        registry.write(bureau.folder.registry, closed)

    def is_done() -> bool:
        now = registry.find(bureau.folder.registry, entry.device)
        return now is not None and now.status == _REVOKED

    return Step(f"登记簿：注销 {entry.device}", is_done, do)


def _revoked(state: State, entries: Mapping[str, Entry]) -> list[Revoked]:
    """Both certificates of every device whose days are over."""
    listed = []
    for entry in entries.values():
        custody = state.devices.get(entry.device)
        last = custody.ended if custody is not None else None
        since = entry.revoked_utc or (last.issued if last is not None else None)
        if since is not None:
            listed += [
                Revoked(int(held.serial, 16), utc_ns(since)) for held in (entry.signing, entry.tls)
            ]
    return listed


def _list_step(bureau: Bureau, wanted: list[Revoked], at_ns: int) -> Step:
    """The list names all of ``wanted``, and whatever it named before."""
    serials = {item.serial for item in wanted}

    def is_done() -> bool:
        return serials <= {item.serial_number for item in bureau.revocations()}

    def do() -> None:
        there = bureau.revocations()
        number = there.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        others = [_known(item) for item in there if item.serial_number not in serials]
        content = bureau.authority.revocation_list(
            [*others, *wanted], number=number + 1, at_ns=at_ns
        )
        replace_file(bureau.folder.crl, content)

    return Step("证书吊销列表", is_done, do)


def _known(item: x509.RevokedCertificate) -> Revoked:
    seconds = int(item.revocation_date_utc.timestamp())
    return Revoked(item.serial_number, seconds * 1_000_000_000)


def _issuing(bureau: Bureau, state: State) -> Iterator[Step]:
    sign = cache(lambda: receipt_key(bureau))
    for name, custody in state.devices.items():
        folder = bureau.folder.assignments(name)
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        for word in custody.words:
            path = bureau.folder.assignment(name, word.number)
            if path.name not in there:
                yield _issue_step(bureau, word, sign)


def _issue_step(bureau: Bureau, word: Assignment, sign: _ReceiptKey) -> Step:
    path = bureau.folder.assignment(word.device, word.number)

    def do() -> None:
        make_folder(path.parent)
        replace_file(path, assignment.make(word, *sign()), mode=0o440)

    return Step(f"配发文件 {word.device} 第 {word.number} 号", path.exists, do)


def receipt_key(bureau: Bureau) -> tuple[Signer, x509.Certificate]:
    """What signs the bureau's words, and its certificate."""
    certificate = x509.load_pem_x509_certificate(bureau.folder.certificate(_RECEIPT).read_bytes())
    return bureau.signer(KeyRole.RECEIPT), certificate
