"""What every packet has, whatever it says: its bounds, its mark, and a payload of canonical JSON.

Owns how much the broker must let through and reading a payload by its schema. Refuses what is
larger, deeper or otherwise than the schema says.
"""

from __future__ import annotations

from typing import Final

from evidence import canonical
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import MalformedError, RecordError, WireError
from evidence.limits import MAX_MESSAGE_BYTES

MAX_PACKET_BYTES: Final = 1_100_000
"""What the broker must let through: a chunk and its topic."""
CONTENT_TYPE: Final = "application/vnd.recorder.v1"
"""What every message of a device says of itself, as a property of MQTT 5. Its predecessor has no
properties, and acknowledges what the access list denied: what was sent over it is not taken.
"""


def load(payload: bytes, schema: s.Schema, path: str) -> JsonObject:
    """Read a payload.

    Args:
        payload: As it came.
        schema: What it must be.
        path: Its name, for the refusal.

    Raises:
        WireError: Not well formed.
    """
    try:
        value = canonical.loads(payload, limit=MAX_MESSAGE_BYTES)
        s.check_fields(schema, value, path)
    except (MalformedError, RecordError) as error:
        raise WireError(error.detail) from error
    return value
