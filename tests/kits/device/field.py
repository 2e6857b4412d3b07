"""A field test on the fake world: vault, cradle, bureau, and a tester who does as told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

from agent.field_test.bench import Terms
from agent.field_test.examine import examine
from agent.field_test.outcome import Outcome
from agent.field_test.tester import Tester
from agent.vault import messages as m
from evidence.canonical import JsonObject
from hw.fake.board import recorder_board
from hw.fake.clock import SystemClock, boottime_ns
from hw.fake.world import FakeWorld
from hw.ports import RecorderBoard
from hw.types import ButtonName, LampPattern
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, ask_dock
from tests.kits.media.clip import write_clip
from tests.kits.records.receipts import receipt_for, signed_by

SPOKEN_SAMPLES = 108_000
TIMES = 2
"""How fast the recorder's time passes: an ordinary machine keeps up with it."""
RTC = "sys/class/rtc/rtc0/since_epoch"
HOLD_SECONDS = 0.85
STOP_SECONDS = 3.2
_SEEN = {
    "lamp.red": LampPattern.CAPTURING,
    "lamp.green": LampPattern.READY,
    "lamp.blue": LampPattern.DOCKED,
}


class FastClock(SystemClock):
    """Time of the whole recorder, so many times faster than the machine's."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._zero_ns, self._utc_ns = boottime_ns(), super().utc_ns()

    def monotonic_ns(self) -> int:
        return self._zero_ns + (boottime_ns() - self._zero_ns) * self._times

    def utc_ns(self) -> int:
        return self._utc_ns + self.monotonic_ns() - self._zero_ns

    def wait(self, event: Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds / self._times))

    def reach(self, source: str, at_ns: int, stop: Event) -> bool:
        return not stop.wait(max(0.0, (at_ns - self.monotonic_ns()) / 1e9 / self._times))


class PowerCutError(BaseException):
    """The tester has pulled the plug: nothing after it is run any more."""


class Script(Tester):
    """Does with the world what a person would do with the recorder.

    Args:
        vault: Whose world it is; it dies with the power.
        root: The kernel's files; the clock chip's go with the time.

    Attributes:
        refused: Questions to which the answer is no, whatever is seen.
        forgets: Tasks that are not done.
    """

    def __init__(self, vault: RunningVault, root: Path, clock: FastClock) -> None:
        self.clock = clock
        self.vault = vault
        self.world = vault.world
        self.root = root
        self.refused: set[str] = set()
        self.forgets: set[str] = set()
        self.done: list[str] = []
        self.outcomes: dict[str, Outcome] = {}
        self.took: dict[str, float] = {}
        self._began = time.monotonic()

    def begin(self, step: str) -> None:
        self._began = time.monotonic()
        (self.root / RTC).write_text(f"{_seconds(self.clock)}\n")

    def end(self, step: str, outcome: Outcome) -> None:
        self.outcomes[step] = outcome
        self.took[step] = time.monotonic() - self._began

    def do(self, task: str) -> None:
        self.done.append(task)
        if task not in self.forgets:
            self._verbs()[task]()

    def confirm(self, question: str, shown: str = "") -> bool:
        self.done.append(question)
        if question in self.refused:
            return False
        if question in _SEEN:
            return self.world.lamp() is _SEEN[question]
        if question == "clock":
            return self.world.state().clock_offset_ns == 0
        if question.startswith("light"):
            return self.world.camera_light() is (question == "light.on")
        return True

    def _verbs(self) -> Mapping[str, Callable[[], Any]]:
        world = self.world
        presses = {f"press.{one.value}": self._press(one) for one in ButtonName}
        holds = {f"hold.{one.value}": self._hold(one) for one in ButtonName}
        return {
            **presses,
            **holds,
            "speak": world.talk,
            "hush": lambda: world.talk(on=False),
            "clap.begin": world.clap,
            "clap.end": lambda: world.clap(on=False),
            "dock": world.dock,
            "undock": world.undock,
            "session.begin": self._press(ButtonName.RECORD),
            "session.end": self._stop,
            "pull_power": self._pull,
        }

    def _press(self, button: ButtonName) -> Callable[[], None]:
        return lambda: self.world.press(button)

    def _hold(self, button: ButtonName) -> Callable[[], None]:
        return lambda: self.world.hold(button, HOLD_SECONDS)

    def _stop(self) -> None:
        self.world.hold(ButtonName.RECORD, STOP_SECONDS)
        self.clock.wait(Event(), 0.3)
        self.world.press(ButtonName.RECORD)

    def _pull(self) -> None:
        self.clock.wait(Event(), 1.5)
        self.vault.die()
        raise PowerCutError


class Field:
    """A recorder that is to be tested, and what is around it.

    Args:
        folder: The test's own.
    """

    def __init__(self, folder: Path) -> None:
        clips = write_clip(folder / "spoken" / "zh-CN", samples=SPOKEN_SAMPLES, spoken=True)
        self.enrolled: Enrolled = enrol(folder, announce=clips, height=240)
        self.clock = FastClock(TIMES)
        self.vault = RunningVault(self.enrolled, source=self.clock)
        # The machine has been up for a long time; the recorder is switched on now.
        self.vault.world.pull_power()
        self.vault.restart(keep_world=True)
        self.root = kernel_tree(folder / "root")
        self.out = folder / "out"
        self.script = Script(self.vault, self.root, self.clock)
        self._over = Event()
        self._desk = Thread(target=self._run_desk, name="cradle", daemon=True)
        self._desk.start()

    @property
    def world(self) -> FakeWorld:
        return self.vault.world

    def board(self) -> RecorderBoard:
        camera = self.enrolled.device.settings.camera.for_board()
        return recorder_board(self.world.link, camera=camera, source=self.clock)

    def terms(self, **changes: Any) -> Terms:
        quick: dict[str, Any] = {
            "soak_minutes": 0.02,
            "patience_seconds": 20.0,
            "look_seconds": 2.1,
            "cut_seconds": 1.0,
            "out": self.out,
            "root": self.root,
        }
        return Terms(**{**quick, **changes})

    def test(self, *only: str, **changes: Any) -> JsonObject:
        """Make the field test, or some steps of it; what came of each is in ``script``."""
        report, _ = examine(
            self.enrolled.device, self.board(), self.script, self.terms(**changes), only
        )
        return report

    def reboot(self) -> None:
        """The power is back."""
        self.world.pull_power()
        self.vault.restart(keep_world=True)

    def close(self) -> None:
        self._over.set()
        self._desk.join()
        self.vault.stop()

    def _run_desk(self) -> None:
        """What the dock's process and the bureau do, as far as the vault sees it."""
        docked = False
        while not self._over.wait(0.05):
            try:
                now = self.world.state().contact_closed()
                if now != docked:
                    docked = now
                    state = "docked" if docked else "undocked"
                    ask_dock(self.enrolled, m.NoteDock(state=state, detail=""))
                if docked:
                    self._receipt_all()
            except OSError:
                continue  # the vault is starting again

    def _receipt_all(self) -> None:
        device = self.enrolled.device
        for session in ask_dock(self.enrolled, m.ListPending()).sessions:
            folder = device.paths.sessions / session.sid
            receipt = receipt_for(device.settings.device_id, folder)
            content = signed_by(self.enrolled.bureau, receipt)
            ask_dock(self.enrolled, m.SubmitReceipt(content=content))


def kernel_tree(root: Path) -> Path:
    """The kernel's files of a recorder that is well."""
    files = {
        "sys/class/thermal/thermal_zone0/temp": "48312",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "0",
        "sys/class/watchdog/watchdog0/identity": "Broadcom BCM2835 Watchdog timer",
        "sys/class/watchdog/watchdog0/state": "active",
        "sys/class/watchdog/watchdog0/timeout": "14",
        "proc/meminfo": "MemTotal: 426000 kB\nMemAvailable: 180000 kB\n",
        "proc/stat": "cpu 100 0 100 800 0 0 0 0 0 0\n",
        "proc/sys/kernel/osrelease": "6.12.34-rpi-v8",
    }
    for name, content in {**files, RTC: "0"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    return root


def _seconds(clock: FastClock) -> int:
    return clock.utc_ns() // 1_000_000_000
