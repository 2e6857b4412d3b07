"""Faults of the medium, of its space and of the signing key.

Owns what befalls them. Refuses outcomes: those are played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from agent.session import events as e
from agent.session.states import Phase
from agent.vault.messages import CheckResult
from scripts.fault_trial import Trial
from scripts.faults.absence import answered, no_answer, vault_away
from scripts.faults.fault import (
    EVERY,
    GOOD_NEWS,
    NOT_LOOKED_YET,
    OPEN,
    Fact,
    Fault,
    Kind,
    at_phases,
    but,
    check,
    looked_at,
    nothing,
    then,
)

# --- the medium

_HUNG_STORE: Final = check("storage", "hung: the medium did not answer within 5 s", "refuse")
_COUNTERFEIT: Final = check("storage", "differs: what is read is not what was written", "refuse")


_STORE: Final = check("storage", "ok: 4 ms", "ok")


def _storage_hangs(trial: Trial) -> None:
    (looked_at(_HUNG_STORE) if trial.before is Phase.IDLE else no_answer)(trial)


def _storage_lies(trial: Trial) -> None:
    if trial.before is Phase.IDLE:
        looked_at(_COUNTERFEIT)(trial)
        return
    trial.strike(e.StorageChanged("ok", 200, intact=False))
    trial.wait(2)


def _storage_back(trial: Trial) -> None:
    if trial.before is Phase.IDLE:
        looked_at(_STORE)(trial)
    elif trial.before in OPEN:
        trial.wait(1)
    else:
        answered(trial)


def _space_runs_out(trial: Trial) -> None:
    if trial.before is Phase.IDLE:
        looked_at(check("space", "storage: 3 minutes", "refuse"))(trial)
    elif trial.before is Phase.OPENING:
        trial.strike(e.SessionRefused("storage", "3 minutes are left"))
    else:
        trial.strike(e.StorageChanged("alarm", 9), e.StorageChanged("close", 1))
        trial.strike(e.SessionClosed("s1", "storage"))
        if trial.before is Phase.STOPPING:
            trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(2)


def _space_unknown(trial: Trial) -> None:
    trial.strike(e.StorageChanged("unknown", 0))
    trial.wait(2)


def _space_back(trial: Trial) -> None:
    trial.strike(e.StorageChanged("ok", 200))
    trial.wait(2)


def medium() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="storage",
        kind=Kind.FAILS,
        what="it does not answer or turns read-only: the vault ends and cannot come back; capture"
        " goes on, what is not on the medium is told, and after a minute without it the vault"
        " closes the session as interrupted",
        befall=vault_away,
    )
    yield Fault(
        part="storage",
        kind=Kind.HANGS,
        what="who writes to it waits: no acknowledgement comes; lamp after 3 s, voice after 6 s",
        befall=_storage_hangs,
    )
    yield Fault(
        part="storage",
        kind=Kind.LIES,
        what="a counterfeit card: it says that it has written, and has not; read back by the check"
        " before use, which refuses, and while recording 10 s after the start and every minute;"
        " its use is stopped until the keeper clears it",
        befall=_storage_lies,
        nowhere={
            **NOT_LOOKED_YET,
            Phase.OPENING: "it is proved once the session is open: see recording",
            Phase.STOPPING: "the recording is over; the next check finds it, at once where the"
            " recording has: see idle",
        },
        but=but(Fact.SIGNED, OPEN, "the vault signs `fault` storage differs itself"),
    )
    yield Fault(
        part="storage",
        kind=Kind.RETURNS,
        what="it takes what is written again",
        befall=then(_storage_hangs, _storage_back),
        but=GOOD_NEWS,
    )
    yield Fault(
        part="space",
        kind=Kind.FAILS,
        what="the medium fills up: refused below the rulebook's minutes, closed by the vault at"
        " its last",
        befall=_space_runs_out,
        nowhere={Phase.STARTING: "the vault says it when it is there: see idle"},
        but={
            **but(Fact.SIGNED, OPEN, "the vault signs `storage` and `close` itself"),
            **but(Fact.SIGNED, {Phase.STOPPING}, "the vault signs `close` itself"),
        },
    )
    yield Fault(
        part="space",
        kind=Kind.HANGS,
        what="-",
        befall=nothing,
        nowhere=at_phases(EVERY, "asking for the room that is left hangs with the medium: storage"),
    )
    yield Fault(
        part="space",
        kind=Kind.LIES,
        what="the medium says nothing of its room, or that it takes nothing, and takes all the"
        " same: no session ends for it",
        befall=_space_unknown,
        nowhere={
            **at_phases({Phase.STARTING}, "the vault says it when it is there"),
            **at_phases(
                {Phase.IDLE, Phase.OPENING, Phase.STOPPING},
                "the room is watched while a session is open; the check before use reads it",
            ),
        },
        but=but(Fact.SIGNED, OPEN, "the vault signs `storage` itself"),
    )
    yield Fault(
        part="space",
        kind=Kind.RETURNS,
        what="there is room again",
        befall=then(_space_unknown, _space_back),
        nowhere={
            **at_phases({Phase.STARTING}, "the vault says it when it is there"),
            **at_phases(
                {Phase.IDLE, Phase.OPENING, Phase.STOPPING},
                "the room is watched while a session is open; the check before use reads it",
            ),
        },
        but={
            **but(Fact.HEARD, OPEN, "only what is scarce is spoken; the status tells the room"),
            **but(Fact.SIGNED, OPEN, "the vault signs `storage` itself"),
        },
    )


CHAINED: Final = at_phases(
    OPEN,
    "a session's lines are signed by its chain key; the signing key attests open and close only:"
    " see opening and stopping",
)
_NO_KEY: Final = check("key", "failed: the key does not sign", "refuse")
_HUNG_KEY: Final = check("key", "hung: the key did not answer within 2 s", "refuse")
_WRONG_KEY: Final = check("key", "wrong: another key signs", "refuse")
_KEY: Final = check("key", "ok: 3 ms", "ok")


def _key_befalls(found: CheckResult, *, hangs: bool) -> Callable[[Trial], None]:
    def befall(trial: Trial) -> None:
        if trial.before is Phase.IDLE:
            looked_at(found)(trial)
        elif trial.before is Phase.OPENING and not hangs:
            trial.strike(e.SessionRefused("no_key", "the key does not sign"))
            trial.wait(2)
        elif trial.before is Phase.STOPPING and not hangs:
            vault_away(trial)
        else:
            no_answer(trial)

    return befall


def _key_back(trial: Trial) -> None:
    (looked_at(_KEY) if trial.before is Phase.IDLE else answered)(trial)


def key() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="key",
        kind=Kind.FAILS,
        what="it does not sign: a start is refused; at the close the vault ends and tries again",
        befall=_key_befalls(_NO_KEY, hangs=False),
        nowhere=CHAINED,
    )
    yield Fault(
        part="key",
        kind=Kind.HANGS,
        what="who waits for a signature waits",
        befall=_key_befalls(_HUNG_KEY, hangs=True),
        nowhere=CHAINED,
    )
    yield Fault(
        part="key",
        kind=Kind.LIES,
        what="another key signs; what it signs is verified before it is believed; the recorder's"
        " use is stopped until the keeper clears it",
        befall=_key_befalls(_WRONG_KEY, hangs=False),
        nowhere=CHAINED,
    )
    yield Fault(
        part="key",
        kind=Kind.RETURNS,
        what="it signs again",
        befall=then(_key_befalls(_HUNG_KEY, hangs=True), _key_back),
        nowhere=CHAINED,
        but=GOOD_NEWS,
    )
