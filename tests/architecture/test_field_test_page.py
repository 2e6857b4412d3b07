"""The tester's page and the protocol are of one mind: each step of either stands in the other."""

from __future__ import annotations

import re
from pathlib import Path

from agent.field_test import words
from agent.field_test.protocol import CODES

PAGE = (Path(__file__).parents[2] / "docs" / "field-test.md").read_text(encoding="utf-8")
OPTIONS = ("--list", "--only", "--soak-minutes", "--json", "--resume", "--check", "--start")


def section(title: str) -> str:
    return PAGE.split(f"## {title}")[1].split("\n## ")[0]


def test_each_step_stands_in_the_page_in_its_order_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", section("The steps"), re.MULTILINE)
    assert rows == [(code, words.STEPS[code][0]) for code in CODES]


def test_whatever_only_hardware_can_prove_has_a_step_that_there_is() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section("What only hardware"), re.MULTILINE)
    proofs = rows[2:] if rows[0][0] == "what" else rows
    assert len(proofs) >= 18
    for what, step in proofs:
        named = set(re.findall(r"`([a-z_]+)`", step))
        assert named & set(CODES), f"{what} has no step"
        assert named <= set(CODES), f"{what} names {named - set(CODES)}"


def test_every_step_proves_something_of_hardware_or_of_the_whole() -> None:
    shown = set(re.findall(r"`([a-z_]+)`", section("What only hardware")))
    assert set(CODES) - shown == {"key", "session"}, "these two run alike without hardware"


def test_the_page_tells_the_options_that_there_are() -> None:
    assert all(f"`{option}" in PAGE or f" {option}" in PAGE for option in OPTIONS)
