from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.enrolment.enrol import Recorder
from agent.settings import load_device
from evidence import assignment
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.custody.lines import Role
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.register import change, open_register
from provisioning.custody.state import State
from provisioning.enrolment.batch import Batch, Done, RowsError, carry_out_list
from provisioning.enrolment.errors import AdmissionError
from provisioning.enrolment.lists import COLUMNS
from provisioning.enrolment.papers import print_papers
from provisioning.enrolment.settings import DeviceOptions
from provisioning.plan import StepState
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.two_ends import PLAIN, TwoEnds

Tree = Callable[[Path], dict[str, bytes]]


def row(number: int, **cells: str) -> str:
    held = {
        "设备编号": f"ZF-{number:03}",
        "型号": "DSJ-A7",
        "序列号": f"SN-{number:03}",
        "部门": "执法队",
        "使用人": f"\U00020bb7执法员{number}",
        "执法证号": f"豫{10_000 + number}",
        "批准人": "赵敏",
        "批准文号": "统批2026-1号",
        "批准日期": "2026-01-05",
        **cells,
    }
    return ",".join(held[name] for name in COLUMNS)


class Office:
    """A clerk with a list."""

    def __init__(self, ends: TwoEnds) -> None:
        self.ends = ends
        self.path = ends.folder / "devices.csv"
        self.seeds = ends.folder / "seeds"

    def write(self, *rows: str, encoding: str = "gb18030") -> None:
        self.path.write_bytes("\r\n".join((",".join(COLUMNS), *rows)).encode(encoding))

    def carry_out(self, *, dry_run: bool = False, **wish: Any) -> Done:
        whole: dict[str, Any] = {"seeds": self.seeds, "options": PLAIN, **wish}
        batch = Batch(path=self.path, **whole)
        return carry_out_list(self.ends.bureau, batch, clock=self.ends.clock, dry_run=dry_run)

    def enrol(self, device: str, serial: str) -> None:
        recorder = Recorder.at(self.ends.device(device), self.seeds / device, serial)
        shown: list[str] = []
        recorder.onto_stick(self.ends.stick, shown.append)
        self.ends.answer(device, shown[0])
        recorder.from_stick(self.ends.stick)

    def state(self) -> State:
        return open_register(open_bureau(self.ends.bureau), at_ns=self.ends.clock()).state


@pytest.fixture
def office(ends: TwoEnds) -> Office:
    people = (("H-1", "赵敏", Role.HEAD), ("K-1", "王五", Role.KEEPER))
    moves = [
        AddPerson(id=number, name=name, certificate=None, department="法制科", role=role)
        for number, name, role in people
    ]
    change(ends.bureau, moves, clock=ends.clock)
    return Office(ends)


def unchanged(done: Done) -> bool:
    return all(one.state is StepState.UNCHANGED for one in done.report.outcomes)


@pytest.mark.rule("A1", "A2")
def test_a_delivery_becomes_people_approvals_claims_and_seeds(office: Office) -> None:
    office.write(*map(row, range(1, 6)))
    assert office.carry_out().devices == tuple(f"ZF-{n:03}" for n in range(1, 6))
    state = office.state()
    assert {one.name for one in state.people.values()} > {"\U00020bb7执法员1", "\U00020bb7执法员5"}
    assert len(state.approvals) == 5
    assert all((office.seeds / f"ZF-{n:03}" / "seed.toml").is_file() for n in range(1, 6))
    bureau = open_bureau(office.ends.bureau)
    lines = ledger.read(bureau.folder.ledger, bureau.root.keys)
    assert sum(line["t"] == "claim" for line in lines) == 5


@pytest.mark.rule("A1", "A3", "A7")
def test_the_same_list_hands_out_what_has_been_enrolled_by_then(office: Office) -> None:
    office.write(*map(row, range(1, 4)))
    office.carry_out()
    office.enrol("ZF-001", "SN-001")
    office.enrol("ZF-003", "SN-003")
    office.carry_out(keeper="K-1", leader="H-1")
    state = office.state()
    given = {name: one.custodian for name, one in state.devices.items()}
    names = {one.id: one.name for one in state.people.values()}
    assert names[given["ZF-001"] or ""] == "\U00020bb7执法员1"
    assert names[given["ZF-003"] or ""] == "\U00020bb7执法员3"
    assert "ZF-002" not in given
    token = (office.ends.bureau / "registry/assignments/ZF-001/000001.jws").read_bytes()
    word = assignment.read(token, ca_of(office.ends.bureau), device="ZF-001")
    assert (word.keeper, word.leader) == ("K-1", "H-1")


