"""A clerk's command is killed at every step that makes something durable; the next run completes.

Nothing is doubled and nothing is left out: the ledger says it once, what follows from it is there,
and a third run changes nothing.
"""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest
from cryptography import x509

from provisioning.bureau_folder import open_bureau
from provisioning.custody.moves import Move
from provisioning.custody.moves.assigning import Assign
from provisioning.custody.moves.ending import Lose
from provisioning.custody.moves.leaving import Leave
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import change
from tests.kits.bureau.custody import approval, said, settle
from tests.kits.bureau.enrolment import founded, take_in
from tests.kits.bureau.two_ends import TwoEnds
from tests.kits.processes.killing import Clerk, Ended, killed_at_every_step

pytestmark = pytest.mark.slow

NOW_NS = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two devices, people, and approvals for two of them and the first device."""
    folder = tmp_path_factory.mktemp("killed")

    def clock() -> int:
        return NOW_NS

    path = founded(folder, clock)
    for name in ("ZF-001", "ZF-002"):
        take_in(path, folder / name, name, clock=clock)
    settle(path, clock, approval("O-1"), approval("O-2"))
    return path


def assign(folder: Path, to: str = "O-1") -> list[str | Path]:
    people = ("--to", to, "--keeper", "K-1", "--leader", "L-1")
    return ["assign", "ZF-001", *people, "--bureau", folder, "--json"]


def lost(folder: Path) -> list[str | Path]:
    return ["lost", "ZF-001", "--note", "入户途中遗失", "--bureau", folder, "--json"]


def require_whole(folder: Path, move: Move) -> None:
    """The audit has nothing to say, and another run nothing to do."""
    assert audit(open_bureau(folder), at_ns=NOW_NS).discrepancies == ()
    assert change(folder, [move], clock=lambda: NOW_NS, dry_run=True).changed == 0


@pytest.mark.rule("A1")
def test_assign_killed_at_any_step_is_completed_by_the_next_run(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    cuts = 0
    for _, folder in killed_at_every_step(clerk, bureau, tmp_path, assign):
        assert [line["custodian"] for line in said(folder, "assigned")] == ["O-1"]
        assert [path.name for path in words(folder)] == ["000001.jws"]
        require_whole(folder, Assign(device="ZF-001", custodian="O-1"))
        cuts += 1
    assert cuts > 8


@pytest.mark.rule("A10")
def test_lost_killed_at_any_step_is_completed_by_the_next_run(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    copy(bureau, before)
    clerk.do(*assign(before))
    cuts = 0
    for _, folder in killed_at_every_step(clerk, before, tmp_path, lost):
        assert len(said(folder, "lost")) == 1
        entry = json.loads((folder / "registry" / "ZF-001.json").read_text())
        assert (entry["status"], entry["reason"]) == ("revoked", "lost")
        assert [path.name for path in words(folder)] == ["000001.jws", "000002.jws"]
        require_whole(folder, Lose(device="ZF-001", note="遗失"))
        cuts += 1
    assert cuts > 16


@pytest.mark.rule("A4")
def test_leave_killed_at_any_step_is_completed_by_the_next_run(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    copy(bureau, before)
    clerk.do(*assign(before), "--officer", "O-2")
    paper = ("--approver", "H-1", "--document", "2号")
    clerk.do("approve", "ZF-002", "--to", "O-2", *paper, "--bureau", before)
    keeping = ("--keeper", "K-1", "--leader", "L-1")
    clerk.do("assign", "ZF-002", "--to", "O-2", *keeping, "--bureau", before)

    def leave(folder: Path) -> list[str | Path]:
        return ["person", "leave", "O-2", "--note", "调离", "--bureau", folder, "--json"]

    cuts = 0
    for _, folder in killed_at_every_step(clerk, before, tmp_path, leave):
        assert len(said(folder, "left")) == 1
        for name in ("ZF-001", "ZF-002"):
            held = folder / "registry" / "assignments" / name
            assert sorted(one.name for one in held.iterdir()) == ["000001.jws", "000002.jws"]
        require_whole(folder, Leave(id="O-2", note="调离"))
        cuts += 1
    assert cuts > 8


@pytest.mark.rule("A10")
def test_what_was_cut_short_is_completed_by_whatever_command_comes_next(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    """The clerk lies down after the ledger's line, and somebody else only adds a person."""
    before = tmp_path / "before"
    copy(bureau, before)
    steps = clerk.run([*lost(before), "--dry-run"]).answer["steps"]
    assert len(steps) == 4
    completed = 0
    for cut in range(3, 24, 4):
        folder = tmp_path / f"other{cut}"
        copy(bureau, folder)
        clerk.run(lost(folder), cut=cut)
        person = ("--name", "孙", "--department", "队", "--role", "keeper")
        clerk.do("person", "add", "K-9", *person, "--bureau", folder)
        if said(folder, "lost"):
            assert clerk.do(*lost(folder)).answer["changed"] == 0
            completed += 1
        assert audit(open_bureau(folder), at_ns=NOW_NS).discrepancies == ()
    assert completed > 2


