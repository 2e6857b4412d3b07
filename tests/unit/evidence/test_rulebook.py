"""The keys of a rulebook, and the rulebooks of the five texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evidence import rulebook
from evidence.errors import RulebookError
from evidence.rulebook import DEFAULTS, KEYS, POLICY, Rulebook, effective
from evidence.rulebook.keys import REQUIRED
from scripts import rulebook_page
from tests.kits.records.bureau import Bureau
from tests.kits.rules import rulebooks

TEXTS = sorted(rulebooks.POLICIES)
CONFLICTS = range(1, 23)


def signed(**changes: Any) -> Rulebook:
    bureau = Bureau()
    named = {name.replace("__", "."): value for name, value in changes.items()}
    document = bureau.rulebook_document()
    document["policy"] |= named
    envelope = rulebook.sign_rulebook(document, bureau.clerks)
    return rulebook.read_rulebook(envelope, rulebook.read_root(bureau.root, bureau.ca))


def test_every_question_the_texts_answer_differently_has_a_key() -> None:
    assert {key.conflict for key in KEYS.values()} == {0, *CONFLICTS}


def test_every_default_is_within_its_bounds() -> None:
    for name, default in DEFAULTS.items():
        KEYS[name].check(default, name)


def test_a_key_that_is_not_stated_has_its_default() -> None:
    book = signed()
    assert book.policy == {**DEFAULTS, **book.stated}
    assert set(book.policy) == set(POLICY)
    assert "officers.min" not in book.stated
    assert (book.number("officers.min"), book.word("arrival.statement")) == (1, "none")
    assert (book.asks("arrival.sign"), book.codes("continuity.causes")) == (False, ())


def test_a_rulebook_of_before_these_keys_keeps_its_digest_and_its_meaning() -> None:
    needed = {name for name, key in KEYS.items() if key.default is REQUIRED}
    book = signed()
    assert needed | {"upload.deadline_hours"} == set(book.stated)


@pytest.mark.parametrize(
    "changes",
    [
        {"prebuffer__seconds": 1},
        {"arrival__statement": "poem"},
        {"arrival__sign": 1},
        {"arrival__voiced_ms": 20_001},
        {"officers__min": 0},
        {"officers__min": 17},
        {"continuity__rule": "never"},
        {"continuity__causes": ["laziness"]},
        {"continuity__related_minutes": 1_441},
        {"custody__revoked": ["no device"]},
        {"retention__floor_months": 0},
        {"retention__floor_months": 1_201},
        {"disclosure__text": "另一句话"},
        {"disclosure__wording": "exact"},
        {"export__dual_control": True},
        {"equip__approval": True},
        {"must_record__items": [{"number": 1}]},
        {"must_record__codes": ["Not A Code"]},
        {"preflight__valid_hours": 0},
        {"upload__weekday": 8},
        {"continuity__mute": False},
        {"disclosure__skip": True},
    ],
)
def test_what_a_bureau_may_not_say_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RulebookError):
        signed(**changes)


def test_no_key_speaks_of_muting_hiding_or_taking_away() -> None:
    words = {part for name in KEYS for part in name.replace("_", ".").split(".")}
    assert not words & {"mute", "dark", "covert", "hide", "delete", "pause", "skip", "silent"}


@pytest.mark.parametrize("text", TEXTS)
def test_the_rulebook_of_a_text_is_kept_signed(text: str) -> None:
    book = rulebooks.read(text)
    assert book.word("bureau.name") == rulebooks.NAMES[text][1]
    assert {name: book.policy[name] for name in rulebooks.POLICIES[text]} == rulebooks.POLICIES[
        text
    ]
    stated = json.loads((rulebooks.FOLDER / text / "policy.json").read_text())
    assert effective({**book.stated, **stated}) == book.policy


def test_a_re_run_of_the_script_gives_no_difference() -> None:
    kept = {
        str(path.relative_to(rulebooks.FOLDER)): path.read_bytes()
        for path in rulebooks.FOLDER.rglob("*")
        if path.is_file()
    }
    assert rulebooks.files() == kept


def test_the_page_of_the_keys_is_generated() -> None:
    assert rulebook_page.PAGE.read_text(encoding="utf-8") == rulebook_page.page()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("retention.floor_months", [24, 3, 0, 3, 12]),
        ("retention.at_expiry", ["keep", "propose", "keep", "keep", "keep"]),
        ("upload.rule", ["within", "each_activity", "unstated", "daily", "within"]),
        ("upload.deferral_hours", [0, 24, 0, 0, 24]),
        ("text_entry.rule", ["after_import", "with_text_file", "none", "daily", "none"]),
        ("disclosure.wording", ["exact", "provincial", "free", "free", "exact"]),
        ("disclosure.when", ["before_questioning", "beforehand", "always", "first", "beforehand"]),
        ("arrival.statement", ["fixed", "purpose", "fields", "none", "none"]),
        (
            "session.begins",
            ["before_entering", "on_arrival", "unstated", "unstated", "on_arrival"],
        ),
        (
            "continuity.rule",
            ["intermittent", "causes", "unstated", "continuous", "technical"],
        ),
        ("exemption.reviewer", ["none", "unit_leader", "none", "none", "body_head"]),
        ("secret.scene", ["record", "record", "record", "record", "may_skip"]),
        ("hold.keeper", ["municipal", "own", "own", "own", "own"]),
        ("export.dual_control", [True, False, False, False, False]),
        ("equip.approval", [True, False, False, False, False]),
        ("officers.min", [1, 1, 2, 1, 1]),
        ("media.copies", [1, 2, 1, 1, 1]),
        ("prebuffer.seconds", [0, 0, 0, 0, 0]),
        ("review.rule", ["periodic", "irregular", "unstated", "daily", "unstated"]),
    ],
)
def test_the_texts_part_ways_where_they_do(key: str, said: list[object]) -> None:
    assert [rulebooks.read(text).policy[key] for text in TEXTS] == said


def test_the_list_of_items_of_a_text_comes_back_column_by_column() -> None:
    first, second = rulebooks.read("S1").policy["must_record.items"]
    assert [first["kind"], second["kind"]] == ["场景类", "会议类"]
    assert second["begins"] == "举行听证会开始"
