"""What a key of the rulebook is: its bounds, its default and its words.

Owns the value and the few kinds there are. Refuses to name keys: ``keys`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evidence import schema as s

REQUIRED: Final = object()
"""The default of a key that every rulebook states."""

_MOST_CODES = 64


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a rulebook.

    Attributes:
        check: What it holds.
        default: What it means where it is not stated; ``REQUIRED`` where it has to be.
        bounds: The same as ``check``, for people.
        meaning: English.
        chinese: 中文.
        conflict: Number of the question that the texts answer differently; 0: of none.
    """

    check: s.Check
    default: Any
    bounds: str
    meaning: str
    chinese: str
    conflict: int = 0


def whole(
    least: int, most: int | None, default: object, conflict: int, meaning: str, chinese: str
) -> Key:
    """An integer; its unit is in the key."""
    check = s.integer(least) if most is None else s.integer(least, most)
    bounds = f"{least} or more" if most is None else f"{least} to {most}"
    return Key(check, default, bounds if least != most else str(least), meaning, chinese, conflict)


def flag(*, default: bool, conflict: int, meaning: str, chinese: str) -> Key:
    """Yes or no."""
    return Key(s.boolean, default, "true or false", meaning, chinese, conflict)


def choice(
    words: Mapping[str, str] | tuple[str, ...],
    default: str,
    conflict: int,
    meaning: str,
    chinese: str,
) -> Key:
    """One of these words."""
    return Key(s.one_of(*words), default, ", ".join(words), meaning, chinese, conflict)


def codes(
    words: Mapping[str, str], default: list[str], conflict: int, meaning: str, chinese: str
) -> Key:
    """Some of these words."""
    check = s.many(s.one_of(*words), most=len(words))
    return Key(check, default, f"any of {', '.join(words)}", meaning, chinese, conflict)


def listed(conflict: int, meaning: str, chinese: str) -> Key:
    """Activity codes: a bureau may have its own."""
    check = s.many(s.code, most=_MOST_CODES)
    return Key(check, [], f"up to {_MOST_CODES} codes", meaning, chinese, conflict)


def text(default: str, conflict: int, meaning: str, chinese: str) -> Key:
    """A text."""
    return Key(s.text, default, "a text", meaning, chinese, conflict)
