from pathlib import Path

import pytest

from evidence import wire
from evidence.digests import CHUNK_BYTES
from evidence.wire import ChunkTopic, FinTopic, InitTopic, LogTopic, ReceiptAckTopic
from tests.kits.device.backlog import log_line, write_log
from tests.kits.device.dock import DEVICE, Rig

KIB = 1_024


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_docking_brings_every_file_and_both_receipts(rig: Rig) -> None:
    rig.card.add_session(2_500 * KIB, 10)
    rig.card.add_session(CHUNK_BYTES, CHUNK_BYTES + 1)
    rig.run()
    assert rig.missing() == []
    assert len(set(rig.vault.taken)) == 4
    assert rig.desk.retained == {}


def test_device_log_goes_first_then_all_journals_then_the_bulk(rig: Rig) -> None:
    sessions = [rig.card.add_session(2_000_000) for _ in range(3)]
    rig.run()
    verbs = [type(topic) for topic in rig.desk.heard if not isinstance(topic, ReceiptAckTopic)]
    first_file = verbs.index(InitTopic)
    assert set(verbs[:first_file]) == {LogTopic}
    metas = list(rig.desk.archive)
    assert metas[:3] == [(one.sid, "journal.jws") for one in sessions]
    assert [sid for sid, _ in metas[3:]] == [one.sid for one in sessions]


def test_bulk_waits_until_the_vault_took_each_committed_receipt(rig: Rig) -> None:
    rig.card.add_session(1_000)
    taken_before: list[int] = []

    def look(topic: str, _payload: bytes) -> None:
        if isinstance(wire.parse_topic(topic), ChunkTopic):
            taken_before.append(len(rig.vault.taken))

    rig.network.on_publish = look
    rig.run()
    assert taken_before[0] == 0  # the journal itself
    assert taken_before[-1] >= 1


def test_journal_of_a_committed_session_is_asked_about_but_not_waited_for(rig: Rig) -> None:
    session = rig.card.add_session(1_000)
    rig.vault.taken.append(("committed", session.sid))
    rig.run()
    assert rig.missing() == []


def test_device_log_continues_where_the_desk_says_it_is(rig: Rig) -> None:
    rig.desk.lines = [log_line(0), log_line(1)]
    rig.run()
    assert rig.desk.lines == [log_line(number) for number in range(3)]
    assert rig.network.sent_bytes("/log") < 100


def test_long_device_log_goes_in_messages_that_fit(rig: Rig) -> None:
    with rig.vault.log.open("ab") as file:
        for _ in range(30):
            file.write(b"x" * 100_000 + b"\n")
    rig.run()
    assert len(rig.desk.lines) == 33
    assert max(size for topic, size in rig.network.sent if topic.endswith("/log")) <= 920_000


def test_torn_line_of_the_device_log_arrives_byte_for_byte(rig: Rig) -> None:
    torn = bytes(range(256)).replace(b"\n", b"") + b"\0" * 4_096
    with rig.vault.log.open("ab") as file:
        file.write(torn + b"\n")
    rig.run()
    assert rig.desk.lines[3] == torn


def test_log_line_that_is_not_whole_yet_waits(rig: Rig) -> None:
    with rig.vault.log.open("ab") as file:
        file.write(b"half a li")
    rig.run()
    assert len(rig.desk.lines) == 3


def test_empty_files_arrive_by_name_though_they_have_no_byte(rig: Rig) -> None:
    rig.card.add_session(0, 5, 0)
    rig.card.add_session(0)
    rig.run()
    assert rig.missing() == []


def test_session_closed_while_docked_is_pushed_too(rig: Rig) -> None:
    rig.card.add_session(1_000)

    def record_one_more() -> None:
        rig.vault.on_empty = rig.stop.set
        rig.card.add_session(2_000)
        write_log(rig.vault.log, 2, first=3)

    rig.vault.on_empty = record_one_more
    rig.run()
    assert rig.missing() == []
    assert len(rig.desk.lines) == 5
    assert len(rig.network.links) == 1


def test_session_that_is_still_recording_is_not_touched(rig: Rig) -> None:
    rig.card.add_session(1_000)
    open_one = rig.card.add_session(1_000)
    rig.card.sessions.remove(open_one)
    rig.vault.recording = True
    rig.run()
    assert {sid for sid, _ in rig.missing()} == {open_one.sid}
    assert rig.vault.taken
    state = wire.decode_state(rig.network.retained[f"rec/v1/{DEVICE}/state"])
    assert state.recording


def test_what_the_desk_holds_already_is_not_sent_again(rig: Rig) -> None:
    session = rig.card.add_session(5 * CHUNK_BYTES, 2 * CHUNK_BYTES)
    rig.run()
    before = rig.desk.chunk_bytes
    rig.vault.taken.clear()
    rig.stop.clear()
    rig.run()
    assert rig.desk.chunk_bytes == before
    assert ("stored", session.sid) in rig.vault.taken


def test_receipt_that_was_lost_is_asked_for_by_a_repeated_fin(rig: Rig) -> None:
    session = rig.card.add_session(3_000)
    rig.run()
    rig.vault.taken.clear()
    rig.desk.retained.clear()
    rig.desk.heard.clear()
    rig.stop.clear()
    rig.run()
    assert ("stored", session.sid) in rig.vault.taken
    assert any(isinstance(topic, FinTopic) for topic in rig.desk.heard)


def test_file_named_outside_the_session_is_never_read(rig: Rig) -> None:
    session = rig.card.add_session(1_000)
    journal = Path(session.folder) / "journal.jws"
    assert b".." not in journal.read_bytes()
    link = Path(session.folder) / "000000.mp4.age"
    content = link.read_bytes()
    link.unlink()
    target = rig.card.folder / "elsewhere"
    target.write_bytes(content)
    link.symlink_to(target)
    rig.overseer.give(5)
    rig.run()
    assert rig.missing() == [(session.sid, "000000.mp4.age")]


def test_state_is_told_with_a_will_that_says_offline(rig: Rig) -> None:
    rig.card.add_session(1_000)
    rig.run()
    state = wire.decode_state(rig.network.retained[f"rec/v1/{DEVICE}/state"])
    assert state.online
    assert state.battery_percent == 100
    will = rig.network.links[0].will
    assert will.topic.endswith("/state")
    assert not wire.decode_state(will.payload).online