def test_a_second_run_changes_nothing_at_any_time(office: Office, tree: Tree) -> None:
    office.write(*map(row, range(1, 4)))
    office.carry_out()
    before = tree(office.ends.bureau), tree(office.seeds)
    assert unchanged(office.carry_out())
    assert (tree(office.ends.bureau), tree(office.seeds)) == before
    office.enrol("ZF-001", "SN-001")
    assert unchanged(office.carry_out())
    office.carry_out(keeper="K-1", leader="H-1")
    papers = office.ends.folder / "papers"
    print_papers(office.ends.bureau, ["ZF-001", "ZF-002"], papers)
    assert [path.name for path in papers.glob("PF*.html")]
    before = tree(office.ends.bureau), tree(papers)
    assert unchanged(office.carry_out(keeper="K-1", leader="H-1"))
    print_papers(office.ends.bureau, ["ZF-001", "ZF-002"], papers)
    assert (tree(office.ends.bureau), tree(papers)) == before


def test_a_dry_run_changes_nothing(office: Office, tree: Tree) -> None:
    office.write(row(1))
    before = tree(office.ends.bureau)
    assert office.carry_out(dry_run=True).report.changed > 3
    assert tree(office.ends.bureau) == before
    assert not office.seeds.exists()


def test_one_wrong_row_keeps_everything_from_being_done(office: Office, tree: Tree) -> None:
    office.write(
        row(1),
        row(2, 批准人="没有此人"),
        row(3, 设备编号="bad"),
        row(4, 执法证号="豫10001", 使用人="另一人"),
        row(5, 批准日期="2099-01-01"),
        row(6, 设备编号="DESK-01"),
    )
    before = tree(office.ends.bureau)
    with pytest.raises(RowsError) as refused:
        office.carry_out()
    assert [error.row for error in refused.value.errors] == [3, 4, 5, 6, 7]
    said = refused.value.diagnosis().splitlines()
    assert said[0].startswith("名单有 5 处问题")
    assert said[1].startswith("第 3 行：批准人不在名册中")
    assert tree(office.ends.bureau) == before
    assert not office.seeds.exists()


def test_with_partial_the_right_rows_are_done_and_the_others_told(office: Office) -> None:
    office.write(row(1), row(2, 批准人="没有此人"), row(3))
    done = office.carry_out(partial=True)
    assert done.devices == ("ZF-001", "ZF-003")
    assert [error.row for error in done.errors] == [3]
    office.write(row(1), row(2), row(3))
    assert office.carry_out().report.changed > 0
    assert unchanged(office.carry_out())


def test_hardware_that_has_an_id_already_is_not_given_another(office: Office) -> None:
    office.write(row(1))
    office.carry_out()
    office.write(row(2, 序列号="SN-001"))
    with pytest.raises(RowsError, match="ZF-001"):
        office.carry_out()


def test_an_officer_who_is_on_the_list_keeps_his_id(office: Office) -> None:
    officer = AddPerson(
        id="O-9", name="张三", certificate="豫10001", department="执法队", role=Role.OFFICER
    )
    change(office.ends.bureau, [officer], clock=office.ends.clock)
    office.write(row(1, 使用人="张三"), row(2, 使用人="张三", 执法证号="豫10001"))
    office.carry_out()
    assert {one.custodian for one in office.state().approvals.values()} == {"O-9"}


def test_the_model_on_the_list_is_the_one_that_paper_names(office: Office) -> None:
    office.write(row(1))
    office.carry_out()
    office.enrol("ZF-001", "SN-001")
    papers = office.ends.folder / "papers"
    print_papers(office.ends.bureau, ["ZF-001"], papers)
    page = (papers / "labels.html").read_text()
    assert "DSJ-A7" in page
    assert "SN-001" in page
    assert load_device(office.ends.device("ZF-001")).settings.device_id == "ZF-001"


def test_other_hardware_than_the_list_names_is_not_enrolled(office: Office) -> None:
    office.write(row(1))
    office.carry_out()
    with pytest.raises(AdmissionError) as refused:
        office.enrol("ZF-001", "SN-002")
    assert refused.value.code == "claim_serial"


def test_a_list_for_other_bodies_makes_other_seeds(office: Office) -> None:
    office.write(row(1))
    office.carry_out(options=DeviceOptions(board="pi"))
    assert 'board = "pi"' in (office.seeds / "ZF-001" / "seed.toml").read_text()
