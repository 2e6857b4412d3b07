"""What differs from a Raspberry Pi when a program of the recorder starts in the bench's machine.

Loaded by a ``.pth`` file before anything else. picamera2 opens libcamera's virtual sensor, through
the three bridges of ``tests/contract/virtual_sensor.py``; and the recorder's process tells the
bench of each acknowledgement that it hears, so that the bench knows what must survive a power cut.
Nothing of the recorder's own is replaced.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import json
import os
import socket
import sys
from typing import Any, TypeAlias

Foreign: TypeAlias = Any
"""An object that has no types here."""
ACKNOWLEDGED = "/run/bench-acknowledged"


def bridge_the_sensor(picamera2: Foreign) -> None:
    """Let ``Picamera2`` be the virtual sensor."""
    # It needs picamera2, which has just been loaded.
    import virtual_sensor  # type: ignore[import-not-found]  # noqa: PLC0415

    class Camera(virtual_sensor.VirtualCamera):  # type: ignore[misc]
        """YUV420 of a Pi is NV12 here; 5 pictures a second are what an emulator encodes."""

        def __init__(self, *_: object) -> None:
            super().__init__(frames_per_second=int(os.environ.get("BENCH_PICTURES", "5")))

        def create_video_configuration(
            self, main: Foreign = None, lores: Foreign = None, **more: object
        ) -> Foreign:
            main, lores = (one and {**one, "format": "NV12"} for one in (main, lores))
            return super().create_video_configuration(main=main or {}, lores=lores, **more)

    picamera2.Picamera2 = Camera


def tell_of_acknowledgements(recorder_media: Foreign) -> None:
    """Send each ``Durable`` to the bench's agent as well."""
    way = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    way.setblocking(False)  # noqa: FBT003 - the socket's own
    hear = recorder_media.RecorderMedia.durable

    def heard(self: Foreign, message: Foreign) -> None:
        words = {"file": message.number, "bytes": message.plaintext_offset, "i": message.journal_i}
        with contextlib.suppress(OSError):  # the bench does not listen
            way.sendto(json.dumps(words).encode(), ACKNOWLEDGED)
        hear(self, message)

    recorder_media.RecorderMedia.durable = heard


HOOKS = {"picamera2": bridge_the_sensor, "agent.recorder_media": tell_of_acknowledgements}


class Hook(importlib.abc.MetaPathFinder):
    """Calls a hook once its module is loaded."""

    def find_spec(self, name: str, path: Foreign, _target: object = None) -> Foreign:
        """The module's own spec, with the hook behind its loading."""
        hook = HOOKS.pop(name, None)
        spec = importlib.machinery.PathFinder.find_spec(name, path) if hook else None
        if hook is None or spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_hook(module: Foreign) -> None:
            load(module)
            hook(module)

        spec.loader.exec_module = load_and_hook  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Hook())
