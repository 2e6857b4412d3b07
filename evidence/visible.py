"""Text of others, made visible: what would turn the writing around, hide it or drive a terminal.

Owns what stands in such a character's place: its escape. Refuses to leave anything out: whoever
looks sees that something was there.
"""

from __future__ import annotations


def visible(text: str, *, but: str = "") -> str:
    """``text`` with every character that does not print as its escape.

    Args:
        text: Anybody's.
        but: Characters that stay as they are all the same, such as a newline.
    """
    return "".join(
        one if one.isprintable() or one in but else one.encode("unicode_escape").decode()
        for one in text
    )
