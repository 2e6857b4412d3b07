"""Days of sound alone, in many courses: no sample over 5 ms off that is not signed to be in doubt.

The same microphones and mishaps as in ``test_a_day_of_recording``, without pictures, files and AAC,
so that many seeds cost little. ``make campaign-day`` runs two days of each course.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from agent.capture.media import SECOND_NS, SURE_NS
from tests.kits.media.mishaps import COURSES, Conditions, Mishap
from tests.kits.media.sound_alone import SoundAlone
from tests.kits.media.true_times import MOST_IN_DOUBT, Judged

if TYPE_CHECKING:
    from tests.conftest import CampaignSize

LENGTH_SECONDS: Final = 8 * 3_600


def wrong(judged: Judged) -> list[tuple[int, int, int]]:
    """Pieces that are further off than is signed: begin, error, and what was signed."""
    found, doubts = [], iter([*judged.doubts, None])
    doubt = next(doubts)
    for begins_ns, ends_ns, error_ns in judged.pieces():
        middle_ns = (begins_ns + ends_ns) // 2
        while doubt is not None and doubt.to_ns <= middle_ns:
            doubt = next(doubts)
        inside = doubt is not None and doubt.from_ns <= middle_ns
        within_ns = doubt.within_ns if doubt is not None and inside else SURE_NS
        if abs(error_ns) > within_ns:
            found.append((begins_ns, error_ns, within_ns))
    return found


@pytest.mark.rule("D10", "E1")
@pytest.mark.timeout(36_000)
@pytest.mark.parametrize("course", sorted(COURSES))
def test_no_sound_is_further_off_than_the_device_signs(
    course: str,
    campaign_size: CampaignSize,
    campaign_seed: int,
    record_property: Callable[[str, object], None],
) -> None:
    doubted_ns = silent = packets = 0
    for number in range(campaign_size(ci=1, full=6)):
        conditions = Conditions(
            ppm=COURSES[course],
            seed=f"{campaign_seed}:{course}:{number}",
            loss_every_seconds=campaign_size(ci=3, full=90),
            stall_every_seconds=campaign_size(ci=15, full=60),
        )
        take = SoundAlone(conditions, campaign_size(ci=300, full=LENGTH_SECONDS))
        judged = take.run()
        assert wrong(judged) == [], conditions.seed
        packets += judged.packets
        doubted_ns += sum(doubt.to_ns - doubt.from_ns for doubt in judged.doubts)
        silent += sum(loss.mishap is Mishap.VANISHED for loss in take.parts.losses)
    figures = {"packets": packets, "silent losses": silent, "in doubt, ms": doubted_ns / 1e6}
    for name, figure in figures.items():
        record_property(f"{course} {name}", figure)
        print(f"{course:>10} {name}: {figure}")  # noqa: T201 - the figures of a campaign
    if packets > 1_000_000:
        assert doubted_ns <= packets * SECOND_NS * 1_024 // 48_000 // MOST_IN_DOUBT
