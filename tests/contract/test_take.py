"""What every camera and microphone give together, through the recorder's own capture."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from agent.capture.media import SECOND_NS, CaptureRules
from agent.capture.recorder import Capture
from hw.ports import Camera, Microphone
from tests.contract.bodies import SMALL, Body
from tests.kits.media.capture import Ear, Shelf

WARM_SECONDS = 1.5
SECONDS = 4.0
TICKS = 90_000
RATE = 48_000


@pytest.fixture
def camera(body: Body) -> Camera:
    return body.recorder.camera


@pytest.fixture
def microphone(body: Body) -> Microphone:
    return body.recorder.microphone


def _wait(body: Body, seconds: float) -> None:
    body.recorder.clock.wait(threading.Event(), seconds)


def test_a_take_has_every_picture_and_every_sample(
    body: Body, camera: Camera, microphone: Microphone
) -> None:
    shelf, ear, clock = Shelf(), Ear(), body.recorder.clock
    capture = Capture(
        camera=camera,
        microphone=microphone,
        clock=clock,
        rules=CaptureRules(segment_seconds=2),
        sink=shelf,
        listener=ear,
    )
    capture.warm()
    _wait(body, WARM_SECONDS)
    pressed_ns = clock.monotonic_ns()
    capture.begin(0, pressed_ns)
    _wait(body, SECONDS)
    capture.stop()
    stopped_ns = clock.monotonic_ns()
    capture.close()

    assert (ear.errors, ear.faults, shelf.gaps) == ([], [], [])
    assert len(shelf.segments) >= 2
    ticks = sorted(tick for number in shelf.segments for tick in shelf.video_ticks(number))
    steps = [after - before for before, after in pairwise(ticks)]
    period = TICKS // SMALL.frames_per_second
    assert all(abs(step - period) < period // 3 for step in steps)
    samples = sum(len(shelf.audio_ticks(number)) for number in shelf.segments) * 1_024
    film_seconds = (len(ticks) * period) / TICKS
    assert abs(samples / RATE - film_seconds) < 0.25
    assert film_seconds > SECONDS - 0.5
    assert film_seconds < (stopped_ns - pressed_ns) / SECOND_NS + 0.1
