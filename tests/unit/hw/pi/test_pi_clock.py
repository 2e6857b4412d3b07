"""The Pi's clock says who vouches for the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw.pi.clock import Discipline, PiClock, ask_kernel

NOW = 1_795_000_000


def _clock(root: Path, *, synchronised: bool, max_error_us: int = 0) -> PiClock:
    return PiClock(root, lambda: Discipline(synchronised=synchronised, max_error_us=max_error_us))


def _rtc(root: Path, text: str) -> None:
    folder = root / "sys/class/rtc/rtc0"
    folder.mkdir(parents=True)
    (folder / "since_epoch").write_text(text)


def _now(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setattr(PiClock, "utc_ns", lambda _: seconds * 1_000_000_000 + 999_999_999)


@pytest.mark.rule("B4")
def test_a_steered_clock_is_bounded_by_the_kernels_word_rounded_up(tmp_path: Path) -> None:
    quality = _clock(tmp_path, synchronised=True, max_error_us=12_001).quality()
    assert (quality.source, quality.error_ms) == ("ntp", 13)


@pytest.mark.rule("B4")
def test_time_that_the_battery_backed_clock_agrees_with_has_no_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rtc(tmp_path, f"{NOW}\n")
    _now(monkeypatch, NOW)
    quality = _clock(tmp_path, synchronised=False).quality()
    assert (quality.source, quality.error_ms) == ("rtc", None)


@pytest.mark.rule("B4")
@pytest.mark.parametrize("text", [f"{NOW - 60}\n", f"{NOW + 60}\n", "946684800\n", "", "no time"])
def test_a_clock_chip_that_says_another_time_vouches_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    _rtc(tmp_path, text)
    _now(monkeypatch, NOW)
    assert _clock(tmp_path, synchronised=False).quality().source == "last_known"


@pytest.mark.rule("B4")
def test_a_time_before_this_software_is_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rtc(tmp_path, "946684800\n")
    _now(monkeypatch, 946_684_800)
    assert _clock(tmp_path, synchronised=False).quality().source == "none"


def test_the_kernel_answers_without_any_daemon() -> None:
    discipline = ask_kernel()
    assert isinstance(discipline.synchronised, bool)
    assert discipline.max_error_us >= 0
