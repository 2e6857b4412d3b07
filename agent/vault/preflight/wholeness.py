"""Whether the recorder is still whole: its own parts, its case closed (A9).

Owns the ``parts`` and ``tamper`` records, and that whatever they tell stops the use until the
bureau has handed the recorder out again. Refuses to end a session, and to take a part for swapped
that is merely late at a start: one that is missing is told by a check.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from agent.preflight import case, parts
from agent.preflight.bounded import Bounded
from agent.preflight.parts import Made, PartsFacts
from agent.preflight.results import Trouble, code_of
from agent.vault.chain.device_log import DeviceLog
from agent.vault.messages import CheckResult
from agent.vault.preflight.latch import Latch
from evidence.canonical import JsonObject
from hw.ports import Identity

_log = logging.getLogger(__name__)

CASE: Final = case.NAME
_SECONDS: Final = 2.0
_LONGEST: Final = 1_000
_LONGEST_NAME: Final = 200

Found = Mapping[str, Made]


class Wholeness:
    """Compares what is there with what is on record.

    Args:
        identity: Names the parts.
        log: Holds what is on record.
        latch: Stops the use.
        bounded: Bounds the wait for the parts' names.
    """

    def __init__(self, identity: Identity, log: DeviceLog, latch: Latch, bounded: Bounded) -> None:
        self._identity = identity
        self._log = log
        self._latch = latch
        self._bounded = bounded

    def find(self) -> Found | Trouble:
        """What is there now; may take two seconds, any thread."""
        found = self._bounded.ask("identity", self._identity.parts, _SECONDS)
        if isinstance(found, Trouble):
            _log.warning("the parts cannot be named: %s", found.detail)
            return found
        return {
            part.name.value: Made(
                part.model[:_LONGEST_NAME],
                None if part.serial is None else part.serial[:_LONGEST_NAME],
            )
            for part in found
        }

    def look(self) -> None:
        """At every start, of the vault and of a session: a part that is another is told.

        One that is missing is left to the next check: a camera may still be waking up.
        """
        found = self.find()
        if not isinstance(found, Trouble):
            self._compare(found, missing_counts=False)

    def judge(self, found: Found | Trouble, checks: Sequence[CheckResult]) -> CheckResult:
        """At every check before use: what is another, missing or open is told.

        Args:
            found: What ``find`` said.
            checks: The recorder's own checks; a case that is open is among them.

        Returns:
            The check of the parts.
        """
        if any(one.name == CASE and code_of(one) == case.OPEN for one in checks):
            self._stand_open()
        if isinstance(found, Trouble):
            return parts.check(PartsFacts(known=self._known(), there={}, trouble=found))
        known = self._known()
        self._compare(found, missing_counts=True)
        return parts.check(PartsFacts(known=known, there=found))

    def opened(self, detail: str) -> None:
        """The case was opened: signed, and no session begins any more."""
        self._latch.stop(CASE, "opened", detail)
        self._tell(CASE, "opened", None, None, detail)

    def settle(self) -> None:
        """The bureau has handed the recorder out again: what was found since is what it is now."""
        state = self._log.state
        if not state.changed or state.stop_use is not None:
            return
        made = {**(state.parts or {}), **state.changed}
        self._record("cleared", {name: part for name, part in made.items() if part is not None})

    def _stand_open(self) -> None:
        """It was cleared with its case open, or opened while nobody could tell."""
        fault = self._log.state.stop_use
        if fault is None or fault.part != CASE:
            self.opened("open at the check before use")

    def _compare(self, found: Found, *, missing_counts: bool) -> None:
        self.settle()
        known = self._log.state.parts
        if known is None:
            self._record("first", found)
            return
        added = {name: part for name, part in found.items() if self._is_new(name)}
        if added:
            self._record("added", {**known, **added})
        for name in known:
            now = found.get(name)
            if now == self._last(name) or (now is None and not missing_counts):
                continue
            self._found_other(name, now)

    def _found_other(self, name: str, now: Made | None) -> None:
        before, known = self._last(name), self._known().get(name)
        code = "missing" if now is None else "returned" if now == known else "swapped"
        detail = f"{name}: {before or 'none'}, now {now or 'none'}"
        # The latch first: cut short between the two, the same is found again at the next look.
        self._latch.stop(name, code, detail)
        self._tell(name, code, before, now, detail)

    def _is_new(self, name: str) -> bool:
        return name not in self._known() and name not in self._log.state.changed

    def _last(self, name: str) -> Made | None:
        """What it was when anybody looked last."""
        changed = self._log.state.changed
        return changed[name] if name in changed else self._known().get(name)

    def _known(self) -> Found:
        return self._log.state.parts or {}

    def _record(self, because: str, made: Found) -> None:
        listed = [{"name": name, **_fields(part)} for name, part in sorted(made.items())]
        number = self._latch.number()
        self._log.record("parts", {"because": because, "parts": listed, "assignment": number})

    def _tell(self, part: str, code: str, old: Made | None, new: Made | None, detail: str) -> None:
        _log.warning("tampered with: %s (%s)", detail, code)
        told = {"old": old and _fields(old), "new": new and _fields(new)}
        fields = {"part": part, "code": code, "detail": detail[:_LONGEST], **told}
        self._log.record("tamper", fields)


def _fields(part: Made) -> JsonObject:
    return {"model": part.model, "serial": part.serial}
