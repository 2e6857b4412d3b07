"""Receipts on their way from the wire to the vault.

Owns carrying the bytes, untouched, and saying which sessions the vault took a receipt for.
Refuses judgement: the vault verifies. What the vault refused is logged and never acknowledged, so
the bureau keeps it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from agent.dock.to_vault.client import Vault
from agent.vault.messages import ReceiptTaken
from evidence.receipt import ReceiptKind

_log = logging.getLogger(__name__)

MOST_BYTES: Final = 1_000_000
"""What fits one message to the vault; a packet through the broker is hardly larger."""


@dataclass(frozen=True, slots=True)
class TakenReceipt:
    """The vault verified and recorded a receipt."""

    sid: str
    kind: ReceiptKind


class ReceiptDesk:
    """Hands receipts to the vault.

    Attributes:
        vault: Verifies.
        committed: Sessions whose journal the bureau has receipted, as far as seen here.
        stored: Sessions of which the bureau holds every file, as far as seen here.
    """

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.committed: set[str] = set()
        self.stored: set[str] = set()

    def take(self, topic: str, content: bytes) -> TakenReceipt | None:
        """Hand a receipt's bytes to the vault.

        Args:
            topic: Where it came, for the log alone.
            content: As received; empty when the bureau cleared a retained receipt.

        Returns:
            What the vault took; None when it refused, or when there is nothing to take.

        Raises:
            VaultError: The vault cannot be reached.
        """
        if not content:
            return None
        if len(content) > MOST_BYTES:
            _log.warning(
                "ignored %d bytes on %s: no receipt is that large", len(content), topic[:120]
            )
            return None
        answer = self.vault.submit(content)
        if not isinstance(answer, ReceiptTaken):
            _log.warning(
                "the vault refused what came on %s: %s, %s", topic[:120], answer.code, answer.detail
            )
            return None
        return self._remember(answer)

    def _remember(self, answer: ReceiptTaken) -> TakenReceipt:
        kind: ReceiptKind = "stored" if answer.kind == "stored" else "committed"
        self.committed.add(answer.sid)
        if kind == "stored":
            self.stored.add(answer.sid)
        return TakenReceipt(answer.sid, kind)
