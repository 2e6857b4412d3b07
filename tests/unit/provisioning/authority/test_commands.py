"""The clerk's commands about the bureau's authority, as they are typed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from provisioning.bureau_folder import open_bureau
from provisioning.cli import app, prompts

ROOT = Path(__file__).parents[4]
Provision = Callable[..., Result]


@pytest.fixture
def provision(clock: Callable[[], int]) -> Provision:
    def run(*typed: str | Path, answers: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(word) for word in typed], input=answers, obj=clock)

    return run


def init(bureau: Path, announcements: Path) -> tuple[str | Path, ...]:
    return ("init", "--bureau", bureau, "--name", "某县统计局", "--announce", announcements)


def test_without_anybody_to_ask_and_without_a_file_no_bureau_is_founded(
    provision: Provision, tmp_path: Path, announcements: Path
) -> None:
    refused = provision(*init(tmp_path / "bureau", announcements), "--json")
    assert refused.exit_code == 1
    answer = json.loads(refused.stdout)
    assert answer["error"] == "passphrases"
    assert "--root-passphrases FILE" in answer["detail"]
    assert not (tmp_path / "bureau").exists()


def test_each_keeper_types_a_passphrase_twice(
    provision: Provision,
    tmp_path: Path,
    announcements: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompts, "somebody_is_here", lambda: True)
    answers = "".join(f"{line}\n{line}\n" for line in words)
    done = provision(*init(tmp_path / "bureau", announcements), answers=answers)
    assert done.exit_code == 0, done.output
    assert not any(line in done.output for line in words)
    assert open_bureau(tmp_path / "bureau").root.authority is not None
    again = provision(*init(tmp_path / "bureau", announcements), answers="")
    assert "未作任何改动" in again.output


def test_what_is_typed_is_not_shown(
    tmp_path: Path, announcements: Path, words: tuple[str, ...]
) -> None:
    """On a real terminal."""
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "provisioning.main", *init(tmp_path / "b", announcements)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    shown = b""
    for asked, answer in (("设定口令", words[0]), ("再输入一次", "something else")):
        while asked.encode() not in shown:
            shown += os.read(person, 4_096)
        while termios.tcgetattr(person)[3] & termios.ECHO:
            Event().wait(0.01)
        os.write(person, f"{answer}\n".encode())
    assert process.wait(timeout=60) == 1
    shown += os.read(person, 4_096)
    os.close(person)
    assert "两次输入的口令不一致" in shown.decode()
    assert words[0] not in shown.decode()
    assert "something else" not in shown.decode()
    assert not (tmp_path / "b").exists()


def test_the_root_is_shown_rotated_and_taken_away(
    provision: Provision, rooted: Path, tmp_path: Path, typed: Path
) -> None:
    def answer(*words: str | Path) -> Any:
        done = provision(*words, "--bureau", rooted, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    assert answer("root", "show")["version"] == 1
    assert "离线根密钥 3" in provision("root", "show", "--bureau", rooted).output
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        assert answer("root", "export", number, "--to", tmp_path / number)["changed"] == 3
    assert "已移出" in provision("root", "show", "--bureau", rooted).output
    rotate = ("root", "rotate", "--replace-head", "--root-passphrases", typed)
    refused = provision(*rotate, "--bureau", rooted)
    assert refused.exit_code == 1
    assert "--key FILE" in refused.output
    keys = [
        word
        for number in ("1", "2")
        for word in ("--key", tmp_path / number / f"root-{number}.pem")
    ]
    assert answer(*rotate, *keys, "--dry-run")["changed"] > 3
    assert answer(*rotate, *keys)["facts"] == {"root_version": 2, "rulebook_version": 2}
    assert answer("root", "show")["version"] == 2


def test_a_bureau_is_saved_and_brought_back(
    provision: Provision, rooted: Path, tmp_path: Path
) -> None:
    to = tmp_path / "saved.age"
    saved = provision("backup", "--to", to, "--bureau", rooted)
    assert saved.exit_code == 0, saved.output
    assert "录音录像" in saved.output
    escrow = rooted / "identities" / "escrow.age"
    words = ("restore", to, "--identity", escrow, "--bureau", tmp_path / "back")
    assert provision(*words, "--dry-run").exit_code == 0
    back = provision(*words, "--json")
    assert json.loads(back.stdout)["facts"]["ledger_lines"] == 2
    again = provision(*words, "--json")
    assert json.loads(again.stdout)["error"] == "backup"


def test_a_key_is_placed_by_an_option(
    provision: Provision, tmp_path: Path, announcements: Path, typed: Path
) -> None:
    words = (*init(tmp_path / "bureau", announcements), "--root-passphrases", typed)
    done = provision(*words, "--key", "receipt=file:keys/other.pem", "--json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "bureau" / "keys" / "other.pem").exists()
    assert 'receipt = "file:keys/other.pem"' in (tmp_path / "bureau" / "bureau.toml").read_text()
    assert provision(*words, "--key", "receipt", "--json").exit_code == 1


@pytest.mark.parametrize(
    "command",
    [
        ["init"],
        ["root"],
        ["root", "show"],
        ["root", "export"],
        ["root", "rotate"],
        ["backup"],
        ["restore"],
    ],
)
def test_help_teaches(provision: Provision, command: list[str]) -> None:
    shown = provision(*command, "--help")
    assert shown.exit_code == 0
    assert "provision" in shown.output
