"""The check before use leaves its proof, and every session points to the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.vault import messages as m
from evidence.digests import sha256_hex
from evidence.ids import DEVICE_LOG_NAME
from evidence.store.folder import read_folder
from evidence.verify import Judgement, verify
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, TestRecorder, raw_lines, records

pytestmark = pytest.mark.rule("B5")

BATTERY = m.CheckResult(name="battery", state="ok", detail="ok: 300 minutes", value=300)
OWN = {"key", "storage", "parts", "rulebook", "clock", "custody", "space", "backlog"}


def checked(recorder: TestRecorder, *checks: m.CheckResult) -> dict[str, m.CheckResult]:
    message = m.StorePreflight(trigger="power_up", checks=list(checks))
    return {one.name: one for one in recorder.ask(message, m.PreflightStored).checks}


def findings(enrolled: Enrolled, sid: str) -> tuple[Judgement, set[str]]:
    folder = enrolled.session(sid)
    paths = enrolled.device.paths
    (folder / DEVICE_LOG_NAME).write_bytes(paths.device_log.read_bytes())
    (folder / "rulebook.json").write_bytes(paths.rulebook.read_bytes())
    (folder / "root.json").write_bytes(paths.root.read_bytes())
    verdict = verify(read_folder(folder), ca_of(enrolled.bureau))
    return verdict.judgement, {one.code for one in verdict.findings}


@pytest.mark.rule("B1")
def test_the_vault_adds_what_only_it_knows(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        checks = checked(recorder, BATTERY)
    assert checks.keys() == OWN | {"battery"}
    assert {one.state for one in checks.values()} == {"ok"}
    signed = records(enrolled.device.paths.device_log)[-1]
    assert (signed["t"], signed["trigger"]) == ("preflight", "power_up")
    assert {one["name"]: one["value"] for one in signed["checks"]}["battery"] == 300


def test_a_session_points_to_the_last_check_and_finds_its_age(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        checked(recorder)
        checked(recorder, BATTERY)
        line = raw_lines(enrolled.device.paths.device_log)[-1]
        sid = recorder.open().sid
        recorder.close()
    opened = records(enrolled.journal(sid))[0]
    assert opened["preflight"] == sha256_hex(line)
    judgement, codes = findings(enrolled, sid)
    assert judgement is Judgement.VERIFIED
    assert not {code for code in codes if code.startswith("preflight")}


def test_the_recorder_learns_how_to_point_to_a_check(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        message = m.StorePreflight(trigger="power_up", checks=[])
        stored = recorder.ask(message, m.PreflightStored)
        line = raw_lines(enrolled.device.paths.device_log)[-1]
    assert stored.sha256 == sha256_hex(line)


def test_a_check_outlives_the_vault_that_signed_it(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        checked(recorder)
        line = raw_lines(enrolled.device.paths.device_log)[-1]
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.close()
    opened = records(enrolled.journal(sid))[0]
    assert opened["preflight"] == sha256_hex(line)


def test_a_session_without_any_check_is_told_and_sound(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.close()
    judgement, codes = findings(enrolled, sid)
    assert judgement is Judgement.VERIFIED
    assert "preflight_absent" in codes


def test_a_check_that_is_too_old_is_told_and_the_session_sound(enrolled: Enrolled) -> None:
    with RunningVault(enrolled, boot_id="yesterday") as vault:
        recorder = vault.attached()
        checked(recorder)
        vault.world.skew_clock(3 * 86_400)
        vault._boot_id = "today"  # noqa: SLF001 - the device was off for three days
        vault.restart(keep_world=True)
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.close()
    judgement, codes = findings(enrolled, sid)
    assert judgement is Judgement.VERIFIED
    assert "preflight_old" in codes


def test_the_recorder_cannot_answer_for_the_vault(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        vault.world.fill_disk(1_000_000)
        recorder = vault.attached()
        lie = m.CheckResult(name="space", state="ok", detail="ok: plenty", value=9_999)
        checks = checked(recorder, lie)
        assert recorder.attach().refused == "storage"
    assert checks["space"].state == "refuse"
    assert sum(one.name == "space" for one in checks.values()) == 1


@pytest.mark.rule("H1")
def test_what_waits_for_the_bureau_and_until_when_is_in_the_check(tmp_path: Path) -> None:
    enrolled = enrol(tmp_path, numbers={"upload.deadline_hours": 2})
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.close()
        assert checked(recorder)["backlog"].state == "warn"
        status = recorder.ask(m.AskStatus(), m.Status)
        assert (status.backlog, status.deadline_minutes) == (1, 120)
        assert (status.utc_source, status.utc_error_ms) == ("ntp", 50)
        vault.world.skew_clock(3 * 3_600)
        assert recorder.ask(m.AskStatus(), m.Status).deadline_minutes == -60
