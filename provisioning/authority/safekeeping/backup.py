"""Saving a bureau into one sealed file.

Owns ``provision backup``. Refuses to write over a file, and to call a file a backup before it was
read back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyrage

from evidence import keys
from evidence.digests import sha256_hex
from evidence.moments import utc_text
from evidence.store.durable import create_file, make_folder
from provisioning.authority.keyring import FILE, KeyRole
from provisioning.authority.root import offline
from provisioning.authority.safekeeping import pack
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody.register import read_state
from provisioning.errors import BackupError
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out

ESCROW: Final = "escrow"
NOT_IN_IT: Final = "录音录像（archive）、未完成的移交（partial）、托管解密身份（escrow.age）"


def back_up(
    path: Path, to: Path, recipient: str | None, *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Save everything of a bureau that cannot be made again.

    Args:
        path: The bureau's folder.
        to: The file; made.
        recipient: Who can open it: an age recipient, or None for the bureau's escrow.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        BackupError: The file exists, or the recipient is none.
        LedgerError: The ledger does not verify: nobody could restore from it.
        DiskError: The medium is full; nothing was written.
    """
    folder = BureauFolder(path.absolute())
    with exclusive(folder):
        bureau = open_bureau(path)
        read_state(bureau)
        if to.exists():
            raise BackupError(f"{to} exists; a backup is never written over, name another file")
        steps = _Steps(bureau, to, _recipient(bureau, recipient), clock())
        outcomes = carry_out(steps.all(), dry_run=dry_run)
    return Report(outcomes=outcomes, facts=steps.facts())


def elsewhere(bureau: Bureau) -> list[str]:
    """Keys that are not in the bureau's folder, and so in no backup of it."""
    places = (bureau.keyring.place(role) for role in KeyRole)
    away = [place for place in places if not _is_inside(bureau.folder.path, place)]
    authority = bureau.root.authority
    numbers = range(1, len(authority.keys) + 1) if authority is not None else ()
    return [*away, *(f"root-{n}" for n in numbers if not offline.here(bureau.folder, n))]


def _is_inside(folder: Path, place: str) -> bool:
    if not place.startswith(FILE):
        return False
    path = (folder / place.removeprefix(FILE)).resolve()
    return any(path.is_relative_to((folder / top).resolve()) for top in pack.FOLDERS)


class _Steps:
    """The steps of one backup."""

    def __init__(
        self, bureau: Bureau, to: Path, recipient: pyrage.x25519.Recipient, at_ns: int
    ) -> None:
        self._bureau = bureau
        self._to = to
        self._recipient = recipient
        self._at_ns = at_ns
        self._files = 0
        self._digest = ""

    def all(self) -> list[Step]:
        """Write it, read it back, say so."""
        return [
            Step("写入备份文件并回读核对", lambda: False, self._write),
            Step("配发台账", lambda: False, self._say),
        ]

    def facts(self) -> dict[str, str | int]:
        """What the clerk writes down."""
        if not self._digest:
            return {}
        facts: dict[str, str | int] = {
            "file": str(self._to),
            "files": self._files,
            "sha256": self._digest,
            "not_included": NOT_IN_IT,
        }
        away = elsewhere(self._bureau)
        return {**facts, "keys_elsewhere": ", ".join(away)} if away else facts

    def _write(self) -> None:
        bureau = self._bureau
        files = pack.gather(bureau.folder)
        about = {
            "bureau": bureau.settings.bureau_id,
            "ca": keys.thumbprint(keys.to_jwk(keys.public_key_of(bureau.ca))),
            "utc": utc_text(self._at_ns),
        }
        content = pack.write(files, bureau.folder, about)
        if len(content) > pack.MOST_BYTES:
            raise BackupError(f"{len(content)} bytes are more than a backup holds")
        sealed: bytes = pyrage.encrypt(content, [self._recipient])
        make_folder(self._to.absolute().parent)
        create_file(self._to, sealed, mode=0o600)
        self._files, self._digest = len(files), sha256_hex(sealed)
        if sha256_hex(self._to.read_bytes()) != self._digest:
            raise BackupError(f"{self._to} does not give back what was written; use other media")

    def _say(self) -> None:
        fields = {"sha256": self._digest}
        self._bureau.ledger_step("backup", fields, at_ns=self._at_ns).do()


def _recipient(bureau: Bureau, stated: str | None) -> pyrage.x25519.Recipient:
    text = stated if stated is not None else bureau.rulebook.recipients[ESCROW]
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise BackupError(f"{text} is no age recipient: {error}") from error
