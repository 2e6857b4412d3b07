"""What README, docs and Makefile tell a person to type exists and answers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source_tree import ROOT

COMMANDS: Final = tuple(
    tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
)
DOCUMENTS: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE: Final = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK: Final = re.compile(r"\]\((?!https?:)([^)#]+)")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines_to_type() -> list[tuple[str, str]]:
    """Every command line in a fenced shell block: document, line."""
    found = []
    for document in DOCUMENTS:
        for block in FENCE.findall(document.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                text = line.removeprefix("$ ").strip()
                if text and not text.startswith("#"):
                    found.append((relative(document), text))
    return found


def console_lines() -> list[list[str]]:
    """Those that call one of this project's commands, as words without comment."""
    words = (shlex.split(line, comments=True) for _, line in lines_to_type())
    return [line for line in words if line and Path(line[0]).name in COMMANDS]


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


@cache
def help_of(*words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(words[0])
    return subprocess.run(
        [program, *words[1:], "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    result = help_of(command)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout) > 100


@pytest.mark.parametrize("line", console_lines(), ids=" ".join)
def test_each_documented_option_is_in_the_help(line: list[str]) -> None:
    command, *rest = line
    subcommands = []
    for word in rest:
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        subcommands.append(word)
    result = help_of(Path(command).name, *subcommands)
    assert result.returncode == 0, result.stderr
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    assert [option for option in options if option not in result.stdout] == []


@pytest.mark.parametrize(("document", "line"), lines_to_type())
def test_each_documented_script_and_target_exists(document: str, line: str) -> None:
    first, *rest = shlex.split(line, comments=True)
    if first.startswith("scripts/"):
        assert os.access(ROOT / first, os.X_OK), f"{document}: {first}"
    if first == "make":
        assert {word for word in rest if "=" not in word} <= make_targets(), document


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_each_link_leads_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here, and none is needed")
def test_each_target_of_make_says_what_it_does() -> None:
    result = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = set(re.findall(r"^  make ([a-z-]+)", result.stdout, re.MULTILINE))
    assert told == make_targets()


@pytest.mark.parametrize("name", ["setup", "test", "check", "lock", "demo", "../.ci/run"])
def test_each_script_is_sound_shell_and_says_what_it_does(name: str) -> None:
    script = ROOT / "scripts" / name
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").splitlines()[1].startswith("# ")
    subprocess.run(["bash", "-n", script], check=True, timeout=30)
