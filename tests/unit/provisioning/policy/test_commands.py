"""The clerk's and the head's commands, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from evidence.rulebook import KEYS
from provisioning.cli import app

DAY_NS = 86_400 * 10**9
Run = Callable[..., Result]


@pytest.fixture
def run(clock: Callable[[], int], bureau: Path) -> Run:
    """``run("check")``: a command of ``provision policy`` on the bureau."""

    def command(*words: str | Path, at: Callable[[], int] = clock) -> Result:
        texts = [str(word) for word in words]
        where = [] if "--help" in texts or texts[0] == "keys" else ["--bureau", str(bureau)]
        return CliRunner().invoke(app, ["policy", *texts, *where], obj=at)

    return command


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_clerk_and_a_head_bring_a_text_into_force(run: Run) -> None:
    assert "试运行" in run("new", "--from", "S2", "--dry-run").output
    assert run("new", "--from", "S2").exit_code == 0
    assert run("edit", "release.keep_days=3", "--until", "2029-12-31").exit_code == 0
    checked = run("check")
    assert checked.exit_code == 0
    assert "officers.min（执法人员最少人数）：1 → 2" in checked.output
    assert "核对通过" in checked.output
    assert "负责人" in run("sign", "--as", "clerk").output
    refused = run("publish")
    assert (refused.exit_code, "缺 负责人 签署" in refused.output) == (1, True)
    run("sign", "--as", "head")
    assert "办法第 2 版生效" in run("publish").output
    assert "未作任何改动" in run("publish").output
    shown = run("show").output
    assert "第 2 版" in shown
    assert "officers.min（执法人员最少人数）= 2\n" in shown
    assert "prebuffer.seconds（预录秒数）= 0  默认" in shown


def test_a_check_with_problems_ends_with_1_and_names_them_all(run: Run) -> None:
    run("edit", "export.dual_control=true")
    checked = run("check")
    assert checked.exit_code == 1
    assert "export.supervisor" in checked.output
    found = answer(run("check", "--json"))
    assert len(found["problems"]) == 1
    assert [change[0] for change in found["changes"]] == ["export.dual_control"]


def test_a_refusal_says_the_key_the_bounds_and_the_row(run: Run) -> None:
    refused = run("edit", "officers.min=0")
    assert refused.exit_code == 1
    for part in ("officers.min（执法人员最少人数）", "允许：1 至 16 的整数", "C11", "S2"):
        assert part in refused.output
    assert answer(run("edit", "officers.min=0", "--json"))["error"] == "policy_wrong"


def test_without_a_draft_the_next_step_is_named(run: Run) -> None:
    for words in (("check",), ("sign", "--as", "clerk"), ("show", "--draft"), ("diff",)):
        refused = run(*words)
        assert refused.exit_code == 1
        assert "policy new" in refused.output


def test_two_versions_and_two_texts_are_compared(run: Run) -> None:
    run("edit", "officers.min=2")
    for signatory in ("clerk", "head"):
        run("sign", "--as", signatory)
    run("publish")
    assert answer(run("diff", "1", "now", "--json")) == {
        "changes": [{"key": "officers.min", "old": 1, "new": 2}]
    }
    assert "retention.floor_months（保存期限（月）下限）：24 → 3" in run("diff", "S0", "S3").output
    assert "完全相同" in run("diff", "2", "now").output
    assert run("diff", "7", "now").exit_code == 1


def test_the_draft_is_shown_with_who_has_signed(run: Run) -> None:
    run("edit", "officers.min=2")
    run("sign", "--as", "clerk")
    shown = answer(run("show", "--draft", "--json"))
    assert shown["signed"] == {"经办人": True, "负责人": False}
    assert "officers.min（执法人员最少人数）= 2" in run("show", "--draft").output
    assert "负责人：未签署" in run("check").output


@pytest.mark.parametrize(
    ("days", "told"), [(0, ""), (3 * 365 - 30, "30 天后到期"), (3 * 365 + 5, "已过有效期")]
)
def test_a_rulebook_that_ends_soon_is_told_of(
    run: Run, clock: Callable[[], int], days: int, told: str
) -> None:
    then = clock() + days * DAY_NS - DAY_NS // 2 * bool(days)
    shown = run("show", at=lambda: then).output
    assert told in shown
    assert bool(told) is ("现行办法" in shown)


def test_a_medium_is_written_for_recorders_without_a_network(run: Run, tmp_path: Path) -> None:
    assert run("publish", "--to", tmp_path / "usb").exit_code == 0
    assert (tmp_path / "usb" / "policy.json").stat().st_size > 1_000


def test_the_keys_are_listed_for_people_and_machines(run: Run) -> None:
    listed = run("keys").output
    assert "officers.min  执法人员最少人数" in listed
    assert "允许 1 至 16 的整数；默认 1" in listed
    rows = answer(run("keys", "--json"))
    assert {row["key"] for row in rows} == set(KEYS)


@pytest.mark.parametrize(
    "command", ["new", "edit", "check", "sign", "publish", "show", "diff", "voice", "keys"]
)
def test_help_teaches(run: Run, command: str) -> None:
    shown = run(command, "--help")
    assert shown.exit_code == 0
    assert "办法" in shown.output
