"""The check before use, as it is signed (使用前检查).

Owns adding the vault's own checks to the recorder's and putting the whole on record; a session's
``open`` record points to the last one, whose age follows from its time. Refuses to hold a start up:
a press reads what was found before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent.errors import ProtocolError, RefusedError
from agent.vault.device_log import DeviceLog
from agent.vault.examination import Examination
from agent.vault.messages import CheckResult, PreflightStored, StorePreflight

_OWN: Final = frozenset({"rulebook", "custody", "key", "storage", "space", "clock", "backlog"})
_MOST: Final = 32
_LONGEST: Final = 1_000


class Preflights:
    """Signs preflights.

    Args:
        examination: Knows how the vault stands.
        log: Where they are recorded.
    """

    def __init__(self, examination: Examination, log: DeviceLog) -> None:
        self._examination = examination
        self._log = log

    def store(self, message: StorePreflight, bits_per_second: int) -> PreflightStored:
        """Add the vault's checks and record all of them.

        Args:
            message: What the recorder's process found.
            bits_per_second: Expected rate of the media.

        Raises:
            ProtocolError: More checks than a record holds.
        """
        own = list(self._own(bits_per_second))
        theirs = [check for check in message.checks if check.name not in _OWN]
        checks = [*theirs, *own]
        if len(checks) > _MOST:
            raise ProtocolError(f"{len(checks)} checks in one preflight")
        self._log.record(
            "preflight",
            {
                "trigger": message.trigger,
                "checks": [
                    {
                        "name": check.name,
                        "state": check.state,
                        "detail": check.detail[:_LONGEST],
                        "value": check.value,
                    }
                    for check in checks
                ],
            },
        )
        return PreflightStored(trigger=message.trigger, checks=checks)

    def _own(self, bits_per_second: int) -> Iterator[CheckResult]:
        look = self._examination
        yield look.rulebook()
        yield look.key()
        yield look.storage()
        yield look.time()
        try:
            book = look.book()
        except RefusedError:
            # The check of the rulebook says so; the others are measured by it.
            return
        yield look.custody(book)
        yield look.space(bits_per_second, book)
        yield look.handed_in(book)
