"""Names of devices, sessions and files.

Owns what a name may look like. Refuses paths: a file's name never holds a slash.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

DEVICE_ID: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{2,31}")
SESSION_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
SEALED_NAME: Final = re.compile(r"[0-9]{6}\.(mp4|jpg)\.age")
JOURNAL_NAME: Final = "journal.jws"
DEVICE_LOG_NAME: Final = "device.jws"
PLAN_NAME: Final = "plan.json.age"


def session_id(utc_ms: int, randomness: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7).

    Args:
        utc_ms: Milliseconds since 1970. Sessions are ordered by the device counter, never by this.
        randomness: 10 random bytes.
    """
    value = int.from_bytes(utc_ms.to_bytes(6, "big") + randomness, "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def segment_name(number: int) -> str:
    """The file of segment ``number`` (0 to 999,999)."""
    return f"{number:06d}.mp4.age"


def photo_name(number: int) -> str:
    """The file of still ``number`` (0 to 999,999)."""
    return f"{number:06d}.jpg.age"


def is_device_id(text: object) -> bool:
    """Whether ``text`` is a device id."""
    return isinstance(text, str) and DEVICE_ID.fullmatch(text) is not None


def is_session_id(text: object) -> bool:
    """Whether ``text`` is a session id."""
    return isinstance(text, str) and SESSION_ID.fullmatch(text) is not None


def is_content_name(text: object) -> bool:
    """Whether ``text`` may name a sealed file of a session: segment, still or plan."""
    return isinstance(text, str) and (text == PLAN_NAME or SEALED_NAME.fullmatch(text) is not None)


def is_file_name(text: object) -> bool:
    """Whether ``text`` may name a file of a session, the journal included."""
    return text == JOURNAL_NAME or is_content_name(text)
