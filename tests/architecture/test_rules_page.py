"""Every row of the rules has a test or names who will bring one, and the page about it is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from scripts import rules_page
from scripts.rule_markers import ROOT, Proof, collect

RULES: Final = ROOT.parent / "shared" / "rules"
ROW: Final = re.compile(r"^\| ([A-N]\d+) \| ([^|]+) \|", re.MULTILINE)
LANDS: Final = frozenset({"DA", "HW", "PR", "IN", "DK", "POL"})


@pytest.fixture(scope="module")
def table() -> list[rules_page.RuleRow]:
    return rules_page.rows()


@pytest.fixture(scope="module")
def proofs() -> list[Proof]:
    return collect()


def the_rules() -> Path:
    if not RULES.is_dir():
        pytest.skip("the texts of the rules are not here; the table in docs/rules.toml is")
    return RULES


def test_the_page_is_what_rows_and_markers_say_now(
    table: list[rules_page.RuleRow], proofs: list[Proof]
) -> None:
    fresh = rules_page.render(table, proofs)
    assert rules_page.PATH.read_text("utf-8") == fresh, "run: python -m scripts.rules_page"


def test_every_marker_names_a_row(table: list[rules_page.RuleRow], proofs: list[Proof]) -> None:
    assert rules_page.unknown(table, proofs) == []


def test_a_row_without_a_test_names_the_part_that_will_bring_it(
    table: list[rules_page.RuleRow], proofs: list[Proof]
) -> None:
    assert rules_page.unanswered(table, proofs) == []


def test_there_are_104_rows_each_with_a_source_words_and_a_place(
    table: list[rules_page.RuleRow],
) -> None:
    assert len(table) == 104
    for row in table:
        assert row.source
        assert row.en
        assert row.zh
        assert set(re.findall(r"[A-Z]{2,3}", row.lands.partition(" ")[0])) <= LANDS, row.row
        assert row.open.keys() <= set(rules_page.PARTS), row.row


def test_the_rows_are_those_that_the_rules_were_read_into(
    table: list[rules_page.RuleRow],
) -> None:
    read = ROW.findall((the_rules() / "requirements.md").read_text("utf-8"))
    assert [row.row for row in table] == [row for row, _ in read]


def test_each_chinese_phrase_stands_in_a_text_that_its_row_cites(
    table: list[rules_page.RuleRow],
) -> None:
    texts = {
        path.name[:2]: re.sub(r"[\s*]", "", path.read_text("utf-8"))
        for path in the_rules().glob("S[0-4]-*.txt")
    }
    assert len(texts) == 5
    for row in table:
        cited = [texts[number] for number in re.findall(r"S\d", row.source)]
        for phrase in row.zh.split("……"):
            assert any(phrase in text for text in cited), (row.row, phrase)


PLANTED: Final = """
import pytest
from agent.capture import gaps as losses
from tests.kits.media.capture import Bench

pytestmark = [pytest.mark.slow, pytest.mark.rule("A1", "A2")]

@pytest.fixture
def bench():
    return Bench()

def following():
    return losses.Continuity

@pytest.mark.rule("Z9")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("B1"))])
def test_one(x):
    following()

class TestGroup:
    def test_two(self, bench):
        bench.run(1)

def helps_only():
    pass
"""


def test_markers_are_read_wherever_they_stand_and_lead_to_modules(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED, "utf-8")
    found = collect(tmp_path)
    assert [(proof.name, proof.row) for proof in found] == [
        ("test_one", "A1"),
        ("test_one", "A2"),
        ("test_one", "Z9"),
        ("test_one", "B1"),
        ("test_two", "A1"),
        ("test_two", "A2"),
    ]
    assert found[0].modules == ("agent.capture.gaps",)
    assert found[-1].modules == ("agent.capture",)


def test_a_stale_page_a_strange_row_and_an_unanswered_one_are_found(
    table: list[rules_page.RuleRow],
) -> None:
    strange = Proof("Z9", "tests/test_planted.py", "test_one", ())
    assert rules_page.unknown(table, [strange]) == ["tests/test_planted.py::test_one: Z9"]
    assert "C8" in rules_page.unanswered(table, [])
    answered = Proof("C8", "tests/test_planted.py", "test_one", ())
    assert "C8" not in rules_page.unanswered(table, [answered])
    assert rules_page.render(table, [answered]) != rules_page.render(table, [])
