"""Real picamera2 on libcamera's virtual pipeline: only the sensor is not there, lines stand in.

Three ways in which the virtual pipeline is no Pi's are bridged, nothing else: it has no raw stream,
it wants one plane for each plane of NV12, and it fills a buffer as soon as it gets one, so that
the buffers are held back by a shutter. Import it only where libcamera is.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import queue
import sys
import threading
import time
from typing import Any

import libcamera
import picamera2.dma_heap
from picamera2 import Picamera2
from picamera2.allocators import DmaAllocator
from picamera2.outputs import Output

from hw.pi.camera import OnPacket, Rig
from hw.pi.picamera import Libraries, PicameraRig
from hw.pi.picamera_x264 import x264_encoder
from hw.types import CameraSettings

picamera2.dma_heap.heapNames.append("/dev/dma_heap/system")  # stock kernels have no CMA heap


class PlanarAllocator(DmaAllocator):  # type: ignore[misc]  # picamera2 has no types
    """picamera2's own allocator, but with luma and chroma as two planes of one buffer."""

    def allocate(self, configuration: Any, _: object) -> None:
        self.cleanup()
        for fd in self.open_fds:
            os.close(fd)
        self.frame_buffers: dict[Any, list[Any]] = {}
        self.libcamera_fds: list[int] = []
        self.open_fds: list[int] = []
        for stream in configuration:
            buffers = [self._buffer(stream, number) for number in range(stream.buffer_count)]
            self.frame_buffers[stream.stream] = buffers

    def _buffer(self, stream: Any, number: int) -> Any:
        heap = self.dmaHeap.alloc(f"picamera2-{number}", stream.frame_size)
        fd, luma = heap.get(), stream.stride * stream.size.height
        self.open_fds.append(fd)
        planes = [_plane(fd, 0, luma), _plane(fd, luma, stream.frame_size - luma)]
        copied = planes[0].fd  # libcamera keeps a copy of its own
        self.libcamera_fds.append(copied)
        self.mapped_buffers_used[copied] = False
        buffer = libcamera.FrameBuffer(planes)
        self.mapped_buffers[buffer] = mmap.mmap(copied, stream.frame_size)
        return buffer


def _plane(fd: int, offset: int, length: int) -> Any:
    plane = libcamera.FrameBuffer.Plane()
    plane.fd, plane.offset, plane.length = fd, offset, length
    return plane


class Shutter:
    """libcamera's camera, but a buffer waits for the next frame as it does before a real sensor.

    The virtual pipeline fills a buffer, and stamps it, as soon as it is queued.
    """

    def __init__(self, camera: Any, period: float) -> None:
        self._camera = camera
        self._period = period
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._camera, name)

    def start(self, *controls: Any) -> None:
        self._camera.start(*controls)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stopped,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self._waiting = queue.SimpleQueue()
        self._camera.stop()

    def queue_request(self, request: Any) -> None:
        self._waiting.put(request)

    def _run(self, stopped: threading.Event) -> None:
        sys.setswitchinterval(0.000_5)  # a sensor does not wait for another thread's Python
        due = time.monotonic()
        while not stopped.wait(max(0.0, due - time.monotonic())):
            due += self._period
            with contextlib.suppress(queue.Empty):  # no buffer: this frame is lost
                self._camera.queue_request(self._waiting.get_nowait())


class VirtualCamera(Picamera2):  # type: ignore[misc]  # picamera2 has no types
    """The virtual pipeline's camera, at a real one's pace."""

    def __init__(self, frames_per_second: int) -> None:
        self._period = 1 / frames_per_second
        super().__init__(0, allocator=PlanarAllocator())

    def _open_camera(self) -> None:
        super()._open_camera()
        self.camera: Any = Shutter(self.camera, self._period)

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        roles = [libcamera.StreamRole.VideoRecording]
        formats = self.camera.generate_configuration(roles).at(0).formats
        return [
            {"format": str(pixels), "size": (size.width, size.height)}
            for pixels in formats.pixel_formats
            for size in formats.sizes(pixels)
        ]


def open_virtual_rig(settings: CameraSettings, on_packet: OnPacket) -> Rig:
    """Our driver's rig on the virtual sensor."""
    libraries = Libraries(
        camera=lambda: VirtualCamera(settings.frames_per_second),
        encoder=x264_encoder,
        output=Output,
        pixels="NV12",
    )
    return PicameraRig(settings, libraries, on_packet)
