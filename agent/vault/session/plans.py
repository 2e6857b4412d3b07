"""The session plans that were pushed to the device (执法计划).

Owns keeping them as the bureau signed them, which of them can be chosen now, and their end. Refuses
a plan that does not come from the bureau, is for another device, or has changed under its id; to
offer one none of whose officers may use this recorder; and an opinion: recording without any plan
is always possible.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.errors import RefusedError
from agent.vault.chain.device_log import DeviceLog
from agent.vault.mandate import Mandate
from agent.vault.messages import PlanChoice
from evidence import plan
from evidence.assignment import Assignment
from evidence.digests import sha256_hex
from evidence.errors import PlanError
from evidence.plan import Plan
from evidence.store import durable

_log = logging.getLogger(__name__)

MOST_PLANS: Final = 99
"""As many as there are numbers to call them by."""


class PlanShelf:
    """Keeps plans.

    Args:
        folder: One file per plan, named by its id.
        mandate: The pinned CA and the device's id.
        log: Records what was taken and what has expired.
        sure_now: The wall clock, RFC 3339; None where nobody can tell how wrong it is.
        word: The assignment in force; None where none can be believed.
        release: Custody's way to let a plan's file go.
    """

    def __init__(
        self,
        folder: Path,
        mandate: Mandate,
        log: DeviceLog,
        sure_now: Callable[[], str | None],
        word: Callable[[], Assignment | None],
        release: Callable[[Path], None],
    ) -> None:
        self._folder = folder
        self._mandate = mandate
        self._log = log
        self._sure_now = sure_now
        self._word = word
        self._release = release
        self._plans = {one.plan_id: one for one in map(self._read, self._kept()) if one is not None}

    def take(self, token: bytes) -> str:
        """Verify and keep a plan; the same bytes again change nothing.

        Returns:
            Its id.

        Raises:
            RefusedError: With the code of ``evidence.plan``, or ``plan_changed``, ``plan_room``.
        """
        try:
            new = plan.read(
                token, self._mandate.ca, device=self._mandate.device, now=self._sure_now()
            )
        except PlanError as error:
            raise RefusedError(error.detail, code=error.code) from error
        digest = sha256_hex(token)
        if self._log.state.plans.get(new.plan_id, digest) != digest:
            raise RefusedError(f"{new.plan_id} was another plan before", code="plan_changed")
        if new.plan_id not in self._plans:
            self._keep(new, token, digest)
        return new.plan_id

    def find(self, plan_id: str) -> Plan | None:
        """The plan of that id; None where it is not held."""
        return self._plans.get(plan_id)

    def choices(self) -> list[PlanChoice]:
        """What those who may use the recorder can choose now, by number (A4).

        Where the clock is not sure, all that is held for them.
        """
        now = self._sure_now()
        held = [one for one in self._plans.values() if now is None or one.is_in_force(now)]
        word = self._word() if held else None
        held = [one for one in held if word is not None and word.may_use(one.officers, now)]
        return [
            PlanChoice(
                plan_id=one.plan_id,
                number=one.number,
                activity=one.activity,
                officers=list(one.officers),
            )
            for one in sorted(held, key=lambda one: (one.number, one.begins, one.plan_id))
        ]

    def expire(self) -> None:
        """Let go of plans that are over; while the clock is not sure none is."""
        now = self._sure_now()
        if now is None:
            return
        for one in [one for one in self._plans.values() if one.is_over(now)]:
            digest = self._log.state.plans.get(one.plan_id, one.sealed_sha256)
            self._log.record("plan", {"plan_id": one.plan_id, "sha256": digest, "state": "expired"})
            self._release(self._path(one.plan_id))
            del self._plans[one.plan_id]

    def _keep(self, new: Plan, token: bytes, digest: str) -> None:
        if len(self._plans) >= MOST_PLANS:
            raise RefusedError(f"{MOST_PLANS} plans are held already", code="plan_room")
        durable.replace_file(self._path(new.plan_id), token)
        # A crash may have come after the file and before the record, or have taken the file.
        if new.plan_id not in self._log.state.plans:
            self._log.record("plan", {"plan_id": new.plan_id, "sha256": digest, "state": "taken"})
        self._plans[new.plan_id] = new

    def _kept(self) -> list[Path]:
        return sorted(self._folder.glob("*.jws"))

    def _read(self, path: Path) -> Plan | None:
        """A plan that is kept; one that no longer verifies is not offered, and said so."""
        try:
            token = path.read_bytes()
            held = plan.read(token, self._mandate.ca, device=self._mandate.device)
        except (PlanError, OSError) as error:
            _log.warning("the plan in %s is not offered: %s", path.name, error)
            return None
        if self._log.state.plans.get(held.plan_id) != sha256_hex(token):
            _log.warning("the plan in %s is not the one on record", path.name)
            return None
        return held

    def _path(self, plan_id: str) -> Path:
        return self._folder / f"{plan_id}.jws"
