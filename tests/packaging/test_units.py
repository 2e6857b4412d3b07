"""The units as they ship: understood by systemd, and as tight as was measured."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOTFS = Path(__file__).resolve().parents[2] / "overlays" / "rootfs"
UNITS = ROOTFS / "etc" / "systemd" / "system"
SERVICES = sorted(path.name for path in UNITS.glob("recorder-*.service"))
MOST_EXPOSED = {
    "recorder-dock.service": 1.0,
    "recorder-enrol.service": 2.3,
    "recorder-locker.service": 0.8,
    "recorder-rollback.service": 0.9,
    "recorder-session.service": 1.0,
    "recorder-update.service": 0.9,
    "recorder-vault.service": 0.6,
}
PROGRAM = "/opt/recorder/current/bin/recorder"
SWITCHES = ("recorder-rollback.service", "recorder-update.service")
"""They change what runs, by a command that stands here: root in name, with one capability."""
AS_ROOT = {
    "recorder-enrol.service": {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID"},
    "recorder-rollback.service": {"CAP_DAC_OVERRIDE"},
    "recorder-update.service": {"CAP_DAC_OVERRIDE"},
}
"""Which work as root, never beside a session, and what of root's they keep: to give files to the
users of the others, to write where another user owns the folder."""
HARM = {"CAP_LINUX_IMMUTABLE", "CAP_SYS_RAWIO", "CAP_SYS_MODULE", "CAP_SYS_PTRACE"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the overlay laid over it, and programs where the units name them."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(ROOTFS, root, dirs_exist_ok=True)
    for name in ("opt/recorder/current/bin/recorder", "usr/bin/systemd-tmpfiles", "bin/sh"):
        program = root / name
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    system = root / "usr" / "lib" / "systemd" / "system"
    system.mkdir(parents=True)
    for name in ("sysinit", "basic", "shutdown", "network-online", "multi-user"):
        (system / f"{name}.target").write_text(f"[Unit]\nDescription={name}\n")
    for name in ("system.slice", "-.slice"):
        (system / name).write_text("[Unit]\nDescription=slice\nDefaultDependencies=no\n")
    return root


def analyze(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", f"--root={root}", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unit", [*SERVICES, "recorder.target"])
def test_systemd_understands_every_line(root: Path, unit: str) -> None:
    """It returns 0 on keys that it does not know: what it says is what counts."""
    done = analyze(root, "verify", "--man=no", unit)
    assert done.stderr == ""


@pytest.mark.rule("G1", "H5", "L3")
@pytest.mark.parametrize("unit", SERVICES)
def test_no_unit_is_more_exposed_than_was_decided(root: Path, unit: str) -> None:
    done = analyze(root, "security", "--offline=true", "--no-pager", unit)
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level is not None, done.stdout + done.stderr
    assert float(level[1]) <= MOST_EXPOSED[unit], done.stdout


def test_every_service_has_a_decided_exposure() -> None:
    assert set(MOST_EXPOSED) == set(SERVICES)


def test_every_service_loses_what_could_lift_a_lock_and_the_locker_alone_gets_its_own_back() -> (
    None
):
    taken = _last_set(UNITS / "service.d" / "10-no-harm.conf")
    assert taken.startswith("~")
    assert set(taken[1:].split()) == HARM
    given = UNITS / "recorder-locker.service.d"
    back = max(given.iterdir())
    assert back.name > "10-no-harm.conf", "a drop-in of a later name wins"
    assert _last_set(back) == "CAP_LINUX_IMMUTABLE"
    for unit in set(SERVICES) - {"recorder-locker.service", *AS_ROOT}:
        assert _last_set(UNITS / unit) == ""


def test_what_works_as_root_keeps_little_of_it_and_nothing_that_could_lift_a_lock() -> None:
    texts = {unit: (UNITS / unit).read_text() for unit in SERVICES}
    assert {unit for unit, text in texts.items() if "\nUser=" not in text} == set(AS_ROOT)
    for unit, kept in AS_ROOT.items():
        assert set(_last_set(UNITS / unit).split()) == kept
        assert not kept & HARM
        assert "\nType=oneshot\n" in texts[unit]


def test_enrolment_runs_once() -> None:
    text = (UNITS / "recorder-enrol.service").read_text()
    assert "\nConditionPathExists=!/var/lib/recorder/bureau/rulebook.floor\n" in text
    # For a new try after a failure systemd does not look at Condition... again.
    again = re.findall(r"^ExecCondition=/bin/sh -c '(.*)'$", text, re.MULTILINE)
    assert again == [
        (
            "test -e /boot/firmware/seed/seed.toml"
            " && test ! -e /var/lib/recorder/bureau/rulebook.floor"
        )
    ]


def test_what_switches_releases_is_started_by_a_fixed_command_and_reaches_no_record() -> None:
    for name, option in zip(SWITCHES, (" --recover", ""), strict=True):
        text = (UNITS / name).read_text()
        assert re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE) == [
            f"{PROGRAM} update --device /var/lib/recorder --prefix /opt/recorder{option}"
        ]
        assert "ReadWritePaths=/opt/recorder /var/lib/recorder/state\n" in text
        assert "PrivateNetwork=yes\n" in text
    path = (UNITS / "recorder-update.path").read_text()
    assert "PathChanged=/var/lib/recorder/state/update/request\n" in path


def test_the_session_may_make_the_code_that_its_microphone_calls_back_through() -> None:
    """Of what the units keep away, this alone would keep the sound away: tried, not read."""
    if find_spec("_sounddevice") is None:
        pytest.skip("sounddevice is not installed here; next: scripts/setup")
    tried = """
import ctypes
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0:
    import _sounddevice
    _sounddevice.ffi.callback("PaStreamCallback", lambda *words: 0)
"""
    without = subprocess.run([sys.executable, "-c", tried], capture_output=True, check=False)
    if without.returncode == 0:
        pytest.skip("no PR_SET_MDWE here (Linux 6.3), or cffi needs no such memory any more")
    assert b"Cannot allocate write+execute memory" in without.stderr
    allowed = [unit for unit in SERVICES if "\nMemoryDenyWriteExecute=no\n" in _text(unit)]
    assert allowed == ["recorder-session.service"]


def _text(unit: str) -> str:
    return (UNITS / unit).read_text()


def test_no_login_no_shell_no_way_in() -> None:
    enabled = {path.name for path in UNITS.rglob("*")}
    assert not any(name.startswith(("ssh", "getty", "serial-getty")) for name in enabled)
    for line in (ROOTFS / "etc" / "sysusers.d" / "recorder.conf").read_text().splitlines():
        if line.startswith("u "):
            assert "/bin/" not in line


def _last_set(path: Path) -> str:
    lines = path.read_text().splitlines()
    sets = [line.partition("=")[2] for line in lines if line.startswith("CapabilityBoundingSet=")]
    return sets[-1].strip()
