"""A desk that judges long, asks again, refuses, has no room or pauses."""

from pathlib import Path

from evidence.digests import CHUNK_BYTES
from evidence.wire import ChunkTopic, DeviceTopic, FinTopic, InitTopic, LogTopic, ReasonCode
from tests.kits.device.dock import NS, WINDOW, Rig
from tests.kits.device.scripted_desk import Says


def test_desk_that_judges_a_long_session_is_given_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path, chunk_timeout_ms=1_000)
    rig.card.add_session(30 * CHUNK_BYTES, 30 * CHUNK_BYTES)
    judged: list[DeviceTopic] = []

    def judge(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, FinTopic) and len(rig.desk.archive) == 2 and not judged:
            judged.append(topic)
            late = rig.desk.answer(topic, rig.desk.named(topic), payload)
            rig.later(2.5, lambda: rig.network.links[-1].hear(late))
            return []
        return None

    rig.desk.override = judge
    rig.run()
    assert rig.missing() == []
    assert judged
    assert len(rig.network.links) == 1


def test_chunk_that_arrived_wrong_is_sent_again(rig: Rig) -> None:
    rig.card.add_session(3 * CHUNK_BYTES)
    spoilt: list[DeviceTopic] = []

    def spoil(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and topic.offset == CHUNK_BYTES and len(spoilt) < 2:
            spoilt.append(topic)
            name = rig.desk.named(topic)
            return rig.desk.say(name, ReasonCode.RESEND)
        return None

    rig.desk.override = spoil
    rig.run()
    assert rig.missing() == []
    assert rig.watch.count.resent_bytes == 2 * CHUNK_BYTES


def test_refused_file_is_named_and_tried_again_later(rig: Rig) -> None:
    session = rig.card.add_session(CHUNK_BYTES)
    refusals: list[DeviceTopic] = []

    def refuse(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, InitTopic) and b".age" in payload and not refusals:
            refusals.append(topic)
            name = rig.desk.named(topic)
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
            name = rig.desk.named(topic)
            return rig.desk.say(name, credit=0, retry_after_s=20)
        if isinstance(topic, InitTopic):
            name = rig.desk.named(topic)
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
            return rig.desk.say(rig.desk.named(topic), ReasonCode.PAUSE, retry_after_s=3)
        return None

    rig.desk.override = pause
    rig.run()
    assert rig.missing() == []
    assert len(paused) == 3
