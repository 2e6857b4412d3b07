"""The offline root keys where they lie: in the bureau's folder, or on media that people keep.

Owns opening enough of them, and moving one to removable media. Refuses to guess which file is
whose: a key counts by its thumbprint, which the root document names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evidence.digests import sha256_hex
from evidence.errors import KeyUnusableError
from evidence.keys import EcSigner
from evidence.rulebook import Authority
from evidence.store.durable import copy_file, release_copied
from evidence.store.signers import file_signer
from provisioning.authority.root.passphrases import Passphrases
from provisioning.bureau_folder import UtcNs, exclusive, open_bureau
from provisioning.custody import ledger
from provisioning.custody.register import read_state
from provisioning.errors import RotationError
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out

_NUMBERED: Final = re.compile(r"root-(\d)")
NOTE: Final = (
    "本机上的这份已移出；存储器旧区块与此前的备份中可能仍有残留，均受口令保护。"
    "请由保管人妥善保存介质，并与口令分开。"
)


@dataclass(frozen=True, slots=True)
class Offline:
    """The offline keys that can be reached now.

    Attributes:
        folder: The bureau's, where they are until they are exported.
        media: Files on removable media.
        passphrases: Asked for the ones that are tried.
    """

    folder: BureauFolder
    media: Sequence[Path]
    passphrases: Passphrases

    def signers(self, authority: Authority, *, last: frozenset[int]) -> list[EcSigner]:
        """Enough of them to sign a successor; nobody is asked for more passphrases than that.

        Args:
            authority: Which keys count, and how many it takes.
            last: Numbers that are only tried when the others are too few.

        Raises:
            RotationError: Too few can be opened; says of each why.
        """
        found: list[EcSigner] = []
        said: list[str] = []
        numbers = range(1, len(authority.keys) + 1)
        for number in sorted(numbers, key=lambda number: number in last):
            if len(found) == authority.threshold:
                break
            kid = list(authority.keys)[number - 1]
            opened = self._open(number, kid, said)
            found += [opened] if opened is not None else []
        if len(found) < authority.threshold:
            raise RotationError(
                f"{authority.threshold} offline root keys have to sign, {len(found)} could:"
                f" {'; '.join(said)}; name those on removable media by --key FILE"
            )
        return found

    def places(self, number: int) -> Iterator[Path]:
        """Where key ``number`` may lie, newest first."""
        for path in self.media:
            named = _NUMBERED.match(path.name)
            if named is None or int(named[1]) == number:
                yield path
        yield from here(self.folder, number)

    def _open(self, number: int, kid: str, said: list[str]) -> EcSigner | None:
        typed: list[str] = []

        def ask(_: Path) -> str:
            if not typed:
                typed.append(self.passphrases(number))
            return typed[0]

        tried = False
        for path in self.places(number):
            tried = True
            try:
                signer = file_signer(path, ask)
            except KeyUnusableError as error:
                said.append(error.detail)
                continue
            if signer.kid == kid:
                return signer
            said.append(f"{path} is another key than root key {number}")
        if not tried:
            said.append(f"root key {number} is not here")
        return None


def here(folder: BureauFolder, number: int) -> list[Path]:
    """Files of root key ``number`` in the bureau's folder, newest first."""
    first = folder.root_key(number)
    return sorted(first.parent.glob(f"{first.stem}*.pem"), reverse=True)


def export_key(
    path: Path, number: int, target: Path, *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Move an offline root key to removable media.

    It is copied, read back from there, said in the ledger, and only then released here.

    Args:
        path: The bureau's folder.
        number: 1, 2 or 3.
        target: A folder on the media.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        RotationError: No such key, the folder is not there, or holds another file of that name.
        DiskError: The media is full or broken; the key is still here.
    """
    folder = BureauFolder(path.absolute())
    with exclusive(folder):
        bureau = open_bureau(path)
        read_state(bureau)
        if bureau.root.authority is None or not 1 <= number <= len(bureau.root.authority.keys):
            raise RotationError(f"this bureau has no offline root key {number}")
        if not target.is_dir():
            raise RotationError(f"{target} is no folder; is the media mounted?")
        steps: list[Step] = []
        for source in here(folder, number)[:1]:
            steps = _export_steps(folder, source, target / f"root-{number}.pem", clock())
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts={"key": f"root-{number}", "note": NOTE})


def _export_steps(folder: BureauFolder, source: Path, copy: Path, at_ns: int) -> list[Step]:
    content = source.read_bytes()
    if copy.exists() and not content.startswith(copy.read_bytes()):
        raise RotationError(f"{copy} is another file; use an empty folder")
    fields = {"key": source.stem, "sha256": sha256_hex(content)}
    signer = open_bureau(folder.path).signers()[0]
    return [
        Step(
            "写入介质并回读核对",
            lambda: copy.exists() and copy.read_bytes() == content,
            lambda: copy_file(source, copy),
        ),
        Step(
            "配发台账",
            lambda: ledger.holds(folder.ledger, "exported", fields),
            lambda: ledger.append(folder.ledger, "exported", fields, signer, at_ns=at_ns),
        ),
        Step(
            "移出本机上的根密钥",
            lambda: not source.exists(),
            lambda: release_copied(source, copy),
        ),
    ]
