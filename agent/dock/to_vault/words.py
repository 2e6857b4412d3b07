"""The bureau's words on their way from the wire to the vault: assignment and policy.

Owns carrying the bytes, untouched, and the answer that goes back: to exactly these bytes. Refuses
judgement: the vault verifies. Refuses what is too large for such a word before the vault sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from agent.dock.to_vault.client import Vault, WordKind
from agent.vault.messages import WordTaken
from evidence.assignment import MAX_ASSIGNMENT_BYTES
from evidence.digests import sha256_hex
from evidence.rulebook.carried import MAX_POLICY_BYTES
from evidence.wire import WordAck

_log = logging.getLogger(__name__)

_MOST_BYTES: Final[Mapping[WordKind, int]] = {
    "roster": MAX_ASSIGNMENT_BYTES,
    "policy": MAX_POLICY_BYTES,
}
_SIZE_CODES: Final[Mapping[WordKind, str]] = {"roster": "assignment_size", "policy": "policy_size"}
_LONGEST_DETAIL: Final = 300
_MOST_COMPLAINTS: Final = 20


class WordDesk:
    """Hands the bureau's words to the vault.

    Args:
        vault: Verifies and keeps.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._complaints = 0

    def take(self, kind: WordKind, content: bytes) -> WordAck | None:
        """Hand a word's bytes to the vault.

        Args:
            kind: Which topic it came on.
            content: As received; empty where the bureau took a retained word back.

        Returns:
            What to answer; None where there is nothing to take.

        Raises:
            VaultError: The vault cannot be reached; the desk sends the word again.
        """
        if not content:
            return None
        sha256 = sha256_hex(content)
        if len(content) > _MOST_BYTES[kind]:
            detail = f"{len(content)} bytes are too large"
            return self._refused(sha256, _SIZE_CODES[kind], detail)
        answer = self._vault.submit_word(kind, content)
        if isinstance(answer, WordTaken):
            return WordAck(sha256=sha256, number=answer.number, state=answer.state)
        return self._refused(sha256, answer.code, answer.detail)

    def _refused(self, sha256: str, code: str, detail: str) -> WordAck:
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            _log.warning("refused the bureau's word: %s, %s", code, detail)
        return WordAck(
            sha256=sha256, number=None, state="refused", code=code, detail=detail[:_LONGEST_DETAIL]
        )
