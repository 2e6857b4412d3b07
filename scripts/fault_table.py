"""Write ``docs/fault-table.md``: what each fault leads to; a second run changes nothing.

Owns the rendering. Refuses outcomes of its own: each line is what the machine did when the fault
was played against it, less what it would have done anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from agent.session.states import CAPTURING, Phase
from scripts.fault_trial import Outcome, play
from scripts.faults import FAULTS, Fact, Fault

PATH: Final = Path(__file__).resolve().parent.parent / "docs" / "fault-table.md"

_HEAD: Final = """\
# What a fault leads to

Generated from `scripts/faults/` by `python -m scripts.fault_table`. Every part × fails, hangs,
lies, returns × every phase of a recording. Each line was played against the machine of a recording
(`agent/session`), beside one that nothing befell; only the difference is listed. Where a cell is
empty, it says why.

**goes on**: what was recorded is recorded further. **heard**: what the officer is told, in the
recorder's words. **lamp**: what it shows that it would not have shown. **signed**: events of the
session, or records of the device log. The same faults in real processes:
`tests/story/test_fault_table.py`.
"""


def render() -> str:
    """The whole page."""
    parts = groupby(FAULTS, key=lambda fault: fault.part)
    return _HEAD + "".join(line for part, faults in parts for line in _part(part, list(faults)))


def _part(part: str, faults: list[Fault]) -> Iterator[str]:
    yield f"\n## {part[0].upper()}{part[1:]}\n"
    for fault in faults:
        what = "" if fault.what == "-" else f": {fault.what}"
        yield f"\n**{fault.kind}**{what}.\n\n"
        yield "| phase | the session | heard | lamp | signed |\n|---|---|---|---|---|\n"
        rows: dict[str, list[str]] = {}
        for phase in Phase:
            rows.setdefault(_row(fault, phase), []).append(phase.value)
        for row, phases in rows.items():
            yield f"| {', '.join(phases)} | {row} |\n"


def _row(fault: Fault, phase: Phase) -> str:
    if phase in fault.nowhere:
        return f"· {fault.nowhere[phase]} | | |"
    outcome = play(phase, fault.befall)
    beeps = f"嘀 × {outcome.beeps}" if outcome.beeps else ""
    heard = " ".join((*filter(None, (beeps,)), *outcome.said))
    lamps = ", ".join(lamp.value for lamp in outcome.lamps) or f"({outcome.lamp.value})"
    signed = "; ".join(outcome.signed)
    cells = ((Fact.HEARD, heard), (Fact.SEEN, lamps), (Fact.SIGNED, signed))
    told = [_or_why(fault, fact, phase, cell) for fact, cell in cells]
    return " | ".join((_way(outcome), *told))


def _or_why(fault: Fault, fact: Fact, phase: Phase, cell: str) -> str:
    because = fault.but.get((fact, phase))
    return cell if because is None else f"· {because}"


def _way(outcome: Outcome) -> str:
    if outcome.before not in CAPTURING:
        if outcome.after in CAPTURING:
            return "a recording runs"
        return "stays" if outcome.after is outcome.expected else f"is {outcome.after.value}"
    if outcome.after in CAPTURING:
        return "goes on"
    if outcome.before is Phase.OPENING:
        return f"refused: {outcome.reason}"
    return f"closed: {outcome.reason}"


if __name__ == "__main__":
    PATH.write_text(render(), "utf-8")
