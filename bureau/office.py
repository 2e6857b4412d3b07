"""The bureau's office: everything a command works with, opened from the bureau's folder.

Owns the composition of store, receipt book, ledger and registry. Refuses a second intake on
the same folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from bureau.access import Access
from bureau.archive import Archive
from bureau.clock import Clock
from bureau.desk import Connection
from bureau.errors import BusyError, SettingsError
from bureau.hearing import Clips
from bureau.intake.partials import Partials
from bureau.intake.rulebooks import Rulebooks
from bureau.intake.stores import Office
from bureau.ledger import Ledger
from bureau.plans.book import PlanBook
from bureau.plans.planning import Planning
from bureau.receipts import ReceiptBook
from bureau.registry import Registry
from bureau.settings import Bureau
from bureau.updates import UpdateShelf
from bureau.words.answers import AnswerBook
from bureau.words.shelf import WordShelf
from evidence import rulebook
from evidence.jws import Signer
from evidence.store.durable import make_folder
from evidence.store.signers import open_signer


def open_office(bureau: Bureau, clock: Clock) -> Office:
    """Open everything the intake works with.

    Raises:
        SettingsError: A certificate of the bureau is missing.
        KeyUnusableError: The receipt key cannot be used.
        BureauError: The receipt book or the ledger is unusable.
    """
    paths = bureau.paths
    ca = _certificate(paths.ca)
    return Office(
        ca=ca,
        registry=Registry(paths.registry),
        archive=Archive(paths.archive, paths.quarantine),
        partials=Partials(paths.partial),
        book=ReceiptBook(
            paths.folder / "receipts",
            _receipt_signer(bureau),
            _certificate(paths.receipt_certificate),
            clock,
        ),
        ledger=open_ledger(bureau),
        rulebooks=Rulebooks(paths.rulebook.parent, ca),
        plans=PlanBook(paths.plans, ca),
        words=WordShelf(paths.folder, ca),
        answers=AnswerBook(paths.registry / "words"),
        updates=UpdateShelf(paths.folder, ca, clock),
        clock=clock,
        free_bytes=lambda: shutil.disk_usage(paths.folder).free,
    )


def open_ledger(bureau: Bureau) -> Ledger:
    """The ledger alone."""
    return Ledger(f"sqlite:///{bureau.paths.ledger}")


def open_plans(bureau: Bureau) -> PlanBook:
    """The book of plans alone.

    Raises:
        SettingsError: The CA's certificate is missing.
    """
    return PlanBook(bureau.paths.plans, _certificate(bureau.paths.ca))


def open_planning(bureau: Bureau, clock: Clock) -> Planning:
    """What makes and signs session plans.

    Raises:
        SettingsError: A certificate of the bureau is missing.
        KeyUnusableError: The receipt key cannot be used.
        RulebookError: The rulebook in force is not one.
    """
    paths = bureau.paths
    ca = _certificate(paths.ca)
    try:
        root, envelope = paths.root.read_bytes(), paths.rulebook.read_bytes()
    except OSError as error:
        raise SettingsError(f"the rulebook cannot be read: {error}") from error
    return Planning(
        book=PlanBook(paths.plans, ca),
        registry=Registry(paths.registry),
        words=WordShelf(paths.folder, ca),
        rulebook=rulebook.read_rulebook(envelope, rulebook.read_root(root, ca)),
        signer=_receipt_signer(bureau),
        certificate=_certificate(paths.receipt_certificate),
        clock=clock,
    )


def open_access(bureau: Bureau, office: Office) -> Access:
    """What opens sessions."""
    return Access(office, bureau.paths.bureau_identity, Clips(bureau.paths.announce))


def connection_of(bureau: Bureau) -> Connection:
    """How the desk reaches its broker."""
    return Connection(
        host=bureau.settings.broker.host,
        port=bureau.settings.broker.port,
        name=bureau.settings.desk,
        ca=bureau.paths.ca,
        certificate=bureau.paths.desk_certificate,
        key=bureau.paths.desk_key,
    )


@contextmanager
def alone(bureau: Bureau) -> Iterator[None]:
    """Be the only intake on this bureau's folder.

    Raises:
        BusyError: Another one works on it.
    """
    make_folder(bureau.paths.partial)
    fd = os.open(bureau.paths.partial, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise BusyError(f"an intake works on {bureau.paths.folder} already") from None
    try:
        yield
    finally:
        os.close(fd)


def _receipt_signer(bureau: Bureau) -> Signer:
    """Wherever the key lies: a file, a credential, a token."""
    return open_signer(bureau.settings.keys.receipt, bureau.paths.folder)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is no certificate: {error}; run: provision init") from error
