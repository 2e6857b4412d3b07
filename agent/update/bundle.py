"""A bundle: the signed manifest and its files, in a folder that others can write to.

Owns taking it over: every file is copied to a folder of our own while it is hashed, and what is
used later is the copy. Refuses a manifest that the bureau did not sign, a file that is missing,
short, longer or different, and everything that is no plain file.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from evidence.digests import sha256_hex
from evidence.errors import RulebookError
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.rulebook import Root
from evidence.store import durable
from evidence.update import MANIFEST_NAME, Update, UpdateFile, read_update

_PIECE: Final = 1024 * 1024


def open_bundle(folder: Path, root: Root) -> tuple[Update, str]:
    """Verify the manifest of a bundle.

    Args:
        folder: Of the bundle.
        root: Whose keys sign.

    Returns:
        The manifest, and the digest of its envelope.

    Raises:
        RulebookError: ``update_incomplete``, ``update_signature`` or ``update_malformed``.
    """
    try:
        with (folder / MANIFEST_NAME).open("rb") as file:
            envelope = file.read(MAX_RULEBOOK_BYTES + 1)
    except OSError as error:
        raise RulebookError(f"no manifest: {error}", code="update_incomplete") from error
    return read_update(envelope, root), sha256_hex(envelope)


def missing_from(folder: Path, update: Update) -> list[UpdateFile]:
    """Files of ``update`` that are not there in full yet; what is there is not hashed here."""
    return [one for one in update.files if _size(folder / one.name) != one.size]


def take_over(folder: Path, update: Update, target: Path) -> None:
    """Copy the files of a bundle, hashing what is written.

    Args:
        folder: Of the bundle; somebody else may write to it meanwhile.
        update: Its manifest, verified.
        target: A folder of our own.

    Raises:
        RulebookError: ``update_incomplete`` or ``update_changed``: names the file.
        OSError: The medium is full or broken.
    """
    for one in update.files:
        place = target / one.name
        durable.make_folder(place.parent)
        _copy(folder / one.name, place, one)


def file_sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path, wanted: UpdateFile) -> None:
    try:
        fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RulebookError(f"{wanted.name}: {error.strerror}", code="update_incomplete") from error
    digest, left = hashlib.sha256(), wanted.size
    with os.fdopen(fd, "rb") as file, target.open("xb") as copy:
        while piece := file.read(min(_PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                break
            digest.update(piece)
            copy.write(piece)
    if left > 0:
        raise RulebookError(f"{wanted.name} lacks {left} bytes", code="update_incomplete")
    if left < 0 or digest.hexdigest() != wanted.sha256:
        raise RulebookError(f"{wanted.name} is not what was signed", code="update_changed")


def _size(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_size
    except OSError:
        return -1
