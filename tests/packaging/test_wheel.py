"""What ships: one wheel of five packages, which is the bare verifier until an extra is added."""

from __future__ import annotations

import subprocess
import zipfile
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES: Final = {"agent", "bureau", "evidence", "hw", "provisioning"}
EXTRA_OF: Final = {"recorder": "device", "bureau": "desk", "provision": "desk"}


def run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run from a folder that is not the clone, so that the wheel alone is found."""
    return subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


def test_wheel_holds_the_five_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_wheel_carries_types_templates_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert any(name.startswith("provisioning/files/") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not any("__pycache__" in name for name in names)


def test_bare_wheel_asks_for_cryptography_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    needs = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert [need.partition(">")[0] for need in needs] == ["cryptography"]


def test_verifier_explains_itself_with_cryptography_alone(bare_venv: Path, tmp_path: Path) -> None:
    result = run(bare_venv / "bin" / "evidence", "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "verify" in result.stdout


@pytest.mark.parametrize("command", EXTRA_OF)
def test_missing_extra_is_answered_with_the_line_that_installs_it(
    bare_venv: Path, tmp_path: Path, command: str
) -> None:
    result = run(bare_venv / "bin" / command, "--help", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert f"pip install 'zhifa-recorder[{EXTRA_OF[command]}]'" in result.stderr
    assert "Traceback" not in result.stderr
