"""The few frames of an enrolment over the dock network, inside TLS 1.3.

Owns their form: four bytes of length, then the content; what the desk says begins with one byte
that tells its kind. In order: request → challenge → nonce → (wait …) → bundle; at any time the desk
may refuse instead. Refuses sizes beyond what each end expects.
"""

from __future__ import annotations

import re
from enum import Enum, unique
from typing import Final

from evidence import canonical
from evidence.errors import EnrolmentError, EvidenceError

CHALLENGE_BYTES: Final = 32
HEADER_BYTES: Final = 4
MAX_REQUEST_FRAME: Final = 64 * 1024
"""Most bytes that the desk reads of one frame."""

_MAX_REFUSAL: Final = 4 * 1024
_LONGEST_DETAIL: Final = 512
_CODE = re.compile(r"[a-z0-9_]{1,64}")


@unique
class Kind(Enum):
    """What the desk says."""

    CHALLENGE = b"C"
    """32 random bytes, after a request that may be answered."""
    WAIT = b"W"
    """The clerk has not compared the digits yet."""
    BUNDLE = b"B"
    """The answer; see ``evidence.enrolment.bundle``."""
    REFUSED = b"R"
    """Why not: a code and a sentence."""


def frame(content: bytes) -> bytes:
    """``content`` with its length before it."""
    return len(content).to_bytes(HEADER_BYTES, "big") + content


def frame_length(header: bytes, *, most: int) -> int:
    """The length that a frame's header names.

    Raises:
        EnrolmentError: It is zero, or more than ``most``.
    """
    length = int.from_bytes(header, "big")
    if not 0 < length <= most:
        raise EnrolmentError(f"a frame of {length} bytes where 1 to {most} are accepted")
    return length


def refusal(code: str, detail: str) -> bytes:
    """A refusal as it travels, without its kind."""
    return canonical.dumps({"code": code, "detail": detail[:_LONGEST_DETAIL]})


def refusal_of(content: bytes) -> tuple[str, str]:
    """Code and detail of a refusal.

    Raises:
        EnrolmentError: It is none.
    """
    try:
        said = canonical.loads(content, limit=_MAX_REFUSAL)
    except EvidenceError as error:
        raise EnrolmentError(error.detail) from error
    code, detail = said.get("code"), said.get("detail")
    if not isinstance(code, str) or not isinstance(detail, str) or _CODE.fullmatch(code) is None:
        raise EnrolmentError("a refusal has a code and a detail")
    return code, detail
