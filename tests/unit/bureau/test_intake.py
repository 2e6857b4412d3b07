"""A session on its way from the first log line to the stored receipt."""

from __future__ import annotations

import random

import pytest

from bureau.intake.intake import RESERVE_BYTES
from bureau.intake.message import Message
from evidence import wire
from evidence.digests import CHUNK_BYTES, facts_of
from evidence.moments import utc_text
from evidence.wire import DeviceState, ReasonCode, Topics
from tests.kits.bureau.intake import IntakeRig, Pusher, closed_take, files_of
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BIG = 3 * CHUNK_BYTES + 1_234


@pytest.mark.rule("H9")
def test_a_pushed_session_is_archived_byte_for_byte_and_receipted(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push(take)
    for name, content in files_of(take):
        assert rig.archive.file("REC-0001", take.sid, name).read_bytes() == content
    assert rig.archive.log("REC-0001").read_bytes() == bytes(pusher.recorder.log)
    receipt = rig.receipt(take.sid, "stored")
    named = {file.name: (file.size, file.sha256) for file in receipt.files}
    assert named == {
        name: (len(content), facts_of(content).sha256) for name, content in files_of(take)
    }
    assert receipt.counter == take.counter


def test_archived_files_can_be_read_and_not_written(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder)
    pusher.push(take)
    modes = {
        rig.archive.file("REC-0001", take.sid, name).stat().st_mode & 0o777
        for name, _ in files_of(take)
    }
    assert modes == {0o440}


def test_journals_are_committed_before_the_bulk_has_moved(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    pusher.push_file(take, *files_of(take)[0])
    assert set(rig.receipts(take.sid)) == {"committed"}
    assert {file.name for file in rig.receipt(take.sid, "committed").files} == {
        name for name, _ in files_of(take)
    }
    assert rig.state(take.sid) == "committed"


def test_a_session_that_lacks_one_file_gets_no_stored_receipt(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    for name, content in files_of(take)[:-1]:
        pusher.push_file(take, name, content)
    assert set(rig.receipts(take.sid)) == {"committed"}


def test_receipts_form_one_numbered_chain(rig: IntakeRig, pusher: Pusher) -> None:
    takes = [closed_take(pusher.recorder) for _ in range(2)]
    for take in takes:
        pusher.push(take)
    tokens = [issued.read() for issued in rig.book.all()]
    receipts = [rig.receipt(take.sid, kind) for take in takes for kind in ("committed", "stored")]
    assert [one.serial for one in receipts] == [1, 2, 3, 4]
    assert receipts[0].prev_receipt_sha256 == "0" * 64
    assert [one.prev_receipt_sha256 for one in receipts[1:]] == [
        facts_of(token).sha256 for token in tokens[:-1]
    ]


def test_a_repeated_fin_is_answered_with_the_same_receipts(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder)
    pusher.push(take)
    before = rig.receipts(take.sid)
    rig.outgoing.clear()
    for name, content in files_of(take):
        assert pusher.init(take, name, content).done
        assert pusher.fin(content).done
    assert rig.receipts(take.sid) == before


def test_after_a_restart_a_stored_session_still_gives_the_same_receipts(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push(take)
    before = rig.receipts(take.sid)
    rig.restart()
    rig.outgoing.clear()
    name, content = files_of(take)[0]
    assert pusher.init(take, name, content).done
    assert pusher.fin(content).done
    assert rig.receipts(take.sid) == before


def test_a_fin_of_one_file_does_not_publish_old_receipts_again(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    pusher.push_file(take, *files_of(take)[0])
    rig.outgoing.clear()
    pusher.push_file(take, *files_of(take)[1])
    assert rig.receipts(take.sid) == {}


def test_an_acknowledged_receipt_is_cleared_and_not_published_again(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push(take)
    assert len(rig.intake.steps.unacknowledged()) == 2
    topic = Topics("REC-0001").receipt(take.sid, "stored")
    rig.outgoing.clear()
    rig.say(f"{topic}/ack")
    assert [(part.topic, part.payload, part.retain) for part in rig.outgoing] == [
        (topic, b"", True)
    ]
    assert [part.topic.rsplit("/", 1)[1] for part in rig.intake.steps.unacknowledged()] == [
        "committed"
    ]


@pytest.mark.rule("H9")
def test_a_push_goes_on_where_it_was_cut(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder, segments=1, size=BIG)
    pusher.push_log()
    pusher.push_file(take, *files_of(take)[0])
    name, content = next(pair for pair in files_of(take) if len(pair[1]) > CHUNK_BYTES)
    chunks = pusher.chunks(content)
    assert pusher.init(take, name, content).have == ()
    for topic, payload in (chunks[0], chunks[2]):
        rig.say(topic, payload)
    rig.restart()
    held = pusher.init(take, name, content).have
    assert held == ((0, CHUNK_BYTES), (2 * CHUNK_BYTES, 3 * CHUNK_BYTES))
    pusher.push(take)
    assert [topic for topic in pusher.sent if topic in (chunks[0][0], chunks[2][0])] == []
    assert rig.state(take.sid) == "stored"


@pytest.mark.rule("H9")
def test_lost_repeated_and_reordered_chunks_end_in_one_whole_file(
    rig: IntakeRig, pusher: Pusher, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    take = closed_take(pusher.recorder, segments=1, size=BIG)
    pusher.push_log()
    for name, content in files_of(take):
        while True:
            opened = pusher.init(take, name, content)
            if opened.done:
                break
            storm = [chunk for chunk in pusher.chunks(content) * 2 if dice.random() < 0.5]
            dice.shuffle(storm)
            for topic, payload in storm:
                rig.say(topic, payload)
            answer = pusher.fin(content)
            assert answer.done or answer.reason_code is ReasonCode.RESEND
    assert rig.receipt(take.sid, "stored").sid == take.sid


def test_chunks_are_acknowledged_together_and_only_once_synced(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder, segments=1, size=BIG)
    pusher.push_log()
    pusher.push_file(take, *files_of(take)[0])
    name, content = next(pair for pair in files_of(take) if len(pair[1]) > CHUNK_BYTES)
    pusher.init(take, name, content)
    for topic, payload in pusher.chunks(content):
        assert rig.intake.handle(Message(topic, payload)) == []
    assert rig.intake.unsynced
    assert not rig.intake.is_due()
    rig.mono_ns += 20_000_000
    assert rig.intake.is_due()
    (part,) = rig.intake.flush()
    answer = wire.decode_response(part.payload)
    assert answer.acknowledged == tuple(range(0, BIG, CHUNK_BYTES))
    assert not rig.intake.unsynced


def test_an_altered_chunk_is_asked_for_again_and_never_written(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder, segments=1, size=BIG)
    pusher.push_log()
    pusher.push_file(take, *files_of(take)[0])
    name, content = next(pair for pair in files_of(take) if len(pair[1]) > CHUNK_BYTES)
    pusher.init(take, name, content)
    topic, payload = pusher.chunks(content)[1]
    altered = payload[:100] + bytes([payload[100] ^ 1]) + payload[101:]
    assert rig.say(topic, altered)[0].reason_code is ReasonCode.RESEND
    assert rig.say(topic, payload[:-1])[0].reason_code is ReasonCode.RESEND
    assert pusher.init(take, name, content).have == ()


def test_bytes_that_rot_before_the_end_are_asked_for_again(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder, segments=1, size=BIG)
    pusher.push_log()
    pusher.push_file(take, *files_of(take)[0])
    name, content = next(pair for pair in files_of(take) if len(pair[1]) > CHUNK_BYTES)
    pusher.init(take, name, content)
    for topic, payload in pusher.chunks(content):
        rig.say(topic, payload)
    with (rig.folder / "partial" / "REC-0001" / pusher.fid(content)).open("r+b") as file:
        file.seek(CHUNK_BYTES + 5)
        file.write(b"rot")
    answer = pusher.fin(content)
    assert answer.reason_code is ReasonCode.RESEND
    assert answer.have == ((0, CHUNK_BYTES), (2 * CHUNK_BYTES, BIG))
    assert pusher.push_file(take, name, content).done


def test_a_full_disk_pauses_devices_and_takes_up_again_when_there_is_room(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    rig.free = RESERVE_BYTES - 1
    answer = pusher.init(take, *files_of(take)[0])
    assert answer.reason_code is ReasonCode.PAUSE
    assert answer.credit == 0
    assert answer.retry_after_s
    rig.free = RESERVE_BYTES
    pusher.push(take)
    assert rig.state(take.sid) == "stored"


def test_a_session_without_plan_stills_or_segments_is_taken(rig: IntakeRig, pusher: Pusher) -> None:
    take = Take(pusher.recorder, plan=False)
    take.close()
    pusher.push(take)
    assert rig.state(take.sid) == "stored"


def test_a_crashed_session_is_stored_with_its_explanation(rig: IntakeRig, pusher: Pusher) -> None:
    take = Take(pusher.recorder)
    take.segment()
    left = take.begin(5_000)
    take.ticks(left, 2)
    take.crash(orphan=left[:3_500], torn=b"eyJ", same_boot=False, cause="power")
    take.close("interrupted")
    pusher.push(take)
    row = rig.ledger.find(take.sid)
    assert row is not None
    assert (row.state, row.verdict) == ("stored", "verified with explained interruptions")
    assert row.interruptions == 1


def test_an_empty_orphan_needs_no_chunk(rig: IntakeRig, pusher: Pusher) -> None:
    take = Take(pusher.recorder)
    take.segment()
    take.begin(5_000)  # not one tick of it
    take.crash(orphan=b"", same_boot=False)
    take.close("interrupted")
    pusher.push(take)
    assert rig.archive.file("REC-0001", take.sid, "000001.mp4.age").read_bytes() == b""


def test_two_devices_share_the_window(rig: IntakeRig) -> None:
    pushers = []
    for name in ("REC-0001", "REC-0002"):
        rig.enrol(name)
        pushers.append(Pusher(rig, Recorder(rig.bureau, name)))
    for pusher in pushers:
        take = closed_take(pusher.recorder)
        pusher.push_log()
        credit = pusher.init(take, *files_of(take)[0]).credit
        assert credit is not None
        assert CHUNK_BYTES <= credit <= 8 * 1024 * 1024


def test_the_ledger_tells_who_what_when_and_whether_in_time(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder)
    pusher.push(take)
    row = rig.ledger.find(take.sid)
    assert row is not None
    assert (row.device, row.counter, row.segments) == ("REC-0001", take.counter, 2)
    assert row.verdict == "verified"
    assert row.deadline is not None
    assert row.stored is not None
    assert row.files == len(files_of(take))
    assert row.size == sum(len(content) for _, content in files_of(take))


def test_a_state_is_kept_as_the_device_said_it(rig: IntakeRig, pusher: Pusher) -> None:
    state = wire.encode_state(
        DeviceState(
            online=True, docked=True, firmware="0.1.0", utc=utc_text(0), utc_source="bureau"
        )
    )
    rig.say(pusher.topics.state, state)
    (row,) = rig.ledger.devices()
    assert (row.device, row.state) == ("REC-0001", state.decode())


def test_a_vanished_session_raises_an_alarm_and_holds_no_other_up(
    rig: IntakeRig, pusher: Pusher
) -> None:
    pusher.push(closed_take(pusher.recorder))
    pusher.recorder.counter += 1
    take = closed_take(pusher.recorder)
    pusher.push(take)
    assert set(rig.receipts(take.sid)) == {"committed", "stored"}
    alarms = [row for row in rig.ledger.quarantined() if row.name.startswith("vanished-")]
    assert [row.device for row in alarms] == ["REC-0001"]
