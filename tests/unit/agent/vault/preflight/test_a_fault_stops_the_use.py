"""Some faults stop the use of a recorder: latched on record until the keeper clears it (M2)."""

from __future__ import annotations

import pytest

from agent.preflight.stop_use import AGAIN, AT_ONCE, TIMES
from agent.vault import messages as m
from evidence.assignment import Standing
from evidence.canonical import JsonObject
from evidence.rulebook.words import STOPPING_FAULTS
from tests.kits.bureau.enrolment import Enrolled, assign
from tests.kits.device.vault import REQUEST, RunningVault, TestRecorder, records, rewrite

pytestmark = pytest.mark.rule("M2")

ALL = {"upkeep.stop_use": list(STOPPING_FAULTS)}


def checked(recorder: TestRecorder, *found: m.CheckResult) -> dict[str, m.CheckResult]:
    message = m.StorePreflight(trigger="idle", checks=list(found))
    return {one.name: one for one in recorder.ask(message, m.PreflightStored).checks}


def amiss(name: str, code: str) -> m.CheckResult:
    return m.CheckResult(name=name, state="warn", detail=f"{code}: test")


def well(name: str) -> m.CheckResult:
    return m.CheckResult(name=name, state="ok", detail="ok: test")


def latched(enrolled: Enrolled) -> list[JsonObject]:
    return [one for one in records(enrolled.device.paths.device_log) if one["t"] == "stop_use"]


def turned_down(recorder: TestRecorder) -> str:
    answer = recorder.ask(REQUEST, m.Refused)
    assert answer.code == "custody"
    return answer.detail


def test_a_medium_that_lies_at_the_check_stops_the_use_and_being_well_again_does_not_end_it(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.counterfeit_disk()
        assert checked(recorder)["custody"].detail.startswith("stop_use: storage")
        vault.world.mend_disk()
        assert checked(recorder)["storage"].state == "ok"
        assert turned_down(recorder).startswith("custody: stop_use: ")
    (one,) = latched(enrolled)
    said = {name: one[name] for name in ("state", "part", "code", "assignment")}
    assert said == {"state": "set", "part": "storage", "code": "differs", "assignment": 1}


def test_it_outlives_every_start_of_the_vault(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.swap_key()
        checked(recorder)
        vault.world.mend_key()
        vault.die()
        vault.restart()
        recorder = vault.recorder()
        assert recorder.attach().refused == "custody"
        assert turned_down(recorder).startswith("custody: stop_use: key")
    assert len(latched(enrolled)) == 1


def test_only_a_later_assignment_clears_it_and_that_is_on_record(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.counterfeit_disk()
        checked(recorder)
        vault.world.mend_disk()
        assign(enrolled, number=1)
        assert turned_down(recorder).startswith("custody: stop_use: ")
        assign(enrolled, number=2, standing=Standing.FROZEN, because="fault")
        assert turned_down(recorder).startswith("custody: frozen: ")
        assign(enrolled, number=3)
        recorder.ask(REQUEST, m.SessionOpened)
        recorder.close()
        recorder.wait_until(lambda: len(latched(enrolled)) == 2)
        assert checked(recorder)["custody"].state == "ok"
    cleared = latched(enrolled)[-1]
    assert (cleared["state"], cleared["part"], cleared["assignment"]) == ("cleared", "storage", 3)


def test_a_session_that_runs_goes_on_to_its_end_and_the_next_start_is_refused(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        vault.world.counterfeit_disk()
        checked(recorder)
        recorder.segment(0)
        assert recorder.close().reason == "officer"
        vault.world.mend_disk()
        assert turned_down(recorder).startswith("custody: stop_use: ")


@pytest.mark.parametrize(("part", "code"), [("camera", "frozen"), ("microphone", "dead")])
def test_a_dead_sense_stops_the_use_at_the_third_check_in_a_row(
    enrolled: Enrolled, part: str, code: str
) -> None:
    rewrite(enrolled, ALL)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        for _ in range(TIMES - 1):
            assert checked(recorder, amiss(part, code))["custody"].state == "ok"
        checked(recorder, well(part))
        for _ in range(TIMES - 1):
            assert checked(recorder, amiss(part, code))["custody"].state == "ok"
        vault.restart()
        recorder = vault.attached()
        assert checked(recorder, amiss(part, code))["custody"].state == "refuse"
    (one,) = latched(enrolled)
    assert (one["part"], one["code"]) == (part, code)


@pytest.mark.parametrize(
    ("part", "code"),
    [("camera", "black"), ("microphone", "faint"), ("speaker", "failed"), ("battery", "hung")],
)
def test_what_the_officer_can_mend_or_do_without_never_stops_the_use(
    enrolled: Enrolled, part: str, code: str
) -> None:
    rewrite(enrolled, ALL)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        for _ in range(TIMES + 1):
            assert checked(recorder, amiss(part, code))["custody"].state == "ok"


def test_whose_faults_count_is_the_rulebook_s(enrolled: Enrolled) -> None:
    rewrite(enrolled, {"upkeep.stop_use": ["key"]})
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        for _ in range(TIMES):
            assert checked(recorder, amiss("camera", "frozen"))["custody"].state == "ok"
    assert latched(enrolled) == []


def test_every_part_of_the_table_is_one_that_a_rulebook_may_name() -> None:
    assert AT_ONCE.keys() | AGAIN.keys() == STOPPING_FAULTS.keys()
