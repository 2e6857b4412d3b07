"""A session that goes on with another says so, and where each ended stands in the device log."""

from __future__ import annotations

import pytest

from agent.vault import messages as m
from evidence.canonical import JsonObject
from evidence.ids import DEVICE_LOG_NAME
from evidence.moments import utc_ns
from evidence.store.folder import read_folder
from evidence.verify import Judgement, Verdict, verify
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault, TestRecorder, ask_dock, records
from tests.kits.records import plans
from tests.unit.agent.vault.session.test_plans_are_kept_and_chosen import of_today

pytestmark = pytest.mark.rule("E4", "E5")


def opened(recorder: TestRecorder, plan_id: str | None = None) -> m.ActiveSession:
    request = m.OpenSession(
        activity="voluntary",
        officer="O-1",
        plan_id=plan_id,
        bits_per_second=1_000_000,
    )
    return recorder.ask(request, m.SessionOpened).session


def link(enrolled: Enrolled, sid: str) -> JsonObject | None:
    found: JsonObject | None = records(enrolled.journal(sid))[0]["previous"]
    return found


def judged(enrolled: Enrolled, sid: str) -> Verdict:
    folder = enrolled.session(sid)
    (folder / DEVICE_LOG_NAME).write_bytes(enrolled.device.paths.device_log.read_bytes())
    return verify(read_folder(folder), ca_of(enrolled.bureau))


def test_a_start_soon_after_a_stop_goes_on_with_it(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        first = opened(recorder)
        assert first.previous is None
        recorder.close("battery")
        second = opened(recorder)
        recorder.close()
    assert second.previous is not None
    assert second.previous.reason == "battery"
    told = link(enrolled, second.sid)
    assert told == {
        "sid": first.sid,
        "counter": 1,
        "reason": "battery",
        "seconds": 0,
        "same_plan": True,
        "ending": None,
    }
    verdict = judged(enrolled, second.sid)
    assert verdict.judgement is Judgement.VERIFIED
    assert "follows" in {one.code for one in verdict.findings}


def test_a_start_long_after_is_a_session_of_its_own(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        opened(recorder)
        recorder.close()
        vault.world.skew_clock(31 * 60)
        vault.restart(keep_world=True)
        recorder = vault.attached()
        assert opened(recorder).previous is None


def test_the_same_plan_goes_on_however_late(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        one = of_today(vault)
        ask_dock(enrolled, m.SubmitPlan(content=plans.signed_by(enrolled.bureau, one)))
        recorder = vault.attached()
        first = opened(recorder, one.plan_id)
        recorder.close("storage")
        between = opened(recorder)
        assert between.previous is not None
        assert not between.previous.same_plan
        recorder.close()
        vault.world.skew_clock(3 * 3_600)
        vault.restart(keep_world=True)
        recorder = vault.attached()
        again = opened(recorder, one.plan_id)
        recorder.close()
    assert again.previous is not None
    assert (again.previous.sid, again.previous.same_plan) == (first.sid, True)
    assert again.previous.seconds >= 3 * 3_600
    assert judged(enrolled, again.sid).judgement is Judgement.VERIFIED


@pytest.mark.rule("E6", "E8", "H1")
def test_a_session_that_lost_its_power_ended_then_and_not_at_the_next_start(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled, boot_id="before") as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        vault.die()
    journal = records(enrolled.journal(sid))
    with RunningVault(enrolled, boot_id="after") as vault:
        vault.recorder().attach()
    entry = next(r for r in records(enrolled.device.paths.device_log) if r["t"] == "session")
    assert entry["reason"] == "interrupted"
    assert entry["ended"] == journal[-1]["utc"]
    assert utc_ns(entry["ended"]) < utc_ns(entry["utc"])
