"""The Pi's clock says who vouches for the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw.pi.clock import Discipline, PiClock, ask_kernel


def _clock(root: Path, *, synchronised: bool, max_error_us: int = 0) -> PiClock:
    return PiClock(root, lambda: Discipline(synchronised=synchronised, max_error_us=max_error_us))


def _rtc(root: Path, text: str) -> None:
    folder = root / "sys/class/rtc/rtc0"
    folder.mkdir(parents=True)
    (folder / "hctosys").write_text(text)


@pytest.mark.rule("B4")
def test_a_steered_clock_is_bounded_by_the_kernels_word_rounded_up(tmp_path: Path) -> None:
    quality = _clock(tmp_path, synchronised=True, max_error_us=12_001).quality()
    assert (quality.source, quality.error_ms) == ("ntp", 13)


@pytest.mark.rule("B4")
def test_time_from_the_battery_backed_clock_has_no_bound(tmp_path: Path) -> None:
    _rtc(tmp_path, "1\n")
    quality = _clock(tmp_path, synchronised=False).quality()
    assert (quality.source, quality.error_ms) == ("rtc", None)


@pytest.mark.rule("B4")
@pytest.mark.parametrize("text", ["0\n", "", "yes"])
def test_a_clock_chip_that_did_not_set_the_time_vouches_for_nothing(
    tmp_path: Path, text: str
) -> None:
    _rtc(tmp_path, text)
    assert _clock(tmp_path, synchronised=False).quality().source == "last_known"


@pytest.mark.rule("B4")
def test_a_time_before_this_software_is_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rtc(tmp_path, "1\n")
    monkeypatch.setattr(PiClock, "utc_ns", lambda _: 946_684_800_000_000_000)
    assert _clock(tmp_path, synchronised=False).quality().source == "none"


def test_the_kernel_answers_without_any_daemon() -> None:
    discipline = ask_kernel()
    assert isinstance(discipline.synchronised, bool)
    assert discipline.max_error_us >= 0
