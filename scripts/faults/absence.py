"""The vault is away, or there and silent; and comes back.

Owns what a phase waits for from the vault. Refuses the reason: the medium, the key and the process
itself lead here.
"""

from __future__ import annotations

from typing import Final

from agent.session import events as e
from agent.session.states import Phase
from scripts.fault_trial import VERIFIED, Trial
from scripts.faults.fault import OPEN
from scripts.session_table import HELD, LATER, RULE, STATUS, S

_AWAY_SECONDS: Final = 32

_ADMITTED: Final = (e.SessionOpened(HELD), e.MediaAdvanced(2 * S), e.MediaTaken())


def vault_away(trial: Trial) -> None:
    """It is gone, and what was asked of it is not answered."""
    trial.strike(e.VaultLost())
    trial.well(*((e.VaultAttached(None, (RULE,)),) if trial.before is Phase.STARTING else ()))
    if trial.before is Phase.OPENING:
        trial.well(*_ADMITTED, VERIFIED)
    elif trial.before is Phase.STOPPING:
        trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(_AWAY_SECONDS if trial.before is Phase.STARTING else 14, beating=False)


def vault_back(trial: Trial) -> None:
    """It holds what it held: the session, where one was open."""
    holding = trial.before in OPEN | {Phase.STOPPING}
    trial.strike(e.VaultAttached(LATER if holding else None, (RULE,)))
    if trial.before in OPEN:
        trial.strike(e.MediaTaken())
    elif trial.before is Phase.OPENING:
        trial.strike(*_ADMITTED)
    elif trial.before is Phase.STOPPING:
        trial.strike(e.SessionClosed("s1", "officer"))
    trial.wait(1)


def no_answer(trial: Trial) -> None:
    """Connected, and nothing comes of what is asked."""
    if trial.before is Phase.STARTING:
        trial.well(e.VaultAttached(None, (RULE,)))
    elif trial.before is Phase.IDLE:
        trial.go(e.PhotoPressed(trial.now_ns))
        trial.well(e.StatusTold(STATUS))
    elif trial.before is Phase.OPENING:
        trial.well(*_ADMITTED, VERIFIED)
    elif trial.before is Phase.STOPPING:
        trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(_AWAY_SECONDS if trial.before is Phase.STARTING else 14, beating=False)


def answered(trial: Trial) -> None:
    """The answer that was awaited comes after all."""
    if trial.before is Phase.STARTING:
        trial.strike(e.VaultAttached(None, (RULE,)))
    elif trial.before is Phase.IDLE:
        trial.strike(e.StatusTold(STATUS))
    elif trial.before is Phase.OPENING:
        trial.strike(*_ADMITTED)
    elif trial.before is Phase.STOPPING:
        trial.strike(e.SessionClosed("s1", "officer"))
    trial.wait(1)
