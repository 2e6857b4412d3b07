"""Signed updates on their way to recorders: offered when one docks empty, sent piece by piece.

Owns finding the newest bundle that provisioning left in ``updates/`` and reading the piece that a
recorder asks for. Refuses to send what clerk and head did not sign: no recorder would take it. A
recorder asks for one piece after the other: what of it the recorder has, it says itself.
"""

from __future__ import annotations

import logging
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


@dataclass(frozen=True, slots=True)
class _Bundle:
    folder: Path
    envelope: bytes
    sha256: str
    update: Update


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
        self._offered_ns: dict[str, int] = {}
        self._seen: tuple[tuple[str, int], ...] | None = None
        self._newest: _Bundle | None = None

    def greet(self, device: str, state: DeviceState) -> list[Outgoing]:
        """A recorder said how it is: offer it the newest update once its evidence is here."""
        if state.backlog_sessions or state.recording:
            return []
        now_ns = self._clock.mono_ns()
        last_ns = self._offered_ns.get(device)
        bundle = self._find()
        if bundle is None or (last_ns is not None and now_ns - last_ns < OFFER_NS):
            return []
        self._offered_ns[device] = now_ns
        return [_sent(device, Place(update=bundle.sha256, file="", index=0), bundle.envelope)]

    def answer(self, device: str, payload: bytes) -> list[Outgoing]:
        """The piece that a recorder asks for; nothing where the update is no longer the newest.

        Raises:
            WireError: Not a wish.
        """
        wish = updates.decode_wish(payload)
        bundle = self._find()
        if bundle is None or wish.update != bundle.sha256:
            return []
        self._offered_ns[device] = self._clock.mono_ns()
        named = [one for one in bundle.update.files if one.sha256 == wish.file]
        if not named:
            return []
        with (bundle.folder / named[0].name).open("rb") as file:
            file.seek(wish.index * PIECE_BYTES)
            content = file.read(PIECE_BYTES)
        return [_sent(device, wish, content)] if content or not named[0].size else []

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


def _sent(device: str, place: Place, content: bytes) -> Outgoing:
    return Outgoing(Topics(device).update, updates.encode_piece(place, content))
