"""What the codes of an officer's marks say.

Owns the codes that begin with a word and a colon: where a session began, how its end was told, why
the one before it was interrupted, and which secrets were in the picture; each with its Chinese
name. Refuses policy: which of them an officer is asked for is the rulebook's.

A class of secrecy is only ever raised: of all marks the highest counts. Lowering one is for the
desk, with an approval (S0§16, S1§14, S2§18, S3§3, S4§20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

BEGIN: Final = "begin:"
"""Then a code of ``bounds.BEGINNINGS``: the officer says that it begins now."""
END: Final = "end:"
"""Then a code of ``bounds.ENDINGS``: ended where the rules have it end."""
STOP: Final = "stop:"
"""Then a code of ``rulebook.words.CAUSES``: ended before that, and why."""
RESUME: Final = "resume:"
"""Then one of those, or ``OTHER_MATTER``: why the session before this one was ended."""
OF_CLASS: Final = "secret:"
"""Then a class of ``SECRECY``."""

OTHER_MATTER: Final = "other_matter"
"""The session before this one was about something else: nothing was interrupted."""

SECRECY: Final[Mapping[str, str]] = {
    "privacy": "个人隐私",
    "trade": "商业秘密",
    "state": "国家秘密",
}
"""Class → Chinese name, the lowest first."""

_CLASSES: Final = tuple(SECRECY)


def ending_of(codes: Iterable[str]) -> str | None:
    """The last mark that tells how the session was ended; None where nobody told."""
    told = [code for code in codes if code.startswith((END, STOP))]
    return told[-1] if told else None


def secrecy_of(codes: Iterable[str]) -> str | None:
    """The highest class that was marked; None where none was."""
    said = (code.removeprefix(OF_CLASS) for code in codes if code.startswith(OF_CLASS))
    return max((one for one in said if one in SECRECY), key=_CLASSES.index, default=None)


def raised(secrecy: str | None) -> str:
    """The class above ``secrecy``; the highest has none above it."""
    if secrecy not in SECRECY:
        return _CLASSES[0]
    return _CLASSES[min(_CLASSES.index(secrecy) + 1, len(_CLASSES) - 1)]
