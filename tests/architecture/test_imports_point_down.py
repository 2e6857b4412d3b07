"""The import contracts of pyproject.toml hold, and each of them bites."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--no-logo"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def broken(output: str) -> list[str]:
    """The names of the broken contracts, with the report's line breaks undone."""
    flat = " ".join(output.partition("Contracts: ")[0].split())
    flat = re.sub(r"\(\d+ ignored imports?\) ?", "", flat).rpartition("---- ")[2]
    return [
        name for name, verdict in re.findall(r"(.+?) (KEPT|BROKEN) ?", flat) if verdict == "BROKEN"
    ]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda _folder, names: {name for name in names if name == "__pycache__"},
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_holds() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("agent/planted.py", "import bureau", "Imports point down"),
        ("bureau/planted.py", "import provisioning", "Imports point down"),
        ("hw/planted.py", "import agent", "Imports point down"),
        ("evidence/planted.py", "import hw.types", "Imports point down"),
        ("bureau/planted.py", "import hw.types", "The receiving desk never sees"),
        ("evidence/planted.py", "import os", "evidence touches no file"),
        ("evidence/planted.py", "import pathlib", "evidence touches no file"),
        ("evidence/planted.py", "def late():\n    import time", "evidence touches no file"),
        ("evidence/planted.py", "import msgspec", "evidence stands on"),
        ("evidence/planted.py", "import evidence.store.durable", "The pure part of evidence"),
        ("hw/fake/planted.py", "import gpiozero", "Hardware libraries"),
        ("agent/planted.py", "import picamera2", "Hardware libraries"),
        ("agent/vault/planted.py", "import paho.mqtt.client", "On the device the dock alone"),
        ("agent/vault/chain/planted.py", "import agent.vault.session.slot", "In the vault"),
        ("agent/vault/planted.py", "", "In the vault"),
        ("agent/dock/to_vault/planted.py", "import agent.dock.push.pusher", "In the dock"),
    ],
)
def test_a_planted_import_breaks_its_contract(
    copy: Path, module: str, line: str, contract: str
) -> None:
    (copy / module).write_text(f'"""Planted."""\n\n{line}\n', encoding="utf-8")
    result = lint(copy)
    assert result.returncode != 0
    assert any(name.startswith(contract) for name in broken(result.stdout)), result.stdout
