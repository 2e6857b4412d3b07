"""What is in force for a device, as provisioning left it in the bureau's folder.

Owns finding the newest assignment of a device, and packing root, rulebook and clips into the one
message that carries them. Refuses to send what does not verify here: no recorder would take it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cryptography import x509

from evidence import assignment
from evidence.assignment import MAX_ASSIGNMENT_BYTES, Assignment
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.rulebook import Rulebook, read_root, read_rulebook
from evidence.rulebook.carried import MAX_POLICY_BYTES, CarriedClip, pack

_log = logging.getLogger(__name__)

Kind = Literal["roster", "policy"]
KINDS: Final[tuple[Kind, ...]] = ("roster", "policy")

_CLIP_FILES: Final = ("meta.json", "text.txt", "audio.flac")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A word as it is sent.

    Attributes:
        number: The assignment's number or the rulebook's version.
        content: The bytes.
        sha256: Their digest.
    """

    number: int
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class _Policy:
    book: Rulebook
    sent: Sent


_Look = tuple[tuple[str, int, int, int], ...]


class WordShelf:
    """The words in force.

    Args:
        folder: The bureau's.
        ca: The bureau CA.
    """

    def __init__(self, folder: Path, ca: x509.Certificate) -> None:
        self._folder = folder
        self._ca = ca
        self._rosters: dict[str, tuple[_Look, Sent | None]] = {}
        self._policy: tuple[_Look, _Policy | None] | None = None

    def find(self, kind: Kind, device: str) -> Sent | None:
        """The word of that kind for ``device``; None where there is none to send."""
        return self._roster(device) if kind == "roster" else self._rules(device)

    def assignment(self, device: str, number: int) -> Assignment | None:
        """The assignment of that number; None where it is not here, or not the bureau's."""
        path = self._assignments(device) / f"{number:06d}.jws"
        return self._read_assignment(path, device)[0] if path.exists() else None

    def in_force(self, device: str) -> Assignment | None:
        """The newest assignment; None where there is none, or it is not the bureau's."""
        newest = self._newest(device)
        return None if newest is None else self._read_assignment(newest, device)[0]

    def look(self) -> None:
        """Read the rulebook again if a file of it has changed; assignments are looked at alone."""
        seen = _look_at(self._policy_files())
        if self._policy is None or self._policy[0] != seen:
            self._policy = (seen, self._read_policy())

    def _roster(self, device: str) -> Sent | None:
        newest = self._newest(device)
        if newest is None:
            return None
        seen = _look_at([newest])
        known = self._rosters.get(device)
        if known is None or known[0] != seen:
            known = self._rosters[device] = (seen, self._read_roster(newest, device))
        return known[1]

    def _read_roster(self, path: Path, device: str) -> Sent | None:
        word, content = self._read_assignment(path, device)
        if word is None:
            return None
        return Sent(number=word.number, content=content, sha256=sha256_hex(content))

    def _read_assignment(self, path: Path, device: str) -> tuple[Assignment | None, bytes]:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_ASSIGNMENT_BYTES + 1)
            return assignment.read(content, self._ca, device=device), content
        except (EvidenceError, OSError) as error:
            _log.error("%s is not believed: %s", path, error)
            return None, b""

    def _newest(self, device: str) -> Path | None:
        return max(self._assignments(device).glob("*.jws"), default=None)

    def _assignments(self, device: str) -> Path:
        return self._folder / "registry" / "assignments" / device

    def _rules(self, device: str) -> Sent | None:
        if self._policy is None:
            self.look()
        policy = self._policy[1] if self._policy is not None else None
        return policy.sent if policy is not None and policy.book.is_for(device) else None

    def _read_policy(self) -> _Policy | None:
        try:
            root = (self._folder / "rulebook" / "root.json").read_bytes()
            envelope = (self._folder / "rulebook" / "rulebook.json").read_bytes()
            book = read_rulebook(envelope, read_root(root, self._ca))
            content = pack(root, envelope, [self._clip(one.id) for one in book.announcements])
        except (EvidenceError, OSError, UnicodeDecodeError) as error:
            # While provisioning is at work its files may not fit yet: they are read again then.
            _log.error("the rulebook is not sent: %s", error)
            return None
        if len(content) > MAX_POLICY_BYTES:
            _log.error("the rulebook has %d bytes: it goes out on removable media", len(content))
            return None
        sent = Sent(number=book.version, content=content, sha256=sha256_hex(content))
        return _Policy(book, sent)

    def _clip(self, name: str) -> CarriedClip:
        folder = self._folder / "announce" / name
        meta, text, audio = ((folder / one).read_bytes() for one in _CLIP_FILES)
        return CarriedClip(id=name, meta=meta, text=text, audio=audio)

    def _policy_files(self) -> Iterator[Path]:
        yield self._folder / "rulebook" / "root.json"
        yield self._folder / "rulebook" / "rulebook.json"
        yield from sorted((self._folder / "announce").glob("*/*"))


def _look_at(paths: Iterator[Path] | list[Path]) -> _Look:
    """What tells one state of these files from another."""
    found = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
