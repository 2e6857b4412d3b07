"""A device's log as it arrives, line by line."""

from __future__ import annotations

import pytest

from evidence.journal import NEWLINE
from evidence.wire import ReasonCode
from tests.kits.bureau.intake import IntakeRig, Pusher, closed_take
from tests.kits.records.recorder import Recorder


def lines_of(recorder: Recorder) -> list[bytes]:
    return bytes(recorder.log).split(NEWLINE)[:-1]


def press(recorder: Recorder, times: int = 1) -> None:
    for _ in range(times):
        recorder.note("press", {"button": "record", "gesture": "short", "at_ns": 1})


def test_no_lines_ask_how_many_are_held(pusher: Pusher) -> None:
    assert pusher.push_log([]).next_index == 0
    pusher.push_log()
    assert pusher.push_log([]).next_index == 1


def test_a_log_arrives_in_batches_that_overlap(rig: IntakeRig, pusher: Pusher) -> None:
    press(pusher.recorder, 9)
    lines = lines_of(pusher.recorder)
    assert pusher.push_log(lines[:4]).next_index == 4
    assert pusher.push_log(lines[2:7], first=2).next_index == 7
    assert pusher.push_log(lines[3:5], first=3).next_index == 7
    assert pusher.push_log(lines[7:], first=7).next_index == 10
    assert rig.archive.log("REC-0001").read_bytes() == bytes(pusher.recorder.log)


def test_a_batch_behind_a_hole_is_answered_with_where_to_go_on(pusher: Pusher) -> None:
    press(pusher.recorder, 5)
    answer = pusher.push_log(lines_of(pusher.recorder)[3:], first=3)
    assert (answer.reason_code, answer.next_index) == (ReasonCode.SUCCESS, 0)


def test_a_log_goes_on_under_the_next_start(rig: IntakeRig, pusher: Pusher) -> None:
    press(pusher.recorder)
    pusher.push_log()
    pusher.recorder.start()
    press(pusher.recorder)
    assert pusher.push_log().next_index == 4
    rig.restart()
    press(pusher.recorder)
    assert pusher.push_log().next_index == 5


@pytest.mark.parametrize("torn", [b"eyJhbGciOi", b"\0" * 300, b"one\ntwo", b""])
def test_a_torn_line_is_taken_with_the_start_that_names_it(
    rig: IntakeRig, pusher: Pusher, torn: bytes
) -> None:
    press(pusher.recorder)
    pusher.recorder.start(torn)
    press(pusher.recorder)
    assert pusher.push_log().reason_code is ReasonCode.SUCCESS
    assert rig.archive.log("REC-0001").read_bytes() == bytes(pusher.recorder.log)
    assert rig.ledger.quarantined() == []


def test_a_torn_line_waits_for_its_start(rig: IntakeRig, pusher: Pusher) -> None:
    pusher.recorder.start(b"eyJhbGciOi")
    lines = lines_of(pusher.recorder)
    answer = pusher.push_log(lines[:2])
    assert (answer.reason_code, answer.next_index) == (ReasonCode.SUCCESS, 1)
    assert pusher.push_log(lines[1:], first=1).next_index == 3


def test_a_whole_line_that_a_crash_left_without_its_end_is_disowned_by_the_next_start(
    rig: IntakeRig, pusher: Pusher
) -> None:
    recorder = pusher.recorder
    before = len(recorder.log)
    prev, index = recorder.log_chain.prev, recorder.log_chain.index
    press(recorder)
    whole = bytes(recorder.log[before:-1])
    del recorder.log[before:]
    recorder.log_chain.prev, recorder.log_chain.index = prev, index
    recorder.start(whole)
    press(recorder)
    assert pusher.push_log().reason_code is ReasonCode.SUCCESS
    assert rig.archive.log("REC-0001").read_bytes() == bytes(recorder.log)


