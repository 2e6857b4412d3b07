"""Which messages count as said: those that a recorder sent over MQTT 5.

Owns telling them from what came over an older version, and counting the others. Mosquitto 2.0
cannot refuse MQTT 3.1.1, and over it acknowledges what the access list denied; so recorders put a
property on every message that the older version has no room for. Refuses to say who is allowed:
the certificate, the access list and the registry do.
"""

from __future__ import annotations

import logging
from collections import Counter

from paho.mqtt.client import MQTTMessage

from bureau.intake.message import Outgoing, refusal
from evidence.ids import is_device_id
from evidence.wire import CONTENT_TYPE

_log = logging.getLogger(__name__)

WHY = "mqtt_version: only MQTT 5 is taken here; update the recorder's program"
_LONGEST_TOPIC = 500


class Spoken:
    """Judges messages by how they were sent.

    Attributes:
        refused: How many were not taken, by device.
    """

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()

    def counts(self, message: MQTTMessage) -> bool:
        """Whether it was said over MQTT 5."""
        return getattr(message.properties, "ContentType", None) == CONTENT_TYPE

    def refuse(self, topic: str) -> list[Outgoing]:
        """Count one that was not, and answer so that whoever repairs the recorder finds out."""
        match topic[:_LONGEST_TOPIC].split("/"):
            case [_, _, device, *_] if is_device_id(device):
                pass
            case _:
                return []
        self.refused[device] += 1
        # Each doubling: a flood of them must not become a flood of lines.
        if self.refused[device].bit_count() == 1:
            _log.warning(
                "%s spoke over an older MQTT: refused %d messages", device, self.refused[device]
            )
        return [refusal(device, topic[:_LONGEST_TOPIC], WHY)]
