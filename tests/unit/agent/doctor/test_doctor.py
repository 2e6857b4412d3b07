"""The doctor says what is live, absent or broken, and nothing that it has not seen."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.doctor import card, machine
from agent.doctor.examination import examine, is_sound
from agent.doctor.finding import Finding, State, broken, live
from agent.doctor.words import NAMES, STEPS
from agent.settings import Device
from tests.kits.bureau.enrolment import Enrolled, enrol

BOUNDED = f"{0x1FFFFFFFFFF & ~(1 << 9 | 1 << 16 | 1 << 17 | 1 << 19):016x}"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    return enrol(tmp_path_factory.mktemp("d"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine as the installation leaves it."""
    for name, content in {
        "proc/swaps": "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n",
        "proc/sys/kernel/core_pattern": "|/bin/false\n",
        "proc/self/status": f"Name:\tpython\nCapBnd:\t{BOUNDED}\n",
        "proc/self/mounts": "overlayroot / overlay ro,relatime 0 0\n",
        "etc/systemd/system/service.d/10-no-harm.conf": "[Service]\n",
        "dev/watchdog": "",
        "sys/class/rtc/rtc0/name": "ds3231\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def with_settings(device: Device, **changes: Any) -> Device:
    return replace(device, settings=msgspec.structs.replace(device.settings, **changes))


def test_an_installed_machine_is_live_in_all_of_it(root: Path) -> None:
    assert {check(root).state for check in machine.CHECKS} == {State.LIVE}


@pytest.mark.parametrize(
    ("name", "file", "content", "state"),
    [
        ("swap", "proc/swaps", "Filename\n/dev/mmcblk0p3 partition 1 0 1\n", State.BROKEN),
        ("core_dumps", "proc/sys/kernel/core_pattern", "core\n", State.BROKEN),
        ("bounding", "proc/self/status", "CapBnd:\t000001ffffffffff\n", State.BROKEN),
        ("bounding", "proc/self/status", "", State.BROKEN),
        ("read_only_root", "proc/self/mounts", "/dev/root / ext4 rw,noatime 0 0\n", State.ABSENT),
        ("volatile_logs", "var/log/journal/x", "", State.BROKEN),
    ],
)
def test_what_does_not_hold_is_named(
    root: Path, name: str, file: str, content: str, state: State
) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    found = {check(root).name: check(root) for check in machine.CHECKS}
    assert found[name].state is state
    assert {one.name for one in found.values() if one.state is not State.LIVE} == {name}


def test_a_way_in_over_the_network_is_found(root: Path) -> None:
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "ssh.service").symlink_to("/lib/systemd/system/ssh.service")
    assert machine.remote_login(root).state is State.BROKEN


def test_an_empty_machine_has_nothing_and_says_so(tmp_path: Path) -> None:
    found = {check(tmp_path).name: check(tmp_path).state for check in machine.CHECKS}
    absent = {"bounding", "read_only_root", "watchdog", "clock_battery"}
    assert {name for name, state in found.items() if state is State.ABSENT} == absent


def test_a_key_that_others_can_read_is_broken(enrolled: Enrolled) -> None:
    path = enrolled.device.paths.tls_key
    assert card.keys(enrolled.device).state is State.LIVE
    path.chmod(0o644)
    try:
        assert card.keys(enrolled.device).state is State.BROKEN
    finally:
        path.chmod(0o600)


def test_a_locker_that_is_asked_for_and_not_there_is_broken(enrolled: Enrolled) -> None:
    assert card.locker(enrolled.device).state is State.ABSENT
    wanted = with_settings(enrolled.device, locks="kernel")
    assert card.locker(wanted).state is State.BROKEN


def test_files_that_nobody_locked_are_told(enrolled: Enrolled) -> None:
    folder = enrolled.device.paths.sessions / "S-1"
    folder.mkdir(parents=True)
    (folder / "000000.mp4.age").write_bytes(b"sealed")
    assert card.locks(enrolled.device).state is State.ABSENT
    wanted = with_settings(enrolled.device, locks="kernel")
    assert card.locks(wanted).state in (State.BROKEN, State.ABSENT)


def test_one_user_for_everything_is_told(enrolled: Enrolled) -> None:
    enrolled.device.paths.store.mkdir(exist_ok=True)
    assert card.users(enrolled.device).state is State.ABSENT
    if os.geteuid() == 0:
        os.chown(enrolled.device.paths.store, 61_001, 61_001)
        assert card.users(enrolled.device).state is State.LIVE


def test_a_reserve_that_was_given_up_is_broken(enrolled: Enrolled) -> None:
    device = with_settings(enrolled.device, reserve_bytes=4_096)
    assert card.reserve(device).state is State.BROKEN
    device.paths.reserve.parent.mkdir(exist_ok=True)
    device.paths.reserve.write_bytes(bytes(4_096))
    assert card.reserve(device).state is State.LIVE


def test_everything_has_its_words(enrolled: Enrolled, root: Path) -> None:
    names = {one.name for one in examine(enrolled.device, root)}
    assert names == set(NAMES) == set(STEPS)


def test_only_what_is_broken_makes_it_unsound() -> None:
    assert is_sound((live("swap", ""), Finding("users", State.ABSENT, "")))
    assert not is_sound((live("swap", ""), broken("keys", "")))


def test_the_command_tells_machines_the_same(enrolled: Enrolled) -> None:
    folder = str(enrolled.device.paths.folder)
    done = CliRunner().invoke(app, ["doctor", "--device", folder, "--json"])
    told = json.loads(done.stdout)
    assert [one["name"] for one in told] == [one.name for one in examine(enrolled.device)]
    assert done.exit_code == int(any(one["state"] == "broken" for one in told))
    spoken = CliRunner().invoke(app, ["doctor", "--device", folder]).stdout
    assert all(NAMES[one["name"]] in spoken for one in told)
