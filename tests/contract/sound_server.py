"""A sound server with no sound card: what the loudspeaker plays, the microphone hears.

PulseAudio's null sink has a clock of real time, and its monitor is the microphone; PortAudio,
sounddevice and PyAudio reach it through ALSA as they would reach a card. A quiet noise keeps it
awake: a room is never silent.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from hw.errors import MissingPartFault
from hw.pi.libraries import library

_DEBIANS_MODULES = Path("/usr/lib/python3/dist-packages")
_TRIES = 100
_QUIET = 6_000
"""The noise's volume, of 65,536: some 14 units of 32,768."""


@contextlib.contextmanager
def sound_server(folder: Path) -> Iterator[None]:
    """Run one, and let this process's PortAudio find it; skips where it cannot be."""
    missing = [name for name in ("pulseaudio", "pacat") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)}; next: apt install pulseaudio")
    folder.chmod(0o700)
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in _environment(folder).items():
            patch.setenv(name, value)
        stack.enter_context(_running(_server(folder)))
        _wait_for(folder / "pulse.sock")
        stack.enter_context(_running(_noise(), Path("/dev/urandom")))
        _find_libraries(patch, folder)
        yield


def _environment(folder: Path) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_RUNTIME_PATH": str(folder / "pulse"),
        "PULSE_SERVER": f"unix:{folder / 'pulse.sock'}",
        "PULSE_SINK": "loudspeaker",
        "PULSE_SOURCE": "loudspeaker.monitor",
    }


def _server(folder: Path) -> list[str]:
    modules = (
        "module-null-sink sink_name=loudspeaker rate=48000 channels=1",
        f"module-native-protocol-unix auth-anonymous=1 socket={folder / 'pulse.sock'}",
    )
    loads = [word for module in modules for word in ("-L", module)]
    stays = ["--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-level=error"]
    return ["pulseaudio", "-n", *stays, *loads]


def _noise() -> list[str]:
    shape = ["--raw", "--format=s16le", "--rate=48000", "--channels=1"]
    return ["pacat", *shape, "--latency-msec=10", f"--volume={_QUIET}"]


@contextlib.contextmanager
def _running(command: list[str], source: Path = Path(os.devnull)) -> Iterator[None]:
    with (
        source.open("rb") as sound,
        subprocess.Popen(command, stdin=sound, stderr=subprocess.DEVNULL) as process,
    ):
        try:
            yield
        finally:
            process.kill()


def _wait_for(path: Path) -> None:
    for _ in range(_TRIES):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            if way.connect_ex(str(path)) == 0:
                return
        threading.Event().wait(0.1)
    pytest.skip("pulseaudio does not start here: no sound without it")


def _find_libraries(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """PyAudio has no wheel: where it is Debian's, let it alone in among our packages."""
    debians = _DEBIANS_MODULES / "pyaudio"
    if find_spec("pyaudio") is None and debians.is_dir():
        (folder / "pyaudio").symlink_to(debians)
        patch.syspath_prepend(folder)
    try:
        library("sounddevice")
        library("pyaudio")
    except MissingPartFault as fault:
        pytest.skip(str(fault))
