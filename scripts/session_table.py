"""Write ``docs/session-table.md`` from the machine's table; a second run changes nothing.

Owns the rendering. Refuses a word of its own: what a row does is the first line of its move.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Final

from agent.session.machine import TABLE, Ignored, Row
from agent.session.states import Phase

PATH: Final = Path(__file__).resolve().parent.parent / "docs" / "session-table.md"
_HEAD: Final = """\
# What may happen to a recording

Generated from `agent/session/machine.py` by `python -m scripts.session_table`. Every event has a
row for every phase; a dot means that it is ignored, and why.

Phases: starting (no vault yet), idle, opening (pressed, capture runs, not admitted yet),
announcing, recording, confirming (held, waiting for the press that confirms), stopping.
"""


def render() -> str:
    """The whole page."""
    return _HEAD + "".join(_event(kind) for kind in TABLE)


def _event(kind: type) -> str:
    rows: dict[str, list[str]] = {}
    for phase in Phase:
        rows.setdefault(_said(TABLE[kind][phase]), []).append(phase.value)
    lines = "".join(f"| {', '.join(phases)} | {said} |\n" for said, phases in rows.items())
    return f"\n## {kind.__name__}\n\n{_first_line(kind)}\n\n| phase | |\n|---|---|\n{lines}"


def _said(row: Row) -> str:
    if isinstance(row, Ignored):
        return f"· {row.because}"
    return _first_line(row)


def _first_line(thing: object) -> str:
    lines = (inspect.getdoc(thing) or "").splitlines()
    return lines[0].replace("``", "`") if lines else ""


if __name__ == "__main__":
    PATH.write_text(render(), "utf-8")
