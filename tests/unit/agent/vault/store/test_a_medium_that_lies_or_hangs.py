"""A medium that fails, hangs, lies or comes back: told, signed, and never the end of a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.vault import messages as m
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, records

pytestmark = pytest.mark.rule("B1", "B3")


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path, reserve_bytes=1_000_000)


@pytest.mark.parametrize(
    ("accident", "mended"), [("break_disk", "mend_disk"), ("protect_disk", "unprotect_disk")]
)
@pytest.mark.rule("E8")
def test_a_medium_that_no_longer_says_how_it_stands_ends_no_session(
    enrolled: Enrolled, accident: str, mended: str
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        getattr(vault.world, accident)()
        assert recorder.wait(m.StorageState).level == "unknown"
        recorder.segment(1)
        getattr(vault.world, mended)()
        assert recorder.wait(m.StorageState).level == "ok"
        getattr(vault.world, accident)()
        assert recorder.close().reason == "officer"
        recorder.ask(m.AskStatus(), m.Status)
        getattr(vault.world, mended)()
    journal = records(enrolled.journal(sid))
    faults = [r["fields"] for r in journal if r.get("kind") == "fault"]
    assert [(f["part"], f["state"]) for f in faults] == [
        ("storage", "begun"),
        ("storage", "ended"),
    ]


@pytest.mark.parametrize(
    ("accident", "code"),
    [("break_disk", "failed"), ("hang_disk", "hung"), ("counterfeit_disk", "differs")],
)
def test_the_check_before_use_finds_it(enrolled: Enrolled, accident: str, code: str) -> None:
    message = m.StorePreflight(trigger="asked", checks=[])
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        getattr(vault.world, accident)()
        checks = {one.name: one for one in recorder.ask(message, m.PreflightStored).checks}
        vault.world.mend_disk()
        again = {one.name: one for one in recorder.ask(message, m.PreflightStored).checks}
    assert checks["storage"].state == "refuse"
    assert checks["storage"].detail.startswith(code)
    assert again["storage"].state == "ok"


def test_nobody_waits_for_the_proof_of_a_medium_that_hangs(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        vault.world.hang_disk()
        recorder.channel.send(m.StorePreflight(trigger="idle", checks=[]))
        recorder.open()
        recorder.segment(0)
        # All of that came before the answer to what was asked first.
        assert recorder.wait(m.PreflightStored).trigger == "idle"
        vault.world.mend_disk()
        recorder.close()
