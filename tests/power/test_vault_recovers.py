"""Whatever the vault was doing when it ended, the next start brings the store into order."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.vault import messages as m
from evidence.digests import sha256_hex
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, kinds, records

pytestmark = pytest.mark.rule("E8")


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path)


def cut_short(enrolled: Enrolled) -> str:
    """A session with one whole segment whose vault ended in the middle of the next."""
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open()
        recorder.segment(0)
        recorder.begin(1)
        for _ in range(6):
            recorder.feed(1, 50_000)
        recorder.wait(m.Durable)
        vault.die()
    return session.sid


def test_the_recorder_goes_on_in_the_same_session_when_the_vault_is_back(
    enrolled: Enrolled,
) -> None:
    sid = cut_short(enrolled)
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        session = recorder.attach_again()
        assert (session.sid, session.next_segment) == (sid, 2)
        recorder.segment(2)
        recorder.close()
    journal = records(enrolled.journal(sid))
    assert [r["t"] for r in journal if r["t"] != "tick"] == [
        "open", "attest", "seg", "resume", "event", "seg", "event", "close", "attest"
    ]  # fmt: skip
    resume = next(record for record in journal if record["t"] == "resume")
    (orphan,) = resume["orphans"]
    content = (enrolled.journal(sid).parent / "000001.mp4.age").read_bytes()
    assert (orphan["file"], orphan["sha256"]) == ("000001.mp4.age", sha256_hex(content))
    assert 0 < orphan["covered_bytes"] <= orphan["size"]
    assert resume["cause"] == "kill"
    assert journal[-2]["segments"] == 2


def test_after_another_boot_the_session_is_closed_as_interrupted(enrolled: Enrolled) -> None:
    sid = cut_short(enrolled)
    with RunningVault(enrolled, boot_id="another-boot") as vault:
        assert vault.recorder().attach().session is None
    journal = records(enrolled.journal(sid))
    assert [record["t"] for record in journal][-4:] == ["resume", "event", "close", "attest"]
    assert journal[-4]["cause"] == "power"
    assert journal[-3]["fields"]["verdict"] == "unverified", "nobody announced anything"
    assert journal[-2]["reason"] == "interrupted"
    assert records(enrolled.device.paths.device_log)[-1]["sid"] == sid


def test_a_torn_line_stays_and_is_named(enrolled: Enrolled) -> None:
    sid = cut_short(enrolled)
    torn = b"eyJhbGciOiJFUzI1NiIs\x00\x00\x00"
    with enrolled.journal(sid).open("ab") as file:
        file.write(torn)
    with RunningVault(enrolled):
        pass
    assert torn + b"\n" in enrolled.journal(sid).read_bytes()
    resume = records(enrolled.journal(sid))[-1]
    assert resume["torn"] == {"bytes": len(torn), "sha256": sha256_hex(torn)}


def test_a_recovery_that_was_itself_cut_short_is_recovered(enrolled: Enrolled) -> None:
    sid = cut_short(enrolled)
    with enrolled.journal(sid).open("ab") as file:
        file.write(b"torn by the first crash\ntorn by the second")
    with RunningVault(enrolled, boot_id="another-boot"):
        pass
    journal = records(enrolled.journal(sid))
    resume = next(record for record in journal if record["t"] == "resume")
    torn = b"torn by the first crash\ntorn by the second"
    assert resume["torn"] == {"bytes": len(torn), "sha256": sha256_hex(torn)}
    assert journal[-1]["t"] == "attest"


def test_a_torn_device_log_goes_on_with_a_start_that_names_it(enrolled: Enrolled) -> None:
    cut_short(enrolled)
    with enrolled.device.paths.device_log.open("ab") as file:
        file.write(b"torn")
    with RunningVault(enrolled):
        pass
    starts = [r for r in records(enrolled.device.paths.device_log) if r["t"] == "start"]
    assert starts[-1]["torn"] == {"bytes": 4, "sha256": sha256_hex(b"torn")}


def test_a_folder_without_an_open_record_is_noted_and_its_counter_used_again(
    enrolled: Enrolled,
) -> None:
    sid = "0197a000-0000-7000-8000-000000000000"
    folder = enrolled.session(sid)
    folder.mkdir(parents=True)
    (folder / "journal.jws").write_bytes(b"half an open rec")
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        assert recorder.open().counter == 1
        recorder.close()
    log = records(enrolled.device.paths.device_log)
    assert [record["t"] for record in log] == ["start", "parts", "aborted", "session"]
    assert log[2]["sid"] == sid


def test_a_closed_journal_that_lacks_its_attest_gets_it(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        recorder.close()
    path = enrolled.journal(sid)
    path.chmod(0o640)
    before = path.read_bytes()
    path.write_bytes(before[: before.rindex(b"\n", 0, -1) + 1])
    forget_last_line(enrolled.device.paths.device_log)
    with RunningVault(enrolled):
        pass
    journal = records(path)
    assert [record["t"] for record in journal][-2:] == ["close", "attest"]
    session = records(enrolled.device.paths.device_log)[-1]
    assert (session["t"], session["journal"]["sha256"]) == (
        "session",
        sha256_hex(path.read_bytes()),
    )


def test_a_recorder_that_dies_finds_its_session_and_what_it_sent_is_sealed(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        first = vault.attached()
        sid = first.open().sid
        first.begin(0)
        for _ in range(3):
            first.feed(0, 30_000)
        first.wait(m.Durable)
        first.hang_up()
        second = vault.recorder()
        session = second.attach_again()
        assert (session.sid, session.next_segment) == (sid, 1)
        second.segment(1)
        second.close()
        sent = first.sent[0]
    sealed = (enrolled.journal(sid).parent / "000000.mp4.age").read_bytes()
    assert enrolled.open_age(sealed) == sent
    journal = records(enrolled.journal(sid))
    assert next(record for record in journal if record["t"] == "seg")["ended_by"] == "vault"
    faults = [r["fields"]["state"] for r in journal if r.get("kind") == "fault"]
    assert faults == ["begun", "ended"]
    assert kinds(enrolled.journal(sid))[-2:] == ["close", "attest"]


def test_where_both_processes_died_the_pictures_are_known_up_to_the_last_tick(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        sealed_ns = recorder.progress.last_pts_ns
        recorder.begin(1)
        for _ in range(25):
            recorder.feed(1, 70_000)
        recorder.wait_until(lambda: ticked(enrolled.journal(sid)) > sealed_ns)
        vault.die()
    reached = ticked(enrolled.journal(sid))
    with RunningVault(enrolled) as vault:
        # A recorder that knows nothing signs its gap from here on, not from the last segment.
        assert vault.recorder().attach_again().video_end_ns == reached


def ticked(path: Path) -> int:
    """How far the pictures go by the last tick, nanoseconds."""
    found = [r["last_pts_ns"] for r in records(path) if r["t"] == "tick"]
    return int(found[-1]) if found else 0


def forget_last_line(path: Path) -> None:
    """As if the crash had come before the last line was written."""
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"\n", 0, -1) + 1])
