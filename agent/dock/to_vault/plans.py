"""Session plans on their way from the wire to the vault.

Owns carrying the bytes, untouched, and the answer that goes back: to exactly these bytes. Refuses
judgement: the vault verifies. Refuses what is too large to be a plan, before the vault sees it.
"""

from __future__ import annotations

import logging
from typing import Final

from agent.dock.to_vault.client import Vault
from agent.vault.messages import PlanTaken
from evidence.digests import sha256_hex
from evidence.plan import MAX_PLAN_BYTES
from evidence.wire import PlanAck

_log = logging.getLogger(__name__)

_LONGEST_DETAIL: Final = 300
_MOST_COMPLAINTS: Final = 20


class PlanDesk:
    """Hands session plans to the vault.

    Args:
        vault: Verifies and keeps.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._complaints = 0

    def take(self, content: bytes) -> PlanAck:
        """Hand a plan's bytes to the vault.

        Args:
            content: As received.

        Returns:
            What to answer: taken, or refused with the code that says why.

        Raises:
            VaultError: The vault cannot be reached; the desk sends the plan again.
        """
        sha256 = sha256_hex(content)
        if len(content) > MAX_PLAN_BYTES:
            return self._refused(sha256, "plan_size", f"{len(content)} bytes are too large")
        answer = self._vault.submit_plan(content)
        if isinstance(answer, PlanTaken):
            return PlanAck(sha256=sha256, plan_id=answer.plan_id, taken=True)
        return self._refused(sha256, answer.code, answer.detail)

    def _refused(self, sha256: str, code: str, detail: str) -> PlanAck:
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            _log.warning("refused a session plan: %s, %s", code, detail)
        return PlanAck(
            sha256=sha256, plan_id=None, taken=False, code=code, detail=detail[:_LONGEST_DETAIL]
        )
