"""A damaged ledger: nothing is added to it, the audit tells where it breaks and the way back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evidence import jws
from provisioning.bureau_folder import open_bureau
from provisioning.cli import app
from provisioning.custody.lines import Kind
from provisioning.custody.moves.assigning import Assign, Keep
from provisioning.custody.oversight.audit import audit
from provisioning.custody.oversight.recovery import _WORDS, NEWER
from provisioning.custody.register import change
from tests.kits.bureau.custody import Docking, approval, settle

Clock = Callable[[], int]
Tree = Callable[[Path], dict[str, bytes]]
Run = Callable[..., Any]
Damage = Callable[[list[bytes]], list[bytes]]
GIVE = Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1")
AT = 8
"""Of the line that is damaged: a person's, before the backup."""


def altered(lines: list[bytes]) -> list[bytes]:
    """One letter of what a line says."""
    head, payload, signature = lines[AT].split(b".")
    changed = jws.encode(jws.decode(payload).replace(b'"id":"O-1"', b'"id":"O-7"'))
    return [*lines[:AT], b".".join((head, changed, signature)), *lines[AT + 1 :]]


def zeroed(lines: list[bytes]) -> list[bytes]:
    return [*lines[:AT], bytes(len(lines[AT])), *lines[AT + 1 :]]


def dropped(lines: list[bytes]) -> list[bytes]:
    return [*lines[:AT], *lines[AT + 1 :]]


def cut_off(lines: list[bytes]) -> list[bytes]:
    """The end, from the assignment on."""
    return lines[:11]


def gone(lines: list[bytes]) -> list[bytes]:
    return lines[:0]


NAMED: dict[Damage, str] = {
    altered: "line 8 (row 9): its signature does not fit what it says",
    zeroed: "line 8 (row 10): it does not follow the line before it",
    dropped: "line 8 (row 9): it does not follow the line before it",
    cut_off: "its end is missing: word 1 of ZF-001 has no line",
    gone: "it has no line: it is gone, or was emptied",
}
"""Damage → where and why, as every refusal tells it."""


@pytest.fixture
def ledger(bureau: Path, device: Path, clock: Clock) -> Path:
    """Of a bureau that was backed up and went on: one recorder handed out, one line later."""
    settle(bureau, clock, approval(), GIVE)
    to = bureau.parent / "saved.age"
    saved = CliRunner().invoke(app, ["backup", "--to", str(to), "--bureau", str(bureau)], obj=clock)
    assert saved.exit_code == 0, saved.output
    change(bureau, [Keep(device="ZF-001", until="2027-11-21")], clock=clock)
    return bureau / "registry" / "ledger.jws"


@pytest.fixture
def harm(ledger: Path) -> Callable[[Damage], None]:
    def do(damage: Damage) -> None:
        lines = damage(ledger.read_bytes().splitlines())
        ledger.write_bytes(b"".join(line + b"\n" for line in lines))

    return do


@pytest.fixture
def run(bureau: Path, clock: Clock) -> Run:
    def one(*typed: str) -> Any:
        return CliRunner().invoke(app, [*typed, "--bureau", str(bureau)], obj=clock)

    return one


def said(result: Any) -> Any:
    return json.loads(result.stdout)


@pytest.mark.parametrize("damage", NAMED)
def test_no_command_adds_to_a_damaged_ledger_and_each_names_place_cause_and_next_step(
    harm: Callable[[Damage], None],
    ledger: Path,
    bureau: Path,
    run: Run,
    tree: Tree,
    damage: Damage,
) -> None:
    harm(damage)
    before = tree(bureau)
    seed, stick = str(bureau.parent / "seed"), str(bureau.parent)
    for typed in (
        "person leave O-2 --note 调离",
        "approve ZF-001 --to O-1 --approver H-1 --document 2号",
        "return ZF-001",
        "keep ZF-001 --until 2028-01-01",
        "lost ZF-001 --note 遗失",
        "claim ZF-002",
        f"seed ZF-002 --to {seed}",
        f"enrol ZF-002 --request {stick}",
        f"root export 1 --to {stick}",
        "policy publish",
        f"backup --to {bureau.parent / 'worse.age'}",
        "status",
        "person list",
    ):
        result = run(*typed.split(), "--json")
        refused = said(result)
        assert (result.exit_code, refused["error"]) == (1, "ledger"), typed
        assert f"{ledger}: {NAMED[damage]}; next: provision audit" in refused["detail"]
        assert "下一步" in refused["diagnosis"]
    assert tree(bureau) == before
    assert not (bureau.parent / "worse.age").exists()


