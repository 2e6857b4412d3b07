from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.rulebook import KEYS
from provisioning.errors import PolicyError
from provisioning.policy import fixtures
from provisioning.policy.files import read_all, read_changes, read_file
from provisioning.policy.wording import allowed, cited, describe
from tests.kits.rules import rulebooks


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


def test_files_and_values_may_be_mixed_and_the_later_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "a=b.toml"
    path.write_text("[officers]\nmin = 2\n")
    assert read_all([str(path), "officers.min=3"]) == {"officers.min": 3}


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b" " * 300_000])
def test_what_is_no_policy_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(content)
    with pytest.raises(PolicyError):
        read_file(path)


def test_every_key_is_described_in_chinese() -> None:
    rows = describe()
    assert [row["key"] for row in rows] == list(KEYS)
    assert all(row["meaning"] and row["chinese"] and row["bounds"] for row in rows)
    assert json.loads(json.dumps(rows))
    for key in KEYS:
        assert not any(word in allowed(key) for word in (" to ", " or ", "any of", "up to"))


@pytest.mark.parametrize("name", fixtures.NAMES)
def test_every_value_of_a_text_stands_beside_its_article(name: str) -> None:
    stated = fixtures.read_fixture(name)
    uncited = stated.keys() - fixtures.articles(name).keys()
    # S2 gives no hours and no rule for the hand-in: the key says just that.
    assert uncited <= {"upload.rule"}
    assert all(name in cited(key) for key in stated)


def test_the_shipped_texts_are_what_the_signed_fixtures_say() -> None:
    for name in fixtures.NAMES:
        kept = json.loads((rulebooks.FOLDER / name / "policy.json").read_text())
        assert kept == fixtures.read_fixture(name)
        assert rulebooks.read(name).stated.items() >= kept.items()
