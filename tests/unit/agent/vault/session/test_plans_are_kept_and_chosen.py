"""A plan comes from the bureau or not at all; chosen, it lies sealed beside the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.vault import messages as m
from agent.vault.session.plans import MOST_PLANS
from evidence.digests import sha256_hex
from evidence.ids import DEVICE_LOG_NAME
from evidence.moments import utc_text
from evidence.plan import Plan
from evidence.store.folder import read_folder
from evidence.verify import Judgement, verify
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, TestRecorder, ask_dock, records
from tests.kits.records import plans

HOUR_NS = 3_600 * 1_000_000_000


def of_today(vault: RunningVault, hours: int = 8, **changes: Any) -> Plan:
    """A plan that began an hour ago."""
    now_ns = vault.clock.utc_ns()
    term = {
        "begins": utc_text(now_ns - HOUR_NS),
        "expires": utc_text(now_ns + hours * HOUR_NS),
    }
    return plans.a_plan("REC-001", **{**term, **changes})


def push(vault: RunningVault, one: Plan) -> Any:
    token = plans.signed_by(vault.enrolled.bureau, one)
    return ask_dock(vault.enrolled, m.SubmitPlan(content=token))


def attached(vault: RunningVault) -> tuple[TestRecorder, m.Attached]:
    recorder = vault.recorder()
    return recorder, recorder.attach()


@pytest.mark.rule("C11", "I2")
def test_a_session_carries_the_plan_it_was_chosen_with(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        one = of_today(vault)
        assert push(vault, one).plan_id == one.plan_id
        recorder, told = attached(vault)
        choice = told.plans[0]
        assert (choice.number, choice.activity) == (3, "inspection")
        assert choice.officers == ["O-1", "O-2"]
        sid = recorder.open(plan_id=choice.plan_id).sid
        recorder.close()
    folder = enrolled.session(sid)
    opened = records(folder / "journal.jws")[0]
    assert (folder / "plan.json.age").read_bytes() == one.sealed
    assert (opened["plan_id"], opened["activity"]) == (one.plan_id, "inspection")
    assert opened["officers"] == ["O-1", "O-2"]
    assert opened["plan"]["sha256"] == one.sealed_sha256
    log = records(enrolled.device.paths.device_log)
    assert log[-1]["plan_id"] == one.plan_id
    (folder / DEVICE_LOG_NAME).write_bytes(enrolled.device.paths.device_log.read_bytes())
    assert verify(read_folder(folder), ca_of(enrolled.bureau)).judgement is Judgement.VERIFIED


def test_a_plan_is_kept_as_it_was_signed_and_on_record(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        one = of_today(vault)
        token = plans.signed_by(enrolled.bureau, one)
        for _ in range(2):
            taken = ask_dock(enrolled, m.SubmitPlan(content=token))
            assert taken.plan_id == one.plan_id
        vault.restart()
        assert attached(vault)[1].plans[0].plan_id == one.plan_id
    assert (enrolled.device.paths.plans / f"{one.plan_id}.jws").read_bytes() == token
    taken = [r for r in records(enrolled.device.paths.device_log) if r["t"] == "plan"]
    assert [(r["sha256"], r["state"]) for r in taken] == [(sha256_hex(token), "taken")]


def test_the_recorder_hears_of_plans_as_they_come_and_go(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder, told = attached(vault)
        assert told.plans == []
        one = of_today(vault)
        push(vault, one)
        assert [p.plan_id for p in recorder.wait(m.PlansChanged).plans] == [one.plan_id]
        vault.world.skew_clock(9 * 3_600)
        assert recorder.wait(m.PlansChanged).plans == []
    assert not list(enrolled.device.paths.plans.iterdir())
    log = [r for r in records(enrolled.device.paths.device_log) if r["t"] == "plan"]
    assert [r["state"] for r in log] == ["taken", "expired"]
    assert log[0]["sha256"] == log[1]["sha256"]


def test_a_plan_of_tomorrow_is_kept_and_not_offered(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        begins = utc_text(vault.clock.utc_ns() + 10 * HOUR_NS)
        push(vault, of_today(vault, hours=20, begins=begins))
        recorder, told = attached(vault)
        assert told.plans == []
        vault.world.skew_clock(11 * 3_600)
        assert len(recorder.wait(m.PlansChanged).plans) == 1


def test_without_a_sure_clock_every_plan_is_offered_and_none_expires(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        push(vault, of_today(vault))
        vault.world.set_clock_quality("none")
        vault.world.skew_clock(-40 * 365 * 86_400)
        _, told = attached(vault)
        assert len(told.plans) == 1
    assert len(list(enrolled.device.paths.plans.iterdir())) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ("REC-002",)}, "plan_device"),
        ({"begins": plans.BEGINS.replace("2026", "2020"), "expires": "2020-11-21T16:00:00.000000Z"},
         "plan_expired"),
    ],
    ids=["of another device", "long over"],
)  # fmt: skip
def test_a_plan_that_is_not_for_now_and_here_is_refused_and_signed(
    enrolled: Enrolled, changes: dict[str, Any], code: str
) -> None:
    with RunningVault(enrolled) as vault:
        assert push(vault, of_today(vault, **changes)).code == code
    refusal = records(enrolled.device.paths.device_log)[-1]
    assert (refusal["t"], refusal["code"]) == ("refusal", code)
    assert not list(enrolled.device.paths.plans.iterdir())


def test_a_plan_of_another_bureau_is_refused(enrolled: Enrolled, tmp_path: Path) -> None:
    (tmp_path / "o").mkdir()
    other = enrol(tmp_path / "o")
    with RunningVault(enrolled) as vault:
        token = plans.signed_by(other.bureau, of_today(vault))
        assert ask_dock(enrolled, m.SubmitPlan(content=token)).code == "plan_signature"


def test_another_plan_under_a_known_id_is_refused(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        push(vault, of_today(vault))
        assert push(vault, of_today(vault, number=4)).code == "plan_changed"
        assert [p.number for p in attached(vault)[1].plans] == [3]


def test_no_more_plans_are_kept_than_there_are_numbers(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        for number in range(MOST_PLANS):
            push(vault, of_today(vault, plan_id=f"p-{number}", number=number + 1))
        assert push(vault, of_today(vault, plan_id="p-more")).code == "plan_room"


@pytest.mark.rule("D7", "D12")
def test_a_plan_that_is_gone_never_stops_a_recording(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder, _ = attached(vault)
        sid = recorder.open(plan_id="p-lost").sid
        recorder.close()
    journal = records(enrolled.journal(sid))
    assert (journal[0]["plan"], journal[0]["plan_id"]) == (None, None)
    assert journal[0]["activity"] == "voluntary"
    check = next(r for r in journal if r.get("kind") == "check")["fields"]
    assert (check["name"], check["passed"]) == ("plan", False)


def test_a_kept_plan_that_was_changed_on_the_card_is_not_offered(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        one = of_today(vault)
        push(vault, one)
        path = enrolled.device.paths.plans / f"{one.plan_id}.jws"
        path.write_bytes(plans.signed_by(enrolled.bureau, of_today(vault, number=9)))
        vault.restart()
        assert attached(vault)[1].plans == []
        (enrolled.device.paths.plans / "p-garbage.jws").write_bytes(b"garbage")
        vault.restart()
        assert attached(vault)[1].plans == []
