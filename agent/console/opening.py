"""Opening the console on a device folder.

Owns finding the running fake body, or starting the recorder first. Refuses the real body: it has
buttons of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from agent.console.app import Console
from agent.console.body import Body
from agent.errors import ConsoleError
from agent.recorder import AUDIO_BITS_PER_SECOND
from agent.settings import Device
from evidence.store import durable
from hw.errors import MissingPartFault
from hw.fake.world import FakeWorld

LOG_NAME: Final = "recorder.log"
_LOOKS: Final = 150
_LOOK_SECONDS: Final = 0.1
_END_SECONDS: Final = 30.0


def open_console(device: Device, *, start: bool) -> str | None:
    """Show a recorder until it is quit or has ended.

    Args:
        device: The recorder.
        start: Start it first, and end it afterwards.

    Returns:
        Why it ended, where nobody asked it to.

    Raises:
        ConsoleError: The device has no fake body, or it is not running.
    """
    if device.settings.board != "fake":
        raise ConsoleError("the buttons of this body are its own", code="not_fake")
    if not start:
        return _show(device)
    with running(device):
        return _show(device)


def body_of(device: Device, world: FakeWorld) -> Body:
    """The body of ``device`` in ``world``."""
    return Body(device, world, device.settings.camera.bits_per_second + AUDIO_BITS_PER_SECOND)


def _show(device: Device) -> str | None:
    try:
        world = FakeWorld.at(device.paths.world_socket)
    except MissingPartFault as fault:
        raise ConsoleError(fault.detail) from fault
    with world:
        return Console(body_of(device, world)).run()


@contextmanager
def running(device: Device) -> Iterator[None]:
    """The recorder runs for as long as this lasts; what its processes say goes to a file."""
    durable.make_folder(device.paths.run)
    command = [sys.executable, "-m", "agent.main", "run", "--device", str(device.paths.folder)]
    with (device.paths.run / LOG_NAME).open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(device, process)
        yield
    finally:
        process.terminate()
        process.wait(_END_SECONDS)


def _wait_for(device: Device, process: subprocess.Popen[bytes]) -> None:
    for _ in range(_LOOKS):
        if process.poll() is not None:
            break
        try:
            FakeWorld.at(device.paths.world_socket).close()
        except MissingPartFault:
            Event().wait(_LOOK_SECONDS)
        else:
            return
    raise ConsoleError(f"the recorder did not start; see {device.paths.run / LOG_NAME}")
