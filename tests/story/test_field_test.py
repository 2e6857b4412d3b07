"""The field test on the fake world, moved by a tester who does as told; and each fault by its step.

Plays twice as fast as life: prompts are spoken, buttons held, an announcement heard.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.channel import Channel
from agent.errors import FieldTestError
from agent.field_test import bench, words
from agent.field_test.examine import resume
from agent.field_test.outcome import State
from agent.field_test.protocol import CODES, CUT, STEPS
from agent.field_test.vault import FieldVault
from agent.vault import messages as m
from evidence import field_report, journal
from evidence.errors import EvidenceError
from hw.types import ButtonName, PartName
from tests.kits.bureau.ca import ca_of
from tests.kits.device.field import Field, PowerCutError

BUSY = {"picture": "drops", "soak": "drops"}
"""What is true of a simulated camera where other work has the processor: it is said, as it is."""


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    # A recorder without its vault does not end by itself, and its power is gone.
    monkeypatch.setattr(bench, "_END_SECONDS", 0.5)
    field = Field(tmp_path)
    yield field
    field.close()


def failures(field: Field) -> dict[str, str | None]:
    outcomes = field.script.outcomes.items()
    return {step: one.cause for step, one in outcomes if one.state is State.FAILED}


@pytest.mark.slow
@pytest.mark.rule("B1", "B2", "B4", "C8", "C10", "D10", "E8", "A9")
def test_a_sound_recorder_passes_every_step_and_what_it_had_signed_survives_the_power_cut(
    field: Field,
) -> None:
    with pytest.raises(PowerCutError):
        field.test()
    assert failures(field).items() <= BUSY.items()
    assert tuple(field.script.outcomes) == CODES[:-1], "all steps but the one that cut the power"
    field.reboot()
    report, written = resume(field.enrolled.device, field.out)
    assert [one["step"] for one in report["steps"]] == list(CODES)
    assert {one["step"] for one in report["steps"] if one["state"] != "passed"} <= BUSY.keys()
    cut = report["steps"][-1]
    assert cut["measures"]["reason"] == "interrupted"
    assert cut["measures"]["records"] >= cut["measures"]["acknowledged"] > 5
    signed = field_report.read_report(written.content, ca_of(field.enrolled.bureau))
    assert signed.report == report
    page = written.html.read_text()
    assert all(words.STEPS[code][0] in page for code in CODES)
    assert "://" not in page
    assert "<script" not in page
    log = journal.payloads(field.enrolled.device.paths.device_log.read_bytes())
    (entry,) = [one for one in log if one["t"] == "field_test"]
    passed = sum(one["state"] == "passed" for one in report["steps"])
    assert (entry["sha256"], entry["passed"]) == (field_report.digest(report), passed)


@pytest.mark.slow
def test_each_fault_is_named_by_its_step(field: Field) -> None:
    world = field.world
    world.deafen_microphone()
    world.cover_camera()
    world.jam_button(ButtonName.MARK)
    world.kill_button(ButtonName.PHOTO)
    world.break_lamp()
    world.skew_clock(-30 * 86_400)
    world.kill_contact()
    world.break_gauge()
    world.counterfeit_disk()
    (field.root / "sys/class/watchdog/watchdog0/state").write_text("inactive\n")
    (field.root / "sys/devices/platform/soc/soc:firmware/get_throttled").write_text("50005\n")
    wanted = {
        "machine": "throttled",
        "watchdog": "unarmed",
        "button_mark": "stuck",
        "button_photo": "unfelt",
        "lamp": "dark",
        "picture": "black",
        "microphone": "dead",
        "battery": "failed",
        "clock": "behind",
        "medium": "differs",
        "dock": "unfelt",
    }
    report = field.test(*wanted, patience_seconds=1.0, look_seconds=0.2)
    assert failures(field) == wanted
    told = {one["step"]: one for one in report["steps"]}
    assert {step for step, one in told.items() if one["state"] == "skipped"} == (
        set(CODES) - wanted.keys()
    )
    for step, outcome in field.script.outcomes.items():
        cause, after = words.cause(step, outcome)
        assert cause not in ("", outcome.cause)
        assert after


@pytest.mark.slow
def test_what_only_a_person_can_tell_fails_where_the_person_says_so(field: Field) -> None:
    field.script.refused = {"lamp.red", "light.on", "clock", "power_cut"}
    steps = ("lamp", "light", "clock", CUT)
    report = field.test(*steps, patience_seconds=1.0)
    assert failures(field) == {"lamp": "unseen", "light": "dark", "clock": "wrong"}
    assert report["steps"][-1]["cause"] == "declined"


@pytest.mark.slow
@pytest.mark.rule("A9")
def test_a_swapped_part_and_an_open_case_are_named_and_no_session_begins(field: Field) -> None:
    field.world.swap_part(PartName.CAMERA)
    field.test("parts", "session", patience_seconds=2.0)
    assert failures(field) == {"parts": "swapped", "session": "refused"}
    field.world.open_case()
    field.test("case")
    assert field.script.outcomes["case"].cause == "open"


def test_it_refuses_while_a_session_is_open_and_while_a_recorder_runs(field: Field) -> None:
    recorder = field.vault.recorder()
    recorder.attach()
    with pytest.raises(FieldTestError) as running:
        field.test("boot")
    assert running.value.code == "field_attached"
    recorder.open()
    with pytest.raises(FieldTestError) as recording:
        field.test("boot")
    assert recording.value.code == "field_recording"
    recorder.hang_up()
    with pytest.raises(FieldTestError) as open_still:
        field.test("boot")
    assert open_still.value.code == "field_recording", "its session waits for it"
    assert not field.out.exists() or not list(field.out.iterdir())


def test_an_unknown_step_is_refused_before_anything_begins(field: Field) -> None:
    with pytest.raises(FieldTestError) as unknown:
        field.test("buttons")
    assert unknown.value.code == "field_step"


def test_there_is_nothing_to_go_on_with_where_no_power_was_cut(field: Field) -> None:
    with pytest.raises(FieldTestError) as nothing:
        resume(field.enrolled.device, field.out)
    assert nothing.value.code == "field_resume"


def test_the_vault_signs_no_report_while_a_session_is_open_and_nothing_but_digests(
    field: Field,
) -> None:
    vault = FieldVault(field.enrolled.device.paths.vault_socket)
    recorder = field.vault.recorder()
    recorder.attach()
    for digest in ("", "a" * 63, "G" * 64, "eyJhbGciOi.x"):
        with pytest.raises(FieldTestError):
            vault.sign(digest, passed=1, failed=0, skipped=0)
    recorder.open()
    with pytest.raises(FieldTestError) as refused:
        vault.sign("a" * 64, passed=1, failed=0, skipped=0)
    assert refused.value.code == "field_unsigned"


def test_a_report_that_was_touched_or_is_signed_by_another_is_refused(
    field: Field, tmp_path: Path
) -> None:
    field.test("machine")
    content = (field.out / "field-test.json").read_bytes()
    authority = ca_of(field.enrolled.bureau)
    assert field_report.read_report(content, authority).statement["dev"] == "REC-001"
    whole = json.loads(content)
    better = json.dumps({**whole, "report": {**whole["report"], "firmware": "9"}}).encode()
    for forged in (better, content.replace(b"skipped", b"passed_"), content[:-2], b"{}"):
        with pytest.raises(EvidenceError):
            field_report.read_report(forged, authority)
    (tmp_path / "o").mkdir()
    other = Field(tmp_path / "o")
    other.close()
    with pytest.raises(EvidenceError):
        field_report.read_report(content, ca_of(other.enrolled.bureau))


def test_every_step_has_its_words_and_every_word_its_step() -> None:
    assert words.STEPS.keys() == {step.code for step in STEPS}
    assert {step for step, _ in words.CAUSES if step} <= words.STEPS.keys()


def test_a_tester_has_no_way_to_begin_or_end_anything(field: Field) -> None:
    path = field.enrolled.device.paths.vault_socket
    channel: Channel[m.ToTester, Any] = Channel.connect(path, m.ToTester, seconds=5)
    channel.send(m.AskFacts())
    assert isinstance(channel.receive(), m.Facts)
    channel.send(m.Attach())
    assert channel.receive() is None
    channel.close()