def test_a_torn_line_without_its_start_is_refused_and_kept(rig: IntakeRig, pusher: Pusher) -> None:
    press(pusher.recorder)
    lines = lines_of(pusher.recorder)
    answer = pusher.push_log([lines[0], b"eyJ", lines[1]])
    assert (answer.reason_code, answer.next_index) == (ReasonCode.REFUSED, 1)
    assert len(rig.ledger.quarantined()) == 1


def test_endless_torn_lines_are_refused(pusher: Pusher) -> None:
    answer = pusher.push_log([*lines_of(pusher.recorder), *([b"torn"] * 50)])
    assert answer.reason_code is ReasonCode.REFUSED


@pytest.mark.parametrize("position", [0, 5, 200, -1])
def test_a_changed_line_is_refused_and_the_lines_before_it_are_kept(
    rig: IntakeRig, pusher: Pusher, position: int
) -> None:
    press(pusher.recorder, 3)
    lines = lines_of(pusher.recorder)
    changed = bytearray(lines[2])
    changed[position] ^= 1
    answer = pusher.push_log([*lines[:2], bytes(changed), lines[3]])
    assert (answer.reason_code, answer.next_index) == (ReasonCode.REFUSED, 2)
    (row,) = rig.ledger.quarantined()
    kept = rig.folder / "quarantine" / "REC-0001" / row.name / "content"
    assert kept.stat().st_size > 0
    assert pusher.push_log().next_index == 4


def test_dropped_and_moved_lines_are_refused(pusher: Pusher) -> None:
    press(pusher.recorder, 3)
    lines = lines_of(pusher.recorder)
    assert pusher.push_log([lines[0], lines[2]]).reason_code is ReasonCode.REFUSED
    moved = [lines[0], lines[2], lines[1]]
    assert pusher.push_log(moved).reason_code is ReasonCode.REFUSED


def test_a_fork_is_refused_and_kept(rig: IntakeRig, pusher: Pusher) -> None:
    press(pusher.recorder)
    before = bytes(pusher.recorder.log)
    pusher.push_log()
    # The card was set back to an older image, and the device went on from there.
    other = Recorder(rig.bureau)
    other.ticker.pass_ns(10**12)
    other.start()
    answer = pusher.push_log(lines_of(other))
    assert answer.reason_code is ReasonCode.REFUSED
    assert answer.next_index == 2
    assert rig.archive.log("REC-0001").read_bytes() == before
    assert len(rig.ledger.quarantined()) == 1
    pusher.push_log(lines_of(other))
    assert len(rig.ledger.quarantined()) == 1


def test_a_copy_whose_end_was_torn_by_a_crash_is_asked_for_again(
    rig: IntakeRig, pusher: Pusher
) -> None:
    press(pusher.recorder, 3)
    pusher.push_log()
    path = rig.archive.log("REC-0001")
    path.write_bytes(path.read_bytes()[:-30])
    rig.restart()
    assert pusher.push_log([]).next_index == 3
    pusher.push_log()
    assert path.read_bytes() == bytes(pusher.recorder.log)


def test_a_copy_that_rotted_is_set_aside_and_asked_for_again(
    rig: IntakeRig, pusher: Pusher
) -> None:
    press(pusher.recorder, 5)
    pusher.push_log()
    path = rig.archive.log("REC-0001")
    rotten = bytearray(path.read_bytes())
    rotten[-700] ^= 1
    path.write_bytes(rotten)
    rig.restart()
    pusher.push_log()
    assert path.read_bytes() == bytes(pusher.recorder.log)
    (row,) = rig.ledger.quarantined()
    kept = rig.folder / "quarantine" / "REC-0001" / row.name / "content"
    assert kept.read_bytes() == bytes(rotten)


def test_a_session_entered_twice_is_contested_and_not_receipted(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    take.enter("0" * 64, "button")
    pusher.push(take)
    assert rig.receipts(take.sid) == {}
    assert [row.name for row in rig.ledger.quarantined()] == [take.sid]
