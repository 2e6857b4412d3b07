"""Battery, temperature and watchdog of a Pi, from files and sockets as the kernel makes them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hw.errors import BatteryFault, HardwareFault
from hw.fake.clock import JumpingClock
from hw.pi.gauges import PiBattery, temperature_millicelsius
from hw.pi.watchdog import PiWatchdog


def _supply(root: Path, name: str, **values: str) -> None:
    folder = root / "sys/class/power_supply" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, value in values.items():
        (folder / file).write_text(value + "\n")


def _gauge(root: Path, **values: str) -> None:
    _supply(root, "max17048", type="Battery", capacity="57", voltage_now="3812500", **values)


@pytest.mark.rule("B2")
def test_the_gauge_is_found_by_its_type_and_not_by_its_name(tmp_path: Path) -> None:
    _supply(tmp_path, "a-mouse", type="Battery", scope="Device", capacity="3")
    _supply(tmp_path, "a-plug", type="Mains", online="0")
    _gauge(tmp_path)
    reading = PiBattery(tmp_path).read()
    assert (reading.percent, reading.millivolts, reading.charging) == (57, 3_812, False)


@pytest.mark.parametrize(
    ("gauge", "charger"),
    [
        ("Charging", {"online": "0"}),
        ("Full", {"online": "1"}),
        ("Unknown", {"online": "1"}),
        ("", {"online": "1", "status": "Charging"}),
    ],
)
def test_it_charges_when_the_first_that_knows_says_so(
    tmp_path: Path, gauge: str, charger: dict[str, str]
) -> None:
    _gauge(tmp_path, status=gauge)
    _supply(tmp_path, "charger", type="USB", **charger)
    assert PiBattery(tmp_path).read().charging


@pytest.mark.parametrize(
    ("gauge", "charger"),
    [
        ("Discharging", {"online": "1", "status": "Charging"}),
        ("Unknown", {"online": "1", "status": "Not charging"}),
        ("", {"online": "0"}),
    ],
)
def test_it_does_not_charge_when_the_first_that_knows_says_so(
    tmp_path: Path, gauge: str, charger: dict[str, str]
) -> None:
    _gauge(tmp_path, status=gauge)
    _supply(tmp_path, "charger", type="USB", **charger)
    assert not PiBattery(tmp_path).read().charging


@pytest.mark.rule("B2")
def test_no_gauge_is_a_fault_that_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BatteryFault, match=r"power_supply.*dtoverlay=recorder"):
        PiBattery(tmp_path).read()


def test_a_gauge_that_says_nonsense_is_a_fault(tmp_path: Path) -> None:
    _gauge(tmp_path)
    _supply(tmp_path, "max17048", voltage_now="none")
    with pytest.raises(BatteryFault, match="voltage_now"):
        PiBattery(tmp_path).read()


def test_a_gauge_above_a_hundred_is_full(tmp_path: Path) -> None:
    _gauge(tmp_path)
    _supply(tmp_path, "max17048", capacity="104")
    assert PiBattery(tmp_path).read().percent == 100


def test_the_temperature_is_that_of_the_cpu(tmp_path: Path) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    with pytest.raises(HardwareFault, match="thermal_zone"):
        temperature_millicelsius(tmp_path)
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("48312\n")
    assert temperature_millicelsius(tmp_path) == 48_312


def _heard(way: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(way.recv(1_024).decode())
        except BlockingIOError:
            return words


@pytest.mark.parametrize("where", ["@recorder-{}", "{}/notify"], ids=["abstract", "file"])
def test_the_loops_first_turn_is_ready_and_the_later_ones_are_spaced(
    tmp_path: Path, where: str
) -> None:
    name = where.format(tmp_path)
    clock = JumpingClock()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.settimeout(0)
        way.bind(name.replace("@", "\0"))
        watchdog = PiWatchdog(clock, {"NOTIFY_SOCKET": name})
        for _ in range(10):
            watchdog.pet()
            clock.advance(0.1)
        watchdog.stopping("the battery is empty")
        words = _heard(way)
    assert words == [
        "READY=1\nWATCHDOG=1",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=the battery is empty",
    ]


def test_without_a_supervisor_nobody_is_told(tmp_path: Path) -> None:
    PiWatchdog(JumpingClock(), {}).pet()
    PiWatchdog(JumpingClock(), {"NOTIFY_SOCKET": str(tmp_path / "gone")}).pet()
