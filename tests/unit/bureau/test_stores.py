"""Ledger, receipt book, registry and archive: what each promises by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bureau.clock import Clock
from bureau.errors import LedgerError, ReceiptBookError, RegistryError, UnknownDeviceError
from bureau.ledger import Category, CopyRow, Ledger, Query, SessionRow, Total
from bureau.receipts import Holding, ReceiptBook
from bureau.registry import Registry
from evidence.receipt import ReceiptedFile
from tests.kits.bureau.intake import IntakeRig, Pusher, closed_take, files_of
from tests.kits.records.bureau import Bureau
from tests.kits.records.take import Take

SID = "01890a5d-ac96-774b-bcce-b302099a80{:02d}"


def row(number: int, **changes: object) -> SessionRow:
    values = {
        "device": "REC-0001",
        "sid": SID.format(number),
        "counter": number,
        "officer": "O-1",
        "custodian": None,
        "activity": "inspection",
        "started": f"2026-0{number}-01T08:00:00.000000Z",
        "ended": f"2026-0{number}-01T09:00:00.000000Z",
        "reason": "button",
        "segments": 3,
        "interruptions": 0,
        "disclosure": "verified",
        "files": 5,
        "size": 100,
        "state": "stored",
        "verdict": "verified",
        "deadline": f"2026-0{number}-02T09:00:00.000000Z",
        "stored": f"2026-0{number}-01T20:00:00.000000Z",
        **changes,
    }
    return SessionRow(**values)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    for one in (
        row(1),
        row(2, officer="O-2", device="REC-0002", secrecy="trade"),
        row(3, activity="training", stored="2026-03-03T00:00:00.000000Z"),
    ):
        ledger.put(one)
    return ledger


@pytest.mark.rule("I1")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), [1, 2, 3]),
        (Query(device="REC-0002"), [2]),
        (Query(officer="O-1"), [1, 3]),
        (Query(activity="training"), [3]),
        (Query(since="2026-02-01"), [2, 3]),
        (Query(until="2026-02-01"), [1, 2]),
        (Query(secrecy="trade"), [2]),
        (Query(since="2026-02-01", until="2026-02-28", officer="O-2"), [2]),
        (Query(officer="' OR 1=1 --"), []),
    ],
)
def test_sessions_are_found_by_device_officer_activity_and_time(
    ledger: Ledger, query: Query, found: list[int]
) -> None:
    assert [one.counter for one in ledger.sessions(query)] == found


@pytest.mark.rule("A6")
@pytest.mark.rule("H1")
def test_sessions_are_counted_added_up_and_told_late(ledger: Ledger) -> None:
    assert ledger.totals(Category.OFFICER) == [Total("O-1", 2, 200, 1), Total("O-2", 1, 100, 0)]
    ledger.put(row(1, stored=None))
    assert ledger.totals(Category.OFFICER, now="2026-01-02T08:00:00")[0].late == 1
    assert ledger.totals(Category.OFFICER, now="2026-01-02T10:00:00")[0].late == 2
    assert [total.value for total in ledger.totals(Category.MONTH)] == [
        "2026-01",
        "2026-02",
        "2026-03",
    ]
    assert ledger.totals(Category.DEVICE, Query(device="REC-0002"))[0].sessions == 1


def test_a_stored_time_is_kept_when_a_state_is_noted_again(ledger: Ledger) -> None:
    ledger.set_state("REC-0001", SID.format(1), "quarantined", verdict="broken", stored="later")
    found = ledger.find(SID.format(1))
    assert found is not None
    assert (found.state, found.stored) == ("quarantined", "2026-01-01T20:00:00.000000Z")


@pytest.mark.rule("K6")
def test_every_opening_is_numbered_and_stays(ledger: Ledger) -> None:
    numbers = [
        ledger.begin_copy(
            CopyRow(
                device="REC-0001",
                sid=SID.format(1),
                who="张三",
                why="复核",
                began="now",
                finished=None,
                outcome="begun",
                folder="/out",
            )
        )
        for _ in range(2)
    ]
    ledger.finish_copy(numbers[0], at="then", outcome="opened")
    assert [(one.number, one.outcome) for one in ledger.copies()] == [
        (numbers[0], "opened"),
        (numbers[1], "begun"),
    ]


def test_a_ledger_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("this is no database, and long enough to be looked at")
    with pytest.raises(LedgerError):
        Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")


@pytest.mark.rule("A6")
def test_a_lost_ledger_is_written_again_from_the_archive(rig: IntakeRig, pusher: Pusher) -> None:
    takes = [closed_take(pusher.recorder) for _ in range(3)]
    for take in takes[:2]:
        pusher.push(take)
    path = rig.archive.file("REC-0001", takes[2].sid, "000000.mp4.age")
    pusher.push_log()
    *first, last = files_of(takes[2])
    for name, content in first:
        pusher.push_file(takes[2], name, content)
    path.chmod(0o640)
    path.write_bytes(b"altered")
    pusher.push_file(takes[2], *last)
    before = _told(rig.ledger)
    assert [state for _, state, *_ in before[0]] == ["stored", "stored", "quarantined"]
    rig.close()
    for leftover in rig.folder.glob("ledger.sqlite*"):
        leftover.rename(rig.folder / f"lost-{leftover.name}")
    rig.restart()
    assert _told(rig.ledger) == before


def _told(ledger: Ledger) -> tuple[list[tuple[object, ...]], list[tuple[str, ...]], set[int]]:
    sessions: list[tuple[object, ...]] = [
        (one.sid, one.state, one.verdict, one.stored, one.size, one.deadline)
        for one in ledger.sessions()
    ]
    quarantine: list[tuple[str, ...]] = [
        (one.name, one.reason, one.since) for one in ledger.quarantined()
    ]
    return sessions, quarantine, ledger.serials()


@pytest.mark.rule("L1")
@pytest.mark.parametrize(
    ("marked", "logged", "secrecy"),
    [
        ([], None, ""),
        (["mark", "sign"], None, ""),
        (["secret:trade", "secret:privacy"], "trade", "trade"),
        (["secret:privacy"], "state", "state"),
        (["secret:state"], "privacy", "state"),
        ([], "privacy", "privacy"),
    ],
)
def test_the_ledger_has_the_higher_class_of_journal_and_log(
    rig: IntakeRig, pusher: Pusher, marked: list[str], logged: str | None, secrecy: str
) -> None:
    take = Take(pusher.recorder)
    take.announce()
    for code in marked:
        take.event("mark", {"code": code, "at_ns": pusher.recorder.ticker.mono_ns})
    take.segment(size=3_000)
    take.entry["secrecy"] = logged
    take.close()
    pusher.push(take)
    (found,) = rig.ledger.sessions()
    assert (found.state, found.secrecy) == ("stored", secrecy)


# The book of receipts.


def book_in(folder: Path) -> ReceiptBook:
    bureau = Bureau()
    clock = Clock(utc_ns=lambda: 0, mono_ns=lambda: 0)
    return ReceiptBook(folder, bureau.receipt_signer, bureau.receipt_certificate, clock)


HOLDING = Holding(
    device="REC-0001",
    sid=SID.format(1),
    counter=1,
    root="0" * 64,
    files=(ReceiptedFile("journal.jws", 3, "1" * 64),),
)


def test_a_receipt_is_signed_once(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    first = book.issue("stored", HOLDING)
    assert book.issue("stored", replace(HOLDING, counter=9)) == first
    assert book_in(tmp_path).issue("stored", HOLDING).read() == first.read()
    assert first.path.stat().st_mode & 0o777 == 0o440


def test_a_missing_receipt_stops_the_book(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    first = book.issue("committed", HOLDING)
    book.issue("stored", HOLDING)
    first.path.rename(tmp_path / "away")
    with pytest.raises(ReceiptBookError):
        book_in(tmp_path)


def test_a_receipt_that_was_half_written_does_not_count(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    first = book.issue("committed", HOLDING)
    half = first.path.with_name(first.path.name.replace("0000000001", "0000000002") + ".new")
    half.write_bytes(first.read()[:100])
    assert book_in(tmp_path).issue("stored", HOLDING).serial == 2


# The registry.


def test_a_registry_entry_is_read_again_when_it_changes(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    entry = tmp_path / "REC-0001.json"
    with pytest.raises(UnknownDeviceError):
        registry.admit("REC-0001")
    entry.write_text('{"device":"REC-0001","status":"active"}')
    assert registry.admit("REC-0001").device == "REC-0001"
    entry.write_text('{"device":"REC-0001","status":"revoked"}')
    with pytest.raises(UnknownDeviceError) as caught:
        registry.admit("REC-0001")
    assert caught.value.code == "revoked_device"
    assert "注销" in caught.value.diagnosis()


@pytest.mark.parametrize("text", ["", "{}", "[]", "x" * 70_000, '{"device":"a","status":"active"}'])
def test_a_registry_entry_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "REC-0001.json").write_text(text)
    with pytest.raises(RegistryError):
        Registry(tmp_path).admit("REC-0001")


# The archive.


def test_a_move_that_a_crash_cut_short_is_finished(rig: IntakeRig) -> None:
    sid = SID.format(1)
    arrived = rig.folder / "partial" / "file"
    arrived.write_bytes(b"content")
    target = rig.archive.file("REC-0001", sid, "000000.mp4.age")
    target.parent.mkdir(parents=True)
    target.hardlink_to(arrived)
    rig.archive.admit(arrived, "REC-0001", sid, "000000.mp4.age")
    assert not arrived.exists()
    assert target.read_bytes() == b"content"


def test_an_archived_file_is_never_replaced(rig: IntakeRig) -> None:
    sid = SID.format(1)
    for content in (b"first", b"second"):
        (rig.folder / "partial" / content.decode()).write_bytes(content)
    rig.archive.admit(rig.folder / "partial" / "first", "REC-0001", sid, "000000.mp4.age")
    with pytest.raises(FileExistsError):
        rig.archive.admit(rig.folder / "partial" / "second", "REC-0001", sid, "000000.mp4.age")
    assert rig.archive.file("REC-0001", sid, "000000.mp4.age").read_bytes() == b"first"
    assert (rig.folder / "partial" / "second").exists()


def test_the_first_reason_of_a_quarantine_stands(rig: IntakeRig) -> None:
    sid = SID.format(1)
    rig.archive.admit_empty("REC-0001", sid, "000000.mp4.age")
    for why in ("first", "second"):
        rig.archive.quarantine("REC-0001", sid, {"reason": why})
    assert rig.archive.reason("REC-0001", sid) == {"reason": "first"}
    assert rig.archive.files("REC-0001", sid) == ["000000.mp4.age"]
    assert list(rig.archive.quarantined()) == [("REC-0001", sid, {"reason": "first"})]
