"""The recorder's process, put together.

Owns which concrete parts meet: the board, capture, the gate, the vault's link, the voice, the ear,
the check before use, the loop. Refuses work of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event as Signal
from typing import Final

from agent.capture.padding import LEAST_BITS_PER_SECOND
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


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """A recorder whose parts have met, not yet at work.

    Attributes:
        inbox: Where events come from.
        ear: Hears the room.
        voice: The loudspeaker's queue.
        link: The vault's link.
        media: Camera, microphone and the way of their media.
        preflight: The recorder's own checks.
        endurance: Knows how long the battery lasts.
        runner: The loop.
        workers: Threads beside it.
    """

    inbox: Inbox
    ear: Ear
    voice: Voice
    link: VaultLink
    media: RecorderMedia
    preflight: Preflight
    endurance: Endurance
    runner: Runner
    workers: tuple[Worker, ...]

    def run(self) -> bool:
        """Work until it is told to end or switched off, and nothing is recorded.

        Returns:
            Whether the machine is to be switched off.

        Raises:
            AgentError: A vital part failed; the process has to end non-zero, so that it is started
                again and goes on with the session.
        """
        for worker in self.workers:
            worker.start()
        self.voice.start()
        self.link.start(self.media)
        self.runner.run()
        self.link.stop()
        self.media.close()
        return self.runner.switched_off


def serve(device: Device, board: RecorderBoard, stop: Signal) -> bool:
    """Run the recorder until ``stop`` is set or it is switched off, and nothing is recorded.

    Args:
        device: Settings and folder.
        board: The recorder's ports.
        stop: Set by whoever ends the process.

    Returns:
        Whether the machine is to be switched off.

    Raises:
        AgentError: See ``Recorder.run``.
    """
    return put_together(device, board, Inbox(), stop).run()


def put_together(
    device: Device, board: RecorderBoard, inbox: Inbox, stop: Signal, ear: Ear | None = None
) -> Recorder:
    """The recorder's parts over ``board``.

    Args:
        device: Settings and folder.
        board: The recorder's ports.
        inbox: Where events go.
        stop: Set by whoever ends it.
        ear: Hears the room, where somebody listens with it.
    """
    ear = ear or Ear(board.clock)
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
    return Recorder(
        inbox=inbox,
        ear=ear,
        voice=voice,
        link=link,
        media=media,
        preflight=preflight,
        endurance=endurance,
        runner=Runner(parts, inbox, stop),
        workers=(stills, windows, checks),
    )


def request_of(settings: Settings) -> OpenSession:
    """What a session of this device asks the vault for; the plan is put in at the start."""
    media = settings.camera.bits_per_second + AUDIO_BITS_PER_SECOND
    return OpenSession(
        activity=settings.activity,
        officer=settings.officer,
        plan_id=None,
        bits_per_second=max(media, LEAST_BITS_PER_SECOND),
    )
