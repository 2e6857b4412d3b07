"""Attack a recorder in the virtual machine while it records: a stick, the clock, the power button.

Owns the attacks that need a kernel of their own: a USB stick that is really plugged in, a wall
clock that is really set, a power button that really switches off. Refuses what a process can be
attacked with anywhere: that is ``tests/hostile``.

    python -m scripts.bench_pi.machine.hostile [FOLDER]

Prints one line an attack; exits 1 where the recorder gave way, 77 where no machine can run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from evidence import journal
from evidence.moments import utc_ns
from hw.types import ButtonName
from scripts.bench_pi.machine.day import HOLD_SECONDS, Day
from scripts.bench_pi.machine.machine import Machine, MachineError, accelerator, missing

EXIT_SKIPPED: Final = 77
STEPS: Final = (0.21, -0.21, 1, -1, 3_600, -3_600, 86_400, -86_400, 400 * 86_400, -800 * 86_400)
"""Seconds by which the wall clock is set."""
_RULES: Final = "/etc/modprobe.d/recorder.conf"
_SETTLED_SECONDS: Final = 6
_STICK_MIB: Final = 32


class MachineWithPort(Machine):
    """A machine that a stick can be plugged into."""

    def plug(self, stick: Path) -> None:
        """Plug a stick in: ``stick`` is its content."""
        said = self._order(f"drive_add 0 if=none,id=plugged,file={stick.absolute()},format=raw")
        said += self._order("device_add usb-storage,bus=usb.0,drive=plugged,id=stick")
        if "rror" in said:
            raise MachineError(said)

    def pull_stick(self) -> None:
        """Pull it out."""
        self._order("device_del stick")

    def wait_for_end(self, *, seconds: float) -> None:
        """Wait until the machine has switched itself off.

        Raises:
            MachineError: It has not.
        """
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise MachineError(f"it is not off after {seconds:.0f} s") from None
        self._process = None

    def _words(self) -> list[str]:
        return [*super()._words(), "-device", "qemu-xhci,id=usb"]


def main(folder: Path) -> int:
    """Make all attacks; how many the recorder gave way to."""
    attacks: tuple[Callable[[Day, MachineWithPort, str], str], ...] = (
        plug_a_stick,
        plug_a_stick_whose_driver_is_built_in,
        step_the_clock,
        switch_off,
    )
    failed = 0
    with Day(folder) as day:
        machine = day.machine = MachineWithPort(folder / "machine")
        day.found()
        machine.new_medium()
        machine.start()
        day.enrol()
        day.begin_work()
        sid = day.press_record()
        machine.wait_until(lambda: day.events(sid, "disclosure"), "the announcement", seconds=90)
        for attack in attacks:
            try:
                print(f"held   {attack.__name__}: {attack(day, machine, sid)}", flush=True)
            except (AssertionError, MachineError) as gave_way:
                failed += 1
                print(f"FAILED {attack.__name__}: {gave_way}", flush=True)
    return failed


def plug_a_stick(day: Day, machine: MachineWithPort, sid: str) -> str:
    """As shipped: the driver's module is not loaded."""
    stick = _stick(day.stage.folder)
    before = _mounts(machine)
    machine.plug(stick)
    _goes_on(day, machine, sid)
    seen = machine.run("sh", "-c", "cat /sys/bus/usb/devices/*/product").text
    assert "QEMU USB HARDDRIVE" in seen, f"the machine has not felt the stick: {seen!r}"
    assert machine.run("ls", "/dev/sda").code != 0, "the stick is a disk"
    assert _mounts(machine) == before, "something was mounted"
    machine.pull_stick()
    return "no disk, no mount, the recording goes on"


def plug_a_stick_whose_driver_is_built_in(day: Day, machine: MachineWithPort, sid: str) -> str:
    """As on Raspberry Pi's kernel: the driver is there, udev takes it away again."""
    stick = _stick(day.stage.folder)
    before = _mounts(machine)
    machine.sh(f"mv {_RULES} /run/; modprobe usb-storage")
    try:
        machine.plug(stick)
        _goes_on(day, machine, sid)
        allowed = machine.sh("cat /sys/bus/usb/devices/*:*/authorized").split()
        assert "0" in allowed, "its interface was not taken away"
        assert machine.run("ls", "/dev/sda").code != 0, "the stick is a disk"
        assert _mounts(machine) == before, "something was mounted"
    finally:
        machine.pull_stick()
        machine.sh(f"mv /run/{Path(_RULES).name} {_RULES}; rmmod usb-storage")
    return "its interface is taken away, no disk, no mount, the recording goes on"


