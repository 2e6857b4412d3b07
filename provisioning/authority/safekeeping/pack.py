"""What is in a backup, and how it lies there.

Owns choosing the files, the manifest of their digests, and reading both back. Refuses a pack whose
files are not exactly those that its manifest names, and a name that leads out of the folder.
"""

from __future__ import annotations

import io
import sqlite3
import stat
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from evidence import canonical
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from provisioning.errors import BackupError
from provisioning.layout import BureauFolder

MOST_BYTES: Final = 1 << 30
_MANIFEST: Final = "manifest.json"
_MANIFEST_LIMIT: Final = 64 << 20
_MOST_FILES: Final = 1_000_000
_VERSION: Final = 1
_DATABASE: Final = "ledger.sqlite"
FOLDERS: Final = (
    "ca",
    "keys",
    "certs",
    "rulebook",
    "announce",
    "broker",
    "registry",
    "receipts",
    "plans",
)
"""Not: recordings and transfers (``archive``, ``quarantine``, ``partial``), the broker's memory,
and the escrow identity, which is kept apart and opens this very pack."""
_FILES: Final = ("bureau.toml", "identities/bureau.age")
_LEFT: Final = ("broker/state",)

_ENTRY: Final[s.Schema] = {
    "path": s.text,
    "size": s.natural,
    "mode": s.integer(0, 0o777),
    "sha256": s.sha256,
}
_FIELDS: Final[s.Schema] = {
    "v": s.integer(_VERSION, _VERSION),
    "bureau": s.code,
    "ca": s.text,
    "utc": s.utc,
    "folders": s.many(s.fields({"path": s.text, "mode": s.integer(0, 0o777)}), most=_MOST_FILES),
    "files": s.many(s.fields(_ENTRY), least=1, most=_MOST_FILES),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a pack."""

    content: bytes
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack that was read and is whole.

    Attributes:
        bureau: Code of the bureau.
        ca: Thumbprint of its CA's key.
        utc: When it was made.
        folders: Path → mode.
        files: Path → file.
    """

    bureau: str
    ca: str
    utc: str
    folders: Mapping[str, int]
    files: Mapping[str, Kept]


def gather(folder: BureauFolder) -> dict[str, Kept]:
    """Every file of a bureau that cannot be made again, by its path inside the folder.

    Raises:
        OSError: One cannot be read.
    """
    kept = {name: _kept(folder.path / name) for name in _paths(folder.path)}
    database = folder.path / _DATABASE
    if database.exists():
        kept[_DATABASE] = Kept(_database(database), stat.S_IMODE(database.stat().st_mode))
    return kept


def write(files: Mapping[str, Kept], folder: BureauFolder, about: JsonObject) -> bytes:
    """A pack of these files.

    Args:
        files: As gathered.
        folder: Whose folders' modes are kept too.
        about: ``bureau``, ``ca`` and ``utc``.
    """
    manifest: JsonObject = {
        **about,
        "v": _VERSION,
        "folders": _folders(folder.path, files),
        "files": [
            {
                "path": name,
                "size": len(kept.content),
                "mode": kept.mode,
                "sha256": sha256_hex(kept.content),
            }
            for name, kept in sorted(files.items())
        ],
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, _MANIFEST, Kept(canonical.dumps(manifest), 0o600))
        for name, kept in sorted(files.items()):
            _add(tar, name, kept)
    return out.getvalue()


def read(content: bytes) -> Pack:
    """Read a pack and check every digest.

    Raises:
        BackupError: It is none, or not whole.
    """
    try:
        members = dict(_members(content))
        manifest = canonical.loads(members.pop(_MANIFEST), limit=_MANIFEST_LIMIT)
        s.check_fields(_FIELDS, manifest, "manifest")
    except (tarfile.TarError, OSError, KeyError, EvidenceError) as error:
        raise BackupError(f"this is no backup of a bureau: {error}") from error
    entries = {entry["path"]: entry for entry in manifest["files"]}
    if len(entries) != len(manifest["files"]) or entries.keys() != members.keys():
        raise BackupError("the backup does not hold the files that its manifest names")
    for name, entry in entries.items():
        found = members[name]
        if len(found) != entry["size"] or sha256_hex(found) != entry["sha256"]:
            raise BackupError(f"{name} in the backup is not the file that was saved")
    return Pack(
        bureau=manifest["bureau"],
        ca=manifest["ca"],
        utc=manifest["utc"],
        folders={_safe(each["path"]): each["mode"] for each in manifest["folders"]},
        files={_safe(name): Kept(members[name], entries[name]["mode"]) for name in entries},
    )


def _paths(folder: Path) -> Iterator[str]:
    for name in _FILES:
        if (folder / name).is_file():
            yield name
    for top in FOLDERS:
        for path in sorted((folder / top).rglob("*")):
            name = path.relative_to(folder).as_posix()
            half_written = path.name.endswith(".new")
            if path.is_file() and not half_written and not name.startswith(_LEFT):
                yield name


def _kept(path: Path) -> Kept:
    return Kept(path.read_bytes(), stat.S_IMODE(path.stat().st_mode))


def _database(path: Path) -> bytes:
    """As it is between two transactions, while the desk may be at work."""
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        return copy.serialize()


def _folders(folder: Path, files: Mapping[str, Kept]) -> list[JsonObject]:
    names = {str(parent) for name in files for parent in PurePosixPath(name).parents} - {"."}
    return [
        {"path": name, "mode": stat.S_IMODE((folder / name).stat().st_mode)}
        for name in sorted({*names, *(left for left in _LEFT if (folder / left).is_dir())})
    ]


def _add(tar: tarfile.TarFile, name: str, kept: Kept) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(kept.content), kept.mode
    tar.addfile(entry, io.BytesIO(kept.content))


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        for entry in tar:
            file = tar.extractfile(entry) if entry.isreg() else None
            if file is None or entry.name in seen:
                raise BackupError(f"{entry.name} in the backup is no file, or there twice")
            seen.add(entry.name)
            yield entry.name, file.read()


def _safe(name: str) -> str:
    path = PurePosixPath(name)
    inside = name == str(path) and not path.is_absolute() and not {"..", "."} & set(path.parts)
    if not inside or "\0" in name:
        raise BackupError(f"{name!r} leads out of the bureau's folder")
    return name
