"""The fake camera: looks at the world's scene, burns its numbers in, encodes real H.264.

Owns the shutter's grid (frame n is captured at n ÷ rate of device time), the counter (n itself,
so that a lost frame can be named later) and what a broken camera does. A sensor goes on while its
process gets no time: for a second its frames wait, as the microphone's blocks do. Refuses to invent
frames: one that comes later is skipped, and its pts with it.
"""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from threading import Event, Lock, Thread, current_thread

import av
import numpy as np

from hw.errors import CameraFault, HardwareFault
from hw.fake.clock import PacedClock
from hw.fake.encoder import Encoder
from hw.fake.hang import hang_while
from hw.fake.link import WorldLink
from hw.fake.picture import (
    CELL,
    Luma,
    cells_bottom,
    date_strip,
    draw_clock,
    draw_counter,
    draw_flash,
)
from hw.fake.scene import Dark, Scene, open_scene, smear
from hw.fake.state import CameraCondition, WorldState
from hw.ports import Camera, VideoSink
from hw.types import CameraSettings, VideoPacket

_SECOND_NS = 1_000_000_000
_SECONDS_IN_HAND = 1
"""For how long the sensor keeps frames for an encoder that gets no time."""


class FakeCamera(Camera):
    """A camera whose sensor and encoder are warm from the start.

    Args:
        link: The world.
        clock: Device time; it paces the shutter.
        settings: Size, rate and bits.
    """

    def __init__(self, link: WorldLink, clock: PacedClock, settings: CameraSettings) -> None:
        self._link = link
        self._clock = clock
        self._rate = settings.frames_per_second
        self._lens = Lens(settings)
        self._encoder = Encoder(settings)
        self._keyframe = Event()
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, sink: VideoSink) -> None:
        """Deliver from the next frame of the grid on; the first packet is an IDR frame.

        Raises:
            CameraFault: The camera is gone or already started.
        """
        if self._thread is not None:
            raise CameraFault("camera", "it is already started; stop it first")
        if self._link.state().camera is CameraCondition.GONE:
            raise CameraFault("camera", "it is not connected; mend_camera connects it again")
        self._stop = Event()
        self._keyframe.set()
        self._clock.join("camera")
        self._link.tell(camera_light=True)
        self._thread = Thread(
            target=self._run, args=(sink, self._stop), name="fake-camera", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop; no call of the sink happens after this returns, unless the sink itself called."""
        self._stop.set()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join()
        if self._thread is not None:
            self._link.tell(camera_light=False)
        self._thread = None

    def request_keyframe(self) -> None:
        """Make the next frame an IDR frame."""
        self._keyframe.set()

    def still(self) -> bytes:
        """A JPEG of what the lens sees, encoded in the caller's thread."""
        state = hang_while(self._link, lambda state: state.camera is CameraCondition.STALLED)
        if state.camera is CameraCondition.GONE:
            raise CameraFault("camera", "it is not connected; no picture can be taken")
        index = self._index_now()
        canvas = np.empty((self._lens.height, self._lens.width), np.uint8)
        self._lens.look(canvas, state, index, self._time_of(index), self._clock.utc_ns())
        return _jpeg(canvas)

    def _run(self, sink: VideoSink, stop: Event) -> None:
        try:
            self._film(sink, stop)
        except CameraFault as fault:
            sink(fault)
        except HardwareFault as fault:
            sink(CameraFault("camera", fault.detail))
        finally:
            self._clock.leave("camera")

    def _film(self, sink: VideoSink, stop: Event) -> None:
        index = self._index_now() + 1
        dropped = self._link.state().frames_dropped
        while self._clock.reach("camera", self._time_of(index), stop):
            state = self._link.state()
            if state.camera is CameraCondition.GONE:
                raise CameraFault("camera", "it was disconnected while it delivered")
            if state.camera is not CameraCondition.STALLED:
                packet = self._take(state, index)
                if not stop.is_set():
                    sink(packet)
            index = max(
                index + 1 + max(0, state.frames_dropped - dropped),
                self._index_now() - _SECONDS_IN_HAND * self._rate,
            )
            dropped = state.frames_dropped

    def _take(self, state: WorldState, index: int) -> VideoPacket:
        at_ns = self._time_of(index)
        self._lens.look(self._encoder.canvas(), state, index, at_ns, self._clock.utc_ns())
        wanted = self._keyframe.is_set()
        self._keyframe.clear()
        encoded, keyframe = self._encoder.encode(keyframe=wanted)
        return VideoPacket(data=encoded, pts_ns=at_ns, keyframe=keyframe)

    def _time_of(self, index: int) -> int:
        return -(-index * _SECOND_NS // self._rate)

    def _index_now(self) -> int:
        return self._clock.monotonic_ns() * self._rate // _SECOND_NS


class Lens:
    """What the sensor sees: the world's scene with the numbers burnt in.

    Raises:
        CameraFault: The picture is too small for its numbers.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self.width, self.height = settings.width, settings.height
        if self.width < CELL or self.height < 2 * cells_bottom(self.width):
            raise CameraFault("camera", "the picture is too small for its numbers; take 320 x 240")
        self._lock = Lock()
        self._rate = settings.frames_per_second
        self._name = ""
        self._scene: Scene = self._scene_of("moving")
        self._dark = Dark()
        self._second = -1
        self._date: Luma = np.zeros((0, 0), np.uint8)
        self._frozen: Luma | None = None

    def look(self, canvas: Luma, state: WorldState, index: int, at_ns: int, utc_ns: int) -> None:
        """Draw frame ``index``, captured at ``at_ns``; a frozen camera draws its last one again."""
        with self._lock:
            if state.camera is not CameraCondition.FROZEN:
                self._frozen = None
                self._draw(canvas, state, index, at_ns, utc_ns)
                return
            if self._frozen is None:
                self._frozen = np.empty_like(canvas)
                self._draw(self._frozen, state, index, at_ns, utc_ns)
            canvas[:] = self._frozen

    def _draw(self, canvas: Luma, state: WorldState, index: int, at_ns: int, utc_ns: int) -> None:
        scene = self._dark if state.camera_covered else self._scene_of(state.scene)
        scene.paint(canvas, index)
        if state.camera_smeared:
            smear(canvas)
        if state.clapping and index % self._rate == 0:
            draw_flash(canvas)
        self._write_date(canvas, utc_ns)
        draw_counter(canvas, index % 2**32)
        draw_clock(canvas, at_ns)

    def _scene_of(self, name: str) -> Scene:
        if name != self._name:
            self._scene, self._name = open_scene(name, self.width, self.height), name
        return self._scene

    def _write_date(self, canvas: Luma, utc_ns: int) -> None:
        if utc_ns // _SECOND_NS != self._second:
            self._second = utc_ns // _SECOND_NS
            self._date = date_strip(utc_ns, max(1, self.width // 320))
        height, width = self._date.shape
        top = self.height - height
        if top >= cells_bottom(self.width) and width <= self.width:
            canvas[top:, :width] = self._date


def _jpeg(luma: Luma) -> bytes:
    height, width = luma.shape
    chroma = np.full((height // 2, width), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
    frame = frame.reformat(format="yuvj420p", dst_color_range="JPEG")
    file = BytesIO()
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuvj420p"
    codec.time_base = Fraction(1, 1)
    codec.options = {"qmin": "2", "qmax": "4"}
    for packet in [*codec.encode(frame), *codec.encode(None)]:
        file.write(bytes(packet))
    return file.getvalue()
