"""No session ends without a word about each announcement, whoever ends it (C8)."""

from __future__ import annotations

import msgspec
import pytest

from agent.vault import messages as m
from agent.vault.session.untold import untold
from evidence.rulebook import Announcement
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault, records

pytestmark = pytest.mark.rule("C8")


def _told(enrolled: Enrolled, sid: str) -> list[tuple[str, str]]:
    journal = records(enrolled.journal(sid))
    events = (one["fields"] for one in journal if one["t"] == "event")
    return [(one["verdict"], one["reason"]) for one in events if "verdict" in one]


def test_what_the_recorder_left_unsaid_is_signed_as_unverified(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        recorder.close()
    assert _told(enrolled, sid) == [("unverified", "officer")]


def test_what_the_recorder_stated_is_not_stated_again(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        rule = recorder.attach().announcements[0]
        sid = recorder.open().sid
        known = Announcement(**msgspec.structs.asdict(rule), lang="zh-CN", text="")
        ((kind, fields),) = untold((known,), (), "not_heard", 1)
        recorder.ask(m.StoreEvent(kind=kind, fields=fields), m.Recorded)
        recorder.close()
    assert _told(enrolled, sid) == [("unverified", "not_heard")]


def test_what_a_power_cut_left_unsaid_is_signed_by_the_next_boot(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        vault.die()
    with RunningVault(enrolled, boot_id="another-boot"):
        pass
    assert _told(enrolled, sid) == [("unverified", "interrupted")]


def test_without_its_rulebook_a_session_says_that_nothing_was_stated() -> None:
    assert [kind for kind, _ in untold(None, (), "interrupted", 1)] == ["check"]
    assert list(untold(None, ("zh-cn",), "interrupted", 1)) == []
