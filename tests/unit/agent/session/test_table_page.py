"""The page about the table tells the table."""

from __future__ import annotations

from scripts.session_table import PATH, render


def test_the_page_is_what_the_table_says_now() -> None:
    assert PATH.read_text("utf-8") == render(), "run: python -m scripts.session_table"