def step_the_clock(day: Day, machine: MachineWithPort, sid: str) -> str:
    """What ``date -s`` does, again and again: every step is signed as it was, no stamp goes back.

    Not by ``date`` itself: working its argument out takes a tenth of a second here.
    """
    for count, seconds in enumerate(STEPS):
        known = len(day.events(sid, "clock_step"))
        step = f"t.clock_settime_ns(t.CLOCK_REALTIME, t.time_ns() + {round(seconds * 1e9)})"
        assert machine.run("/usr/bin/python3", "-c", f"import time as t; {step}").code == 0

        def signed(known: int = known) -> bool:
            """One more than before."""
            return len(day.events(sid, "clock_step")) > known

        machine.wait_until(signed, f"step {count} of {seconds} s to be signed", seconds=20)
        said = day.events(sid, "clock_step")[-1]["step_ms"]
        assert abs(said - seconds * 1_000) < 150, f"{seconds} s were signed as {said} ms"
    for chain in (day.journal(sid), day.device_log()):
        stamps = [utc_ns(one["utc"]) for one in chain]
        assert stamps == sorted(stamps), "a stamp goes back"
    return f"{len(STEPS)} of {len(STEPS)} steps signed, no stamp goes back"


def switch_off(day: Day, machine: MachineWithPort, sid: str) -> str:
    """The power button: hold, confirm; the machine is off and the recording is closed."""
    machine.hold(ButtonName.POWER, HOLD_SECONDS)
    held = {"button": "power", "gesture": "hold"}
    machine.wait_until(
        lambda: any(held.items() <= one.items() for one in day.events(sid, "button")),
        "the hold to be signed",
    )
    assert not any(one["t"] == "close" for one in day.journal(sid)), "it did not ask"
    machine.press(ButtonName.POWER)
    machine.wait_for_end(seconds=120)
    reason = _closed_on(machine.medium, sid)
    assert reason == "power_off", f"closed with {reason}"
    return "asked, closed with power_off, and the machine is off"


def _goes_on(day: Day, machine: Machine, sid: str) -> None:
    """The recording signs ticks for as long as it takes anything to settle."""
    ticks = len([one for one in day.journal(sid) if one["t"] == "tick"])
    machine.sh(f"udevadm settle; sleep {_SETTLED_SECONDS}")
    after = len([one for one in day.journal(sid) if one["t"] == "tick"])
    assert after >= ticks + _SETTLED_SECONDS // 2, "the recording stands still"
    assert set(day.services().values()) == {"active"}, day.services()


def _mounts(machine: Machine) -> list[str]:
    return [line.split()[1] for line in machine.sh("cat /proc/mounts").splitlines()]


def _stick(folder: Path) -> Path:
    """A stick with a file system on it that a desktop would mount."""
    stick = folder / "stick.raw"
    with stick.open("wb") as file:
        file.truncate(_STICK_MIB * 1024 * 1024)
    subprocess.run(["mke2fs", "-q", "-F", "-L", "STICK", str(stick)], check=True)
    return stick


def _closed_on(medium: Path, sid: str) -> str | None:
    """The reason in a session's journal on a card that is in no machine."""
    path = f"/store/sessions/{sid}/journal.jws"
    words = ["debugfs", "-R", f"cat {path}", str(medium)]
    content = subprocess.run(words, check=True, capture_output=True).stdout
    closes = [one for one in journal.payloads(content) if one["t"] == "close"]
    return closes[-1]["reason"] if closes else None


if __name__ == "__main__":
    reason = missing()
    if reason is not None:
        print(f"machine: skipped: {reason}", file=sys.stderr)
        raise SystemExit(EXIT_SKIPPED)
    print(f"on {accelerator()}", flush=True)
    if len(sys.argv) > 1:
        raise SystemExit(int(main(Path(sys.argv[1])) > 0))
    with tempfile.TemporaryDirectory() as made:
        raise SystemExit(int(main(Path(made)) > 0))
