"""Parts that were swapped and a case that was opened: signed, and no use until cleared (A9)."""

from __future__ import annotations

import pytest

from agent.preflight.results import code_of
from agent.vault import messages as m
from evidence.assignment import Standing
from evidence.canonical import JsonObject
from hw.ports import Identity
from hw.types import Part, PartName
from tests.kits.bureau.enrolment import Enrolled, assign
from tests.kits.device.vault import REQUEST, RunningVault, TestRecorder, records

pytestmark = pytest.mark.rule("A9")

OPENED = {"part": "case", "code": "open", "detail": "for a test", "state": "begun"}


def logged(enrolled: Enrolled, t: str) -> list[JsonObject]:
    return [one for one in records(enrolled.device.paths.device_log) if one["t"] == t]


def checked(recorder: TestRecorder, *found: m.CheckResult) -> dict[str, m.CheckResult]:
    message = m.StorePreflight(trigger="idle", checks=list(found))
    return {one.name: one for one in recorder.ask(message, m.PreflightStored).checks}


def turned_down(recorder: TestRecorder) -> str:
    answer = recorder.ask(REQUEST, m.Refused)
    assert answer.code == "custody"
    return answer.detail


def test_the_first_start_records_what_the_recorder_is_made_of(enrolled: Enrolled) -> None:
    for _ in range(2):
        with RunningVault(enrolled):
            pass
    (first,) = logged(enrolled, "parts")
    assert first["because"] == "first"
    assert {one["name"] for one in first["parts"]} == set(PartName)
    assert all(one["model"] and one["serial"] for one in first["parts"])


@pytest.mark.parametrize("part", PartName)
def test_a_part_swapped_while_it_was_off_is_told_at_the_start(
    enrolled: Enrolled, part: PartName
) -> None:
    with RunningVault(enrolled) as vault:
        vault.world.swap_part(part)
        vault.restart(keep_world=True)
        recorder = vault.recorder()
        assert recorder.attach().refused == "custody"
        assert turned_down(recorder).startswith(f"custody: stop_use: {part.value}: ")
    (told,) = logged(enrolled, "tamper")
    assert (told["part"], told["code"]) == (part.value, "swapped")
    assert told["old"] == {"model": f"fake {part.value}", "serial": f"{part.value}-0001"}
    assert told["new"] == {"model": f"fake {part.value}", "serial": f"{part.value}-0002"}


