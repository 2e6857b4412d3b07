"""Every port keeps its contract on the drivers of a real kernel: ``tests/contract``, inside."""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest

from scripts.bench_pi.machine.day import Day
from tests.machine.conftest import in_the_machine

pytestmark = in_the_machine
TESTS = Path(__file__).parents[1]
INSIDE = "/opt/contract"
PLUGINS = (
    *("pytest", "pluggy", "iniconfig", "packaging"),
    *("pygments", "pytest-xdist", "execnet", "pytest-timeout"),
)
ENDS = "import os, sys, pytest; code = pytest.main(); sys.stdout.flush(); os._exit(code)"
"""libcamera and PortAudio do not survive the end of an interpreter that still holds them."""
SERVICES = "recorder-session recorder-dock recorder-vault"
LEAST = 55
"""Tests that have to pass; what only the fake world can do is none of them."""


def pack(folder: Path) -> None:
    """The contract's tests, and a pytest to run them with."""
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(TESTS / "contract", folder / "tests" / "contract", ignore=without)
    (folder / "tests" / "kits" / "media").mkdir(parents=True)
    for name in ("tests/conftest.py", "tests/kits/media/capture.py", "pyproject.toml"):
        shutil.copy(TESTS.parent / name, folder / name)
    for plugin in PLUGINS:
        for file in metadata.files(plugin) or ():
            if file.suffix in {".py", ".txt"} and ".." not in file.parts:
                (folder / "library" / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(str(file.locate())), folder / "library" / file)


@pytest.mark.timeout(900)
def test_every_port_keeps_its_contract_on_a_real_kernel(day: Day, tmp_path: Path) -> None:
    machine = day.machine
    pack(tmp_path)
    machine.sh(f"systemctl stop recorder.target {SERVICES}; mkdir -p {INSIDE}", seconds=120)
    try:
        machine.put(tmp_path, INSIDE)
        words = [f"PYTHONPATH={INSIDE}/library", "PYTHONDONTWRITEBYTECODE=1", "LG_WD=/tmp"]
        words += ["BENCH_PICTURES=25", "LIBCAMERA_LOG_LEVELS=*:ERROR"]
        words += ["/opt/recorder/current/bin/python", "-c", ENDS, "--board=machine", "-q"]
        words += ["-p", "no:cacheprovider", "-W", "ignore:setDaemon:DeprecationWarning"]
        words += ["--ignore=tests/contract/test_link.py", "tests/contract"]
        done = machine.run("env", "-C", INSIDE, *words, seconds=600)
    finally:
        day.begin_work()
    sys.stdout.write(done.text)
    assert done.code == 0, done.text + done.err.decode()
    passed = int(done.text.rpartition(" passed")[0].split()[-1])
    assert passed >= LEAST
