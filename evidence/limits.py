"""How large and how deep anything that comes in may be.

Owns the inbound bounds that several formats share, so that a hostile file or message costs a known
amount; what bounds one format alone stands beside it. Refuses policy: the numbers of a bureau stand
in its rulebook.
"""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 8
"""Nesting of JSON arrays and objects."""

MAX_LINE_BYTES: Final = 256 * 1024
"""One journal line: a segment of 60 s at 20 Mbit/s names 153 chunks in under 12 KiB."""

MAX_JOURNAL_BYTES: Final = 256 * 1024 * 1024
"""One journal: 8 hours of 10 s segments need about 20 MiB."""

MAX_RECEIPT_BYTES: Final = 4 * 1024 * 1024
"""One receipt: it names every file of a session, about 150 bytes each."""

MAX_REPORT_BYTES: Final = 4 * 1024 * 1024
"""A signed compliance report: some 120 KiB, and what people explained at length."""

MAX_RULEBOOK_BYTES: Final = 256 * 1024
"""A rulebook or root document with its signatures."""

MAX_MESSAGE_BYTES: Final = 1_048_576
"""A control message on the wire; a chunk travels as a payload of CHUNK_BYTES."""

MAX_FILES: Final = 20_000
"""Files of one session: a day of 10 s segments is 8,640."""

MAX_INTEGER: Final = 2**63 - 1
"""Integers are non-negative and fit a signed 64-bit field unless a schema says otherwise."""

MAX_CHUNKS: Final = 4_096
"""Chunks of one file: 3.75 GiB."""

MAX_ANSWER_BYTES: Final = 512 * 1024
"""An answer at the dock: a thousand sessions of some 200 bytes, in base64url."""
