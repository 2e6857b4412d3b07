"""What differs from a Raspberry Pi when a program of the recorder starts in the bench's machine.

Loaded by a ``.pth`` file before anything else. picamera2 opens libcamera's virtual sensor, through
the three bridges of ``tests/contract/virtual_sensor.py``; and the recorder's process tells the
bench of each acknowledgement that it hears, so that the bench knows what must survive a power cut.
Nothing of the recorder's own is replaced.
"""

import importlib.abc
import importlib.machinery
import json
import socket
import sys

ACKNOWLEDGED = "/run/bench-acknowledged"


def bridge_the_sensor(picamera2):
    import virtual_sensor  # noqa: PLC0415 - it needs picamera2, which has just been loaded

    class Camera(virtual_sensor.VirtualCamera):
        """The Pi's pixels are YUV420, the virtual pipeline's NV12."""

        def __init__(self, camera_num=0):
            super().__init__(frames_per_second=25)

        def create_video_configuration(self, main=None, lores=None, **more):
            main, lores = (one and {**one, "format": "NV12"} for one in (main, lores))
            return super().create_video_configuration(main=main or {}, lores=lores, **more)

    picamera2.Picamera2 = Camera


def tell_of_acknowledgements(recorder_media):
    way = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    way.setblocking(False)
    hear = recorder_media.RecorderMedia.durable

    def heard(self, message):
        words = {"file": message.number, "bytes": message.plaintext_offset, "i": message.journal_i}
        try:
            way.sendto(json.dumps(words).encode(), ACKNOWLEDGED)
        except OSError:
            pass  # the bench does not listen
        hear(self, message)

    recorder_media.RecorderMedia.durable = heard


HOOKS = {"picamera2": bridge_the_sensor, "agent.recorder_media": tell_of_acknowledgements}


class Hook(importlib.abc.MetaPathFinder):
    """Calls a hook once its module is loaded."""

    def find_spec(self, name, path, target=None):
        hook = HOOKS.pop(name, None)
        if hook is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None:
            return None
        load = spec.loader.exec_module

        def load_and_hook(module):
            load(module)
            hook(module)

        spec.loader.exec_module = load_and_hook
        return spec


sys.meta_path.insert(0, Hook())
