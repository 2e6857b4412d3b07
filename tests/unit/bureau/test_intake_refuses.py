"""What the desk does not take: each ends in an answer, and what is evidence is kept."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from bureau.intake.message import Message
from evidence import wire
from evidence.digests import CHUNK_BYTES, facts_of, file_id, sha256_hex
from evidence.wire import MAX_PACKET_BYTES, FileMeta, ReasonCode, Topics
from tests.kits.bureau.intake import IntakeRig, Pusher, closed_take, files_of
from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BIG = 2 * CHUNK_BYTES + 9


def refused(rig: IntakeRig, topic: str, payload: bytes = b"") -> str:
    answers = rig.say(topic, payload)
    assert [answer.reason_code for answer in answers] == [ReasonCode.REFUSED]
    return answers[0].reason_description


@pytest.fixture
def begun(rig: IntakeRig, pusher: Pusher) -> tuple[Take, str, bytes]:
    """A committed session, and its segment of three chunks."""
    take = closed_take(pusher.recorder, segments=1, size=BIG)
    pusher.push_log()
    pusher.push_file(take, *files_of(take)[0])
    name, content = next(pair for pair in files_of(take) if len(pair[1]) > CHUNK_BYTES)
    pusher.init(take, name, content)
    return take, name, content


@pytest.mark.rule("H8")
def test_a_device_that_is_not_enrolled_is_refused(rig: IntakeRig) -> None:
    assert "unknown_device" in refused(rig, Topics("REC-0009").log, b"{}")


@pytest.mark.rule("H8")
def test_a_revocation_counts_from_the_next_message_on(rig: IntakeRig, pusher: Pusher) -> None:
    pusher.push_log()
    rig.enrol("REC-0001", "revoked")
    assert "revoked_device" in refused(rig, pusher.topics.log, b"{}")


def test_an_unreadable_registry_entry_refuses_its_device_alone(
    rig: IntakeRig, pusher: Pusher
) -> None:
    (rig.folder / "registry" / "REC-0002.json").write_text('{"device":"REC-0001"}')
    assert "registry" in refused(rig, Topics("REC-0002").log, b"{}")
    assert pusher.push_log().reason_code is ReasonCode.SUCCESS


@pytest.mark.parametrize("topic", ["", "rec/v1/lower/log", "elsewhere/log", "rec/v1", "a" * 9_000])
def test_a_topic_of_nobody_is_logged_and_answered_to_nobody(rig: IntakeRig, topic: str) -> None:
    assert rig.say(topic, b"x") == []


@pytest.mark.parametrize(
    "rest", ["f/xyz/init", "f/" + "0" * 32, "unheard", "f/" + "0" * 32 + "/-1/a"]
)
def test_a_malformed_topic_of_a_device_is_refused(rig: IntakeRig, rest: str) -> None:
    assert refused(rig, f"rec/v1/REC-0001/{rest}")


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"first":0}', b'{"first":-1,"lines":[]}', b"[" * 100_000],
)
@pytest.mark.parametrize("kind", ["log", "init", "state"])
def test_malformed_json_is_refused(
    rig: IntakeRig, pusher: Pusher, kind: str, payload: bytes
) -> None:
    topics = {"log": pusher.topics.log, "init": pusher.topics.init("0" * 32)}
    assert refused(rig, topics.get(kind, pusher.topics.state), payload)


def test_a_message_larger_than_any_message_is_refused(rig: IntakeRig, pusher: Pusher) -> None:
    assert refused(rig, pusher.topics.log, b"x" * (MAX_PACKET_BYTES + 1))


def test_noise_never_stops_the_desk(
    rig: IntakeRig, pusher: Pusher, begun: tuple[Take, str, bytes], campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    take, _, content = begun
    topics = [
        pusher.topics.log,
        pusher.topics.state,
        pusher.topics.init(pusher.fid(content)),
        *(topic for topic, _ in pusher.chunks(content)),
        pusher.topics.fin(pusher.fid(content), len(content), sha256_hex(content)),
        Topics("REC-0001").receipt(take.sid, "stored") + "/ack",
    ]
    for _ in range(300):
        topic = dice.choice(topics)
        if dice.random() < 0.5:
            cut = dice.randrange(len(topic))
            topic = topic[:cut] + dice.choice(["", "/", "+", "x", "\uff19", "0"]) + topic[cut + 1 :]
        rig.say(topic, dice.randbytes(dice.choice([0, 1, 40, 3_000])))
    assert rig.receipts(take.sid).keys() == {"committed"}
    pusher.push(take)
    assert rig.state(take.sid) == "stored"


def test_bulk_before_its_journal_is_refused(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    answer = pusher.init(take, *files_of(take)[1])
    assert answer.reason_code is ReasonCode.REFUSED
    assert "journal goes first" in answer.reason_description


def test_a_journal_that_the_log_does_not_name_is_refused(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder)
    answer = pusher.init(take, *files_of(take)[0])
    assert answer.reason_code is ReasonCode.REFUSED
    assert list((rig.folder / "partial").iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"counter": 99},
        {"journal_sha256": "0" * 64},
        {"size": 5},
        {"checksum": "0" * 64},
        {"sid": "01890a5d-ac96-774b-bcce-b302099a8057"},
    ],
)
def test_an_init_that_says_something_else_than_the_verified_lines_is_refused(
    pusher: Pusher, begun: tuple[Take, str, bytes], changes: dict[str, Any]
) -> None:
    assert pusher.init(*begun, **changes).reason_code is ReasonCode.REFUSED


def test_an_init_of_a_name_that_the_journal_does_not_hold_is_refused(
    pusher: Pusher, begun: tuple[Take, str, bytes]
) -> None:
    take, _, content = begun
    assert pusher.init(take, "000009.mp4.age", content).reason_code is ReasonCode.REFUSED


def test_a_chunk_that_no_verified_line_names_is_refused(rig: IntakeRig, pusher: Pusher) -> None:
    pusher.push_log()
    foreign = b"foreign"
    fid = file_id("REC-0001", sha256_hex(foreign))
    assert refused(rig, pusher.topics.chunk(fid, 0, sha256_hex(foreign)), foreign)


def test_a_chunk_at_a_wrong_place_or_with_another_digest_is_refused(
    rig: IntakeRig, pusher: Pusher, begun: tuple[Take, str, bytes]
) -> None:
    _, _, content = begun
    fid, (_, payload) = pusher.fid(content), pusher.chunks(content)[0]
    digest = facts_of(content).chunks[0]
    for offset in (1, CHUNK_BYTES - 1, 3 * CHUNK_BYTES, 10**15):
        assert refused(rig, pusher.topics.chunk(fid, offset, digest), payload)
    other = payload[:-1] + b"!"
    assert refused(rig, pusher.topics.chunk(fid, 0, sha256_hex(other)), other)
    assert refused(rig, pusher.topics.chunk(fid, CHUNK_BYTES, digest), payload)


def test_a_fin_before_all_chunks_says_what_is_held(
    rig: IntakeRig, pusher: Pusher, begun: tuple[Take, str, bytes]
) -> None:
    _, _, content = begun
    rig.say(*pusher.chunks(content)[1])
    answer = pusher.fin(content)
    assert answer.reason_code is ReasonCode.RESEND
    assert answer.have == ((CHUNK_BYTES, 2 * CHUNK_BYTES),)


def test_a_fin_with_another_size_or_digest_is_refused(
    rig: IntakeRig, pusher: Pusher, begun: tuple[Take, str, bytes]
) -> None:
    _, _, content = begun
    fid, digest = pusher.fid(content), sha256_hex(content)
    assert refused(rig, pusher.topics.fin(fid, len(content) - 1, digest))
    assert refused(rig, pusher.topics.fin(fid, len(content), "0" * 64))


@pytest.mark.rule("H8")
def test_a_device_cannot_push_the_session_of_another(
    rig: IntakeRig, pusher: Pusher, begun: tuple[Take, str, bytes]
) -> None:
    take, name, content = begun
    rig.enrol("REC-0002")
    thief = Pusher(rig, Recorder(rig.bureau, "REC-0002"))
    thief.push_log()
    assert thief.init(take, name, content).reason_code is ReasonCode.REFUSED
    for topic, payload in thief.chunks(content):
        assert refused(rig, topic, payload)
    answers = rig.say(thief.topics.fin(pusher.fid(content), len(content), sha256_hex(content)))
    assert answers[0].reason_code is ReasonCode.REFUSED
    journal = files_of(take)[0]
    assert thief.init(take, *journal).reason_code is ReasonCode.REFUSED


def test_an_unknown_receipt_s_acknowledgement_clears_nothing_that_matters(
    rig: IntakeRig, pusher: Pusher, begun: tuple[Take, str, bytes]
) -> None:
    take, _, _ = begun
    rig.say(Topics("REC-0001").receipt(take.sid, "stored") + "/ack")
    assert len(rig.intake.steps.unacknowledged()) == 1


# What does not verify.


def reason_of(rig: IntakeRig, sid: str) -> dict[str, object]:
    path = rig.folder / "quarantine" / "REC-0001" / sid / "reason.json"
    found: dict[str, object] = json.loads(path.read_bytes())
    return found


def test_a_journal_that_does_not_verify_is_kept_in_quarantine(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = Take(pusher.recorder)
    take.segment()
    # A journal that the device log names, though its own chain is broken.
    lines = bytes(take.content).split(b"\n")
    take.content[:] = b"\n".join([*lines[:2], *lines[3:]])
    take.close()
    pusher.push_log()
    name, content = files_of(take)[0]
    answer = pusher.push_file(take, name, content)
    assert answer.reason_code is ReasonCode.REFUSED
    assert "quarantine" in answer.reason_description
    assert rig.receipts(take.sid) == {}
    kept = rig.folder / "quarantine" / "REC-0001" / take.sid / "session" / name
    assert kept.read_bytes() == content
    assert reason_of(rig, take.sid)["findings"]
    assert [row.name for row in rig.ledger.quarantined()] == [take.sid]
    assert pusher.init(take, *files_of(take)[1]).reason_code is ReasonCode.REFUSED


def test_a_file_that_was_altered_on_the_archive_s_disk_is_never_receipted(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    *first, last = files_of(take)
    for name, content in first:
        pusher.push_file(take, name, content)
    path = rig.archive.file("REC-0001", take.sid, "000000.mp4.age")
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    pusher.push_file(take, *last)
    assert set(rig.receipts(take.sid)) == {"committed"}
    assert rig.state(take.sid) == "quarantined"
    findings = reason_of(rig, take.sid)["findings"]
    assert isinstance(findings, list)
    assert {finding["code"] for finding in findings} == {"file_altered"}
    held = rig.folder / "quarantine" / "REC-0001" / take.sid / "session"
    assert {path.name for path in held.iterdir()} == {name for name, _ in files_of(take)}


def test_a_quarantined_session_stays_so_after_a_restart(rig: IntakeRig, pusher: Pusher) -> None:
    test_a_file_that_was_altered_on_the_archive_s_disk_is_never_receipted(rig, pusher)
    (sid,) = [row.name for row in rig.ledger.quarantined()]
    rig.restart()
    assert rig.state(sid) == "quarantined"
    assert set(rig.receipts(sid)) == {"committed"}
    assert [row.name for row in rig.ledger.quarantined()] == [sid]


def test_a_journal_that_broke_in_a_crash_does_not_keep_the_desk_from_starting(
    rig: IntakeRig, pusher: Pusher
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    # As if the process had died between archiving the journal and judging it.
    path = rig.archive.file("REC-0001", take.sid, "journal.jws")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a journal\n")
    rig.restart()
    assert "journal" in str(reason_of(rig, take.sid)["reason"])
    other = closed_take(pusher.recorder)
    pusher.push(other)
    assert rig.state(other.sid) == "stored"


def test_a_log_of_another_bureau_s_device_is_refused_and_kept(
    rig: IntakeRig, pusher: Pusher
) -> None:
    stranger = Recorder(Bureau("another"))
    answer = pusher.push_log(bytes(stranger.log).split(b"\n")[:-1])
    assert answer.reason_code is ReasonCode.REFUSED
    assert answer.next_index == 0
    assert not rig.archive.log("REC-0001").exists()
    assert len(rig.ledger.quarantined()) == 1


def test_a_log_of_another_device_is_refused(rig: IntakeRig, pusher: Pusher) -> None:
    other = Recorder(rig.bureau, "REC-0002")
    answer = pusher.push_log(bytes(other.log).split(b"\n")[:-1])
    assert answer.reason_code is ReasonCode.REFUSED


def test_a_ledger_that_fails_pauses_devices(
    rig: IntakeRig, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = closed_take(pusher.recorder)
    pusher.push_log()
    name, content = files_of(take)[0]
    pusher.init(take, name, content)
    for topic, payload in pusher.chunks(content):
        rig.say(topic, payload)
    rig.ledger.engine.dispose()
    database = rig.folder / "ledger.sqlite"
    away = database.with_name("away.sqlite")
    database.rename(away)
    database.mkdir()
    answer = pusher.fin(content)
    assert answer.reason_code is ReasonCode.PAUSE
    rig.ledger.engine.dispose()
    database.rmdir()
    away.rename(database)
    pusher.push(take)
    assert rig.state(take.sid) == "stored"


def test_a_disk_that_fails_pauses_the_device_and_loses_nothing_it_acknowledged(
    rig: IntakeRig, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = closed_take(pusher.recorder)
    held = pusher.push_log().next_index

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("bureau.archive.AppendFile.write", fail)
        pusher.recorder.note("press", {"button": "record", "gesture": "short", "at_ns": 1})
        assert pusher.push_log().reason_code is ReasonCode.PAUSE
    assert rig.archive.log("REC-0001").read_bytes().count(b"\n") == held
    pusher.push(take)
    assert rig.archive.log("REC-0001").read_bytes() == bytes(pusher.recorder.log)


def test_a_fault_of_the_desk_is_logged_and_answered(
    rig: IntakeRig,
    pusher: Pusher,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("bureau.intake.log.LogChain.extend", fail)
        assert pusher.push_log().reason_code is ReasonCode.REFUSED
    assert "ZeroDivisionError" in caplog.text
    assert pusher.push_log().reason_code is ReasonCode.SUCCESS


def test_no_message_of_a_device_reaches_another_device(rig: IntakeRig, pusher: Pusher) -> None:
    take = closed_take(pusher.recorder)
    pusher.push(take)
    assert {part.topic.split("/")[2] for part in rig.outgoing} == {"REC-0001"}


def test_a_meta_with_an_unknown_field_is_refused(rig: IntakeRig, pusher: Pusher) -> None:
    meta = FileMeta(
        name="journal.jws", size=1, checksum="0" * 64, sid="x", counter=1, journal_sha256="0" * 64
    )
    assert refused(rig, pusher.topics.init("0" * 32), wire.encode_meta(meta))


def test_nothing_is_written_outside_the_bureau_s_folders(rig: IntakeRig, pusher: Pusher) -> None:
    pusher.push(closed_take(pusher.recorder))
    rig.intake.handle(Message("rec/v1/REC-0001/f/../../../etc/init", b"{}"))
    expected = {"archive", "partial", "quarantine", "receipts", "registry", "rulebook"}
    folders = {path.name for path in Path(rig.folder).iterdir() if path.is_dir()}
    assert folders <= expected
