"""The steps of the field test, in their order.

Owns the table and going through it. Refuses to stop at a failure: one broken part hides no other;
and to count a step that was not made as anything else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from agent.errors import FieldTestError
from agent.field_test.bench import Bench
from agent.field_test.outcome import Outcome, failed, skipped
from agent.field_test.steps import body, controls, cradle, cut, senses, session, upkeep
from hw.errors import HardwareFault
from hw.types import ButtonName

_log = logging.getLogger(__name__)

CUT: Final = "power_cut"
"""The last step: whoever makes it goes on after the next start."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its code, and what it does."""

    code: str
    run: Callable[[Bench], Outcome]


STEPS: Final = (
    Step("parts", body.parts),
    Step("machine", body.machine),
    Step("boot", body.boot),
    Step("watchdog", body.watchdog),
    Step("case", body.case),
    Step("button_record", controls.button(ButtonName.RECORD)),
    Step("button_mark", controls.button(ButtonName.MARK)),
    Step("button_photo", controls.button(ButtonName.PHOTO)),
    Step("lamp", controls.lamp),
    Step("light", controls.light),
    Step("picture", senses.picture),
    Step("microphone", senses.microphone),
    Step("announcement", senses.announcement),
    Step("together", senses.together),
    Step("battery", upkeep.battery),
    Step("clock", upkeep.clock),
    Step("key", upkeep.key),
    Step("medium", upkeep.medium),
    Step("dock", cradle.dock),
    Step("session", session.session),
    Step("soak", session.soak),
    Step("push", cradle.push),
    Step(CUT, cut.power_cut),
)
CODES: Final = tuple(step.code for step in STEPS)

Made = list[tuple[str, Outcome]]


def check_codes(codes: Iterable[str]) -> frozenset[str]:
    """The steps that are asked for.

    Raises:
        FieldTestError: One of them is none.
    """
    wanted = frozenset(codes)
    if odd := wanted - set(CODES):
        raise FieldTestError(f"no such step: {', '.join(sorted(odd))}", code="field_step")
    return wanted


def go_through(
    bench: Bench, wanted: frozenset[str], made: Made, keep: Callable[[Made], None]
) -> None:
    """Make the steps that are wanted, all of them where none is named.

    Args:
        bench: The recorder under test.
        wanted: Codes of steps; empty for all.
        made: Takes what came of each, in the table's order.
        keep: Called before the power may be cut, with everything so far.
    """
    for step in STEPS:
        if wanted and step.code not in wanted:
            made.append((step.code, skipped("not_asked")))
            continue
        if step.code == CUT:
            keep(made)
        bench.person.begin(step.code)
        outcome = _made(step, bench)
        bench.person.end(step.code, outcome)
        made.append((step.code, outcome))


def _made(step: Step, bench: Bench) -> Outcome:
    """What came of a step; a part that fails in it fails the step alone."""
    try:
        return step.run(bench)
    except HardwareFault as fault:
        _log.warning("step %s: %s", step.code, fault)
        return failed("fault", str(fault))
    except FieldTestError as error:
        _log.warning("step %s: %s", step.code, error.detail)
        return failed("died", error.detail)
