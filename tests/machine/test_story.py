"""From a press that the kernel sees to a receipt: the installed recorder, a bureau on the host."""

from __future__ import annotations

import sys

import pytest

from scripts.bench_pi.machine.day import Day
from tests.machine.conftest import in_the_machine

pytestmark = in_the_machine


@pytest.mark.timeout(900)
def test_a_press_on_the_header_ends_in_a_verified_receipt(day: Day) -> None:
    sid = day.press_record()
    told = day.announced(sid)
    day.stop(sid)
    kinds = [one["kind"] for one in day.journal(sid) if "kind" in one]
    day.machine.dock(on=True)
    day.logged("release", sid, seconds=240)
    day.machine.dock(on=False)
    verdict = day.bureau_verdict(sid)
    sys.stdout.write(
        f"\nannouncement: {told}\ngaps: {kinds.count('gap')}, doubts: {kinds.count('doubt')};"
        f" at the bureau: {verdict['judgement']}\n"
    )
    assert verdict["judgement"] in {"verified", "verified with explained interruptions"}, verdict
    assert (told["verdict"], told["complete"]) == ("verified", True)
    assert sid not in day.sessions()
    assert day.services() == dict.fromkeys(("locker", "vault", "session", "dock"), "active")
