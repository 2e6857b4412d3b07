"""The wall clock is stepped again and again: every step is signed, and no stamp goes back.

Steps that stand when the vault looks, about once a second: one that is undone before is in no
record, and in no stamp either, for stamps follow CLOCK_BOOTTIME. Here the clock is the fake body's;
``scripts/bench_pi/machine`` is where a kernel's own is set.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from agent.vault.chain.stamps import STEP_NS
from evidence.canonical import JsonObject
from evidence.moments import utc_ns
from hw.fake.world import FakeWorld
from tests.conftest import CampaignSize
from tests.kits.bureau.enrolment import enrol
from tests.kits.device.vault import RunningVault, records
from tests.kits.processes.services import Services
from tests.kits.processes.story import broken

YEAR = 365 * 86_400
SIZES = (0.21, 0.5, 1, 59, 3_600, 86_400, 40 * 86_400, YEAR, 10 * YEAR)
"""Seconds; the wall clock stays between 1970 and 2100."""
EARLIEST, LATEST = -40 * YEAR, 70 * YEAR
SECONDS = 20.0

pytestmark = [pytest.mark.slow, pytest.mark.rule("B4")]


class Thief:
    """Steps the clock, and waits until a chain says so."""

    def __init__(self, world: FakeWorld, seed: int) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self._at = 0.0

    def steps(self, count: int, *chains: Callable[[], list[JsonObject]]) -> None:
        """So many steps, each of which every one of ``chains`` has to sign as it was."""
        for _ in range(count):
            by = self._dice.choice(SIZES) * self._dice.choice((1, -1))
            by = by if EARLIEST < self._at + by < LATEST else -by
            before = [len(_signed(chain())) for chain in chains]
            self._at += by
            self._world.skew_clock(self._at)
            for chain, known in zip(chains, before, strict=True):
                steps = _wait(chain, known)
                assert [abs(one - by * 1_000) < 100 for one in steps] == [True], (by, steps)


def _signed(chain: list[JsonObject]) -> list[int]:
    """Milliseconds of each step that is in it."""
    inside = [one["fields"] for one in chain if one.get("kind") == "clock_step"]
    alone = [one for one in chain if one["t"] == "clock_step"]
    return [one["step_ms"] for one in (*inside, *alone)]


def _wait(chain: Callable[[], list[JsonObject]], known: int = 0) -> list[int]:
    until = monotonic() + SECONDS
    while not (steps := _signed(chain())[known:]):
        assert monotonic() < until, "the step is not signed"
    return steps


def never_back(*chains: list[JsonObject]) -> bool:
    """Whether both times of every chain only go on."""
    return all(
        earlier["mono_ns"] <= later["mono_ns"] and utc_ns(earlier["utc"]) <= utc_ns(later["utc"])
        for chain in chains
        for earlier, later in pairwise(chain)
    )


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[RunningVault]:
    with RunningVault(enrol(tmp_path)) as running:
        yield running


def test_every_step_is_signed_while_recording_and_while_not(
    vault: RunningVault, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    count = campaign_size(ci=2, full=100)
    paths = vault.enrolled.device.paths
    thief = Thief(vault.world, campaign_seed)
    thief.steps(count, lambda: records(paths.device_log))
    recorder = vault.attached()
    sid = recorder.open().sid
    journal = paths.sessions / sid / "journal.jws"
    thief.steps(count, lambda: records(journal), lambda: records(paths.device_log))
    recorder.segment(0)
    recorder.close()
    log, taken = records(paths.device_log), records(journal)
    assert len(_signed(taken)) == count
    assert len(_signed(log)) == 2 * count
    assert never_back(log, taken)
    # A session that begins after the clock went back begins after everything before it.
    last = max(at for at, one in enumerate(log) if one["mono_ns"] < taken[0]["mono_ns"])
    assert utc_ns(taken[0]["utc"]) >= utc_ns(log[last]["utc"])


def test_a_step_too_small_to_sign_adds_up_to_one_that_is(vault: RunningVault) -> None:
    log = vault.enrolled.device.paths.device_log
    small = STEP_NS / 2e9
    vault.world.skew_clock(small)
    vault.world.skew_clock(2.2 * small)
    assert abs(_wait(lambda: records(log))[0] - 220) < 50


@pytest.mark.campaign
def test_every_step_is_signed_by_the_processes_recording_idle_and_on_the_cradle(
    tmp_path: Path, campaign_seed: int
) -> None:
    with Services(tmp_path) as story:
        story.switch_on()
        thief = Thief(story.world, campaign_seed)
        sid = story.start_recording()
        thief.steps(40, lambda: story.journal(sid), story.device_log)
        story.stop_recording(sid)
        thief.steps(40, story.device_log)
        story.world.dock()
        thief.steps(40, story.device_log)
        again = story.start_recording()
        thief.steps(10, lambda: story.journal(again), story.device_log)
        story.stop_recording(again)
        assert len(_signed(story.journal(sid))) == 40
        assert len(_signed(story.device_log())) == 130
        assert never_back(story.device_log(), story.journal(sid), story.journal(again))
        assert utc_ns(story.journal(again)[0]["utc"]) >= utc_ns(story.journal(sid)[-1]["utc"])
        for one in (sid, again):
            assert broken(story.judge(one)) == []
