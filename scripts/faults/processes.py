"""Faults of the two processes: they die, stand still, or are not who they were.

Owns what befalls them. Refuses outcomes: those are played.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.session import events as e
from agent.session.states import Phase
from scripts.fault_trial import Trial
from scripts.faults.absence import no_answer, vault_away, vault_back
from scripts.faults.fault import (
    EVERY,
    IDLING,
    OPEN,
    Fact,
    Fault,
    Kind,
    at_phases,
    but,
    check,
    nothing,
    then,
)
from scripts.session_table import FOREIGN, RULE


def _vault_lies(trial: Trial) -> None:
    trial.strike(e.VaultLost(), e.VaultAttached(FOREIGN, (RULE,)))
    trial.strike(e.SessionClosed("s2", "superseded"))
    if trial.before is Phase.STOPPING:
        trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(2)


def _reboots(trial: Trial) -> None:
    trial.reboot()
    if trial.before not in IDLING:
        trial.strike(e.FirstFrame(trial.now_ns), e.MediaAdvanced(trial.now_ns), e.MediaTaken())
    else:
        ready = check("camera", "ok: two stills", "ok")
        trial.strike(e.PreflightReady("power_up", (ready,)))
    trial.wait(2)


def processes() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="vault process",
        kind=Kind.FAILS,
        what="it dies; started again it is back within a second, here it stays away",
        befall=vault_away,
    )
    yield Fault(
        part="vault process",
        kind=Kind.HANGS,
        what="it is connected and answers nothing; its watchdog ends it",
        befall=no_answer,
        but={
            **but(Fact.SIGNED, {Phase.IDLE}, "the vault signs its next start"),
            **but(Fact.SEEN, {Phase.IDLE}, "its watchdog ends it: then it fails"),
        },
    )
    yield Fault(
        part="vault process",
        kind=Kind.LIES,
        what="it comes back with another session than the one that is recorded",
        befall=_vault_lies,
        nowhere=at_phases(
            {Phase.STARTING, Phase.IDLE, Phase.OPENING},
            "a session that it holds there is the recorder's own, of the process before",
        ),
        but=but(Fact.SIGNED, OPEN | {Phase.STOPPING}, "the vault has signed how it closed it"),
    )
    yield Fault(
        part="vault process",
        kind=Kind.RETURNS,
        what="it is back, with what it held; the party is told again",
        befall=then(vault_away, vault_back),
    )
    yield Fault(
        part="recorder process",
        kind=Kind.FAILS,
        what="it dies and is started again; it finds what the vault holds, and the vault signs the"
        " fault `recorder`",
        befall=_reboots,
        but={
            **but(Fact.SEEN, {Phase.IDLE}, "it is green again as soon as it is ready"),
            **but(Fact.SIGNED, {Phase.OPENING}, "the vault has the `open` that the press asked"),
        },
    )
    for kind, because in (
        (Kind.HANGS, "a loop that stands still pets no watchdog: it is ended, then it fails"),
        (Kind.LIES, "what it says of media is compared with the media by vault and verifier"),
        (Kind.RETURNS, "it returns by being started again: see fails"),
    ):
        yield Fault(
            part="recorder process",
            kind=kind,
            what="-",
            befall=nothing,
            nowhere=at_phases(EVERY, because),
        )
