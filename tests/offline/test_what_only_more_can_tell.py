"""Beyond the eighteen: what the recorder's own body tells, and what nobody can."""

from __future__ import annotations

import random
import shutil

import pytest

from bureau.docking import judging
from hw.types import PartName
from tests.kits.device.cradle import dock, open_bureau
from tests.kits.device.offline import Thief, image
from tests.kits.device.vault import RunningVault
from tests.offline.attacks import NEWEST, forged_session, older_log

pytestmark = pytest.mark.rule("E8", "A9")


def test_a_copy_in_another_recorder_is_named_by_the_log_it_signs_there(thief: Thief) -> None:
    assert thief.found() == set()
    assert thief.docked(body=(PartName.BOARD,)) == {judging.TAMPERED}


def test_a_session_that_the_bureau_does_not_have_yet_is_missed_at_the_dock(thief: Thief) -> None:
    shutil.rmtree(thief.session(NEWEST))  # noqa: TID251 - the thief's own copy
    assert thief.docked() == {judging.MISSING}


def test_an_older_log_is_named_at_the_dock_as_well(thief: Thief) -> None:
    older_log(thief, random.Random(7))
    assert judging.ROLLED_BACK in thief.docked()


def test_a_forged_session_comes_no_further_than_quarantine(thief: Thief) -> None:
    forged_session(thief, random.Random(7))
    thief.docked()
    with open_bureau(thief.bureau) as bureau:
        reasons = [row.reason for row in bureau.office.ledger.quarantined()]
    assert any("counter twice" in reason for reason in reasons)


def test_what_is_in_quarantine_keeps_no_other_session_on_the_card(thief: Thief) -> None:
    forged_session(thief, random.Random(7))
    thief.docked()
    enrolled = thief.enrolled()
    with open_bureau(thief.bureau) as bureau, RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        recorder.close()
        bureau.settle(enrolled.device.settings.device_id)
        dock(enrolled.device, bureau)
        row = bureau.office.ledger.find(sid)
    assert row is not None
    assert row.state == "stored"


def test_a_card_put_back_to_exactly_the_last_docking_is_what_nobody_can_tell(
    thief: Thief,
) -> None:
    """Nothing off the card has seen what came after: written down in docs/security.md."""
    held = thief.card.with_name("held")
    thief.docked()
    image(thief.card, held)
    enrolled = thief.enrolled()
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.segment(0)
        recorder.close()
    thief.card.rename(thief.card.with_name("thrown-away"))
    held.rename(thief.card)
    assert thief.found() == set()
    assert thief.docked() == set()
