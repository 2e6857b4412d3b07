"""Bringing a bureau back from a sealed file.

Owns ``provision restore``. Refuses a folder with something in it, a pack that is not whole, and a
bureau whose root, rulebook or ledger does not verify: it is judged before it gets its name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyrage

from evidence.store.durable import make_folder, move_folder, replace_file
from provisioning.authority import broker
from provisioning.authority.safekeeping import pack
from provisioning.authority.safekeeping.backup import elsewhere
from provisioning.authority.safekeeping.pack import Pack
from provisioning.bureau_folder import Bureau, open_bureau
from provisioning.custody.register import read_lines
from provisioning.errors import BackupError
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out

_LARGEST_IDENTITY: Final = 64 * 1024
_OVERHEAD: Final = 64 << 20
LATER: Final = "备份之后的变更不在其中：请对照纸质单据，逐项补办"
NEXT: Final = (
    "请把原来的 archive/（录音录像、设备台账）放回 {archive}，再运行 provision audit；"
    "放回之前，它会提示所依据的设备台账缺失"
)


def restore(file: Path, path: Path, identity: Path, *, dry_run: bool = False) -> Report:
    """Unpack a backup into a new bureau folder; cut short, it is simply run again.

    Args:
        file: The backup.
        path: The bureau's folder; absent or empty.
        identity: File with the age identity that opens it.
        dry_run: Only judge the file.

    Raises:
        BackupError: The folder is not empty, the identity does not open the file, or what is in it
            is not whole.
        LedgerError: The ledger in it does not verify.
        DiskError: The medium is full; the same command goes on where it stopped.
    """
    target = path.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is not empty; a bureau is never written over")
    saved = pack.read(_opened(file, identity))
    steps = _Steps(saved, target)
    outcomes = carry_out(steps.all(), dry_run=dry_run)
    facts: dict[str, str | int] = {
        "bureau_id": saved.bureau,
        "ca_kid": saved.ca,
        "saved": saved.utc,
    }
    return Report(outcomes=outcomes, facts={**facts, "files": len(saved.files), **steps.facts()})


class _Steps:
    """The steps of one restoration: everything happens beside the target, which comes last."""

    def __init__(self, saved: Pack, target: Path) -> None:
        self._saved = saved
        self._target = target
        self._beside = target.with_name(f"{target.name}.restoring")

    def all(self) -> list[Step]:
        """Unpack, fit to the place, judge, name."""
        return [
            Step("解开备份，逐个核对", lambda: False, self._unpack),
            Step("消息服务配置", lambda: False, self._configure),
            Step("核验签名根、办法与台账", lambda: False, self._judge),
            Step("启用单位文件夹", lambda: False, lambda: move_folder(self._beside, self._target)),
        ]

    def facts(self) -> dict[str, str | int]:
        """What the clerk has to know besides; empty after a dry run."""
        if not self._target.exists() or not any(self._target.iterdir()):
            return {}
        bureau = open_bureau(self._target)
        away = elsewhere(bureau)
        lines: dict[str, str | int] = {
            "ledger_lines": len(read_lines(bureau)),
            "later": LATER,
            "next": NEXT.format(archive=self._target / "archive"),
        }
        return {**lines, "keys_elsewhere": ", ".join(away)} if away else lines

    def _unpack(self) -> None:
        make_folder(self._beside)
        for name, mode in sorted(self._saved.folders.items()):
            make_folder(self._beside / name, mode=mode)
        for name, kept in self._saved.files.items():
            path = self._beside / name
            make_folder(path.parent)
            if not path.is_file() or path.read_bytes() != kept.content:
                replace_file(path, kept.content, mode=kept.mode)
        # What a run that was cut short wrote halfway is written again, and gone then.
        known = {
            self._beside / f"{name}{end}" for name in self._saved.files for end in ("", ".new")
        }
        strange = [path for path in self._beside.rglob("*") if path.is_file() and path not in known]
        if strange:
            raise BackupError(f"{strange[0]} is not of this backup; set {self._beside} aside")

    def _configure(self) -> None:
        """Mosquitto's paths are absolute."""
        settings = self._bureau().settings
        final = BureauFolder(self._target)
        content = broker.configuration(final, bind=settings.bind, port=settings.port)
        replace_file(self._beside / "broker" / "mosquitto.conf", content)

    def _judge(self) -> None:
        bureau = self._bureau()
        if bureau.settings.bureau_id != self._saved.bureau:
            raise BackupError("the bureau in the backup is not the one that its manifest names")
        read_lines(bureau)

    def _bureau(self) -> Bureau:
        return open_bureau(self._beside)


def _opened(file: Path, identity: Path) -> bytes:
    try:
        if file.stat().st_size > pack.MOST_BYTES + _OVERHEAD:
            raise BackupError(f"{file} is larger than any backup")
        content: bytes = pyrage.decrypt(file.read_bytes(), _identities(identity))
    except OSError as error:
        raise BackupError(f"{error.filename} cannot be read: {error.strerror}") from error
    except pyrage.DecryptError as error:
        raise BackupError(f"{identity} does not open {file}: {error}") from error
    return content


def _identities(path: Path) -> list[pyrage.x25519.Identity]:
    with path.open("rb") as file:
        text = file.read(_LARGEST_IDENTITY)
    try:
        lines = [line for line in text.decode().splitlines() if line and not line.startswith("#")]
        identities = [pyrage.x25519.Identity.from_str(line.strip()) for line in lines]
    except (UnicodeDecodeError, pyrage.IdentityError) as error:
        raise BackupError(f"{path} is no age identity: {error}") from error
    if not identities:
        raise BackupError(f"{path} holds no age identity")
    return identities
