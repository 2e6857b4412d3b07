"""The check before use, as it is signed (使用前检查).

Owns adding the vault's own checks to the recorder's and putting the whole on record; a session's
``open`` record points to the last one, whose age follows from its time. Refuses to hold anything
up: a press reads what was found before, and parts that may hang are asked off every thread that has
work to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Thread
from typing import Final

from agent.errors import ProtocolError, RefusedError
from agent.preflight.results import Trouble
from agent.vault.chain.device_log import DeviceLog
from agent.vault.messages import CheckResult, PreflightStored, StorePreflight
from agent.vault.preflight.examination import Examination
from agent.vault.preflight.latch import Latch
from agent.vault.preflight.wholeness import Found, Wholeness
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.records import check_device_fields

_OWN: Final = frozenset(
    {"rulebook", "custody", "key", "storage", "space", "clock", "backlog", "parts"}
)
MOST_CHECKS: Final = 32
_LONGEST: Final = 1_000


class Preflights:
    """Signs preflights.

    Args:
        examination: Knows how the vault stands.
        latch: Sees to it that a recorder is not used with a fault that stops its use.
        wholeness: Sees to it that it is made of its own parts.
        log: Where they are recorded.
        submit: Has a job run on the scribe's thread.
    """

    def __init__(
        self,
        examination: Examination,
        latch: Latch,
        wholeness: Wholeness,
        log: DeviceLog,
        submit: Callable[[Callable[[], None]], None],
    ) -> None:
        self._examination = examination
        self._latch = latch
        self._wholeness = wholeness
        self._log = log
        self._submit = submit

    def take(
        self,
        message: StorePreflight,
        bits_per_second: int,
        answer: Callable[[PreflightStored], None],
    ) -> None:
        """Add the vault's checks, record all of them, and then ``answer`` on the scribe's thread.

        Args:
            message: What the recorder's process found.
            bits_per_second: Expected rate of the media.
            answer: Called once the record is on the medium.

        Raises:
            ProtocolError: What the recorder says is no preflight.
        """
        try:
            check_device_fields("preflight", _record(message.trigger, message.checks))
        except EvidenceError as error:
            raise ProtocolError(error.detail) from error

        def ask_parts() -> None:
            slow = [self._examination.key(), self._examination.storage()]
            found = self._wholeness.find()
            self._submit(lambda: answer(self._store(message, slow, found, bits_per_second)))

        Thread(target=ask_parts, name="preflight", daemon=True).start()

    def _store(
        self,
        message: StorePreflight,
        slow: list[CheckResult],
        found: Found | Trouble,
        bits_per_second: int,
    ) -> PreflightStored:
        theirs = [check for check in message.checks if check.name not in _OWN]
        self._latch.judge([*theirs, *slow])
        whole = self._wholeness.judge(found, theirs)
        own = [*slow, whole, *self._quick(bits_per_second)]
        checks = [*theirs[: MOST_CHECKS - len(own)], *own]
        line = self._log.record("preflight", _record(message.trigger, checks))
        return PreflightStored(trigger=message.trigger, checks=checks, sha256=sha256_hex(line))

    def _quick(self, bits_per_second: int) -> Iterator[CheckResult]:
        look = self._examination
        yield look.rulebook()
        yield look.time()
        try:
            book = look.book()
        except RefusedError:
            # The check of the rulebook has said so; the others are measured by it.
            return
        yield look.custody(book)
        yield look.space(bits_per_second, book)
        yield look.handed_in(book)


def _record(trigger: str, checks: Sequence[CheckResult]) -> JsonObject:
    return {"trigger": trigger, "checks": [_fields(check) for check in checks]}


def _fields(check: CheckResult) -> dict[str, str | int | None]:
    return {
        "name": check.name,
        "state": check.state,
        "detail": check.detail[:_LONGEST],
        "value": check.value,
    }
