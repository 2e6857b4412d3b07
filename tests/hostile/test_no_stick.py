"""A stick in the recorder: its driver is not loaded, is taken away from it, and nothing mounts.

What udev and modprobe themselves make of the recorder's files, a stick's sysfs put before them. The
stick itself, in the kernel of a machine that records: ``scripts/bench_pi/machine/hostile.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ETC = Path(__file__).resolve().parents[2] / "overlays" / "rootfs" / "etc"
RULES = ETC / "udev" / "rules.d" / "90-recorder.rules"
SCRIPT = Path(__file__).with_name("stick")
STORES, TYPES = "08", "03"
"""Interface classes: mass storage, and a keyboard's."""

pytestmark = pytest.mark.rule("G1")


def looked_at(interface_class: str) -> dict[str, list[str]]:
    """What udev says of the stick's interface, of its disk, and of the card."""
    missing = [name for name in ("udevadm", "unshare") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root, udev and util-linux; missing: {missing or 'root'}")
    words = ["unshare", "--mount", str(SCRIPT), str(RULES), interface_class]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no mounts here: {done.stderr.strip()}")
    parts = (part.splitlines() for part in done.stdout.split("== ")[1:])
    return {name: lines for name, *lines in parts}


def test_what_stores_loses_its_driver_and_is_never_ready_to_be_mounted() -> None:
    said = looked_at(STORES)
    assert "authorized 0" in said["interface"]
    assert {"SYSTEMD_READY=0", "UDISKS_IGNORE=1"} <= set(said["stick"])
    assert any("blockdev --setro /dev/sda" in line for line in said["stick"])
    assert not any("nvalid" in line or "parse" in line for part in said.values() for line in part)


def test_the_card_and_what_does_not_store_are_left_alone() -> None:
    said = looked_at(TYPES)
    assert "authorized 1" in said["interface"]
    assert said["card"] == []


@pytest.mark.parametrize("driver", ["usb-storage", "usb_storage", "uas"])
def test_a_sticks_driver_is_never_loaded_however_it_is_asked_for(driver: str) -> None:
    if shutil.which("modprobe") is None:
        pytest.skip("needs modprobe (kmod)")
    words = ["modprobe", "--config", str(ETC / "modprobe.d"), "--dry-run", "--verbose", driver]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.split()[-2:] == ["install", "/bin/false"], done.stderr


def test_nothing_in_the_root_file_system_mounts_by_itself() -> None:
    names = {path.name for path in ETC.rglob("*") if path.is_file()}
    assert not any(name.endswith((".automount", ".mount")) for name in names)
