"""The recorder's process, put together.

Owns which concrete parts meet: the board, capture, the gate, the vault's link, the voice, the ear,
the check before use, the loop. Refuses work of its own.
"""

from __future__ import annotations

from threading import Event as Signal
from typing import Final

from agent.disclosure.ear import Ear
from agent.listening import Windows
from agent.recorder_media import RecorderMedia
from agent.session.inbox import Inbox
from agent.session.parts import Parts
from agent.session.runner import Runner
from agent.settings import Device, Settings
from agent.vault.messages import OpenSession
from agent.vault_link import VaultLink
from agent.voice.queue import Voice
from agent.worker import Worker
from hw.ports import RecorderBoard

AUDIO_BITS_PER_SECOND: Final = 64_000


def serve(device: Device, board: RecorderBoard, stop: Signal) -> None:
    """Run the recorder until ``stop`` is set and what is being recorded has been closed.

    Args:
        device: Settings and folder.
        board: The recorder's ports.
        stop: Set by whoever ends the process.

    Raises:
        AgentError: A vital part failed; the process has to end non-zero, so that it is started
            again and goes on with the session.
    """
