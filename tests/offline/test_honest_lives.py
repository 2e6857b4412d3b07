"""Recorders that nobody touched: kills, power cuts, docks cut short, a desk that restarts.

Neither the card's own chain nor the bureau's memory may find anything. At full size it is a
thousand sessions: twenty lives of fifty, each a test with dice of its own, so that a life that goes
wrong is named and can be lived again alone.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from agent.vault import messages as m
from evidence.store.card import read_card
from evidence.verify import verify_card
from tests.conftest import CampaignSize
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import DEVICE_ID, Enrolled, enrol
from tests.kits.device.cradle import Bureau, dock, open_bureau
from tests.kits.device.vault import RunningVault, TestRecorder

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
        recorder.progress = m.Progress(last_pts_ns=recorder.open().video_end_ns)
        number = 0
        for _ in range(self._dice.randint(1, 2)):
            recorder.segment(number, fragments=2, size=self._dice.choice((3_000, 30_000)))
            number += 1
        end = self._dice.random()
        if end < 0.62:
            recorder.close()
        elif end < 0.74:
            self._left_alone(recorder, number)
        elif end < 0.87:
            self._killed(recorder, number)
        else:
            self._cut_off(recorder, number)
        for one in self._vault._recorders:  # noqa: SLF001 - the next one takes its place
            one.hang_up()
        self._vault._recorders.clear()  # noqa: SLF001

    def _left_alone(self, recorder: TestRecorder, number: int) -> None:
        """The recorder's process dies within a segment; another takes the session on."""
        self.did["recorders died"] += 1
        recorder.begin(number)
        recorder.feed(number, 70_000)
        recorder.hang_up()
        self._taken_on()

    def _killed(self, recorder: TestRecorder, number: int) -> None:
        """The vault is killed within a segment and comes back; the session goes on."""
        self.did["vaults killed"] += 1
        recorder.begin(number)
        recorder.feed(number, 70_000)
        self._vault.die()
        self._vault.restart()
        self._taken_on()

    def _taken_on(self) -> None:
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
    life_number: int,
    tmp_path: Path,
    campaign_size: CampaignSize,
    campaign_seed: int,
    lived: Counter[str],
) -> None:
    dice = random.Random(campaign_seed)
    enrolled = enrol(tmp_path, numbers={"release.keep_days": dice.choice((0, 30))})
    with open_bureau(enrolled.bureau) as bureau:
        life = Life(enrolled, bureau, dice)
        life.live(campaign_size(ci=4, full=50))
        states = bureau.states(DEVICE_ID)
    verdict = verify_card(read_card(enrolled.device.paths.folder), ca_of(enrolled.bureau))
    assert verdict.broken == []
    assert len(states) == life.did["sessions"]
    assert set(states.values()) == {"stored"}
    life.did["sessions left on the card"] = len(verdict.sessions)
    life.did["lives"] = 1
    lived.update(life.did)
    print(f"life {life_number}: {dict(sorted(life.did.items()))}")  # noqa: T201 - its figures
