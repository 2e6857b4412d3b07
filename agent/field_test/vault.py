"""The vault, as a field test asks it.

Owns the questions and the wait for their answers. Refuses a key, a path and a session: who records
does so as a recorder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.channel import Channel
from agent.errors import FieldTestError
from agent.vault import messages as m

_SECONDS: Final = 2.0


class FieldVault:
    """Asks the vault that listens at ``socket``, over a connection for each question."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def facts(self, sid: str | None = None, records: int = 0) -> m.Facts:
        """How it stands.

        Raises:
            FieldTestError: It does not answer.
        """
        answer = self._ask(m.AskFacts(sid=sid, records=records))
        if not isinstance(answer, m.Facts):
            raise FieldTestError(f"the vault answered {type(answer).__name__}", code="protocol")
        return answer

    def sign(self, sha256: str, *, passed: int, failed: int, skipped: int) -> bytes:
        """Its signature under the digest of a report.

        Raises:
            FieldTestError: It refuses, or does not answer.
        """
        answer = self._ask(
            m.SignReport(sha256=sha256, passed=passed, failed=failed, skipped=skipped)
        )
        if isinstance(answer, m.Refused):
            raise FieldTestError(f"the vault does not sign: {answer.detail}", code="field_unsigned")
        if not isinstance(answer, m.ReportSigned):
            raise FieldTestError(f"the vault answered {type(answer).__name__}", code="protocol")
        return answer.token

    def _ask(self, question: m.FromTester) -> m.ToTester:
        try:
            channel: Channel[m.ToTester, m.FromTester] = Channel.connect(
                self._socket, m.ToTester, seconds=_SECONDS
            )
        except OSError as error:
            raise FieldTestError(
                f"no vault listens at {self._socket}", code="field_no_vault"
            ) from error
        try:
            channel.send(question)
            answer = channel.receive()
        except OSError as error:
            raise FieldTestError("the vault hung up", code="field_no_vault") from error
        finally:
            channel.close()
        if answer is None:
            raise FieldTestError("the vault hung up", code="field_no_vault")
        return answer
