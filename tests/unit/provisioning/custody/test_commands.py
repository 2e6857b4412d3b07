"""What a clerk types, from the first person to the last device, and what the program answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from provisioning.cli import app
from tests.kits.bureau.custody import Docking

Clock = Callable[[], int]
Type = Callable[..., Result]


@pytest.fixture
def clerk(bureau: Path, clock: Clock) -> Type:
    """Types a command in the bureau."""

    def run(line: str, *, code: int = 0) -> Result:
        words = [*line.split(" "), "--bureau", str(bureau)]
        ended = CliRunner().invoke(app, words, obj=clock, env={"COLUMNS": "160"})
        assert ended.exit_code == code, ended.output
        return ended

    return run


@pytest.fixture
def staffed(clerk: Type, device: Path) -> Type:
    """A head, a leader, a keeper and two officers with rare names; one device."""
    del device
    for who, name, role, rest in (
        ("H-1", "王建国", "head", "--certificate 豫10001"),
        ("L-1", "李㐂", "leader", "--certificate 豫10002"),
        ("K-1", "赵敏", "keeper", ""),
        ("O-1", "𠮷田·阿依古丽", "officer", "--certificate 豫10003"),
        ("O-2", "欧阳\u3000娜娜", "officer", "--certificate 豫10004 --training-until 2027-06-30"),
    ):
        clerk(f"person add {who} --name {name} --department 执法队 --role {role} {rest}".strip())
    return clerk


def test_a_recorder_s_whole_life_by_commands(
    staffed: Type, bureau: Path, device: Path, clock: Clock
) -> None:
    clerk, desk = staffed, Docking(bureau, device, clock)
    clerk("approve ZF-001 --to O-1 --approver H-1 --document 统批2026-1号")
    clerk("assign ZF-001 --to O-1 --keeper K-1 --leader L-1")
    clerk("fault ZF-001 --note 无法对焦")
    clerk("repair ZF-001 --note 送县维修点")
    clerk("clear ZF-001 --keeper K-1 --note 已更换镜头")
    clerk("maintain ZF-001 --keeper K-1 --note 充电清洁")
    assert "GH-ZF-001-000005" in clerk("return ZF-001").output
    refused = clerk("reassign ZF-001 --to O-2", code=1)
    assert "请先运行 provision approve" in refused.output
    clerk("approve any --to O-2 --approver H-1 --document 统批2026-2号")
    refused = clerk("reassign ZF-001 --to O-2", code=1)
    assert "请放入采集站" in refused.output
    desk.took(5)
    clerk("reassign ZF-001 --to O-2")
    assert "欧阳 娜娜（O-2）" in clerk("status").output
    clerk("return ZF-001")
    desk.took(7)
    clerk("retire ZF-001")
    assert "全部相符" in clerk("audit").output
    assert "不能再办理" in clerk("repair ZF-001 --note 晚了", code=1).output


def test_every_command_of_custody_can_be_tried_first_and_told_to_machines(
    staffed: Type, bureau: Path
) -> None:
    lines = (
        "person add K-2 --name 钱 --department 队 --role keeper",
        "approve ZF-001 --to O-1 --approver H-1 --document 1号",
        "assign ZF-001 --to O-1 --keeper K-1 --leader L-1",
        "repair ZF-001 --note 送修",
        "clear ZF-001 --keeper K-1 --note 修好",
        "fault ZF-001 --note 黑屏",
        "maintain ZF-001 --keeper K-1 --note 充电",
        "keep ZF-001 --officer O-2 --officer L-1=2099-12-31",
        "keep ZF-001 --officer O-2=2099-01-01 --bar L-1",
        "person leave O-2 --note 调往市局",
        "return ZF-001",
        "retire ZF-001 --left 主板烧毁",
    )
    path = bureau / "registry" / "ledger.jws"
    for line in lines:
        before = path.read_bytes()
        planned = json.loads(staffed(f"{line} --dry-run --json").stdout)
        assert planned["changed"] > 0
        assert path.read_bytes() == before
        done = json.loads(staffed(f"{line} --json").stdout)
        assert done["changed"] == planned["changed"]
        assert json.loads(staffed(f"{line} --json").stdout)["changed"] == 0


def test_lost_and_revoke_close_a_recorder_for_good(
    staffed: Type, bureau: Path, enrol: Callable[..., None], tmp_path: Path
) -> None:
    enrol(tmp_path / "other", "ZF-002")
    for line in ("lost ZF-001 --note 遗失", "revoke ZF-002 --reason compromised"):
        assert json.loads(staffed(f"{line} --dry-run --json").stdout)["changed"] == 4
        staffed(line)
        assert json.loads(staffed(f"{line} --json").stdout)["changed"] == 0
    statuses = {
        path.stem: json.loads(path.read_text())["status"]
        for path in (bureau / "registry").glob("ZF-*.json")
    }
    assert statuses == {"ZF-001": "revoked", "ZF-002": "revoked"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("person add 王五 --name 王五 --department 队 --role officer", "person"),
        ("person add O-9 --name \ue863 --department 队 --role officer", "person"),
        ("person add O-9 --name 王五 --department 队 --role officer --certificate 12", "person"),
        (
            "person add O-9 --name 王五 --department 队 --role officer --training-until 明年",
            "date",
        ),
        ("person add O-1 --name 王五 --department 队 --role officer", "person_differs"),
        ("keep ZF-001 --keeper K-1 --leader L-1 --officer O-2", "not_held"),
        ("person leave X-9 --note 调离", "unknown_person"),
        ("person leave O-1 --note \u3000", "note"),
        ("approve ZF-001 --to O-1 --approver L-1 --document 1号", "role"),
        ("approve ZF-001 --to K-1 --approver H-1 --document 1号", "certificate"),
        ("approve ZF-001 --to O-1 --approver H-1 --document 1号 --date 2099-01-01", "date"),
        ("approve zf001 --to O-1 --approver H-1 --document 1号", "line"),
        ("approve ZF-001 --to O-1 --approver H-1 --document \u3000", "document"),
        ("return ZF-001", "not_held"),
        ("return ZF-404", "unknown_device"),
        ("repair ZF-001 --note \u3000", "note"),
        ("revoke ZF-001 --reason 被盗", "reason"),
        ("assign ZF-001 --to O-1 --keeper K-1 --leader L-1 --approval a-0001", "approval"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code_and_changes_nothing(
    staffed: Type, bureau: Path, line: str, code: str
) -> None:
    before = (bureau / "registry" / "ledger.jws").read_bytes()
    refused = json.loads(staffed(f"{line} --json", code=1).stdout)
    assert refused["error"] == code
    assert "不符合管理规定" not in refused["diagnosis"]
    assert (bureau / "registry" / "ledger.jws").read_bytes() == before


def test_a_person_changes_by_update_and_may_become_what_he_was(staffed: Type) -> None:
    keeper = "person add K-1 --name 赵敏 --department 办公室 --role keeper"
    staffed(f"{keeper} --update")
    was = "person add K-1 --name 赵敏 --department 执法队 --role keeper --update"
    assert json.loads(staffed(f"{was} --json").stdout)["changed"] == 1
    listed = {one["id"]: one for one in json.loads(staffed("person list --json").stdout)}
    assert listed["K-1"]["department"] == "执法队"
    assert json.loads(staffed(f"{was} --json").stdout)["changed"] == 0


@pytest.mark.rule("A4")
def test_who_may_use_a_recorder_and_who_left_are_told_to_clerks_and_machines(
    staffed: Type,
) -> None:
    staffed("approve ZF-001 --to O-1 --approver H-1 --document 1号")
    staffed("assign ZF-001 --to O-1 --keeper K-1 --leader L-1 --officer O-2=2099-12-31")
    (row,) = json.loads(staffed("status --json").stdout)
    assert row["officers"] == [{"id": "O-2", "until": "2099-12-31"}]
    assert "（O-1）、O-2" in staffed("status").output.replace("\n", "")
    staffed("person leave O-1 --note 调离")
    staffed("person leave L-1 --note 退休")
    (row,) = json.loads(staffed("status --json").stdout)
    assert (row["standing"], row["because"], row["due"]) == ("frozen", "left", ["word", "left"])
    shown = staffed("status").output
    assert "保管维护人或负责人已离任" in shown
    gone = {one["id"]: one["left"] for one in json.loads(staffed("person list --json").stdout)}
    assert {who for who, since in gone.items() if since} == {"O-1", "L-1"}
    assert "2027-01-15" in staffed("person list").output
