"""Recorders that nobody touched: kills, power cuts, docks cut short, a desk that restarts.

Neither the card's own chain nor the bureau's memory may find anything.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from pathlib import Path

import pytest

from agent.vault import messages as m
from evidence.store.card import read_card
from evidence.verify import verify_card
from tests.conftest import CampaignSize
from tests.kits.ca import ca_of
from tests.kits.cradle import Bureau, dock, open_bureau
from tests.kits.enrolment import DEVICE_ID, Enrolled, enrol
from tests.kits.vault import RunningVault, TestRecorder

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.rule("E8", "G1")


class Life:
    """One recorder's, drawn from dice.

    Args:
        enrolled: Bureau and device.
        bureau: Its desk.
        dice: What happens.

    Attributes:
        did: How often what happened.
    """

    def __init__(self, enrolled: Enrolled, bureau: Bureau, dice: random.Random) -> None:
        self._enrolled = enrolled
        self._bureau = bureau
        self._dice = dice
        self._boots = 0
        self._vault = self._boot()
        self.did: Counter[str] = Counter()

    def live(self, sessions: int) -> None:
        """So many sessions, and what comes between them."""
        try:
            while self.did["sessions"] < sessions:
                self._session()
                self._between()
            self._dock()
        finally:
            self._vault.stop()

    def _boot(self) -> RunningVault:
        self._boots += 1
        return RunningVault(self._enrolled, boot_id=f"boot-{self._boots}")

    def _attached(self) -> tuple[TestRecorder, m.ActiveSession | None]:
        recorder = self._vault.recorder()
        return recorder, recorder.attach().session

    def _session(self) -> None:
        self.did["sessions"] += 1
        recorder, _ = self._attached()
        recorder.open()
        number = 0
        for _ in range(self._dice.randint(1, 2)):
            recorder.segment(number, fragments=2, size=self._dice.choice((3_000, 30_000)))
            number += 1
        end = self._dice.random()
        if end < 0.7:
            recorder.close()
        elif end < 0.85:
            self._killed(recorder, number)
        else:
            self._cut_off(recorder, number)
        for one in self._vault._recorders:  # noqa: SLF001 - the next one takes its place
            one.hang_up()
        self._vault._recorders.clear()  # noqa: SLF001

    def _killed(self, recorder: TestRecorder, number: int) -> None:
        """The vault is killed within a segment and comes back; the session goes on."""
        self.did["kills"] += 1
        recorder.begin(number)
        recorder.feed(number, 70_000)
        self._vault.die()
        self._vault.restart()
        recorder, active = self._attached()
        assert active is not None
        recorder.progress = m.Progress(last_pts_ns=active.video_end_ns)
        recorder.segment(active.next_segment, fragments=2, size=3_000)
        recorder.close()

    def _cut_off(self, recorder: TestRecorder, number: int) -> None:
        """Power fails within a segment; the next boot closes the session."""
        self.did["power cuts"] += 1
        recorder.begin(number)
        recorder.feed(number, 70_000)
        self._vault.die()
        self._vault = self._boot()

    def _between(self) -> None:
        chance = self._dice.random()
        if chance < 0.35:
            self._dock()
        elif chance < 0.5:
            self._dock(cut_after=self._dice.randint(1, 14))
        elif chance < 0.55:
            self.did["desks restarted"] += 1
            self._bureau.restart()
        elif chance < 0.65:
            self.did["boots"] += 1
            self._vault.stop()
            self._vault = self._boot()

    def _dock(self, cut_after: int | None = None) -> None:
        self.did["docks cut short" if cut_after else "docks"] += 1
        dock(self._enrolled.device, self._bureau, cut_after=cut_after)
        found = [row.detail for row in self._bureau.office.ledger.dockings(DEVICE_ID) if row.codes]
        assert found == []
        assert list(self._bureau.office.archive.quarantined()) == []


def test_nothing_is_found_on_recorders_that_nobody_touched(
    tmp_path: Path, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    did: Counter[str] = Counter()
    for number in range(campaign_size(ci=1, full=20)):
        keep = dice.choice((0, 30))
        enrolled = enrol(tmp_path / str(number), numbers={"release.keep_days": keep})
        with open_bureau(enrolled.bureau) as bureau:
            life = Life(enrolled, bureau, dice)
            life.live(campaign_size(ci=4, full=50))
            states = Counter(bureau.states(DEVICE_ID).values())
            assert set(states) == {"stored"}
            did += life.did
        verdict = verify_card(read_card(enrolled.device.paths.folder), ca_of(enrolled.bureau))
        assert verdict.broken == []
        did["sessions left on cards"] += len(verdict.sessions)
    _log.info("%s", dict(did))
    assert did["sessions"] == campaign_size(ci=4, full=1_000)
