"""What was published last: a number that was used is used up.

Owns ``updates/published.json``, written before a manifest leaves the bureau, onto whichever medium.
Refuses to publish a number that does not follow it: recorders never go back, and two updates of one
number could not be told apart. The same update may be published again, onto the next medium.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from evidence import canonical
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.update import MANIFEST_NAME
from provisioning.plan import Step, content_step
from provisioning.update.errors import UpdateError
from provisioning.update.manifest import Manifest

NAME: Final = "published.json"
_MOST_BYTES: Final = 4_096
_SCHEMA: Final[s.Schema] = {"version": s.natural, "release": s.text, "sha256": s.sha256}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One update that left the bureau.

    Attributes:
        version: Its number.
        release: Its name.
        sha256: Digest of what was signed, whoever's signatures it bears.
    """

    version: int
    release: str
    sha256: str

    @classmethod
    def of(cls, payload: JsonObject) -> Self:
        """What a manifest says."""
        return cls(
            version=payload["version"],
            release=payload["release"],
            sha256=sha256_hex(canonical.dumps(payload)),
        )


def follow(updates: Path, payload: JsonObject) -> Step:
    """The step that writes down that an update is published.

    Args:
        updates: The bureau's folder of updates.
        payload: The manifest, verified.

    Raises:
        UpdateError: ``update_older``: its number does not follow the last one's;
            ``update_published``: it cannot be said what was published last.
    """
    this = Published.of(payload)
    for last in _found(updates):
        if this.version < last.version or (
            this.version == last.version and this.sha256 != last.sha256
        ):
            raise UpdateError(
                f"version {last.version} ({last.release}) was published, version {this.version} "
                f"({this.release}) does not follow it; make it anew with --version "
                f"{last.version + 1} or higher and have both sign",
                code="update_older",
            )
    content = canonical.dumps(
        {"version": this.version, "release": this.release, "sha256": this.sha256}
    )
    return content_step(f"登记已发布第 {this.version} 版", updates / NAME, content)


def _found(updates: Path) -> list[Published]:
    """What the record says, and what lies ready for the desk."""
    record = updates / NAME
    found = [_of_manifest(path) for path in sorted(updates.glob(f"*/{MANIFEST_NAME}"))]
    return [*found, _of_record(record)] if record.exists() else found


def _of_manifest(path: Path) -> Published:
    """Nobody's signature is asked for here: a root that was rotated since takes no number back."""
    try:
        return Published.of(Manifest.at(path).payload)
    except (UpdateError, KeyError) as error:
        raise _unreadable(path, error) from error


def _of_record(path: Path) -> Published:
    try:
        fields = canonical.loads(path.read_bytes(), limit=_MOST_BYTES)
        s.check_fields(_SCHEMA, fields, NAME)
    except (OSError, EvidenceError) as error:
        raise _unreadable(path, error) from error
    return Published(**fields)


def _unreadable(path: Path, error: Exception) -> UpdateError:
    return UpdateError(
        f"{path} cannot be read ({error}); restore it from the backup", code="update_published"
    )