def test_a_part_swapped_while_it_runs_is_told_at_the_press_and_named_by_the_check(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.swap_part(PartName.MICROPHONE)
        assert turned_down(recorder).startswith("custody: stop_use: microphone")
        checks = checked(recorder)
    assert code_of(checks["parts"]) == "swapped"
    assert "microphone-0001, now fake microphone microphone-0002" in checks["parts"].detail
    assert checks["custody"].state == "refuse"
    assert len(logged(enrolled, "tamper")) == len(logged(enrolled, "stop_use")) == 1


def test_putting_the_own_part_back_is_told_and_clears_nothing(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.swap_part(PartName.CARD)
        checked(recorder)
        vault.world.put_back_part(PartName.CARD)
        assert code_of(checked(recorder)["parts"]) == "ok"
        assert turned_down(recorder).startswith("custody: stop_use: card")
    assert [one["code"] for one in logged(enrolled, "tamper")] == ["swapped", "returned"]


class Bare(Identity):
    """A recorder with a part torn out."""

    def __init__(self, whole: Identity, missing: PartName) -> None:
        self._whole = whole
        self._missing = missing

    def parts(self) -> tuple[Part, ...]:
        return tuple(one for one in self._whole.parts() if one.name is not self._missing)


def test_a_missing_part_is_told_by_a_check_and_not_by_a_start(
    enrolled: Enrolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunningVault(enrolled) as vault:
        vault.recorder().attach()
    with monkeypatch.context() as patch:
        whole = "hw.fake.board.FakeIdentity"
        patch.setattr(whole, _without(PartName.CAMERA))
        with RunningVault(enrolled) as vault:
            recorder = vault.recorder()
            assert recorder.attach().refused is None
            checks = checked(recorder)
            assert code_of(checks["parts"]) == "missing"
            assert turned_down(recorder).startswith("custody: stop_use: camera")
    (told,) = logged(enrolled, "tamper")
    assert (told["part"], told["code"], told["new"]) == ("camera", "missing", None)


def _without(part: PartName) -> object:
    from hw.fake.identity import FakeIdentity  # noqa: PLC0415 - the real one, before the patch

    return lambda link: Bare(FakeIdentity(link), part)


def test_a_session_that_runs_goes_on_when_a_part_is_swapped_and_the_case_opened(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        vault.world.swap_part(PartName.CAMERA)
        checked(recorder)
        recorder.ask(m.StoreEvent(kind="fault", fields=OPENED), m.Recorded)
        recorder.segment(0)
        assert recorder.close().reason == "officer"
        assert turned_down(recorder).startswith("custody: stop_use: case")
    journal = records(enrolled.journal(sid))
    told = [one["fields"] for one in journal if one["t"] == "event" and one["kind"] == "tamper"]
    assert told == [{"part": "case", "detail": "opened"}]
    assert [one["part"] for one in logged(enrolled, "tamper")] == ["camera", "case"]


def test_a_case_opened_without_a_session_stops_the_use(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.channel.send(m.NoteFault(**OPENED))
        assert turned_down(recorder).startswith("custody: stop_use: case")
        recorder.channel.send(m.NoteFault(**{**OPENED, "state": "ended"}))
        assert turned_down(recorder).startswith("custody: stop_use: case"), "closing clears nothing"
    (told,) = logged(enrolled, "tamper")
    assert (told["part"], told["code"], told["old"], told["new"]) == ("case", "opened", None, None)


def test_only_the_bureaus_later_word_clears_it_and_the_new_part_is_then_its_own(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.swap_part(PartName.CAMERA)
        checked(recorder)
        assign(enrolled, number=1)
        assert turned_down(recorder).startswith("custody: stop_use: camera")
        assign(enrolled, number=2, standing=Standing.FROZEN, because="repair")
        assert turned_down(recorder).startswith("custody: frozen")
        assign(enrolled, number=3)
        recorder.wait_until(lambda: len(logged(enrolled, "parts")) == 2)
        recorder.ask(REQUEST, m.SessionOpened)
        recorder.close()
        vault.restart(keep_world=True)
        assert vault.recorder().attach().refused is None
        vault.world.put_back_part(PartName.CAMERA)
        vault.restart(keep_world=True)
        assert vault.recorder().attach().refused == "custody", "the old part is a stranger now"
    _, cleared = logged(enrolled, "parts")
    assert (cleared["because"], cleared["assignment"]) == ("cleared", 3)
    camera = next(one for one in cleared["parts"] if one["name"] == "camera")
    assert camera["serial"] == "camera-0002"


def test_another_swap_after_the_clearing_stops_the_use_again(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.swap_part(PartName.CAMERA)
        checked(recorder)
        # Whoever waits for the clearing to put yet another part in is found out.
        vault.world.put_back_part(PartName.CAMERA)
        vault.world.swap_part(PartName.BOARD)
        assign(enrolled, number=2)
        recorder.wait_until(lambda: logged(enrolled, "stop_use")[-1]["state"] == "cleared")
        assert turned_down(recorder).startswith("custody: stop_use: ")


def test_a_case_that_is_open_when_it_is_cleared_stops_the_use_at_the_next_check(
    enrolled: Enrolled,
) -> None:
    is_open = m.CheckResult(name="case", state="warn", detail="open: for a test")
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        for _ in range(2):
            checked(recorder, is_open)
        assert len(logged(enrolled, "tamper")) == 1
        assign(enrolled, number=2)
        recorder.wait_until(lambda: logged(enrolled, "stop_use")[-1]["state"] == "cleared")
        assert checked(recorder, is_open)["custody"].state == "refuse"
    assert len(logged(enrolled, "tamper")) == 2
