"""Labels and forms out of a real ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.custody.moves.assigning import Assign, Return
from provisioning.custody.moves.ending import Lose
from provisioning.custody.moves.repairing import REPAIR, Clear, Freeze
from provisioning.custody.register import change
from provisioning.enrolment.papers import print_papers
from provisioning.paper.errors import PaperError
from provisioning.paper.printing import FormKind, print_form, print_labels
from provisioning.plan import Report, StepState
from tests.kits.bureau.custody import Docking, approval, settle

Clock = Callable[[], int]
GIVE = Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1")


@pytest.fixture
def given(bureau: Path, device: Path, clock: Clock) -> Callable[..., str]:
    """``given(kind, *moves)``: ZF-001 is handed out, the moves happen, and the form's text."""
    settle(bureau, clock, approval(), GIVE)

    def write(kind: FormKind, *moves: object) -> str:
        change(bureau, moves, clock=clock)  # type: ignore[arg-type]
        report = print_form(bureau, kind, "ZF-001")
        return Path(str(report.facts["file"])).read_text()

    return write


@pytest.mark.rule("A7")
def test_a_handover_is_filled_from_the_ledger(given: Callable[..., str], bureau: Path) -> None:
    text = given(FormKind.HANDOVER)
    assert "<h1>配发交接单</h1>" in text
    for word in ("𠮷田·阿依古丽（O-1）", "豫10003", "赵敏（K-1）", "李㐂（L-1）", "王建国", "1号"):
        assert word in text
    entry = json.loads((bureau / "registry" / "ZF-001.json").read_bytes())
    assert entry["signing"]["kid"] in text
    assert "编号 PF-ZF-001-000001 " in text


def test_a_return_names_who_had_it_since_when_and_what_is_left(
    given: Callable[..., str], bureau: Path, device: Path, clock: Clock
) -> None:
    text = given(FormKind.RETURN, Return(device="ZF-001"))
    for word in ("𠮷田·阿依古丽", "赵敏", "编号 GH-ZF-001-000002 ", "从未对接采集站", "2027-01-15"):
        assert word in text
    desk = Docking(bureau, device, clock)
    desk.session()
    assert "，已全部移交" in given(FormKind.RETURN)
    desk.session(stored=False)
    assert "有 1 次记录未移交" in given(FormKind.RETURN)


@pytest.mark.rule("M3")
def test_a_repair_says_why_and_by_whom_it_was_cleared(given: Callable[..., str]) -> None:
    broken = Freeze(device="ZF-001", because=REPAIR, note="镜头松动")
    text = given(FormKind.REPAIR, broken)
    for word in ("送修", "镜头松动", "赵敏", "𠮷田·阿依古丽", "尚未解除"):
        assert word in text
    text = given(FormKind.REPAIR, Clear(device="ZF-001", keeper="K-1", note="换了镜头"))
    assert "赵敏（K-1）：换了镜头" in text


def test_a_loss_names_who_had_it(given: Callable[..., str]) -> None:
    text = given(FormKind.LOSS, Lose(device="ZF-001", note="乘车时遗失"))
    for word in ("遗失报告", "𠮷田·阿依古丽", "李㐂", "乘车时遗失", "从未对接"):
        assert word in text


def test_a_form_about_what_never_happened_is_refused_with_the_next_step(
    bureau: Path, device: Path, clock: Clock
) -> None:
    settle(bureau, clock)
    for kind, command in {
        FormKind.HANDOVER: "provision assign",
        FormKind.RETURN: "provision return",
        FormKind.REPAIR: "provision repair",
        FormKind.LOSS: "provision lost",
    }.items():
        with pytest.raises(PaperError) as refused:
            print_form(bureau, kind, "ZF-001")
        assert command in refused.value.diagnosis()
    assert not (bureau / "paper").exists()


def test_a_device_that_nobody_enrolled_has_neither_label_nor_form(
    bureau: Path, device: Path, clock: Clock
) -> None:
    settle(bureau, clock)
    asks: list[Callable[[], object]] = [
        lambda: print_labels(bureau, ["ZF-404"]),
        lambda: print_form(bureau, FormKind.HANDOVER, "ZF-404"),
    ]
    for ask in asks:
        with pytest.raises(PaperError) as refused:
            ask()
        assert refused.value.code == "unknown_device"


def test_labels_are_written_for_those_named_or_for_all(
    bureau: Path, device: Path, enrol: Callable[..., Report], tmp_path: Path
) -> None:
    enrol(tmp_path / "two", "ZF-002")
    one = print_labels(bureau, ["ZF-002"], tmp_path / "out")
    assert one.facts["file"] == str(tmp_path / "out" / "label-ZF-002.html")
    every = Path(str(print_labels(bureau, []).facts["file"]))
    assert every == bureau / "paper" / "labels.html"
    assert every.read_text().count("<section>") == 2


def test_a_batch_gets_labels_for_all_that_enrolled_and_handovers_for_all_that_were_assigned(
    given: Callable[..., str],
    bureau: Path,
    enrol: Callable[..., Report],
    tmp_path: Path,
) -> None:
    given(FormKind.HANDOVER)
    enrol(tmp_path / "two", "ZF-002")
    out = tmp_path / "papers"
    print_papers(bureau, ["ZF-002", "ZF-001", "ZF-003"], out)
    assert {path.name for path in out.iterdir()} == {"labels.html", "PF-ZF-001-000001.html"}
    assert (out / "labels.html").read_text().count("<section>") == 2
    again = print_papers(bureau, ["ZF-002", "ZF-001"], out)
    assert {step.state for step in again} == {StepState.UNCHANGED}


def test_no_name_of_a_person_stands_on_a_label(given: Callable[..., str], bureau: Path) -> None:
    given(FormKind.HANDOVER)
    text = Path(str(print_labels(bureau, []).facts["file"])).read_text()
    for name in ("阿依古丽", "赵敏", "李㐂", "王建国", "O-1", "豫1000"):
        assert name not in text


def test_a_second_run_changes_nothing_and_a_dry_run_writes_nothing(
    bureau: Path, device: Path
) -> None:
    dry = print_labels(bureau, [], dry_run=True)
    assert [step.state for step in dry.outcomes] == [StepState.PLANNED]
    assert not (bureau / "paper").exists()
    assert print_labels(bureau, []).changed == 1
    assert print_labels(bureau, []).changed == 0
