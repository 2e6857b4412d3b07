"""The recorder's processes: what each of them is made of.

Owns which body and which part meet in a process, and what it exits with. Each imports its own part
alone, and none of them the command line: what a process does not use is memory that a recorder with
512 MB does not have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import NoReturn, TypedDict

from agent import process
from agent.errors import AgentError
from agent.settings import Device, load_device
from evidence.errors import EvidenceError
from hw.board import open_board
from hw.errors import HardwareFault
from hw.types import CameraSettings, Role

EXIT_REFUSED = 1


def run(name: str, folder: Path) -> NoReturn:
    """Run one process until it is asked to end; it dies with any of its threads.

    Args:
        name: One of ``PROCESSES``.
        folder: The device folder.

    Raises:
        SystemExit: It refuses to run; what is wrong stands on stderr, in Chinese.
    """
    stop = process.stop_when_asked()
    process.log_to_stderr(name)
    process.end_with_any_thread()
    try:
        code = PROCESSES[name](load_device(folder), stop)
    except (AgentError, EvidenceError) as error:
        _say(error.diagnosis())
        raise SystemExit(EXIT_REFUSED) from error
    except HardwareFault as fault:
        _say(f"硬件不可用（{fault.code}：{fault}）")
        raise SystemExit(EXIT_REFUSED) from fault
    process.leave(code)


def _vault(device: Device, stop: Event) -> int:
    from agent.vault import server

    board = open_board(device.settings.board, Role.VAULT, **_body(device))
    if device.settings.locks == "kernel":
        from hw.pi.locker import KernelLocker

        board = replace(board, locker=KernelLocker(device.paths.locker_socket))
    server.serve(device, board, stop)
    return 0


def _locker(device: Device, stop: Event) -> int:
    from agent.locker import service
    from hw.pi.clock import PiClock
    from hw.pi.watchdog import PiWatchdog

    service.run(device.paths, device.settings.device_id, PiWatchdog(PiClock()), stop)
    return 0


def _session(device: Device, stop: Event) -> int:
    from agent import recorder

    board = open_board(device.settings.board, Role.RECORDER, **_body(device))
    return process.EXIT_POWER_OFF if recorder.serve(device, board, stop) else 0


def _dock(device: Device, stop: Event) -> int:
    from agent.dock import serve

    board = open_board(device.settings.board, Role.DOCK, **_body(device))
    serve.serve(device, board, stop)
    return 0


PROCESSES: Mapping[str, Callable[[Device, Event], int]] = {
    "vault": _vault,
    "locker": _locker,
    "session": _session,
    "dock": _dock,
}
"""What runs until it is asked to end, and its exit status; by the name of its command."""


class _Body(TypedDict):
    device_dir: Path
    camera: CameraSettings
    run_dir: Path


def _body(device: Device) -> _Body:
    """How the device's board is opened."""
    return {
        "device_dir": device.paths.folder,
        "camera": device.settings.camera.for_board(),
        "run_dir": device.paths.run,
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the officer's keeper reads it
