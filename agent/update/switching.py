"""Going over to a new release, and back when it does not report ready.

Owns the order: verified, copied, unpacked under a scratch name, named, written down as being
tried, switched, started, confirmed. Whatever cuts this short, ``current`` leads to a whole release;
what was being tried and never confirmed is rolled back by ``recover``, which runs at every start of
the device before the recorder does. Refuses a second chance: who reported ready too late has to be
offered again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

from agent.update.bundle import open_bundle, take_over
from agent.update.prefix import SCRATCH, Prefix, State
from agent.update.services import Services
from agent.update.unpacking import make_release
from evidence.errors import RulebookError
from evidence.rulebook import Root
from evidence.store import durable
from evidence.update import Update, check_adoptable

_log = logging.getLogger(__name__)

TURN_SECONDS: Final = 0.1
_LONGEST_DETAIL: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited.

    Attributes:
        ready_seconds: Until a release has to have reported ready.
        steady_seconds: For so long it then has to stay so.
    """

    ready_seconds: float = 120.0
    steady_seconds: float = 15.0


class Switcher:
    """Updates one recorder. One process at a time.

    Args:
        prefix: Where the releases are.
        services: What runs from there.
        busy: Why the recorder must not be stopped now; None where nothing speaks against it.
        now: UTC, RFC 3339; None where nobody can tell how wrong the clock is.
        patience: How long is waited.
    """

    def __init__(
        self,
        prefix: Prefix,
        services: Services,
        *,
        busy: Callable[[], str | None],
        now: Callable[[], str | None],
        patience: Patience,
    ) -> None:
        self._prefix = prefix
        self._services = services
        self._busy = busy
        self._now = now
        self._patience = patience

    def recover(self) -> State:
        """Finish what a power cut left: what was never confirmed is not kept.

        Raises:
            RulebookError: The state cannot be read.
        """
        state = self._prefix.state()
        if state.step == "trying":
            return self._go_back(state, "update_cut", "the power went while it was being tried")
        return state

    def adopt(self, bundle: Path, root: Root) -> State:
        """Go over to the release of ``bundle``.

        Returns:
            What became of it: ``confirmed``, ``rolled_back`` or ``refused``.

        Raises:
            RulebookError: The state cannot be read: nothing was done.
            OSError: The medium is full or broken; the old release is current.
        """
        state = self.recover()
        try:
            update, sha256 = open_bundle(bundle, root)
        except RulebookError as error:
            return self._refuse(state, error)
        tried = msgspec.structs.replace(
            state, version=update.version, release=update.release, sha256=sha256
        )
        try:
            before = self._prefix.current_name()
            check_adoptable(update, running=state.running, floor=state.floor, now=self._now())
            name = f"{update.version:06}-{update.release}-{sha256[:12]}"
            self._install(bundle, update, name)
            self._require_idle()
        except RulebookError as error:
            return self._refuse(tried, error)
        return self._try(name, before, tried)

    def _install(self, bundle: Path, update: Update, name: str) -> None:
        """Make the release's folder; it has its name only once all of it is on the medium."""
        final = self._prefix.release(name)
        scratch = self._prefix.scratch
        self._prefix.make()
        durable.release_scratch(scratch)
        if final.exists():
            return  # of an earlier try: whole, and made from this very manifest
        durable.make_folder(scratch)
        take_over(bundle, update, scratch / "files")
        make_release(scratch / "files", scratch / "release")
        durable.sync_everything()
        durable.move_folder(scratch / "release", final)
        durable.release_scratch(scratch)

    def _try(self, name: str, before: str, tried: State) -> State:
        trying = msgspec.structs.replace(
            tried,
            step="trying",
            before=before,
            before_version=tried.running,
            running=tried.version,
            code="",
            detail="",
        )
        self._prefix.put(trying)
        self._prefix.switch(name)
        _log.info("trying %s", name)
        self._services.restart()
        if not self._becomes_ready():
            return self._go_back(
                trying,
                "update_not_ready",
                f"it was not ready within {self._patience.ready_seconds:.0f} s",
            )
        confirmed = msgspec.structs.replace(
            trying, step="confirmed", floor=max(trying.version, trying.floor)
        )
        self._prefix.put(confirmed)
        self._tidy(keep={name, before})
        _log.info("confirmed %s", name)
        return confirmed

    def _go_back(self, state: State, code: str, detail: str) -> State:
        self._prefix.switch(state.before)
        back = msgspec.structs.replace(
            state, step="rolled_back", running=state.before_version, code=code, detail=detail
        )
        self._prefix.put(back)
        _log.error("rolled back to %s: %s", state.before, detail)
        self._services.restart()
        return back

    def _refuse(self, state: State, error: RulebookError) -> State:
        refused = msgspec.structs.replace(
            state, step="refused", code=error.code, detail=error.detail[:_LONGEST_DETAIL]
        )
        self._prefix.put(refused)
        _log.error("refused: %s", error.detail)
        return refused

    def _require_idle(self) -> None:
        reason = self._busy()
        if reason is not None:
            raise RulebookError(reason, code="update_busy")

    def _becomes_ready(self) -> bool:
        """Whether all is ready in time and stays so."""
        turns, steady = 0, 0
        wanted = max(1, round(self._patience.steady_seconds / TURN_SECONDS))
        while turns < self._patience.ready_seconds / TURN_SECONDS or steady:
            turns += 1
            steady = steady + 1 if self._services.are_ready() else 0
            if steady >= wanted:
                return True
            Event().wait(TURN_SECONDS)
        return False

    def _tidy(self, keep: set[str]) -> None:
        """Let go of releases that are neither current nor the one to go back to."""
        for folder in self._prefix.releases.iterdir():
            if folder.name not in keep:
                scratch = folder.with_name(folder.name + SCRATCH)
                if folder.suffix != SCRATCH:
                    durable.move_folder(folder, scratch)
                    durable.release_scratch(scratch)
                else:
                    durable.release_scratch(folder)
