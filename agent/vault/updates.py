"""When an update may be tried, and what became of it.

Owns the vault's part: an update that lies whole in the inbox is asked for only on the cradle, with
no session open and nothing waiting for the bureau; what was asked for and what came of it are
records of the device log. Refuses to install anything: a root process of its own does, and judges
the bundle again (``agent.update``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from agent.errors import RefusedError
from agent.settings import Paths
from agent.update.bundle import file_sha256, missing_from, open_bundle
from agent.update.prefix import State
from agent.vault import messages as m
from agent.vault.chain.device_log import DeviceLog
from agent.vault.mandate import Mandate
from evidence import rulebook
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, RulebookError
from evidence.rulebook import Root
from evidence.store import durable
from evidence.update import (
    MANIFEST_NAME,
    PIECE_BYTES,
    Update,
    UpdateFile,
    check_adoptable,
    read_update,
)

_log = logging.getLogger(__name__)

_MOST_OUTCOME_BYTES: Final = 64 * 1024
WAITS: Final = frozenset({"update_busy", "update_stray"})
"""Codes of what is no fault of the bureau's word: it is not signed as a refusal."""
_SETTLED: Final = frozenset({"confirmed", "rolled_back", "refused"})


class Updates:
    """The vault's part of an update.

    Args:
        paths: Where inbox, request and outcome lie.
        mandate: The pinned CA.
        log: Records what was asked for and what became of it.
        sure_now: UTC; None where nobody can tell how wrong the clock is.
        let_go: Custody's way to let go of what was refused.
    """

    def __init__(
        self,
        paths: Paths,
        mandate: Mandate,
        log: DeviceLog,
        sure_now: Callable[[], str | None],
        let_go: Callable[[Path], None],
    ) -> None:
        self._paths = paths
        self._mandate = mandate
        self._log = log
        self._sure_now = sure_now
        self._let_go = let_go

    def look(self, *, recording: bool) -> None:
        """Record what became of an update, and ask for one that lies ready."""
        outcome = self._outcome()
        self._settle(outcome)
        if recording or not self._is_idle() or not self._manifest.exists():
            return
        try:
            update, sha256 = self._judge(outcome)
        except RulebookError as error:
            self._refuse(error)
            return
        if missing_from(self._paths.update_inbox, update):
            return  # the rest is on its way
        if _content(self._paths.update_request) != sha256.encode():
            self._note(update.version, update.release, sha256, "requested")
            durable.replace_file(self._paths.update_request, sha256.encode())
            _log.info("asked for version %d", update.version)

    def take(self, piece: m.SubmitPiece, *, recording: bool) -> m.PieceWanted:
        """Keep a piece that came over the dock.

        Returns:
            What is wanted next; nothing where all of it lies here, or none of it is wanted.

        Raises:
            RefusedError: ``update_busy`` while something records, ``update_stray`` for a piece that
                is not wanted now, else what is wrong with the manifest or the file.
        """
        if recording:
            raise RefusedError("a session is open", code="update_busy")
        try:
            if not piece.file:
                return self._take_manifest(piece.content)
            return self._take_piece(piece)
        except RulebookError as error:
            raise RefusedError(error.detail, code=error.code) from error

    def _take_manifest(self, content: bytes) -> m.PieceWanted:
        outcome, sha256 = self._outcome(), sha256_hex(content)
        if sha256 == outcome.sha256:
            return m.PieceWanted()  # it was tried: it takes another to try again
        update = read_update(content, self._root())
        if update.version == outcome.running:
            return m.PieceWanted()
        check_adoptable(update, running=outcome.running, floor=outcome.floor, now=self._sure_now())
        if _content(self._manifest) != content:
            self._make_room(update)
            durable.replace_file(self._manifest, content)
        return self._wanted(update, sha256)

    def _make_room(self, update: Update) -> None:
        """What an earlier update left under a name of this one is let go, unless it is the same."""
        inbox = self._paths.update_inbox
        durable.make_folder(inbox)
        for one in update.files:
            place = inbox / one.name
            if place.is_file() and (
                place.stat().st_size != one.size or file_sha256(place) != one.sha256
            ):
                self._let_go(place)

    def _take_piece(self, piece: m.SubmitPiece) -> m.PieceWanted:
        update, sha256 = open_bundle(self._paths.update_inbox, self._root())
        wanted = self._wanted(update, sha256)
        if (piece.update, piece.file, piece.number) != (
            wanted.update,
            wanted.file,
            wanted.number,
        ):
            raise RefusedError("another piece is wanted", code="update_stray")
        one = next(one for one in update.files if one.sha256 == wanted.file)
        part = self._part(one)
        with durable.AppendFile(part, fresh=False) as file:
            file.write(piece.content)
            file.sync()
        if part.stat().st_size >= one.size:
            self._finish(one, part)
        return self._wanted(update, sha256)

    def _finish(self, one: UpdateFile, part: Path) -> None:
        """Give a file that is whole its name; one that is another is let go and begins anew."""
        if file_sha256(part) != one.sha256:
            self._let_go(part)
            raise RefusedError(f"{one.name} arrived as something else", code="update_changed")
        place = self._paths.update_inbox / one.name
        durable.make_folder(place.parent)
        durable.replace_with(part, place)

    def _wanted(self, update: Update, sha256: str) -> m.PieceWanted:
        missing = missing_from(self._paths.update_inbox, update)
        if not missing:
            return m.PieceWanted(update=sha256)
        part = self._part(missing[0])
        held = part.stat().st_size if part.exists() else 0
        number, torn = divmod(held, PIECE_BYTES)
        if torn:
            # The power went within a piece: pieces are synced whole or not counted.
            self._let_go(part)
            number = 0
        return m.PieceWanted(update=sha256, file=missing[0].sha256, number=number)

    def _part(self, one: UpdateFile) -> Path:
        return self._paths.update_inbox / f"{one.sha256}.part"

    def _root(self) -> Root:
        try:
            return rulebook.read_root(self._paths.root.read_bytes(), self._mandate.ca)
        except (EvidenceError, OSError) as error:
            raise RulebookError(f"no root document: {error}", code="update_signature") from error

    @property
    def _manifest(self) -> Path:
        return self._paths.update_inbox / MANIFEST_NAME

    def _is_idle(self) -> bool:
        """On the cradle, with nothing that only this recorder has."""
        state = self._log.state
        return state.docked and not any(one.waits for one in state.sessions.values())

    def _judge(self, outcome: State) -> tuple[Update, str]:
        update, sha256 = open_bundle(self._paths.update_inbox, self._root())
        check_adoptable(update, running=outcome.running, floor=outcome.floor, now=self._sure_now())
        return update, sha256

    def _refuse(self, error: RulebookError) -> None:
        """Once for each manifest: it does not lie there any more afterwards."""
        _log.warning("an update is refused: %s", error.detail)
        self._log.record("refusal", {"code": error.code, "detail": error.detail[:1_000]})
        self._let_go(self._manifest)

    def _settle(self, outcome: State) -> None:
        """Put on record what became of an update: once, or after a power cut twice."""
        if outcome.step not in _SETTLED or not outcome.sha256:
            return
        told = sha256_hex(msgspec.json.encode(outcome)).encode()
        if _content(self._paths.update_settled) == told:
            return
        self._note(outcome.version, outcome.release, outcome.sha256, outcome.step, outcome.code)
        durable.replace_file(self._paths.update_settled, told)
        if self._manifest.exists():
            self._let_go(self._manifest)

    def _note(self, version: int, release: str, sha256: str, state: str, code: str = "") -> None:
        fields = {"version": version, "release": release, "sha256": sha256}
        self._log.record("update", {**fields, "state": state, "code": code})

    def _outcome(self) -> State:
        """What the root process last wrote; nothing where it cannot be read."""
        content = _content(self._paths.update_outcome)
        if content is None:
            return State()
        try:
            return msgspec.json.decode(content, type=State, strict=True)
        except msgspec.MsgspecError as error:
            _log.error("%s cannot be read: %s", self._paths.update_outcome, error)
            return State()


def _content(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_OUTCOME_BYTES)
    except OSError:
        return None
