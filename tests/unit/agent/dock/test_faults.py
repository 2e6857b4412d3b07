"""What network, broker, desk, card or officer may do in the middle of a push."""

import logging
import random
from pathlib import Path

import pytest

from agent.dock.link import Arrived, Connected, Subscribed
from evidence import wire
from evidence.digests import CHUNK_BYTES, sha256_hex
from evidence.errors import WireError
from evidence.wire import ChunkTopic, DeviceTopic, FinTopic, InitTopic, LogTopic, ReasonCode
from tests.kits.device.dock import DEVICE, NS, Rig
from tests.kits.device.scripted_desk import Says

WINDOW = 8 * 1_024 * 1_024


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, seconds=120)


def file_bytes(rig: Rig) -> int:
    return sum(map(len, rig.card.files.values()))


def test_no_answer_to_the_connection_is_a_clear_failure_and_tried_again(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.connected = None
    rig.run()
    assert rig.states() == ["docked", "failed"]
    assert "certificate" in rig.vault.notes[-1][1]
    assert len(rig.network.links) > 2
    assert not any(link.is_open for link in rig.network.links)


def test_broker_that_is_too_small_for_a_chunk_is_refused(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.connected = Connected(1_000_000, 20)
    rig.run()
    assert "max_packet_size" in rig.vault.notes[-1][1]
    assert rig.network.sent == []


def test_broker_that_refuses_the_subscription_is_a_clear_failure(rig: Rig) -> None:
    rig.network.subscribed = Subscribed((0x87, 1))
    rig.run()
    assert rig.vault.notes[-1][1].startswith("not_authorised")


def test_absent_desk_backs_off_and_is_told_once(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.reason = lambda _topic: 0x10
    rig.network.is_delivering = False
    rig.run()
    assert rig.states() == ["docked", "failed"]
    assert rig.vault.notes[-1][1].startswith("desk_absent")
    assert 3 < len(rig.network.links) < 40


def test_device_that_may_not_publish_is_told_so(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.reason = lambda topic: 0x87 if topic.endswith("/init") else 0
    rig.run()
    assert rig.vault.notes[-1][1].startswith("not_authorised")


def test_silent_desk_is_given_up_after_the_timeout_and_asked_anew(rig: Rig) -> None:
    rig.card.add_session(3 * CHUNK_BYTES)
    silent = [True]

    def fall_silent(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and topic.offset == CHUNK_BYTES and silent:
            silent.clear()
            rig.network.is_delivering = False
            return []
        return None

    rig.desk.override = fall_silent
    rig.network.on_publish = lambda topic, _payload: (
        setattr(rig.network, "is_delivering", True) if topic.endswith("/log") else None
    )
    rig.run()
    assert rig.missing() == []
    assert rig.vault.notes[1][1].startswith("desk_silent")
    assert len(rig.network.links) == 2


@pytest.mark.parametrize("seed", range(12))
def test_cut_at_any_message_costs_at_most_a_window(tmp_path: Path, seed: int) -> None:
    rig = Rig(tmp_path, seconds=600)
    dice = random.Random(seed)
    for _ in range(3):
        rig.card.add_session(dice.randrange(1, 12 * CHUNK_BYTES), dice.randrange(CHUNK_BYTES))
    cuts = 6
    left = [dice.randrange(1, 40) for _ in range(cuts)]

    def cut(_topic: str, _payload: bytes) -> None:
        if left:
            left[0] -= 1
            if left[0] == 0:
                left.pop(0)
                rig.network.cut()

    rig.network.on_publish = cut
    rig.run()
    assert rig.missing() == []
    sent = sum(size for topic, size in rig.network.sent if _is_chunk(topic))
    assert sent <= file_bytes(rig) + cuts * WINDOW


def _is_chunk(topic: str) -> bool:
    try:
        return isinstance(wire.parse_topic(topic), ChunkTopic)
    except WireError:
        return False


def test_lifting_stops_at_once_in_the_middle_of_a_file(rig: Rig) -> None:
    rig.card.add_session(20 * CHUNK_BYTES)
    chunks = [0]

    def lift(topic: str, _payload: bytes) -> None:
        if _is_chunk(topic):
            chunks[0] += 1
            if chunks[0] == 4:
                rig.contact.move(docked=False)

    rig.network.on_publish = lift
    rig.run()
    assert rig.states() == ["docked", "undocked"]
    assert chunks[0] <= 6
    assert not rig.network.links[-1].is_open


def test_push_goes_on_after_the_next_docking(rig: Rig) -> None:
    rig.card.add_session(20 * CHUNK_BYTES)
    chunks = [0]

    def lift(topic: str, _payload: bytes) -> None:
        if _is_chunk(topic):
            chunks[0] += 1
            if chunks[0] == 8:
                rig.contact.move(docked=False)

    rig.network.on_publish = lift
    rig.run()
    rig.stop.clear()
    rig.overseer.give(60)
    rig.contact.move(docked=True)
    rig.run()
    assert rig.missing() == []
    assert rig.states() == ["docked", "undocked", "docked"]


def test_desk_that_judges_a_long_session_is_given_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path, chunk_timeout_ms=1_000)
    rig.card.add_session(30 * CHUNK_BYTES, 30 * CHUNK_BYTES)
    judged: list[DeviceTopic] = []

    def judge(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, FinTopic) and len(rig.desk.archive) == 2 and not judged:
            judged.append(topic)
            late = rig.desk.answer(topic, _name(rig, topic), payload)
            rig.later(2.5, lambda: rig.network.links[-1].hear(late))
            return []
        return None

    rig.desk.override = judge
    rig.run()
    assert rig.missing() == []
    assert judged
    assert len(rig.network.links) == 1


def test_nothing_is_sent_off_the_cradle(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.contact.is_docked = False
    rig.run()
    assert rig.network.links == []
    assert rig.vault.notes == []


@pytest.mark.rule("H9")
def test_receipt_that_the_vault_refuses_is_not_acknowledged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    session = rig.card.add_session(100)
    forged = rig.desk.topics.receipt(session.sid, "stored")
    rig.desk.retained[forged] = b"stored of-another-device"
    rig.desk.override = lambda topic, _payload: [] if isinstance(topic, FinTopic) else None
    with caplog.at_level(logging.WARNING):
        rig.run()
    assert b"stored of-another-device" in rig.vault.refused
    assert not any(topic.endswith("/ack") for topic, _ in rig.network.sent)
    assert rig.desk.retained[forged] == b"stored of-another-device"
    assert "refused" in caplog.text


def test_receipt_bytes_reach_the_vault_untouched(rig: Rig) -> None:
    odd = bytes(range(256))
    rig.desk.retained[rig.desk.topics.base + "/receipt/x/stored"] = odd
    rig.run()
    assert rig.vault.refused == [odd]


def test_receipt_too_large_for_any_is_ignored(rig: Rig) -> None:
    rig.desk.retained[rig.desk.topics.base + "/receipt/x/stored"] = b"x" * 1_000_001
    rig.run()
    assert rig.vault.refused == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{" * 100_000,
        b'{"vsn":"0.1"}',
        b'{"reason_code":[]}',
        wire.encode_response(wire.Response(topic="x", reason_code=ReasonCode.SUCCESS)).replace(
            b'"reason_code":0', b'"reason_code":[0]'
        ),
        wire.encode_response(wire.Response(topic="no/such", reason_code=ReasonCode.REFUSED)),
        wire.encode_response(
            wire.Response(topic=f"rec/v1/OTHER-1/f/{'0' * 32}/init", reason_code=ReasonCode.REFUSED)
        ),
        wire.encode_response(
            wire.Response(
                topic=f"rec/v1/{DEVICE}/f/{'0' * 32}/init",
                reason_code=ReasonCode.SUCCESS,
                done=True,
                credit=0,
                retry_after_s=86_400,
            )
        ),
    ],
)
def test_hostile_answers_are_ignored(rig: Rig, payload: bytes) -> None:
    rig.card.add_session(2 * CHUNK_BYTES)

    def intrude(topic: str, _payload: bytes) -> None:
        if not topic.endswith("/state"):
            rig.network.links[-1].hear([(rig.desk.topics.response, payload)])

    rig.network.on_publish = intrude
    rig.run()
    assert rig.missing() == []
    assert len(rig.network.links) == 1


def test_message_on_a_topic_nobody_asked_for_is_ignored(rig: Rig) -> None:
    rig.card.add_session(10)
    rig.network.on_publish = lambda _topic, _payload: rig.network.links[-1].hear_event(
        Arrived("rec/v1/REC-002/cmd", b"now")
    )
    rig.run()
    assert rig.missing() == []


def test_flood_is_bounded_and_the_push_recovers(rig: Rig) -> None:
    rig.card.add_session(10)
    flooded: list[bool] = []

    def flood(topic: str, _payload: bytes) -> None:
        if topic.endswith("/log") and not flooded:
            flooded.append(True)
            for _ in range(20):
                rig.network.links[-1].hear([(rig.desk.topics.response, b"x" * 1_000_000)])

    rig.network.on_publish = flood
    rig.run()
    assert rig.missing() == []


def test_desk_that_acknowledges_what_was_never_sent_changes_nothing(rig: Rig) -> None:
    rig.card.add_session(12 * CHUNK_BYTES)

    def overdo(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic):
            name = rig.desk.topics.chunk(topic.fid, topic.offset, topic.sha256)
            honest = rig.desk.answer(topic, name, payload)
            far = (*range(0, 50 * CHUNK_BYTES, CHUNK_BYTES), 1, 7)
            return honest + rig.desk.say(name, acknowledged=far)
        return None

    rig.desk.override = overdo
    rig.run()
    assert rig.missing() == []


def test_chunk_that_arrived_wrong_is_sent_again(rig: Rig) -> None:
    rig.card.add_session(3 * CHUNK_BYTES)
    spoilt: list[DeviceTopic] = []

    def spoil(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and topic.offset == CHUNK_BYTES and len(spoilt) < 2:
            spoilt.append(topic)
            name = rig.desk.topics.chunk(topic.fid, topic.offset, topic.sha256)
            return rig.desk.say(name, ReasonCode.RESEND)
        return None

    rig.desk.override = spoil
    rig.run()
    assert rig.missing() == []
    assert rig.watch.count.resent_bytes == 2 * CHUNK_BYTES


def test_file_damaged_on_the_card_is_named_and_the_others_arrive(rig: Rig) -> None:
    bad = rig.card.add_session(2 * CHUNK_BYTES)
    rig.card.add_session(CHUNK_BYTES)
    path = Path(bad.folder) / "000000.mp4.age"
    path.write_bytes(b"\0" + path.read_bytes()[1:])

    def check(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and sha256_hex(payload) != topic.sha256:
            name = rig.desk.topics.chunk(topic.fid, topic.offset, topic.sha256)
            return rig.desk.say(name, ReasonCode.RESEND)
        return None

    rig.desk.override = check
    rig.run()
    assert rig.missing() == [(bad.sid, "000000.mp4.age")]
    assert "is not what was sealed" in rig.vault.notes[-1][1]


@pytest.mark.parametrize("harm", ["gone", "short", "journal"])
def test_file_that_cannot_be_read_does_not_hold_up_the_others(rig: Rig, harm: str) -> None:
    bad = rig.card.add_session(2 * CHUNK_BYTES)
    good = rig.card.add_session(CHUNK_BYTES)
    path = Path(bad.folder) / ("journal.jws" if harm == "journal" else "000000.mp4.age")
    if harm == "short":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    rig.run()
    assert {sid for sid, _ in rig.missing()} == {bad.sid}
    assert ("stored", good.sid) in rig.vault.taken
    assert "failed" in rig.states()


def test_refused_file_is_named_and_tried_again_later(rig: Rig) -> None:
    session = rig.card.add_session(CHUNK_BYTES)
    refusals: list[DeviceTopic] = []

    def refuse(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, InitTopic) and b".age" in payload and not refusals:
            refusals.append(topic)
            name = rig.desk.topics.init(topic.fid)
            return rig.desk.say(name, ReasonCode.REFUSED, reason_description="not yet")
        return None

    rig.desk.override = refuse
    rig.run()
    assert ("stored", session.sid) in rig.vault.taken
    assert "000000.mp4.age: not yet" in rig.vault.notes[-1][1]


def test_refused_log_is_a_clear_failure(rig: Rig) -> None:
    rig.card.add_session(1)
    rig.desk.override = lambda topic, _payload: (
        rig.desk.say(rig.desk.topics.log, ReasonCode.REFUSED, reason_description="fork")
        if isinstance(topic, LogTopic)
        else None
    )
    rig.run()
    assert "refuses the device log: fork" in rig.vault.notes[-1][1]
    assert rig.desk.archive == {}


def test_shut_window_is_waited_for_and_asked_about(rig: Rig) -> None:
    rig.card.add_session(4 * CHUNK_BYTES)
    shut = [3]

    def shut_it(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, InitTopic) and b".age" in payload and shut[0]:
            shut[0] -= 1
            name = rig.desk.topics.init(topic.fid)
            return rig.desk.say(name, credit=0, retry_after_s=20)
        if isinstance(topic, InitTopic):
            name = rig.desk.topics.init(topic.fid)
            return rig.desk.answer(topic, name, payload) + rig.desk.say(name, credit=WINDOW)
        return None

    rig.desk.override = shut_it
    start_ns = rig.clock.monotonic_ns()
    rig.run()
    assert rig.missing() == []
    assert rig.clock.monotonic_ns() - start_ns >= 60 * NS
    assert len(rig.network.links) == 1


def test_desk_that_says_pause_gets_the_chunk_later(rig: Rig) -> None:
    rig.card.add_session(4 * CHUNK_BYTES)
    paused = []

    def pause(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic | FinTopic | InitTopic) and type(topic) not in paused:
            paused.append(type(topic))
            return rig.desk.say(_name(rig, topic), ReasonCode.PAUSE, retry_after_s=3)
        return None

    rig.desk.override = pause
    rig.run()
    assert rig.missing() == []
    assert len(paused) == 3


def _name(rig: Rig, topic: DeviceTopic) -> str:
    match topic:
        case ChunkTopic():
            return rig.desk.topics.chunk(topic.fid, topic.offset, topic.sha256)
        case FinTopic():
            return rig.desk.topics.fin(topic.fid, topic.size, topic.sha256)
        case InitTopic():
            return rig.desk.topics.init(topic.fid)
        case _:
            raise AssertionError(topic)


def test_vault_that_restarts_in_the_middle_is_found_again(rig: Rig) -> None:
    rig.card.add_session(CHUNK_BYTES)
    fins = []

    def lose_the_vault(topic: str, _payload: bytes) -> None:
        if "/fin/" in topic:
            fins.append(topic)
            rig.vault.is_there = len(fins) != 1

    rig.network.on_publish = lose_the_vault
    rig.network.on_link = lambda: setattr(rig.vault, "is_there", True)
    rig.run()
    assert rig.missing() == []
    assert ("docked", "") in rig.vault.notes
    assert rig.vault.notes[-1][1].startswith("vault")


def test_watchdog_is_petted_through_every_wait(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.connected = None
    rig.run()
    assert rig.overseer.most_apart_ns <= NS


def test_link_never_holds_more_than_a_few_chunks(rig: Rig) -> None:
    rig.card.add_session(30 * CHUNK_BYTES)
    rig.network.confirms_at_once = False
    rig.run()
    assert rig.missing() == []
    assert max(link.most_unconfirmed_bytes for link in rig.network.links) <= 3 * CHUNK_BYTES
