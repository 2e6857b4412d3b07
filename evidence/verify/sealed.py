"""What an age v1 file to two X25519 recipients begins with.

Owns reading the header (age-encryption.org/v1). Refuses opening it: that needs an identity, which
the bureau has and a verifier does not need.
"""

from __future__ import annotations

import re
from typing import Final

HEADER_BYTES: Final = 4_096
"""More than any header of this format; two stanzas take about 200."""

_FIRST = b"age-encryption.org/v1\n"
_END = re.compile(rb"^--- [A-Za-z0-9+/]{43}\n", re.MULTILINE)
_STANZA = re.compile(rb"-> ([!-~]+)((?: [!-~]+)*)\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)")
_X25519_ARGUMENT = re.compile(rb" [A-Za-z0-9+/]{43}")
_X25519_BODY_BYTES = 44
_RECIPIENTS = 2


def why_not_sealed(start: bytes) -> str | None:
    """Why this is not the start of a file sealed to exactly two X25519 recipients; None if it is.

    Args:
        start: The file's first ``HEADER_BYTES``, or all of it.
    """
    end = _END.search(start)
    if not start.startswith(_FIRST) or end is None:
        return "no age v1 header"
    stanzas, position = 0, len(_FIRST)
    while position < end.start():
        stanza = _STANZA.match(start, position)
        if stanza is None:
            return "a damaged stanza"
        kind, argument, body = stanza.groups()
        # Implementations add a stanza of noise so that readers stay tolerant; it opens nothing.
        if not kind.endswith(b"-grease"):
            if kind != b"X25519" or not _X25519_ARGUMENT.fullmatch(argument):
                return f"a stanza of kind {kind[:20]!r}"
            if len(body) != _X25519_BODY_BYTES:
                return "a damaged stanza"
            stanzas += 1
        position = stanza.end()
    return None if stanzas == _RECIPIENTS else f"{stanzas} recipients where two are sealed to"
