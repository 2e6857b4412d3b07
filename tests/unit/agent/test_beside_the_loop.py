"""What works beside the session's loop: stills, windows, checks, and their threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Any

import pytest

from agent.checking import Checks, HeldBackVoice
from agent.disclosure.ear import Ear, Heard
from agent.listening import Windows
from agent.recorder_media import RecorderMedia
from agent.session import events as e
from agent.session.inbox import Inbox
from agent.settings import Broker, Settings
from agent.vault.messages import CheckResult
from agent.worker import MOST_WAITING, Worker
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import CameraSettings

SECONDS = 10.0


def always(from_ns: int, to_ns: int) -> list[tuple[int, int]]:
    """A recorder that says nothing."""
    return [(from_ns, to_ns)]


class NoLink:
    """Where media would go."""

    def send_media(self, message: Any) -> None:
        del message

    def store_event(self, kind: str, fields: Any) -> None:
        del kind, fields


class ByHand(Worker):
    """Has room for one job, and does it when the test says so."""

    def __init__(self) -> None:
        super().__init__("bench")
        self.waiting: Callable[[], None] | None = None

    def do(self, job: Callable[[], None]) -> bool:
        if self.waiting is not None:
            return False
        self.waiting = job
        return True

    def turn(self) -> None:
        job, self.waiting = self.waiting, None
        if job is not None:
            job()


class Bench:
    """A camera, an ear, and a worker that the test turns by hand."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.world = FakeWorld.here(self.clock)
        self.board = recorder_board(self.world.link, camera=CameraSettings(), source=self.clock)
        self.inbox = Inbox()
        self.ear = Ear(self.clock)
        self.worker = ByHand()
        settings = Settings(device_id="ZF-1", board="fake", broker=Broker(host="h"))
        self.media = RecorderMedia(
            settings, self.board, self.inbox, NoLink(), self.ear, self.worker
        )

    def told(self) -> list[Any]:
        self.worker.turn()
        return list(self.inbox.take_all())


def test_a_still_is_a_jpeg_of_the_moment() -> None:
    bench = Bench()
    bench.media.take_photo(7)
    (photo,) = bench.told()
    assert photo.pressed_ns == 7
    assert photo.content.startswith(b"\xff\xd8")


def test_a_camera_without_a_still_says_why() -> None:
    bench = Bench()
    bench.world.break_camera()
    bench.media.take_photo(7)
    (failed,) = bench.told()
    assert (failed.pressed_ns, failed.code) == (7, "camera")


def test_a_second_still_while_one_waits_is_refused() -> None:
    bench = Bench()
    bench.media.take_photo(7)
    bench.media.take_photo(8)
    busy, photo = bench.told()
    assert (busy.pressed_ns, busy.code) == (8, "busy")
    assert photo.pressed_ns == 7


def test_a_window_nobody_heard_has_no_figure() -> None:
    bench = Bench()
    windows = Windows(bench.ear, always, bench.inbox, bench.worker)
    now_ns = bench.clock.monotonic_ns()
    windows.attend(5)
    windows.listen("fixed", now_ns, now_ns + 1_000_000_000)
    windows.listen("later", now_ns, now_ns + 1_000_000_000)
    assert bench.told() == [
        e.WindowHeard("later", now_ns, now_ns + 1_000_000_000, None),
        e.WindowHeard("fixed", now_ns, now_ns + 1_000_000_000, None),
    ]


class Scripted(Ear):
    """An ear that heard a voice all the time."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def window(self, from_ns: int, to_ns: int) -> int | None:
        self.asked.append((from_ns, to_ns))
        return (to_ns - from_ns) // 1_000_000


@pytest.mark.rule("C5", "C6", "C7", "E5")
def test_what_the_recorder_itself_says_in_a_window_is_no_statement() -> None:
    bench, ear = Bench(), Scripted()
    own = [(0, 2_000_000_000), (5_000_000_000, 6_000_000_000)]
    windows = Windows(ear, lambda *_: own, bench.inbox, bench.worker)
    windows.listen("fixed", 0, 10_000_000_000)
    assert bench.told() == [e.WindowHeard("fixed", 0, 10_000_000_000, 3_000)]
    assert ear.asked == own
    windows = Windows(ear, lambda *_: [], bench.inbox, bench.worker)
    windows.listen("fixed", 0, 10_000_000_000)
    assert bench.told() == [e.WindowHeard("fixed", 0, 10_000_000_000, None)]


def test_a_check_is_told_to_the_loop_and_not_made_twice_at_once() -> None:
    bench = Bench()
    good = CheckResult(name="camera", state="ok", detail="ok: seen")

    class Preflight:
        def run(self, trigger: str) -> list[CheckResult]:
            assert trigger == "power_up"
            return [good]

        def watch(self) -> list[CheckResult]:
            return [good]

    checks = Checks(Preflight(), bench.inbox, bench.worker)
    checks.check("power_up")
    checks.check("undocked")
    assert bench.told() == [e.PreflightReady("power_up", (good,))]
    checks.watch()
    assert bench.told() == [e.Watched((good,))]


def test_a_self_test_gives_way_to_a_recording() -> None:
    bench = Bench()
    tests: list[bool] = []

    class Voice:
        def self_test(self) -> Heard | None:
            tests.append(bench.media.is_recording)
            return None

    voice = HeldBackVoice(Voice(), bench.media)
    voice.self_test()
    bench.media.is_recording = True
    voice.self_test()
    assert tests == [False]


def test_a_worker_does_its_jobs_in_order_and_holds_only_so_many() -> None:
    worker, all_done = Worker("test"), Event()
    done: list[int] = []
    for number in range(MOST_WAITING - 1):
        assert worker.do(partial(done.append, number))
    assert worker.do(all_done.set)
    assert not worker.do(all_done.set)
    worker.start()
    assert all_done.wait(SECONDS)
    assert done == list(range(MOST_WAITING - 1))
