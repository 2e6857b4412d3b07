"""What each recorder made of the bureau's words.

Owns ``registry/words/<dev>.json``, which the desk alone writes and provisioning reads: who has
which assignment and which rulebook. Refuses to be believed as evidence: a recorder's signed log
names what it adopted as well.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from bureau.words.shelf import Kind
from evidence.store.durable import make_folder, replace_file

_log = logging.getLogger(__name__)

NAMES: Final[dict[Kind, str]] = {"roster": "assignment", "policy": "rulebook"}
_MODE: Final = 0o640


class Answered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recorder's last answer to one kind of word.

    Attributes:
        number: The assignment's number or the rulebook's version that it answers to.
        state: What became of it: ``adopted``, ``staged`` or ``refused``.
        sha256: Digest of the bytes that it answers to.
        code: Why it was refused; empty otherwise.
        utc: When the desk heard so.
    """

    number: Annotated[int, Meta(ge=0)]
    state: str
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    code: Annotated[str, Meta(max_length=64)] = ""
    utc: str


class _File(msgspec.Struct, frozen=True, kw_only=True):
    assignment: Answered | None = None
    rulebook: Answered | None = None


class AnswerBook:
    """The answers of all devices.

    Args:
        folder: ``registry/words``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, _File] = {}

    def find(self, kind: Kind, device: str) -> Answered | None:
        """What ``device`` last said; None where it never said anything."""
        found: Answered | None = getattr(self._of(device), NAMES[kind])
        return found

    def put(self, kind: Kind, device: str, answered: Answered) -> None:
        """Write down what ``device`` said; the same once more keeps its first time.

        Raises:
            OSError: The medium is full or broken.
        """
        before = self.find(kind, device)
        if before is not None and msgspec.structs.replace(answered, utc=before.utc) == before:
            return
        whole = msgspec.structs.replace(self._of(device), **{NAMES[kind]: answered})
        make_folder(self._folder)
        content = msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"
        replace_file(self._path(device), content, mode=_MODE)
        self._known[device] = whole

    def _of(self, device: str) -> _File:
        if device not in self._known:
            self._known[device] = self._read(self._path(device))
        return self._known[device]

    def _read(self, path: Path) -> _File:
        try:
            return msgspec.json.decode(path.read_bytes(), type=_File, strict=True)
        except FileNotFoundError:
            return _File()
        except (OSError, msgspec.MsgspecError) as error:
            # The word is sent again, and the recorder answers again.
            _log.error("%s cannot be read: %s", path, error)
            return _File()

    def _path(self, device: str) -> Path:
        return self._folder / f"{device}.json"
