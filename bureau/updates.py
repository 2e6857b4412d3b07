"""Signed updates on their way to recorders: offered to one that docks, or sits there, empty.

Owns finding the newest bundle that provisioning left in ``updates/``, who is offered it when, and
reading the piece that a recorder asks for. Refuses to send what clerk and head did not sign: no
recorder would take it. A recorder asks for one piece after the other: what of it the recorder has,
it says itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from bureau.clock import Clock
from bureau.intake.message import Outgoing
from evidence import update as updates
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.rulebook import read_root
from evidence.update import MANIFEST_NAME, PIECE_BYTES, Place, Update
from evidence.wire import DeviceState, Topics

_log = logging.getLogger(__name__)

OFFER_NS: Final = 60_000_000_000
"""A recorder that stays docked is not offered the same more often."""
LOOK_NS: Final = 1_000_000_000
"""How often is looked for what provisioning has left and for who fell silent."""


@dataclass(frozen=True, slots=True)
class _Bundle:
    folder: Path
    envelope: bytes
    sha256: str
    update: Update


@dataclass(slots=True)
class _Course:
    """What a recorder on its cradle was offered, when it was last spoken to, whether it pulls."""

    sha256: str
    at_ns: int
    pulls: bool = False


class UpdateShelf:
    """The updates of a bureau. One thread uses it.

    Args:
        folder: The bureau's.
        ca: The bureau CA.
        clock: Says when.
    """

    def __init__(self, folder: Path, ca: x509.Certificate, clock: Clock) -> None:
        self._folder = folder
        self._ca = ca
        self._clock = clock
        self._courses: dict[str, _Course] = {}
        self._looked_ns: int | None = None
        self._seen: tuple[tuple[str, int], ...] | None = None
        self._newest: _Bundle | None = None

    def begin(self) -> None:
        """A new connection to the broker: pieces and wishes of the last one may be lost."""
        self._courses.clear()
        self._looked_ns = None

    def greet(self, device: str, state: DeviceState, *, anew: bool = False) -> list[Outgoing]:
        """A recorder said how it is: offer it the newest update once its evidence is here.

        Args:
            device: Which.
            state: What it said.
            anew: It was put on the cradle, or its connection came back, just now.
        """
        if anew or not _is_idle(state):
            self._courses.pop(device, None)
        if not _is_idle(state):
            return []
        course, now_ns = self._courses.get(device), self._clock.mono_ns()
        rested = course is None or now_ns - course.at_ns >= OFFER_NS
        return self._offer(device) if rested else []

    def turn(self, docked: Mapping[str, DeviceState]) -> list[Outgoing]:
        """Offer what came meanwhile, and again to who fell silent while pulling.

        Args:
            docked: Who sits on a cradle, and what each said last.
        """
        now_ns = self._clock.mono_ns()
        if self._looked_ns is not None and now_ns - self._looked_ns < LOOK_NS:
            return []
        self._looked_ns = now_ns
        for device in self._courses.keys() - docked.keys():
            del self._courses[device]
        idle = [device for device, state in docked.items() if _is_idle(state)]
        return [one for device in idle if self._is_due(device) for one in self._offer(device)]

    def answer(self, device: str, payload: bytes) -> list[Outgoing]:
        """The piece that a recorder asks for; nothing where the update is no longer the newest.

        Raises:
            WireError: Not a wish.
        """
        wish = updates.decode_wish(payload)
        bundle = self._find()
        if bundle is None or wish.update != bundle.sha256:
            return []
        self._courses[device] = _Course(bundle.sha256, self._clock.mono_ns(), pulls=True)
        named = [one for one in bundle.update.files if one.sha256 == wish.file]
        if not named:
            return []
        with (bundle.folder / named[0].name).open("rb") as file:
            file.seek(wish.index * PIECE_BYTES)
            content = file.read(PIECE_BYTES)
        return [_sent(device, wish, content)] if content or not named[0].size else []

    def _offer(self, device: str) -> list[Outgoing]:
        bundle = self._find()
        if bundle is None:
            return []
        self._courses[device] = _Course(bundle.sha256, self._clock.mono_ns())
        return [_sent(device, Place(update=bundle.sha256, file="", index=0), bundle.envelope)]

    def _is_due(self, device: str) -> bool:
        """Not offered yet, offered another, or silent for long after it began to pull.

        Who answers an offer with silence has it already, or refuses it: it is left in peace.
        """
        course, bundle = self._courses.get(device), self._find()
        if course is None or bundle is None or course.sha256 != bundle.sha256:
            return True
        return course.pulls and self._clock.mono_ns() - course.at_ns >= OFFER_NS

    def _find(self) -> _Bundle | None:
        """The bundle with the highest version, read again when something has changed."""
        manifests = sorted((self._folder / "updates").glob(f"*/{MANIFEST_NAME}"))
        seen = tuple((str(path), path.stat().st_mtime_ns) for path in manifests)
        if seen != self._seen:
            self._seen = seen
            read = [one for path in manifests if (one := self._read(path)) is not None]
            self._newest = max(read, key=lambda one: one.update.version, default=None)
        return self._newest

    def _read(self, path: Path) -> _Bundle | None:
        try:
            root = read_root((self._folder / "rulebook" / "root.json").read_bytes(), self._ca)
            with path.open("rb") as file:
                envelope = file.read(MAX_RULEBOOK_BYTES + 1)
            update = updates.read_update(envelope, root)
        except (EvidenceError, OSError) as error:
            _log.error("%s is not sent: %s", path, error)
            return None
        return _Bundle(path.parent, envelope, sha256_hex(envelope), update)


def _is_idle(state: DeviceState) -> bool:
    """On the cradle with everything handed over and nothing open."""
    return (
        state.online and state.docked and not state.backlog_sessions and state.recording is not True
    )


def _sent(device: str, place: Place, content: bytes) -> Outgoing:
    return Outgoing(Topics(device).update, updates.encode_piece(place, content))
