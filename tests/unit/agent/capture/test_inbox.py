"""The queue between the drivers and the mux thread."""

from __future__ import annotations

from threading import Thread

from agent.capture.inbox import Inbox, Overflow, Picture
from agent.capture.media import CaptureRules, Track
from hw.errors import CameraFault
from hw.types import AudioBlock, VideoPacket

PICTURE = Picture(VideoPacket(data=b"", pts_ns=1, keyframe=True), 1)
BLOCK = AudioBlock(samples=bytes(1_920), rate=48_000, arrived_ns=1, lost_samples=40)


def full(patience_seconds: float = 0.0) -> Inbox:
    inbox = Inbox(
        CaptureRules(queue_seconds=1, frames_per_second=2, patience_seconds=patience_seconds)
    )
    inbox.offer(PICTURE)
    inbox.offer(PICTURE)
    return inbox


def test_what_does_not_fit_is_told_before_the_next_that_does() -> None:
    inbox = full()
    inbox.offer(PICTURE)
    inbox.offer(PICTURE)
    assert inbox.take() == [PICTURE, PICTURE]
    inbox.offer(PICTURE)
    assert inbox.take() == [Overflow(Track.VIDEO, 2), PICTURE]


def test_lost_sound_is_counted_in_samples_with_those_the_driver_had_lost() -> None:
    inbox = Inbox(CaptureRules(queue_seconds=1))
    for _ in range(102):
        inbox.offer(BLOCK)
    inbox.take()
    inbox.offer(BLOCK)
    assert inbox.take() == [Overflow(Track.AUDIO, 2 * 1_000), BLOCK]


def test_pictures_do_not_take_the_room_of_sound() -> None:
    inbox = full()
    inbox.offer(BLOCK)
    assert BLOCK in inbox.take()


def test_a_fault_always_fits() -> None:
    inbox, fault = full(), CameraFault("camera", "gone")
    inbox.tell(fault)
    assert fault in inbox.take()


def test_a_patient_queue_holds_the_driver_until_there_is_room() -> None:
    inbox = full(patience_seconds=30)
    driver = Thread(target=inbox.offer, args=(PICTURE,))
    driver.start()
    assert len(inbox.take()) == 2
    driver.join(10)
    assert inbox.take() == [PICTURE]


def test_a_closed_queue_holds_nobody() -> None:
    inbox = full(patience_seconds=30)
    driver = Thread(target=inbox.offer, args=(PICTURE,))
    driver.start()
    inbox.close()
    driver.join(10)
    assert not driver.is_alive()