@pytest.mark.parametrize("damage", [altered, zeroed, dropped])
def test_an_audit_tells_one_damage_once_and_the_way_back(
    harm: Callable[[Damage], None], run: Run, damage: Damage
) -> None:
    harm(damage)
    result = run("audit", "--json")
    found = said(result)
    chain = [one["line"] for one in found["discrepancies"] if one["code"] == "chain"]
    assert (result.exit_code, chain) == (1, [AT])
    assert len(found["recovery"]["sha256"]) == 64
    (later,) = found["recovery"]["later"]
    assert later.endswith("换保管人、负责人、期限或使用名单 ZF-001")
    text = run("audit").stdout
    assert f"第 {AT} 行" in text
    assert "provision restore" in text
    assert found["recovery"]["sha256"] in text
    assert later in text


@pytest.mark.parametrize("kept", [b"", b"\0\n"], ids=["dropped", "zeroed"])
def test_an_audit_comes_to_its_end_whichever_line_is_damaged(
    ledger: Path, bureau: Path, clock: Clock, kept: bytes
) -> None:
    lines = ledger.read_bytes().splitlines(keepends=True)
    for at in range(len(lines)):
        ledger.write_bytes(b"".join((*lines[:at], kept, *lines[at + 1 :])))
        found = audit(open_bureau(bureau), at_ns=clock())
        chain = [one.line for one in found.discrepancies if one.code == "chain"]
        # The end of a chain has no follower: the word that it issued tells.
        assert chain == ([at] if at < len(lines) - 1 or kept else [])
        assert found.recovery is not None


def test_an_audit_of_what_has_lost_its_end_says_so(
    harm: Callable[[Damage], None], run: Run
) -> None:
    harm(cut_off)
    found = said(run("audit", "--json"))
    assert [one["detail"] for one in found["discrepancies"]] == ["000001.jws", "000002.jws"]
    assert found["recovery"]["backup"] is None
    assert "手边最近的一份" in run("audit").stdout
    harm(gone)
    assert "以单据为准" in run("audit").stdout


def test_no_ledger_is_begun_anew_in_the_place_of_one_that_is_gone(
    ledger: Path, bureau: Path, run: Run, tree: Tree
) -> None:
    ledger.unlink()
    before = tree(bureau)
    assert said(run("init", "--name", "某县统计局", "--json"))["error"] == "ledger"
    assert tree(bureau) == before


def test_a_torn_last_line_stops_nothing(ledger: Path, run: Run) -> None:
    ledger.write_bytes(ledger.read_bytes() + b"eyJhbGci")
    assert run("audit").exit_code == 0
    assert run("keep", "ZF-001", "--until", "2028-01-01").exit_code == 0
    assert run("audit").exit_code == 0


def test_a_stranger_s_file_is_no_witness_that_lines_are_missing(
    ledger: Path, bureau: Path, run: Run
) -> None:
    words = bureau / "registry" / "assignments" / "ZF-001"
    (words / "000009.jws").write_bytes(b"anything")
    assert run("status").exit_code == 0
    assert run("audit").exit_code == 1
    assert said(run("audit", "--json"))["recovery"] is None


def test_the_way_back_leads_to_a_bureau_that_says_what_is_still_to_be_done(
    harm: Callable[[Damage], None], bureau: Path, device: Path, clock: Clock
) -> None:
    docking = Docking(bureau, device, clock)
    docking.took(2)
    harm(altered)
    again = bureau.parent / "again"
    escrow = str(bureau / "identities" / "escrow.age")
    words = ["restore", str(bureau.parent / "saved.age"), "--identity", escrow]
    restored = CliRunner().invoke(app, [*words, "--bureau", str(again)])
    assert restored.exit_code == 0, restored.output
    for name in NEWER:
        if (bureau / name).is_dir():
            shutil.copytree(bureau / name, again / name, dirs_exist_ok=True)
    (left,) = audit(open_bureau(again), at_ns=clock()).discrepancies
    assert (left.code, left.device) == ("ahead", "ZF-001")
    assert "第 2 号" in left.told
    change(again, [Keep(device="ZF-001", until="2027-11-21")], clock=clock)
    assert audit(open_bureau(again), at_ns=clock()).discrepancies == ()


def test_every_kind_of_line_has_a_word_for_the_clerk() -> None:
    assert _WORDS.keys() == set(Kind) - {Kind.BACKUP}
