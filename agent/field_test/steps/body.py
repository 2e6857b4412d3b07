"""What the recorder is made of, and how the machine under it is.

Owns the steps ``parts``, ``machine``, ``boot``, ``watchdog`` and ``case``. Refuses to ask the
tester for what the kernel knows.
"""

from __future__ import annotations

from typing import Final

from agent.field_test.bench import SECOND_NS, Bench
from agent.field_test.kernel import THROTTLED_NOW
from agent.field_test.outcome import Measure, Outcome, failed, passed
from hw.types import PartName

HOT_MILLI_CELSIUS: Final = 80_000
"""The firmware throttles from here on."""
BOOT_SECONDS: Final = 60
"""Whoever is called to a scene has a recorder that is ready a minute after it was switched on."""


def parts(bench: Bench) -> Outcome:
    """All parts are there, and they are those on record (A9)."""
    facts = bench.vault.facts()
    made = {part.name: part for part in facts.parts}
    told: dict[str, Measure] = {name: f"{one.model} {one.serial}" for name, one in made.items()}
    missing = [name.value for name in PartName if name.value not in made]
    if missing:
        return failed("missing", ", ".join(missing), **told)
    stopped = facts.stop_use or ""
    if stopped.partition(" ")[0] in made:
        return failed("swapped", stopped, **told)
    return passed(**told)


def machine(bench: Bench) -> Outcome:
    """Heat and supply at rest; what the boot loader accepts."""
    heat, throttled = bench.kernel.milli_celsius(), bench.kernel.throttled()
    told: dict[str, Measure] = {
        "kernel": bench.kernel.release() or "unknown",
        "milli_celsius": "unknown" if heat is None else heat,
        "throttled": "unknown" if throttled is None else hex(throttled),
        "boots_signed_only": bool(bench.kernel.boots_signed()),
        "locks": bench.vault.facts().protection,
    }
    if heat is not None and heat >= HOT_MILLI_CELSIUS:
        return failed("hot", **told)
    if throttled is not None and throttled & THROTTLED_NOW:
        return failed("throttled", **told)
    return passed(**told)


def boot(bench: Bench) -> Outcome:
    """From the kernel's start to the vault's, this boot."""
    started_ns = bench.vault.facts().started_ns
    milliseconds = started_ns // 1_000_000
    if started_ns > BOOT_SECONDS * SECOND_NS:
        return failed("slow", vault_started_ms=milliseconds)
    return passed(vault_started_ms=milliseconds)


def watchdog(bench: Bench) -> Outcome:
    """The hardware's watchdog is there and armed."""
    found = bench.kernel.watchdog()
    if found is None:
        return failed("absent")
    identity, state, seconds = found
    told: dict[str, Measure] = {"identity": identity, "state": state, "timeout_s": seconds}
    return passed(**told) if state == "active" else failed("unarmed", **told)


def case(bench: Bench) -> Outcome:
    """The switch under the lid says that it is closed (A9). Nobody opens it: that stops the use."""
    if bench.board.case.is_open():
        return failed("open")
    opened = bench.vault.facts().stop_use
    return failed("open", opened) if opened == "case opened" else passed()
