"""Nobody can say that a press, a refusal or a check did not happen: all share one sequence."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.vault import messages as m
from evidence.canonical import JsonObject
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault, TestRecorder, records

pytestmark = pytest.mark.rule("N5")


def counts(enrolled: Enrolled) -> list[int]:
    """Every lifetime number on the device, in the device log and in every journal, sorted."""
    paths = enrolled.device.paths
    found = [r["count"] for r in records(paths.device_log) if "count" in r]
    for path in paths.sessions.glob("*/journal.jws"):
        found += [fields["count"] for fields in pressed(path)]
    return sorted(found)


def pressed(path: Path) -> list[JsonObject]:
    return [r["fields"] for r in records(path) if r.get("kind") == "button"]


def press(at_ns: int = 1, event_id: str | None = None, **more: int) -> m.StoreEvent:
    fields = {"button": "mark", "gesture": "press", "at_ns": at_ns, **more}
    return m.StoreEvent(kind="button", fields=fields, id=event_id)


def note(recorder: TestRecorder) -> None:
    recorder.channel.send(m.NotePress(button="photo", gesture="press", at_ns=7))


def a_day(recorder: TestRecorder) -> None:
    """A press without a session, two within one, and another press."""
    note(recorder)
    recorder.open()
    recorder.ask(press(), m.Recorded)
    recorder.ask(press(), m.Recorded)
    recorder.close()
    note(recorder)
    recorder.ask(m.AskStatus(), m.Status)


def test_presses_in_and_out_of_a_session_share_one_sequence(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        a_day(recorder)
    log = records(enrolled.device.paths.device_log)
    told = [(r["t"], r.get("count", r.get("counted"))) for r in log if r["t"] != "parts"]
    assert told == [("start", 1), ("press", 2), ("session", 4), ("press", 5)]
    assert counts(enrolled) == [1, 2, 3, 4, 5]


def test_a_refused_start_and_a_check_are_counted_too(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.fill_disk(0)
        recorder.ask(m.OpenSession(
            activity="voluntary", officer=None, plan_id=None, bits_per_second=8_000
        ), m.Refused)  # fmt: skip
        vault.world.free_disk()
        recorder.ask(m.StorePreflight(trigger="asked", checks=[]), m.PreflightStored)
    log = records(enrolled.device.paths.device_log)
    told = [(r["t"], r["count"]) for r in log if r["t"] != "parts"]
    assert told == [("start", 1), ("refusal", 2), ("preflight", 3)]


def test_a_number_is_never_used_again_after_any_end_of_the_vault(enrolled: Enrolled) -> None:
    for boot in ("first", "first", "second"):
        with RunningVault(enrolled, boot_id=boot) as vault:
            recorder = vault.attached()
            note(recorder)
            recorder.open()
            recorder.ask(press(), m.Recorded)
            vault.die()
        with RunningVault(enrolled, boot_id=f"{boot}-after"):
            pass
    assert counts(enrolled) == list(range(1, 13))


def test_the_sequence_outlives_the_sessions_that_were_released(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        for _ in range(5):
            recorder.ask(press(), m.Recorded)
        recorder.close()
    for path in enrolled.device.paths.sessions.glob("*/*"):
        path.unlink()
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        note(recorder)
        recorder.attach()
    assert records(enrolled.device.paths.device_log)[-1]["count"] == 8


def test_the_recorder_cannot_choose_a_number(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.ask(press(count=1), m.Recorded)
        # What is refused uses no number up.
        assert recorder.ask(press(at_ns=-1), m.Refused).code == "protocol"
        recorder.ask(press(), m.Recorded)
        recorder.close()
    path = enrolled.journal(sid)
    assert [fields["count"] for fields in pressed(path)] == [2, 3]


def test_an_event_that_is_sent_again_is_signed_once(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        first = recorder.ask(press(event_id="r1:1"), m.Recorded).journal_i
        assert recorder.ask(press(event_id="r1:1"), m.Recorded).journal_i == first
        vault.die()
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert recorder.attach_again().sid == sid
        assert recorder.ask(press(event_id="r1:1"), m.Recorded).journal_i == first
        recorder.ask(press(event_id="r1:2"), m.Recorded)
        recorder.close()
    path = enrolled.journal(sid)
    assert [r["id"] for r in records(path) if r.get("kind") == "button"] == ["r1:1", "r1:2"]
