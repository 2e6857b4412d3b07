"""What fingers press and eyes see: buttons, status lamp, white light.

Owns the steps ``button_record``, ``button_mark``, ``button_photo``, ``lamp`` and ``light``. Refuses
to believe the lamp's read-back alone: somebody has to have seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent.field_test.bench import WARM_SECONDS, Bench
from agent.field_test.outcome import Outcome, failed, passed
from agent.field_test.taps import FeltButton
from hw.types import ButtonName, Edge, LampPattern

HOLD_MS: Final = 800
"""A hold of two seconds is asked for; whoever is quick has held it so long at least."""
_REST_NS: Final = 20_000_000
"""Contacts are quiet after this; edges within are bounces."""
_MS_NS: Final = 1_000_000
_READ_BACK_SECONDS: Final = 2.0
_SEEN: Final = {
    "lamp.red": LampPattern.CAPTURING,
    "lamp.green": LampPattern.READY,
    "lamp.blue": LampPattern.DOCKED,
}
"""Question → the pattern that is one colour alone."""


def button(name: ButtonName) -> Callable[[Bench], Outcome]:
    """The step of one button: pressed, held, let go, each felt in its time."""

    def run(bench: Bench) -> Outcome:
        felt = bench.fingers[name]
        if felt.is_down():
            return failed("stuck", "it is down before anybody presses it")
        press = _stroke(bench, felt, f"press.{name.value}")
        if press is None:
            return failed("stuck" if felt.is_down() else "unfelt", "no press was felt")
        hold = _stroke(bench, felt, f"hold.{name.value}")
        if hold is None:
            return failed("stuck" if felt.is_down() else "unfelt", "no hold was felt")
        told = {"press_ms": press[0], "hold_ms": hold[0], "bounces": press[1] + hold[1]}
        return passed(**told) if hold[0] >= HOLD_MS else failed("short", **told)

    return run


def _stroke(bench: Bench, felt: FeltButton, task: str) -> tuple[int, int] | None:
    """How long the next press was, in milliseconds, and how many edges bounced."""
    felt.forget()
    bench.ask(task)
    return bench.wait_for(lambda: _measured(felt.edges(), felt, bench.clock.monotonic_ns()))


def _measured(edges: tuple[Edge, ...], felt: FeltButton, now_ns: int) -> tuple[int, int] | None:
    if not edges or felt.is_down() or now_ns - edges[-1].at_ns < _REST_NS:
        return None
    down = next((one for one in edges if one.pressed), None)
    if down is None or edges[-1].pressed:
        return None
    return (edges[-1].at_ns - down.at_ns) // _MS_NS, len(edges) - 2


def lamp(bench: Bench) -> Outcome:
    """Every pattern is read back as told; red, green and blue are seen."""
    try:
        for pattern in LampPattern:
            bench.lamp.hold(pattern)
            if not bench.wait_for(lambda: _agrees(bench), _READ_BACK_SECONDS):
                lit = bench.lamp.read_back().lit
                cause = "dark" if lit is None else "stuck"
                return failed(cause, f"told {pattern.value}, reads back {lit and lit.value}")
        for question, pattern in _SEEN.items():
            bench.lamp.hold(pattern)
            if not bench.person.confirm(question):
                return failed("unseen", question)
    finally:
        bench.lamp.let_go()
    return passed(patterns=len(LampPattern))


def _agrees(bench: Bench) -> bool:
    read = bench.lamp.read_back()
    return read.lit is read.asked


def light(bench: Bench) -> Outcome:
    """The white light is on while the camera has power, and off without (C10)."""
    if not bench.person.confirm("light.on"):
        return failed("dark", "the camera runs, and nobody sees the light")
    bench.recorder.media.close()
    try:
        off = bench.person.confirm("light.off")
    finally:
        bench.recorder.media.rewarm()
        bench.wait_for(bench.recorder.media.is_warm, WARM_SECONDS)
    return passed() if off else failed("stuck", "the camera is off, and the light is on")
