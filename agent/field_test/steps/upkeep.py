"""Battery, time, key and medium.

Owns the steps ``battery``, ``clock``, ``key`` and ``medium``. Refuses thresholds of its own where
the check before use has one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent.field_test.bench import Bench
from agent.field_test.outcome import Measure, Outcome, failed, passed
from agent.preflight import battery as battery_check
from agent.preflight.battery import BatteryFacts
from agent.preflight.clock import local_text
from agent.preflight.results import Trouble, code_of

RTC_APART_SECONDS: Final = 5
"""The clock chip and the system's time, which was set from it."""
_GAUGE_SECONDS: Final = 2.0
_SECOND_NS: Final = 1_000_000_000


def battery(bench: Bench) -> Outcome:
    """The gauge answers, and the cell's voltage bears it out."""
    read = bench.bounded.ask("battery", bench.board.battery.read, _GAUGE_SECONDS)
    if isinstance(read, Trouble):
        return failed(read.code, read.detail)
    full = bench.recorder.endurance.full()
    facts = BatteryFacts(
        percent=read.percent,
        millivolts=read.millivolts,
        charging=read.charging,
        minutes_full=full.minutes,
        source=full.source,
    )
    check = battery_check.check(facts)
    told: dict[str, Measure] = {
        "percent": read.percent,
        "millivolts": read.millivolts,
        "charging": read.charging,
        "minutes": check.value or 0,
    }
    return passed(**told) if check.state == "ok" else failed(code_of(check), check.detail, **told)


def clock(bench: Bench) -> Outcome:
    """The time is right, somebody vouches for it, and the chip keeps it (B4)."""
    quality, utc_ns = bench.clock.quality(), bench.clock.utc_ns()
    told: dict[str, Measure] = {"source": quality.source}
    if quality.error_ms is not None:
        told["error_ms"] = quality.error_ms
    check = bench.check("clock")
    if check is None or check.state != "ok":
        cause = "unchecked" if check is None else code_of(check)
        return failed(cause, "" if check is None else check.detail, **told)
    chip = bench.kernel.rtc_seconds()
    if chip is None:
        return failed("no_rtc", **told)
    told["rtc_apart_s"] = chip - utc_ns // _SECOND_NS
    if abs(chip - utc_ns // _SECOND_NS) > RTC_APART_SECONDS:
        return failed("rtc_apart", **told)
    right = bench.person.confirm("clock", local_text(bench.clock.utc_ns()))
    return passed(**told) if right else failed("wrong", **told)


def _checked(name: str, unit: str) -> Callable[[Bench], Outcome]:
    """The step that repeats what the last check before use found of ``name``."""

    def run(bench: Bench) -> Outcome:
        check = bench.check(name)
        if check is None:
            return failed("unchecked")
        if check.state != "ok":
            return failed(code_of(check), check.detail)
        return passed(**({} if check.value is None else {unit: check.value}))

    return run


key: Final = _checked("key", "milliseconds")
"""The signing key signs, as its certificate says."""
medium: Final = _checked("storage", "milliseconds")
"""The card keeps what was written to it, read back past the kernel's memory."""
