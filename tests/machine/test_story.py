"""From a press that the kernel sees to a receipt: the installed recorder, a bureau on the host."""

from __future__ import annotations

import pytest

from scripts.bench_pi.machine.day import Day
from tests.machine.conftest import in_the_machine

pytestmark = in_the_machine


@pytest.mark.timeout(900)
def test_a_press_on_the_header_ends_in_a_verified_receipt(day: Day) -> None:
    sid = day.press_record()
    day.announced(sid)
    day.stop(sid)
    day.machine.dock(on=True)
    day.logged("release", sid, seconds=240)
    assert day.sessions() == []
    verdict = day.bureau_verdict(sid)
    assert verdict["judgement"] in {"verified", "verified with explained interruptions"}, verdict
    assert day.services() == dict.fromkeys(("locker", "vault", "session", "dock"), "active")
