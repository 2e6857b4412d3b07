"""Pieces of an update on their way from the wire to the vault.

Owns carrying them, untouched, and the wish for the next one back. Refuses judgement: the vault
knows the manifest and what of it is missing.
"""

from __future__ import annotations

import logging
from typing import Final

from agent.dock.to_vault.client import Vault
from agent.vault.messages import Refused
from evidence.errors import WireError
from evidence.update import Place, decode_piece, encode_wish

_log = logging.getLogger(__name__)

_MOST_COMPLAINTS: Final = 20


class UpdateDesk:
    """Hands pieces to the vault.

    Args:
        vault: Keeps them.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._complaints = 0

    def take(self, payload: bytes) -> bytes | None:
        """Hand over a piece.

        Returns:
            The wish for the next one; None where nothing is wanted now.

        Raises:
            VaultError: The vault cannot be reached; at the next docking the desk begins again.
        """
        try:
            place, content = decode_piece(payload)
        except WireError as error:
            self._complain(error.detail)
            return None
        answer = self._vault.submit_piece(place, content)
        if isinstance(answer, Refused):
            self._complain(f"{answer.code}: {answer.detail}")
            return None
        if not answer.file:
            return None
        return encode_wish(Place(update=answer.update, file=answer.file, index=answer.number))

    def _complain(self, why: str) -> None:
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            _log.warning("refused a piece of an update: %s", why)
