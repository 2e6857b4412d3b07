"""What the intake is told and what it says.

Owns the two values that cross between the transport and the intake, and the bureau's answers.
Refuses MQTT: ``bureau.desk`` knows it, tests do without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from evidence.wire import ReasonCode, Response, Topics, encode_response


@dataclass(frozen=True, slots=True)
class Message:
    """What a device published."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the desk publishes; an empty retained payload clears what was retained."""

    topic: str
    payload: bytes
    retain: bool = False


def answer(device: str, response: Response) -> Outgoing:
    """``response`` on the device's response topic."""
    return Outgoing(Topics(device).response, encode_response(response))


def refusal(device: str, topic: str, why: str) -> Outgoing:
    """A refusal: trying again does not help."""
    return answer(
        device,
        Response(topic=topic, reason_code=ReasonCode.REFUSED, reason_description=why),
    )


def pause(device: str, topic: str, why: str, retry_after_s: int) -> Outgoing:
    """Not now."""
    response = Response(
        topic=topic,
        reason_code=ReasonCode.PAUSE,
        reason_description=why,
        credit=0,
        retry_after_s=retry_after_s,
    )
    return answer(device, response)
