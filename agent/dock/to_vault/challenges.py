"""The bureau's challenge and its time on their way from the wire to the vault.

Owns carrying the bytes, untouched, and the vault's answer back. Refuses judgement: the vault knows
who asks, signs, and learns the time. Refuses what is too large before the vault sees it.
"""

from __future__ import annotations

import logging
from typing import Final

from agent.dock.to_vault.client import Vault
from agent.vault.messages import Answered, Refused
from evidence.bureau_time import MAX_TIME_BYTES
from evidence.challenge import MAX_CHALLENGE_BYTES

_log = logging.getLogger(__name__)

_MOST_COMPLAINTS: Final = 20


class ChallengeDesk:
    """Hands challenges and times to the vault.

    Args:
        vault: Answers.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._complaints = 0

    def answer(self, content: bytes) -> bytes | None:
        """The vault's answer to a challenge; None where it gives none.

        Raises:
            VaultError: The vault cannot be reached.
        """
        if not 0 < len(content) <= MAX_CHALLENGE_BYTES:
            self._complain("a challenge", f"{len(content)} bytes")
            return None
        answer = self._vault.challenge(content)
        if isinstance(answer, Answered):
            return answer.content
        self._complain("a challenge", answer.detail)
        return None

    def take_time(self, content: bytes) -> None:
        """Hand the bureau's time to the vault.

        Raises:
            VaultError: The vault cannot be reached.
        """
        if not 0 < len(content) <= MAX_TIME_BYTES:
            self._complain("a time", f"{len(content)} bytes")
            return
        answer = self._vault.time(content)
        if isinstance(answer, Refused):
            self._complain("a time", answer.detail)

    def _complain(self, what: str, why: str) -> None:
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            _log.warning("refused %s: %s", what, why)
