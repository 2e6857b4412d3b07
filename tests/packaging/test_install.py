"""The installer as far as any Debian can show it: what it refuses, and that a dry run is dry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "scripts" / "install-pi.sh"
ROOTFS = REPOSITORY / "overlays" / "rootfs"
HAN = re.compile("[\u4e00-\u9fff]")


def install(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def rehearsal() -> str:
    done = install("--rehearsal", "--network", "10.1.0.0/16", "--ntp", "10.1.0.5")
    if "is needed" in done.stderr or "no apt-get" in done.stderr:
        pytest.skip(f"this machine can rehearse nothing: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_apply_it_says_what_it_would_do_and_does_nothing(rehearsal: str) -> None:
    assert "would install the recorder's software into /opt/recorder/releases/000000-" in rehearsal
    assert "changes would be made; --apply makes them" in rehearsal
    assert not Path("/opt/recorder/current").exists()
    assert not Path("/etc/tmpfiles.d/recorder.conf").exists()


def test_every_file_of_the_overlay_is_laid(rehearsal: str) -> None:
    for path in (path for path in ROOTFS.rglob("*") if path.is_file()):
        name = path.relative_to(ROOTFS)
        if str(name) != "README.md":
            assert f"would write /{name}\n" in rehearsal, name


def test_what_it_does_is_said_in_english_and_what_the_clerk_does_next_in_chinese(
    rehearsal: str,
) -> None:
    log = [line for line in rehearsal.splitlines() if line.startswith("install: ")]
    rest = [line for line in rehearsal.splitlines() if not line.startswith("install: ")]
    assert not any(HAN.search(line) for line in log)
    assert len(rest) >= 3
    assert all(HAN.search(line) for line in rest)


def test_a_machine_that_is_no_pi_is_refused_with_the_next_step() -> None:
    if Path("/proc/device-tree/model").exists():
        pytest.skip("this machine has a device tree: it may be a Pi")
    done = install()
    assert done.returncode == 1
    assert "install: next: " in done.stderr


@pytest.mark.parametrize("words", [["--aply"], ["--store"], ["--ntp"]])
def test_a_slip_of_the_pen_changes_nothing(words: list[str]) -> None:
    done = install(*words)
    assert done.returncode == 1
    assert "next:" in done.stderr
    assert done.stdout == ""


def test_a_partition_that_holds_something_is_never_made_anew() -> None:
    """What it formats is blank: the one command that could cost records."""
    text = SCRIPT.read_text("utf-8")
    (line,) = [line for line in text.splitlines() if "mkfs" in line]
    assert line.strip().startswith("'') change "), "only where blkid finds nothing at all"


def test_a_rehearsal_takes_no_store_that_it_is_not_given(tmp_path: Path, rehearsal: str) -> None:
    """Another's partition of the same name is on the machine: it stays that one's."""
    assert "no partition is named recorder" in rehearsal
    blkid = tmp_path / "blkid"
    blkid.write_text("#!/bin/sh\necho /dev/of-somebody-else\n")
    blkid.chmod(0o755)
    done = install("--rehearsal", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert "of-somebody-else" not in done.stdout


def test_shellcheck_has_nothing_to_say() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here; next: apt install shellcheck")
    folder = REPOSITORY / "scripts" / "bench_pi"
    scripts = [SCRIPT, folder / "emulation", folder / "aarch64", *sorted(folder.glob("install/*"))]
    done = subprocess.run(
        ["shellcheck", "-S", "warning", *scripts], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
