"""``bureau docks``: what a clerk sees of a docking, and settles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bureau import office
from bureau.cli import app
from bureau.clock import Clock
from bureau.docking import judging
from bureau.ledger import DockRow
from bureau.settings import load_bureau
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.records.recorder import START_UTC_NS

CLOCK = Clock(utc_ns=lambda: START_UTC_NS, mono_ns=lambda: 0)
AT = "2026-11-21T04:00:00.000000Z"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    """A bureau with four dockings in its ledger: sound, suspect, suspect twice, an older device."""
    one = enrol(tmp_path_factory.mktemp("d"))
    ledger = office.open_ledger(load_bureau(one.bureau))
    for records, codes in (
        (9, ()),
        (4, (judging.ROLLED_BACK,)),
        (5, (judging.MISSING, judging.DIFFERS)),
        (None, ()),
    ):
        row = DockRow(
            device="REC-001",
            at=AT,
            records=records,
            counter=records,
            held=records,
            boot="",
            codes="",
            detail="",
        )
        number = ledger.add_docking(row)
        for code in codes:
            ledger.mark_docking(number, code, f"because {code}")
            ledger.mark_docking(number, code, "again")
    ledger.close()
    return one


def run(bureau: Path, *words: str) -> Any:
    arguments = ["docks", *words, "--bureau", str(bureau)]
    return CliRunner().invoke(app, arguments, obj=CLOCK)


def listed(bureau: Path, *words: str) -> Any:
    return json.loads(run(bureau, "list", "--json", *words).stdout)


def test_every_finding_has_words_and_stands_in_the_clerks_handbook() -> None:
    handbook = (Path(__file__).parents[3] / "docs" / "clerk.zh.md").read_text(encoding="utf-8")
    assert [code for code in judging.WORDS if f"`{code}`" not in handbook] == []


def test_a_clerk_sees_dockings_and_settles_what_is_open(enrolled: Enrolled) -> None:
    bureau = enrolled.bureau
    assert [row["codes"] for row in listed(bureau)] == [
        [],
        [judging.ROLLED_BACK],
        [judging.MISSING, judging.DIFFERS],
        [],
    ]
    told = run(bureau, "list").stdout
    assert "正常" in told
    assert "旧设备" in told
    assert "待处理" in told
    assert [row["number"] for row in listed(bureau, "--open")] == [2, 3]
    assert listed(bureau, "--open")[0]["detail"] == f"because {judging.ROLLED_BACK}"
    done = run(bureau, "settle", "2", "--who", "张三", "--reason", "送修换卡")
    assert done.exit_code == 0, done.output
    assert judging.ROLLED_BACK in done.stdout
    assert [row["number"] for row in listed(bureau, "--open")] == [3]
    assert "张三：送修换卡" in run(bureau, "list").stdout.replace("\n", "")


@pytest.mark.parametrize("number", ["1", "4", "99"])
def test_what_has_nothing_to_settle_is_said(enrolled: Enrolled, number: str) -> None:
    done = run(enrolled.bureau, "settle", number, "--who", "张三", "--reason", "x")
    assert done.exit_code == 1
    assert "no_docking" in done.output


def test_who_and_why_have_to_be_said(enrolled: Enrolled) -> None:
    done = run(enrolled.bureau, "settle", "3", "--who", " ", "--reason", "x")
    assert done.exit_code == 1
    assert [row["number"] for row in listed(enrolled.bureau, "--open")][-1:] == [3]
