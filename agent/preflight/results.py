"""What a check says, and what refuses a start.

Owns the three states, the stable code that begins every detail, and which checks may refuse.
Refuses wording for officers: ``agent.voice`` says it in Mandarin, by name and code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.vault.messages import CheckResult

OK: Final = "ok"
WARN: Final = "warn"
REFUSE: Final = "refuse"

FAILED: Final = "failed"
"""The part answered with a fault."""
HUNG: Final = "hung"
"""The part did not answer in its time."""

_LONGEST_DETAIL: Final = 512

_REFUSALS: Final = {
    "storage": "no_store",
    "space": "storage",
    "key": "no_key",
    "custody": "custody",
    "rulebook": "no_rulebook",
}
"""The only checks that may refuse, and the code that the officer is then told."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part that could not be asked.

    Attributes:
        code: ``failed`` or ``hung``.
        detail: One English sentence.
    """

    code: str
    detail: str


def ok(name: str, detail: str, value: int | None = None) -> CheckResult:
    """The check ``name`` found nothing wrong."""
    return _result(name, OK, f"{OK}: {detail}", value)


def warn(name: str, code: str, detail: str, value: int | None = None) -> CheckResult:
    """Something is wrong; a session is recorded all the same."""
    return _result(name, WARN, f"{code}: {detail}", value)


def refuse(name: str, code: str, detail: str, value: int | None = None) -> CheckResult:
    """No session can be kept like this.

    Raises:
        ValueError: The check ``name`` is not one of those that may refuse.
    """
    if name not in _REFUSALS:
        raise ValueError(f"the check {name!r} may warn; it never refuses a start")
    return _result(name, REFUSE, f"{code}: {detail}", value)


def code_of(check: CheckResult) -> str:
    """The stable code of what was found: ``ok``, or what is wrong."""
    return check.detail.partition(":")[0]


def finding_of(detail: str) -> tuple[str, str]:
    """Check and finding behind a refusal, from its detail; empty where none is."""
    name, _, rest = detail.partition(": ")
    return (name, rest.partition(":")[0]) if name in _REFUSALS else ("", "")


def refusal(checks: Iterable[CheckResult]) -> str | None:
    """The code with which a start would be refused now; None where one would be admitted."""
    refused = (_REFUSALS[check.name] for check in checks if check.state == REFUSE)
    return next(refused, None)


def _result(name: str, state: str, detail: str, value: int | None) -> CheckResult:
    # A driver's complaint may be long; a record's text has a bound.
    return CheckResult(name=name, state=state, detail=detail[:_LONGEST_DETAIL], value=value)
