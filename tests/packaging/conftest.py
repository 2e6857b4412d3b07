"""The built wheel, and clean venvs to put it in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
UV: Final = ROOT / ".tools" / "uv" / "bin" / "uv"


def start(command: Sequence[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree without network and without isolation."""
    folder = tmp_path_factory.mktemp("wheel")
    built = start(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def uv() -> Path:
    if not UV.is_file():
        pytest.skip("no .tools/uv here: run scripts/setup")
    return UV


@pytest.fixture(scope="session")
def bare_venv(wheel: Path, uv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv with the wheel and what its bare form needs: cryptography, by hash from the lock."""
    folder = tmp_path_factory.mktemp("bare")
    venv = folder / "venv"
    made = start([uv, "venv", "--quiet", "--python", sys.executable, venv], cwd=folder)
    assert made.returncode == 0, made.stderr
    install: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        venv / "bin" / "python",
    ]
    lock = ROOT / "requirements-verifier.lock"
    filled = start([*install, "--require-hashes", "--only-binary", ":all:", "-r", lock], cwd=folder)
    if filled.returncode != 0:
        pytest.skip(f"cryptography is neither cached nor reachable: {filled.stderr.strip()[-300:]}")
    placed = start([*install, "--no-deps", "--offline", wheel], cwd=folder)
    assert placed.returncode == 0, placed.stderr
    return venv
