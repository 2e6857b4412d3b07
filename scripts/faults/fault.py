"""What a fault is, and the ways in which one reaches the loop.

Owns the rows, the kinds and the facts of the table. Refuses any part's faults: they stand by part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final

from agent.session import events as e
from agent.session.states import CAPTURING, Phase
from agent.vault.messages import CheckResult
from scripts.fault_trial import Trial


@unique
class Kind(StrEnum):
    """What can happen to a part."""

    FAILS = "fails"
    HANGS = "hangs"
    LIES = "lies"
    RETURNS = "returns"


@unique
class Fact(StrEnum):
    """What must be true of a fault beside that the session goes on or closes with its reason."""

    HEARD = "heard"
    SEEN = "seen"
    SIGNED = "signed"


PARTS: Final = (
    "camera",
    "microphone",
    "speaker",
    "buttons",
    "lamp",
    "battery",
    "gauge",
    "storage",
    "space",
    "clock",
    "key",
    "dock contact",
    "case",
    "vault process",
    "recorder process",
)
"""The rows."""

EVERY: Final = frozenset(Phase)
IDLING: Final = frozenset({Phase.STARTING, Phase.IDLE})
OPEN: Final = frozenset({Phase.ANNOUNCING, Phase.RECORDING, Phase.CONFIRMING})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One part's one way to fail.

    Attributes:
        part: Which part.
        kind: Which way.
        what: What happens in the world, and who notices it how.
        befall: What reaches the loop.
        nowhere: Phase → why it cannot happen there, or is not noticed there.
        but: Fact and phase → why the loop does not bring the fact about, and who does.
    """

    part: str
    kind: Kind
    what: str
    befall: Callable[[Trial], None]
    nowhere: Mapping[Phase, str] = field(default_factory=dict)
    but: Mapping[tuple[Fact, Phase], str] = field(default_factory=dict)


def at_phases(phases: Iterable[Phase], because: str) -> dict[Phase, str]:
    """The same reason in each of ``phases``."""
    return dict.fromkeys(phases, because)


def but(fact: Fact, phases: Iterable[Phase], because: str) -> dict[tuple[Fact, Phase], str]:
    """The same excuse for ``fact`` in each of ``phases``."""
    return {(fact, phase): because for phase in phases}


def nothing(trial: Trial) -> None:
    """What nobody notices, or what does not happen."""
    del trial


def check(name: str, detail: str, state: str = "warn") -> CheckResult:
    """What a check finds."""
    return CheckResult(name=name, state=state, detail=detail, value=None)


def looked_at(*checks: CheckResult) -> Callable[[Trial], None]:
    """By the check before use while nothing is recorded, every 10 s while something is."""

    def befall(trial: Trial) -> None:
        if trial.session.phase in CAPTURING:
            trial.strike(e.Watched(checks))
        else:
            trial.strike(e.PreflightReady("idle", checks), e.PreflightStored("idle", checks))
        trial.wait(2)

    return befall


def failed(part: str, code: str, detail: str) -> Callable[[Trial], None]:
    """The part says itself that it has failed."""

    def befall(trial: Trial) -> None:
        trial.strike(e.PartFailed(part, code, detail))
        trial.wait(2)

    return befall


def then(
    first: Callable[[Trial], None], second: Callable[[Trial], None]
) -> Callable[[Trial], None]:
    """``first`` has happened; ``second`` is looked at."""

    def befall(trial: Trial) -> None:
        first(trial)
        trial.forget()
        second(trial)

    return befall


def recovered(part: str) -> Callable[[Trial], None]:
    """The part says itself that it is well again."""

    def befall(trial: Trial) -> None:
        trial.strike(e.PartRecovered(part))
        trial.wait(2)

    return befall


NOT_LOOKED_YET: Final = {
    Phase.STARTING: "the check before use runs as soon as the vault is there: see idle",
    Phase.OPENING: "it is looked at every 10 s once the session is open: see recording",
    Phase.STOPPING: "the recording is over; the next check before use finds it: see idle",
}
GOOD_NEWS: Final = but(
    Fact.HEARD, {Phase.IDLE}, "of the check every ten minutes only trouble is spoken"
)
