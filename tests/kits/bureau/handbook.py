"""The clerks' handbook as a script: what it says to type, and what it says to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HANDBOOK: Final = Path(__file__).parents[3] / "docs" / "clerk.zh.md"
LAST: Final = "十一"
"""The last chapter that is walked through; what follows is about recordings."""
REFUSED: Final = "console 被拒绝"
_FENCE: Final = re.compile(r"^```(?P<info>.*)$")
_FILE: Final = re.compile(r"`([\w.]+\.csv)`")
_PROMPT: Final = re.compile(r"^(?:记录仪)?\$ (.+)$")


@dataclass(frozen=True, slots=True)
class Command:
    """A line to type.

    Attributes:
        line: Its number in the handbook.
        words: As a shell parts them.
        refused: Whether the handbook says that it is refused.
        last: Whether its block ends here: whoever waited in it stops waiting.
    """

    line: int
    words: tuple[str, ...]
    refused: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do by hand."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file to write."""

    line: int
    name: str
    content: str


Step = Command | Act | Sheet


def steps() -> list[Step]:
    """Everything that the walked chapters say to type, do and write, in order."""
    return [step for block in _blocks() for step in _steps(*block)]


def _blocks() -> Iterator[tuple[str, str, int, list[str]]]:
    """Kind, the paragraph before it, number of the line before it, and lines of every block."""
    whole = HANDBOOK.read_text(encoding="utf-8")
    lines = whole[: whole.index("\n## ", whole.index(f"\n## {LAST}、") + 1)].splitlines()
    info, first, before = None, 0, ""
    inside: list[str] = []
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence is None:
            if info is not None:
                inside.append(line)
            elif line:
                before = line
        elif info is None:
            info, first, inside = fence["info"], number, []
        else:
            yield info, before, first, inside
            info = None


def _steps(info: str, before: str, first: int, lines: list[str]) -> Iterator[Step]:
    if info == "csv":
        yield Sheet(first, _FILE.findall(before)[-1], "".join(f"{line}\n" for line in lines))
        return
    assert info in ("console", REFUSED), f"line {first}: a block that nobody runs"
    for number, line in enumerate(lines, first + 1):
        if line.startswith("# "):
            yield Act(number, line.removeprefix("# "))
            continue
        typed = _PROMPT.match(line)
        assert typed is not None, f"line {number}: neither typed nor done: {line}"
        words = tuple(shlex.split(typed[1]))
        yield Command(number, words, info == REFUSED, number == first + len(lines))