@pytest.mark.rule("A3")
def test_of_two_clerks_at_once_one_hands_the_recorder_out_and_the_other_is_refused(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    with Clerk() as other:
        for number in range(6):
            folder = tmp_path / f"both{number}"
            copy(bureau, folder)
            ended: dict[str, Ended] = {}

            def work(one: Clerk, to: str, at: Path, into: dict[str, Ended]) -> None:
                into[to] = one.run(assign(at, to))

            threads = [
                threading.Thread(target=work, args=(one, to, folder, ended))
                for one, to in ((clerk, "O-1"), (other, "O-2"))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=60)
            assert sorted(one.code for one in ended.values()) == [0, 1]
            (refused,) = [one for one in ended.values() if one.code]
            assert refused.answer["error"] == "held"
            assert len(said(folder, "assigned")) == 1
            assert audit(open_bureau(folder), at_ns=NOW_NS).discrepancies == ()


def words(folder: Path) -> list[Path]:
    return sorted((folder / "registry" / "assignments" / "ZF-001").glob("*.jws"))


def copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target)


NEW = "ZF-009"


def clerks_time() -> int:
    """As the process has it that types the commands."""
    return 1_800_000_000_000_000_000


def test_seed_killed_at_any_step_is_completed_by_the_next_run(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    def seed(folder: Path) -> list[str | Path]:
        return ["seed", NEW, "--to", folder / "stick", "--bureau", folder, "--json"]

    cuts = 0
    for _, folder in killed_at_every_step(clerk, bureau, tmp_path, seed):
        assert len([line for line in said(folder, "seeded") if line["device"] == NEW]) == 1
        assert clerk.do(*seed(folder)).answer["changed"] == 0
        cuts += 1
    assert cuts > 8


@pytest.mark.rule("H8")
def test_enrol_killed_at_any_step_issues_once_and_is_completed_by_the_next_run(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    copy(bureau, before)
    ends = TwoEnds(before, tmp_path / "ends", clerks_time)
    ends.expect(NEW)
    digits = ends.ask(NEW)

    def enrol(folder: Path) -> list[str | Path]:
        answer = ("--request", ends.request(NEW), "--to", folder / "answer")
        return ["enrol", NEW, *answer, "--confirm", digits, "--bureau", folder, "--json"]

    cuts, device = 0, ends.device(NEW)
    for cut, folder in killed_at_every_step(clerk, before, tmp_path, enrol):
        assert len([line for line in said(folder, "enrolled") if line["device"] == NEW]) == 1
        taker = TwoEnds(folder, tmp_path / f"taker{cut}", clerks_time)
        copy(device, taker.device(NEW))
        taker.stick = folder / "answer"
        taker.take(NEW)
        entry = json.loads((folder / "registry" / f"{NEW}.json").read_text())
        certificate = x509.load_pem_x509_certificate(
            (taker.device(NEW) / "certs" / "signing.pem").read_bytes()
        )
        assert entry["signing"]["serial"] == f"{certificate.serial_number:x}"
        cuts += 1
    assert cuts > 12
