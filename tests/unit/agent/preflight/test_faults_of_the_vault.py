"""Each fault of what the vault stands on gives exactly its own finding (B1, B3, B4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.preflight.results import code_of
from agent.vault import messages as m
from hw.fake.world import FakeWorld
from tests.kits.bureau.enrolment import assign, enrol
from tests.kits.device.vault import RunningVault, TestRecorder

Verb = Callable[[FakeWorld], None]

STOPPED = {"custody": ("refuse", "stop_use")}
"""What a key or a medium that lies leaves behind, until the keeper clears it (M2)."""

ALL_WELL = dict.fromkeys(
    ("key", "storage", "parts", "rulebook", "clock", "custody", "space", "backlog"), ("ok", "ok")
)


def _found(recorder: TestRecorder) -> dict[str, tuple[str, str]]:
    checked = recorder.ask(m.StorePreflight(trigger="asked", checks=[]), m.PreflightStored)
    return {check.name: (check.state, code_of(check)) for check in checked.checks}


@pytest.mark.rule("B1")
@pytest.mark.parametrize(
    ("harm", "mend", "found"),
    [
        # fails
        (FakeWorld.break_key, FakeWorld.mend_key, {"key": ("refuse", "failed")}),
        (
            FakeWorld.break_disk,
            FakeWorld.mend_disk,
            {"storage": ("refuse", "failed"), "space": ("refuse", "failed")},
        ),
        (FakeWorld.protect_disk, FakeWorld.unprotect_disk, {"storage": ("refuse", "failed")}),
        (FakeWorld.lose_rtc, FakeWorld.set_clock, {"clock": ("warn", "behind")}),
        # hangs
        (FakeWorld.hang_key, FakeWorld.mend_key, {"key": ("refuse", "hung")}),
        (FakeWorld.hang_disk, FakeWorld.mend_disk, {"storage": ("refuse", "hung")}),
        # lies
        (FakeWorld.swap_key, FakeWorld.mend_key, {"key": ("refuse", "wrong"), **STOPPED}),
        (
            FakeWorld.counterfeit_disk,
            FakeWorld.mend_disk,
            {"storage": ("refuse", "differs"), **STOPPED},
        ),
        (
            lambda world: world.skew_clock(-30 * 86_400),
            FakeWorld.set_clock,
            {"clock": ("warn", "behind")},
        ),
        # nobody vouches
        (
            lambda world: world.set_clock_quality("none"),
            FakeWorld.set_clock,
            {"clock": ("warn", "unsure")},
        ),
        (
            lambda world: world.set_clock_quality("rtc", 90_000),
            FakeWorld.set_clock,
            {"clock": ("warn", "wide")},
        ),
    ],
)
def test_a_fault_is_found_and_nothing_else(
    tmp_path: Path, harm: Verb, mend: Verb, found: dict[str, tuple[str, str]]
) -> None:
    enrolled = enrol(tmp_path)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        assert _found(recorder) == ALL_WELL
        harm(vault.world)
        assert _found(recorder) == ALL_WELL | found
        mend(vault.world)
        if found.items() >= STOPPED.items():
            assert _found(recorder) == ALL_WELL | STOPPED, "well again, and still not to be used"
            assign(enrolled, number=2)
        # A question that hung comes back a moment after its part.
        recorder.wait_until(lambda: _found(recorder) == ALL_WELL)


@pytest.mark.rule("B3")
def test_a_medium_that_fills_warns_and_then_refuses(tmp_path: Path) -> None:
    found = []
    numbers = {"storage.warn_minutes": 120, "storage.refuse_minutes": 15}
    with RunningVault(enrol(tmp_path, numbers=numbers)) as vault:
        recorder = vault.attached()
        for free_bytes in (10**9, 3 * 10**8, 2 * 10**7):
            vault.world.fill_disk(free_bytes)
            found.append(_found(recorder)["space"])
    assert found == [("ok", "ok"), ("warn", "short"), ("refuse", "full")]


@pytest.mark.rule("B4")
def test_a_lost_clock_warns_and_the_session_is_recorded(tmp_path: Path) -> None:
    with RunningVault(enrol(tmp_path)) as vault:
        vault.world.lose_rtc()
        recorder = vault.recorder()
        assert recorder.attach().refused is None
        assert _found(recorder) == ALL_WELL | {"clock": ("warn", "behind")}
        assert recorder.open().counter == 1
        recorder.close()
