"""The recorder's process, put together.

Owns which concrete parts meet: the board, capture, the gate, the vault's link, the voice, the ear,
the check before use, the loop. Refuses work of its own.
"""

from __future__ import annotations

from threading import Event as Signal
from typing import Final

from agent.checking import Checks, HeldBackVoice
from agent.disclosure.ear import Ear
from agent.listening import Windows
from agent.preflight.endurance import Endurance
from agent.preflight.runner import Preflight
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


def serve(device: Device, board: RecorderBoard, stop: Signal) -> bool:
    """Run the recorder until ``stop`` is set or it is switched off, and nothing is recorded.

    Args:
        device: Settings and folder.
        board: The recorder's ports.
        stop: Set by whoever ends the process.

    Returns:
        Whether the machine is to be switched off.

    Raises:
        AgentError: A vital part failed; the process has to end non-zero, so that it is started
            again and goes on with the session.
    """
    inbox = Inbox()
    ear = Ear(board.clock)
    voice = Voice(board.speaker, board.clock, inbox.post, ear, inbox.fail)
    endurance = Endurance(device.settings.battery_minutes)
    stills, windows, checks = Worker("stills"), Worker("windows"), Worker("checks", 1)
    link = VaultLink(device.paths.vault_socket, board.clock, inbox.post)
    media = RecorderMedia(device.settings, board, inbox, link, ear, stills)
    preflight = Preflight(board, ear, HeldBackVoice(voice, media), endurance)
    parts = Parts(
        board=board,
        vault=link,
        media=media,
        voice=voice,
        listener=Windows(ear, voice.silences, inbox, windows),
        checker=Checks(preflight, inbox, checks),
        request=request_of(device.settings),
        announce=device.paths.announce,
        endurance=endurance,
    )
    for worker in (stills, windows, checks):
        worker.start()
    voice.start()
    link.start(media)
    runner = Runner(parts, inbox, stop)
    runner.run()
    link.stop()
    media.close()
    return runner.switched_off


def request_of(settings: Settings) -> OpenSession:
    """What a session of this device asks the vault for; the plan is put in at the start."""
    return OpenSession(
        activity=settings.activity,
        officer=settings.officer,
        plan_id=None,
        bits_per_second=settings.camera.bits_per_second + AUDIO_BITS_PER_SECOND,
    )
