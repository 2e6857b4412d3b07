"""The cradle: its contact, the charge, and the way to the bureau.

Owns the steps ``dock`` and ``push``. Refuses a receipt that the vault has not verified: it is the
vault that is asked.
"""

from __future__ import annotations

from typing import Final

from agent.field_test.bench import Bench
from agent.field_test.outcome import Outcome, failed, passed, skipped
from agent.field_test.steps.session import last_session

_STORED: Final = "stored"
_CHARGE_SECONDS: Final = 10.0
_MS_NS: Final = 1_000_000


def dock(bench: Bench) -> Outcome:
    """The contact is felt, the battery charges on it, and lifting is felt."""
    if bench.session.docked:
        return failed("stuck", "the cradle is felt before the recorder lies on it")
    bench.ask("dock")
    if not bench.wait_for(lambda: bench.session.docked):
        return failed("unfelt", "the cradle was not felt")
    charging = bench.wait_for(lambda: bench.board.battery.read().charging, _CHARGE_SECONDS)
    bench.ask("undock")
    if not bench.wait_for(lambda: not bench.session.docked):
        return failed("stuck", "the cradle is still felt")
    return passed(charging=True) if charging else failed("no_charge", "nothing is charged there")


def push(bench: Bench) -> Outcome:
    """A recorded session goes to the bureau, and its receipt comes back (H1)."""
    sid = last_session(bench)
    if sid is None:
        return skipped("no_session")
    if not bench.person.confirm("bureau"):
        return skipped("no_bureau")
    began_ns = bench.clock.monotonic_ns()
    bench.ask("dock")
    stored = bench.wait_for(
        lambda: _STORED in _receipts(bench, sid), 4 * bench.terms.patience_seconds
    )
    took_ms = (bench.clock.monotonic_ns() - began_ns) // _MS_NS
    bench.ask("undock")
    if not stored:
        return failed("no_receipt", f"session {sid}")
    return passed(session=sid, took_ms=took_ms)


def _receipts(bench: Bench, sid: str) -> list[str]:
    session = bench.vault.facts(sid).session
    return [] if session is None else session.receipts
