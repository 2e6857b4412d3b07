"""What an officer or a keeper asks about one recorder.

Owns asking the vault on the dock's socket. Refuses to read the store: what the vault says of it is
what counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.channel import Channel
from agent.errors import ProtocolError
from agent.settings import Device
from agent.vault import messages as m

_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One recorder now.

    Attributes:
        device_id: Which one.
        running: Whether its vault answers.
        recording: Whether a session is open.
        pending: Sessions that wait for the bureau's receipt.
    """

    device_id: str
    running: bool
    recording: bool
    pending: tuple[str, ...]


def look_at(device: Device) -> Status:
    """Ask the vault."""
    name = device.settings.device_id
    try:
        channel: Channel[m.ToDock, m.FromDock] = Channel.connect(
            device.paths.dock_socket, m.ToDock, seconds=_SECONDS
        )
    except OSError:
        return Status(device_id=name, running=False, recording=False, pending=())
    try:
        channel.send(m.ListPending())
        answer = channel.receive()
    finally:
        channel.close()
    if not isinstance(answer, m.Pending):
        raise ProtocolError(f"the vault answered {type(answer).__name__}")
    return Status(
        device_id=name,
        running=True,
        recording=answer.recording,
        pending=tuple(session.sid for session in answer.sessions),
    )
