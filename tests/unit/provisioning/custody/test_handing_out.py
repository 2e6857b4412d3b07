"""Through the real files: who may be given a recorder, and what the bureau writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from evidence import assignment
from evidence.assignment import Assignment, Standing
from provisioning.bureau_folder import open_bureau
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import Role
from provisioning.custody.moves import Move
from provisioning.custody.moves.assigning import Assign, Keep, Return
from provisioning.custody.moves.ending import Lose, Retire
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.moves.repairing import REPAIR, Clear, Freeze, Maintain
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import change, open_register
from provisioning.custody.state import State
from provisioning.plan import Report
from tests.kits.bureau.custody import Docking, approval, settle
from tests.kits.bureau.policy import set_policy
from tests.kits.records.forging import payload_of

Clock = Callable[[], int]
Tree = Callable[[Path], dict[str, bytes]]
GIVE = Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1")


@pytest.fixture
def do(bureau: Path, device: Path, clock: Clock) -> Callable[..., Report]:
    """Carry moves out in a bureau with people and one device."""
    settle(bureau, clock)

    def carry(*moves: Move, dry_run: bool = False) -> Report:
        return change(bureau, moves, clock=clock, dry_run=dry_run)

    return carry


@pytest.fixture
def docking(bureau: Path, device: Path, clock: Clock) -> Docking:
    return Docking(bureau, device, clock)


def state_of(bureau: Path, clock: Clock) -> State:
    return open_register(open_bureau(bureau), at_ns=clock()).state


def words(bureau: Path, name: str = "ZF-001") -> list[Assignment]:
    """Every word about a device, read as the device reads it."""
    ca = x509.load_pem_x509_certificate((bureau / "certs" / "ca.pem").read_bytes())
    paths = sorted((bureau / "registry" / "assignments" / name).iterdir())
    return [assignment.read(path.read_bytes(), ca, device=name) for path in paths]


@pytest.mark.rule("A4")
def test_a_last_day_ends_at_midnight_in_beijing_and_is_put_off_without_a_new_approval(
    bureau: Path, do: Callable[..., Report]
) -> None:
    do(approval(), replace(GIVE, until="2027-03-31"))
    assert words(bureau)[-1].until == "2027-03-31T16:00:00.000000Z"
    do(Freeze(device="ZF-001", because=REPAIR, note="lens"))
    do(Clear(device="ZF-001", keeper="K-1", note="done"))
    assert words(bureau)[-1].until == "2027-03-31T16:00:00.000000Z"
    do(Keep(device="ZF-001", until="2028-03-31"))
    last = words(bureau)[-1]
    assert (last.until, last.keeper) == ("2028-03-31T16:00:00.000000Z", "K-1")
    do(Keep(device="ZF-001", until="2028-03-31"))
    assert words(bureau)[-1] == last
    do(Return(device="ZF-001"))
    assert words(bureau)[-1].until is None


@pytest.mark.rule("A4")
@pytest.mark.parametrize("day", ["2020-01-01", "31.3.2027", ""])
def test_a_last_day_that_is_over_or_none_is_refused(do: Callable[..., Report], day: str) -> None:
    with pytest.raises(CustodyError) as refused:
        do(approval(), replace(GIVE, until=day))
    assert refused.value.code == "until"


@pytest.mark.rule("A1")
def test_nobody_gets_a_recorder_without_the_head_s_approval(
    bureau: Path, do: Callable[..., Report], tree: Tree
) -> None:
    before = tree(bureau)
    with pytest.raises(CustodyError) as refused:
        do(GIVE)
    assert refused.value.code == "approval"
    assert "provision approve" in refused.value.diagnosis()
    for other in (approval("O-2"), approval(device="ZF-002")):
        do(other)
        with pytest.raises(CustodyError) as refused:
            do(GIVE)
        assert refused.value.code == "approval"
    assert not (bureau / "registry" / "assignments").exists()
    assert {name: tree(bureau)[name] for name in before if "ledger" not in name} == {
        name: content for name, content in before.items() if "ledger" not in name
    }


@pytest.mark.rule("A1")
def test_an_approval_is_good_for_one_assignment(
    bureau: Path, do: Callable[..., Report], docking: Docking
) -> None:
    do(approval(), GIVE)
    do(Return(device="ZF-001"))
    docking.took(2)
    with pytest.raises(CustodyError) as refused:
        do(GIVE)
    assert refused.value.code == "approval_used"


@pytest.mark.rule("A7")
def test_the_word_names_custodian_keeper_leader_and_approval_and_no_name(
    bureau: Path, do: Callable[..., Report], clock: Clock
) -> None:
    report = do(approval(), GIVE)
    assert report.facts["number"] == 1
    (word,) = words(bureau)
    assert word.permits_recording
    named = (word.custodian, word.keeper, word.leader, word.approval)
    assert named == ("O-1", "K-1", "L-1", "a-0001")
    people = state_of(bureau, clock).people
    token = (bureau / "registry" / "assignments" / "ZF-001" / "000001.jws").read_bytes()
    assert all(one.name.encode() not in token for one in people.values())


@pytest.mark.rule("A7")
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Assign(device="ZF-001", custodian="O-1", leader="L-1"), "unknown_person"),
        (Assign(device="ZF-001", custodian="O-1", keeper="K-1"), "unknown_person"),
        (Assign(device="ZF-001", custodian="O-1", keeper="O-2", leader="L-1"), "role"),
        (Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="K-1"), "role"),
        (Assign(device="ZF-001", custodian="X-9", keeper="K-1", leader="L-1"), "unknown_person"),
        (Assign(device="ZF-404", custodian="O-1", keeper="K-1", leader="L-1"), "unknown_device"),
    ],
)
def test_who_keeps_it_and_who_is_responsible_has_to_be_named(
    bureau: Path, do: Callable[..., Report], tree: Tree, given: Assign, code: str
) -> None:
    do(approval())
    before = tree(bureau)
    with pytest.raises(CustodyError) as refused:
        do(given)
    assert refused.value.code == code
    assert tree(bureau) == before


@pytest.mark.rule("A3")
def test_a_recorder_in_somebody_s_hands_is_nobody_else_s(
    do: Callable[..., Report],
) -> None:
    do(approval(), GIVE, approval("L-1"))
    for again in (None, True, False):
        with pytest.raises(CustodyError) as refused:
            do(Assign(device="ZF-001", custodian="L-1", keeper="K-1", leader="H-1", again=again))
        assert refused.value.code == "held"


@pytest.mark.rule("A5")
def test_a_recorder_goes_from_hand_to_hand_only_when_it_was_emptied_after_its_return(
    bureau: Path, do: Callable[..., Report], docking: Docking, clock: Clock
) -> None:
    next_one = Assign(device="ZF-001", custodian="L-1", again=True)
    do(approval(), GIVE, approval("L-1"))
    docking.took(1)
    docking.session()
    entry_of_lost = docking.session(stored=False)
    returned = do(Return(device="ZF-001"))
    assert returned.facts["form"] == "GH-ZF-001-000002"

    def refused() -> str:
        with pytest.raises(CustodyError) as caught:
            do(next_one)
        assert caught.value.code == "not_drained"
        return caught.value.detail

    # It may still record: it has not taken the word that takes it back.
    assert "word 2" in refused()
    docking.took(2)
    assert entry_of_lost in refused()
    whole = docking.log.read_bytes()
    docking.log.write_bytes(whole.replace(whole[400:404], b"AAAA", 1))
    assert "does not verify" in refused()
    docking.log.write_bytes(whole)
    receipts = bureau / "receipts"
    (first,) = receipts.iterdir()
    forged = receipts / f"0000000002.ZF-001.{entry_of_lost}.stored.jws"
    forged.write_bytes(first.read_bytes())
    assert entry_of_lost in refused()
    forged.unlink()
    said = next(
        line for line in map(payload_of, whole.splitlines()) if line.get("sid") == entry_of_lost
    )
    docking.receipt(said)
    do(next_one)
    custody = state_of(bureau, clock).devices["ZF-001"]
    assert [one.custodian for one in custody.intervals] == ["O-1", "L-1"]
    first_time, second = custody.intervals
    assert first_time.until is not None
    assert first_time.since < first_time.until < second.since
    assert [word.standing for word in words(bureau)] == [
        Standing.ASSIGNED,
        Standing.UNASSIGNED,
        Standing.ASSIGNED,
    ]
    # Keeper and leader stay who they were, unless the clerk says otherwise.
    assert (custody.keeper, custody.leader) == ("K-1", "L-1")


def test_first_and_second_hand_have_their_own_commands(
    do: Callable[..., Report], docking: Docking
) -> None:
    do(approval(), approval(document="2"))
    with pytest.raises(CustodyError, match="nobody's hands yet"):
        do(Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1", again=True))
    do(GIVE)
    do(Return(device="ZF-001"))
    docking.took(2)
    with pytest.raises(CustodyError, match="hands before"):
        do(Assign(device="ZF-001", custodian="O-1", again=False))
    do(Assign(device="ZF-001", custodian="O-1", again=True))


@pytest.mark.rule("A7")
def test_another_keeper_is_named_without_taking_the_recorder_from_anybody(
    bureau: Path, do: Callable[..., Report], clock: Clock
) -> None:
    other = AddPerson(
        id="K-2", name="钱多多", certificate=None, department="办公室", role=Role.KEEPER
    )
    do(approval(), GIVE, other, Freeze(device="ZF-001", because=REPAIR, note="送修"))
    keep = Keep(device="ZF-001", keeper="K-2")
    assert do(keep).changed == 2
    assert do(keep).changed == 0
    do(Clear(device="ZF-001", keeper="K-2", note="修好"))
    word = words(bureau)[-1]
    assert (word.custodian, word.keeper, word.leader) == ("O-1", "K-2", "L-1")
    assert len(state_of(bureau, clock).devices["ZF-001"].intervals) == 1
    with pytest.raises(CustodyError) as refused:
        do(Keep(device="ZF-001", leader="O-1"))
    assert refused.value.code == "role"


@pytest.mark.rule("A8")
def test_where_the_rulebook_asks_for_training_it_has_to_be_valid(
    bureau: Path, do: Callable[..., Report], clock: Clock
) -> None:
    set_policy(bureau, {"officers.training": True}, clock=clock)
    do(approval("O-2"))
    late = Assign(device="ZF-001", custodian="O-2", keeper="K-1", leader="L-1")
    with pytest.raises(CustodyError) as refused:
        do(late)
    assert refused.value.code == "training"
    officer = state_of(bureau, clock).people["O-2"]
    trained = AddPerson(
        id="O-2",
        name=officer.name,
        certificate=officer.certificate,
        department=officer.department,
        role=officer.role,
        training_until="2027-01-15",
        update=True,
    )
    # Valid on its last day, which is the hand clock's.
    do(trained, late)
    assert words(bureau)[-1].custodian == "O-2"


@pytest.mark.rule("A8")
def test_where_it_does_not_ask_nobody_is_refused_for_training(do: Callable[..., Report]) -> None:
    do(
        approval("O-2"),
        Assign(device="ZF-001", custodian="O-2", keeper="K-1", leader="L-1"),
    )


@pytest.mark.rule("M1")
def test_a_recorder_in_repair_is_nobody_s_to_use_until_its_keeper_clears_it(
    bureau: Path, do: Callable[..., Report], docking: Docking
) -> None:
    do(approval(), GIVE)
    do(Freeze(device="ZF-001", because=REPAIR, note="送县维修点"))
    word = words(bureau)[-1]
    assert (word.standing, word.because, word.custodian) == (Standing.FROZEN, "repair", "O-1")
    other = AddPerson(
        id="K-2", name="钱多多", certificate=None, department="办公室", role=Role.KEEPER
    )
    do(other)
    for keeper, code in (("K-2", "keeper"), ("O-1", "role")):
        with pytest.raises(CustodyError) as refused:
            do(Clear(device="ZF-001", keeper=keeper, note="已修复"))
        assert refused.value.code == code
    do(Return(device="ZF-001"))
    docking.took(3)
    do(approval(document="2"))
    with pytest.raises(CustodyError) as refused:
        do(Assign(device="ZF-001", custodian="O-1"))
    assert refused.value.code == "frozen"
    do(Clear(device="ZF-001", keeper="K-1", note="已更换镜头"))
    do(Assign(device="ZF-001", custodian="O-1"))
    assert words(bureau)[-1].permits_recording


@pytest.mark.rule("M2")
def test_a_recorder_that_stopped_itself_goes_on_by_its_keeper_s_word_alone(
    bureau: Path, do: Callable[..., Report], docking: Docking, clock: Clock
) -> None:
    clear = Clear(device="ZF-001", keeper="K-1", note="镜头已检修")
    do(approval(), GIVE)
    docking.took(1)
    docking.stopped(1)
    do(Return(device="ZF-001"))
    docking.took(2)
    do(approval(document="2"))
    with pytest.raises(CustodyError) as refused:
        do(Assign(device="ZF-001", custodian="O-1"))
    assert refused.value.code == "stop_use"
    do(clear)
    do(Assign(device="ZF-001", custodian="O-1"))
    # In somebody's hands a clearance is a word with a higher number, which lifts the latch.
    docking.stopped(4, "storage", "hung")
    number = words(bureau)[-1].number
    do(clear)
    assert (words(bureau)[-1].number, words(bureau)[-1].custodian) == (number + 1, "O-1")
    assert do(clear).changed == 0


@pytest.mark.rule("M3")
def test_the_keeper_notes_the_care_of_a_recorder(
    bureau: Path, do: Callable[..., Report], clock: Clock
) -> None:
    note = Maintain(device="ZF-001", keeper="K-1", note="充电、清洁、试录正常")
    assert do(note).changed == 1
    assert do(note).changed == 0
    care = state_of(bureau, clock).devices["ZF-001"].maintained
    assert care is not None
    assert (care.day, care.keeper) == ("2027-01-15", "K-1")
    with pytest.raises(CustodyError):
        do(Maintain(device="ZF-001", keeper="O-1", note="充电"))


@pytest.mark.rule("A10")
def test_a_lost_recorder_is_closed_in_one_step(
    bureau: Path, do: Callable[..., Report], clock: Clock
) -> None:
    do(approval(), GIVE)
    do(Lose(device="ZF-001", note="入户途中遗失，已报告"))
    assert words(bureau)[-1].standing is Standing.ENDED
    assert words(bureau)[-1].because == "lost"
    assert '"revoked"' in (bureau / "registry" / "ZF-001.json").read_text()
    assert len(list(open_bureau(bureau).revocations())) == 2
    custody = state_of(bureau, clock).devices["ZF-001"]
    # The case opens with the last row of custody: who had it, until when.
    (last,) = custody.intervals
    assert (last.custodian, last.until) == ("O-1", custody.words[-1].issued)
    for late in (Freeze(device="ZF-001", because=REPAIR, note="x"), Return(device="ZF-001")):
        with pytest.raises(CustodyError) as refused:
            do(late)
        assert refused.value.code == "ended"


def test_a_recorder_retires_emptied_or_by_the_head_s_word(
    bureau: Path, do: Callable[..., Report], docking: Docking
) -> None:
    do(approval(), GIVE)
    with pytest.raises(CustodyError) as refused:
        do(Retire(device="ZF-001"))
    assert refused.value.code == "held"
    do(Return(device="ZF-001"))
    with pytest.raises(CustodyError) as refused:
        do(Retire(device="ZF-001"))
    assert refused.value.code == "not_drained"
    do(Retire(device="ZF-001", left="主板烧毁，无法读取，见鉴定书"))
    assert words(bureau)[-1].because == "retired"


@pytest.mark.rule("A5")
def test_a_recorder_with_a_quarantined_session_goes_by_the_head_s_word_alone(
    bureau: Path, do: Callable[..., Report], docking: Docking, clock: Clock
) -> None:
    next_one = Assign(device="ZF-001", custodian="L-1", again=True)
    do(approval(), GIVE, approval("L-1"))
    docking.took(1)
    waiting, aside = docking.session(stored=False), docking.session(stored=False)
    do(Return(device="ZF-001"))
    docking.took(2)
    (bureau / "quarantine" / "ZF-001" / aside).mkdir(parents=True)

    def refused(move: Move) -> CustodyError:
        with pytest.raises(CustodyError) as caught:
            do(move)
        return caught.value

    # One still waits for the desk: docking helps.
    assert refused(next_one).code == "not_drained"
    (bureau / "quarantine" / "ZF-001" / waiting).mkdir()
    for move in (next_one, Retire(device="ZF-001")):
        stuck = refused(move)
        assert (stuck.code, waiting in stuck.detail) == ("quarantined", True)
        assert "provision retire --left" in stuck.diagnosis()
    do(Retire(device="ZF-001", left="记录隔离，存储卡封存"))
    assert state_of(bureau, clock).devices["ZF-001"].ended is not None
    assert audit(open_bureau(bureau), at_ns=clock()).discrepancies == ()


def test_a_dry_run_says_what_would_be_and_changes_nothing(
    bureau: Path, do: Callable[..., Report], tree: Tree
) -> None:
    do(approval())
    before = tree(bureau)
    planned = do(GIVE, Lose(device="ZF-001", note="试"), dry_run=True)
    titles = [one.title for one in planned.outcomes if one.state == "planned"]
    assert titles == [
        "配发台账（2 条）",
        "登记簿：注销 ZF-001",
        "证书吊销列表",
        "配发文件 ZF-001 第 1 号",
        "配发文件 ZF-001 第 2 号",
    ]
    assert tree(bureau) == before


def test_a_second_run_changes_no_byte(
    bureau: Path, do: Callable[..., Report], tree: Tree, docking: Docking
) -> None:
    steps: list[Move] = [
        approval(),
        GIVE,
        Freeze(device="ZF-001", because=REPAIR, note="送修"),
        Return(device="ZF-001"),
        Clear(device="ZF-001", keeper="K-1", note="修好"),
        Lose(device="ZF-001", note="遗失"),
    ]
    for move in steps:
        do(move)
        before = tree(bureau)
        assert do(move).changed == 0
        assert tree(bureau) == before
