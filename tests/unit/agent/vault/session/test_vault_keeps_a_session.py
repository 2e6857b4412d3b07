"""What the vault does with one session: sealed, signed, in order, and only then closed."""

from __future__ import annotations

import pytest

from agent.vault import messages as m
from evidence import digests, jws, keys
from evidence.digests import facts_of, sha256_hex
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault, ask_dock, kinds, raw_lines, records


def test_a_session_is_sealed_to_both_recipients_and_signed(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert recorder.attach().session is None
        session = recorder.open()
        recorder.segment(0)
        recorder.segment(1)
        closed = recorder.close()
        assert (closed.sid, closed.reason) == (session.sid, "officer")
    folder = enrolled.session(session.sid)
    # The event states that nothing was announced.
    expected = ["open", "attest", "seg", "seg", "event", "close", "attest"]
    assert kinds(folder / "journal.jws") == expected
    for number in (0, 1):
        sealed = (folder / f"{number:06d}.mp4.age").read_bytes()
        for role in ("bureau", "escrow"):
            assert enrolled.open_age(sealed, role) == recorder.sent[number]


def test_every_line_is_signed_by_the_key_the_line_before_announced(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open()
        recorder.segment(0)
        recorder.close()
    lines = raw_lines(enrolled.journal(session.sid))
    opening = jws.parse(lines[0], jws.TYP_RECORD).payload()
    statement = jws.parse(opening["chainkey"].encode(), jws.TYP_CHAIN_KEY)
    signing = keys.public_key_of(keys.read_certificate(opening["x5c"][0]))
    statement.verify(signing)
    key, previous = keys.from_jwk(statement.payload()["jwk"]), None
    for line in lines:
        parsed = jws.parse(line, jws.TYP_RECORD)
        parsed.verify(signing if parsed.payload()["t"] == "attest" else key)
        if previous is not None:
            assert parsed.payload()["prev"] == sha256_hex(previous)
        if "next" in parsed.payload():
            key = keys.from_jwk(parsed.payload()["next"])
        previous = line


def test_the_seg_record_says_what_the_file_holds_and_close_carries_the_root(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open()
        recorder.segment(0, fragments=30)
        recorder.close()
    folder = enrolled.session(session.sid)
    journal = records(folder / "journal.jws")
    seg = next(record for record in journal if record["t"] == "seg")
    facts = facts_of((folder / seg["file"]).read_bytes())
    assert (seg["size"], seg["sha256"], tuple(seg["chunks"])) == (
        facts.size,
        facts.sha256,
        facts.chunks,
    )
    assert seg["plain_sha256"] == sha256_hex(recorder.sent[0])
    assert len(seg["chunks"]) == 2
    line = next(
        line
        for line in raw_lines(folder / "journal.jws")
        if jws.parse(line, jws.TYP_RECORD).payload()["t"] == "seg"
    )
    assert journal[-2]["root"] == digests.merkle_root([digests.merkle_leaf(line)])


def test_the_device_log_names_the_journal_and_the_next_open_names_its_head(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        first = recorder.open()
        recorder.close()
        second = recorder.open()
        recorder.close()
    paths = enrolled.device.paths
    log = records(paths.device_log)
    assert [record["t"] for record in log] == ["start", "parts", "session", "session"]
    for entry, session in zip(log[2:], (first, second), strict=True):
        content = enrolled.journal(session.sid).read_bytes()
        assert (entry["sid"], entry["counter"]) == (session.sid, session.counter)
        assert entry["journal"]["sha256"] == sha256_hex(content)
    opening = records(enrolled.journal(second.sid))[0]
    assert opening["prev"] == sha256_hex(raw_lines(paths.device_log)[2])
    assert (first.counter, second.counter) == (1, 2)


def test_a_tick_covers_what_is_durable_before_the_segment_ends(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open()
        recorder.begin(0)
        for _ in range(10):
            recorder.feed(0, 50_000)
        durable = recorder.wait(m.Durable)
        path = enrolled.session(session.sid)
        tick = records(path / "journal.jws")[durable.journal_i]
        assert tick["t"] == "tick"
        assert durable.plaintext_offset >= 65_536
        prefix = (path / tick["file"]).read_bytes()[: tick["length"]]
        assert sha256_hex(prefix) == tick["sha256"]
        recorder.end(0)
        recorder.close()


def test_nothing_but_the_next_segment_number_is_taken(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open()
        recorder.begin(7)
        assert recorder.is_hung_up()
        again = vault.recorder()
        assert again.attach_again().sid == session.sid
        again.segment(0)
        again.close()


def test_an_event_the_format_does_not_know_is_refused_and_not_written(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open()
        unknown = m.StoreEvent(kind="erase", fields={})
        assert recorder.ask(unknown, m.Refused).code == "protocol"
        forged = m.StoreEvent(kind="mark", fields={"code": "x", "at_ns": 1, "utc": "1999"})
        assert recorder.ask(forged, m.Refused).code == "protocol"
        marked = m.StoreEvent(kind="mark", fields={"code": "sign", "at_ns": 1})
        assert recorder.ask(marked, m.Recorded).journal_i == 2
        recorder.close()
    journal = kinds(enrolled.journal(session.sid))
    assert journal == ["open", "attest", "event", "event", "close", "attest"]


@pytest.mark.rule("E7", "G1")
def test_nothing_is_added_to_a_session_that_is_closed(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        recorder.close()
        folder = enrolled.session(sid)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        for kind, fields in (("mark", {"code": "mark", "at_ns": 1}), ("gap", {})):
            late = m.StoreEvent(kind=kind, fields=fields)
            assert recorder.ask(late, m.Refused).code == "no_session"
        still = m.StorePhoto(pts_ns=7, part=0, parts=1, content=b"late")
        assert recorder.ask(still, m.Refused).code == "no_session"
        recorder.begin(1)
        recorder.feed(1, 4_000)
        recorder.open()
        recorder.close()
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after == before


@pytest.mark.rule("E7")
def test_a_segment_that_was_ended_takes_no_further_pictures(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        sealed = (enrolled.session(sid) / "000000.mp4.age").read_bytes()
        recorder.feed(0, 4_000)
        assert recorder.is_hung_up(), "pictures for a segment that is sealed"
        again = vault.recorder()
        again.wait_until(lambda: again.attach().session is not None)
        again.close()
    assert (enrolled.session(sid) / "000000.mp4.age").read_bytes() == sealed


@pytest.mark.rule("B3")
def test_a_start_without_room_is_refused_and_signed(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        vault.world.fill_disk(1_000_000)
        recorder = vault.attached()
        request = m.OpenSession(
            activity="voluntary",
            officer=None,
            plan_id=None,
            bits_per_second=1_000_000,
        )
        assert recorder.ask(request, m.Refused).code == "storage"
    refusal = records(enrolled.device.paths.device_log)[-1]
    assert (refusal["t"], refusal["code"]) == ("refusal", "storage")


def test_a_second_session_is_refused_while_one_is_open(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        request = m.OpenSession(
            activity="voluntary",
            officer=None,
            plan_id=None,
            bits_per_second=1_000_000,
        )
        assert recorder.ask(request, m.Refused).code == "recording"
        recorder.close()


@pytest.mark.rule("B4")
def test_a_step_of_the_clock_is_signed_and_no_stamp_goes_back(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open()
        recorder.begin(0)
        recorder.feed(0, 70_000)
        recorder.wait(m.Durable)
        vault.world.skew_clock(-3_600)
        recorder.feed(0, 70_000)
        recorder.wait(m.Durable)
        recorder.feed(0, 70_000)
        recorder.wait(m.Durable)
        recorder.end(0)
        recorder.close()
    journal = records(enrolled.journal(session.sid))
    steps = [record for record in journal if record.get("kind") == "clock_step"]
    assert len(steps) == 1
    assert abs(steps[0]["fields"]["step_ms"] + 3_600_000) < 1_000
    assert [record["utc"] for record in journal] == sorted(record["utc"] for record in journal)


def test_the_dock_is_told_of_closed_sessions_only(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        first = recorder.open()
        recorder.segment(0)
        recorder.close()
        recorder.open()
        pending = ask_dock(enrolled, m.ListPending())
        assert [session.sid for session in pending.sessions] == [first.sid]
        assert pending.recording
        assert pending.log_bytes == enrolled.device.paths.device_log.stat().st_size
        recorder.close()


def test_garbage_on_the_socket_ends_that_connection_alone(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        recorder.channel._socket.sendall(b"\xff\xff\xff\xffgarbage")  # noqa: SLF001
        assert recorder.is_hung_up()
        again = vault.recorder()
        assert again.attach().session is None


def test_more_sessions_wait_than_a_hundred(enrolled: Enrolled) -> None:
    # Commit first: every journal has to be known before the bulk of any session moves.
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sids = []
        for _ in range(120):
            sids.append(recorder.open().sid)
            recorder.close()
        pending = ask_dock(enrolled, m.ListPending())
    assert [session.sid for session in pending.sessions] == sids


def test_a_second_recorder_is_refused_while_one_is_attached(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        vault.recorder().attach()
        assert vault.recorder().ask(m.Attach(), m.Refused).code == "recording"
