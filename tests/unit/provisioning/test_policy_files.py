from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evidence.rulebook import KEYS
from provisioning.bureau_folder import open_bureau
from provisioning.cli import app
from provisioning.errors import PolicyError
from provisioning.policy.files import describe, read_changes, read_file
from provisioning.policy.rulebook import set_policy
from tests.kits import rulebooks

Clock = Callable[[], int]


def test_a_value_is_json_or_a_text() -> None:
    said = read_changes(
        ["officers.min=2", "arrival.sign=true", "arrival.statement=fixed", 'hold.reasons=["other"]']
    )
    assert said == {
        "officers.min": 2,
        "arrival.sign": True,
        "arrival.statement": "fixed",
        "hold.reasons": ["other"],
    }


@pytest.mark.parametrize("changes", [["officers.min"], ["officers.min=1", "officers.min=2"]])
def test_a_change_that_says_nothing_or_two_things_is_refused(changes: list[str]) -> None:
    with pytest.raises(PolicyError):
        read_changes(changes)


def test_a_file_may_be_toml_with_tables(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('"arrival.sign" = true\n[officers]\nmin = 2\n')
    assert read_file(path) == {"arrival.sign": True, "officers.min": 2}


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b" " * 300_000])
def test_what_is_no_policy_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(content)
    with pytest.raises(PolicyError):
        read_file(path)


@pytest.mark.parametrize("text", sorted(rulebooks.POLICIES))
def test_a_bureau_can_adopt_what_each_text_says(bureau: Path, clock: Clock, text: str) -> None:
    policy = read_file(rulebooks.FOLDER / text / "policy.json")
    set_policy(bureau, policy, clock=clock)
    book = open_bureau(bureau).rulebook
    assert {name: book.policy[name] for name in policy} == policy
    assert set_policy(bureau, policy, clock=clock).changed == 0


def test_a_default_that_is_said_aloud_is_no_new_version(bureau: Path, clock: Clock) -> None:
    assert set_policy(bureau, {"officers.min": 1}, clock=clock).changed == 0


@pytest.mark.parametrize("key", ["bureau.id", "seal.recipients", "disclosure.announcements"])
def test_what_keys_and_clips_hang_on_cannot_be_set(bureau: Path, clock: Clock, key: str) -> None:
    with pytest.raises(PolicyError):
        set_policy(bureau, {key: "other"}, clock=clock)


@pytest.mark.parametrize("value", [1.5, None, "1", [], {"a": 1}])
def test_a_value_of_another_kind_is_refused(bureau: Path, clock: Clock, value: object) -> None:
    with pytest.raises(PolicyError):
        set_policy(bureau, {"officers.min": value}, clock=clock)


def test_every_key_is_described() -> None:
    rows = describe()
    assert [row["key"] for row in rows] == list(KEYS)
    assert all(row["meaning"] and row["chinese"] and row["bounds"] for row in rows)
    assert json.loads(json.dumps(rows))


def run(*words: str | Path, clock: Clock) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], obj=clock)


def test_a_clerk_applies_a_file_and_sees_what_is_stated(bureau: Path, clock: Clock) -> None:
    policy = rulebooks.FOLDER / "S2" / "policy.json"
    tried = run("rulebook", "apply", policy, "--bureau", bureau, "--dry-run", clock=clock)
    assert "试运行" in tried.output
    applied = run("rulebook", "apply", policy, "--bureau", bureau, "--json", clock=clock)
    assert json.loads(applied.output)["facts"] == {"version": 2}
    shown = run("rulebook", "show", "--bureau", bureau, clock=clock).output
    assert "officers.min = 2\n" in shown
    assert "prebuffer.seconds = 0  默认" in shown


def test_a_file_that_is_none_is_refused_in_chinese(bureau: Path, clock: Clock) -> None:
    refused = run("rulebook", "apply", bureau / "nowhere", "--bureau", bureau, clock=clock)
    assert (refused.exit_code, "修改不被接受" in refused.output) == (1, True)


def test_the_keys_are_listed_for_people_and_machines(clock: Clock) -> None:
    assert "officers.min  执法人员最少人数" in run("rulebook", "keys", clock=clock).output
    rows = json.loads(run("rulebook", "keys", "--json", clock=clock).output)
    assert {row["key"] for row in rows} == set(KEYS)
