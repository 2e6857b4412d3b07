"""The rows that a report names are those of the table."""

from __future__ import annotations

from evidence.compliance import JUDGES, ROWS
from scripts import compliance_rows


def test_the_module_of_the_rows_is_generated() -> None:
    assert compliance_rows.MODULE.read_text(encoding="utf-8") == compliance_rows.module()


def test_every_row_has_one_judge_and_no_judge_is_without_a_row() -> None:
    assert set(JUDGES) == set(ROWS)
