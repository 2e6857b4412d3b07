"""The courier: brings plans to their recorders while they sit on the cradle.

Owns what is still to be sent, when it is sent again, and what a recorder answered. Refuses to trust
an answer to other bytes than were sent, and the broker's word that something arrived: a plan is
sent until the recorder's vault has answered.
"""

from __future__ import annotations

import logging
from typing import Final

from bureau.cradles import Cradles
from bureau.errors import BureauError, RefusedError
from bureau.intake.message import Outgoing
from bureau.intake.stores import Office
from bureau.ledger import ASKED_AGAIN, PlanAnswerRow
from bureau.plans.book import Signed
from evidence import wire
from evidence.wire import Topics

_log = logging.getLogger(__name__)

LOOK_NS: Final = 1_000_000_000
"""How often the book is looked at for plans that a clerk published meanwhile."""
AGAIN_NS: Final = 30_000_000_000
"""A plan that nobody answered is sent again after so long."""
TAKEN: Final = "taken"
REFUSED: Final = "refused"

_LONGEST: Final = 64


class Courier:
    """Sends plans and hears the answers. One thread uses it.

    Args:
        office: The bureau.
        cradles: Who sits on the cradle.
    """

    def __init__(self, office: Office, cradles: Cradles) -> None:
        self._office = office
        self._cradles = cradles
        self._sent_ns: dict[tuple[str, str], int] = {}
        self._refused_here: set[tuple[str, str]] = set()
        self._looked_ns: int | None = None

    def greet(self, device: str, *, anew: bool) -> list[Outgoing]:
        """A recorder said that it is docked, since just now or longer: send it what it lacks."""
        if anew:
            # What it refused before it is offered once more.
            self._refused_here = {key for key in self._refused_here if key[0] != device}
            self._sent_ns = {key: at for key, at in self._sent_ns.items() if key[0] != device}
        return self._send((device,))

    def turn(self) -> list[Outgoing]:
        """Send what was published meanwhile, and again what nobody answered."""
        now_ns = self._office.clock.mono_ns()
        if self._looked_ns is not None and now_ns - self._looked_ns < LOOK_NS:
            return []
        self._looked_ns = now_ns
        return self._send(self._cradles.all())

    def take_answer(self, device: str, payload: bytes) -> None:
        """Note what a recorder made of a plan.

        Raises:
            WireError: Not an answer.
            RefusedError: It answers to bytes that were never for it.
        """
        ack = wire.decode_plan_ack(payload)
        signed = self._answered(device, ack.sha256)
        plan_id = signed.plan.plan_id
        if ack.taken and ack.plan_id != plan_id:
            raise RefusedError(f"the answer names another plan than {plan_id}")
        if not ack.taken:
            _log.warning("%s refused plan %s: %s, %s", device, plan_id, ack.code, ack.detail)
            self._refused_here.add((device, plan_id))
        row = PlanAnswerRow(
            device=device,
            plan_id=plan_id,
            state=TAKEN if ack.taken else REFUSED,
            code="" if ack.taken else ack.code[:_LONGEST],
            at=self._office.clock.utc(),
        )
        self._office.ledger.put(row)

    def _answered(self, device: str, sha256: str) -> Signed:
        for signed in self._office.plans.published():
            if signed.sha256 == sha256 and device in signed.plan.to:
                return signed
        raise RefusedError("an answer to a plan that was never sent to this recorder")

    def _send(self, devices: tuple[str, ...]) -> list[Outgoing]:
        now_ns, now = self._office.clock.mono_ns(), self._office.clock.utc()
        open_plans = [one for one in self._office.plans.published() if not one.plan.is_over(now)]
        if not open_plans:
            return []
        answers = self._office.ledger.plan_answers()
        outgoing = []
        for device in devices:
            for signed in open_plans if self._may_hear(device) else ():
                key = (device, signed.plan.plan_id)
                if device in signed.plan.to and self._is_due(key, answers.get(key), now_ns):
                    self._sent_ns[key] = now_ns
                    outgoing.append(Outgoing(Topics(device).plan, signed.token))
        return outgoing

    def _is_due(self, key: tuple[str, str], answer: PlanAnswerRow | None, now_ns: int) -> bool:
        if answer is not None and answer.state == TAKEN:
            return False
        again = answer is not None and answer.state == ASKED_AGAIN
        if key in self._refused_here and not again:
            return False
        sent_ns = self._sent_ns.get(key)
        return sent_ns is None or now_ns - sent_ns >= AGAIN_NS

    def _may_hear(self, device: str) -> bool:
        try:
            self._office.registry.admit(device)
        except BureauError:
            return False
        return True
