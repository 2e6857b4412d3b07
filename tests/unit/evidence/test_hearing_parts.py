"""The parts of the hearing: rates, levels, voices, blocks and paths."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evidence.hearing import RATE, Reference, level_mdb, listen, to_16k, voiced_ms
from evidence.hearing.match import Match
from evidence.hearing.presence import MOST_MISSING, presence
from evidence.hearing.whiten import FLAT_RATE, whiten
from evidence.records import EVENTS
from evidence.schema import check_fields

SECOND = 1_000_000_000


def tone(hertz: float, rate: int, seconds: float = 1.0, loud: float = 10_000) -> NDArray[np.int16]:
    at = np.arange(round(rate * seconds)) / rate
    return np.rint(loud * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def noise(seconds: float, seed: int = 1, loud: float = 3_000) -> NDArray[np.int16]:
    made = np.random.default_rng(seed).standard_normal(round(RATE * seconds)) * loud
    return np.clip(made, -32_768, 32_767).astype(np.int16)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_a_tone_keeps_pitch_time_and_level_at_any_rate(rate: int) -> None:
    heard = to_16k(tone(1_000, rate), rate)
    assert heard.size == RATE
    expected = tone(1_000, RATE)
    inner = slice(200, -200)
    assert np.abs(heard[inner].astype(int) - expected[inner]).max() < 60


@pytest.mark.parametrize("hertz", [9_000, 12_000, 20_000])
def test_what_16_khz_cannot_carry_does_not_come_back_as_another_tone(hertz: float) -> None:
    heard = to_16k(tone(hertz, 48_000), 48_000)
    assert level_mdb(heard[500:-500]) < level_mdb(tone(hertz, 48_000)) - 50_000


def test_only_one_channel_at_a_rate_that_exists_is_taken() -> None:
    with pytest.raises(ValueError, match="one channel"):
        to_16k(np.zeros((2, 100), np.int16), 48_000)
    with pytest.raises(ValueError, match="one channel"):
        to_16k(np.zeros(100, np.int16), 0)
    assert to_16k(np.zeros(0, np.int16), 48_000).size == 0


def test_level_is_against_full_scale() -> None:
    assert level_mdb(np.full(100, -32_768, np.int16)) == 0
    assert level_mdb(np.full(100, 3_277, np.int16)) == pytest.approx(-20_000, abs=5)
    assert level_mdb(np.zeros(100, np.int16)) == level_mdb(np.zeros(0, np.int16)) == -120_000


def test_whitening_makes_a_slope_flat_and_keeps_time() -> None:
    steep = np.cumsum(noise(4)).astype(np.float32) / 1e6
    flat = whiten(steep)
    assert flat.size == 4 * FLAT_RATE
    power = np.abs(np.fft.rfft(flat)) ** 2
    bands = [power[low * 4 : (low + 500) * 4].mean() for low in (500, 1_500, 2_500, 3_500)]
    assert max(bands) / min(bands) < 3
    click = np.zeros(RATE, np.float32)
    click[8_000] = 1
    assert abs(int(np.abs(whiten(click)).argmax()) - 5_000) <= 1


def test_every_two_seconds_of_sound_can_be_a_clip() -> None:
    sound = noise(2)
    reference = Reference(sound, RATE)
    result = listen(reference, np.concatenate((noise(1, 2), sound)), expected_ns=SECOND)
    assert result.heard
    assert result.complete


def test_a_clip_of_another_rate_is_the_same_clip() -> None:
    clip = noise(4)
    sound = np.concatenate((noise(1, 2, 100), clip, noise(1, 3, 100)))
    at = np.arange(clip.size * 3) / 3
    tripled = np.interp(at, np.arange(clip.size), clip).astype(np.int16)
    assert listen(Reference(tripled, 48_000), sound, expected_ns=SECOND).complete


@pytest.mark.parametrize("ppm", [-120, -60, 0, 60, 120])
def test_a_loudspeaker_s_own_crystal_is_followed(ppm: int) -> None:
    clip = noise(12)
    at = np.arange(0, clip.size - 1, 1 - ppm * 1e-6)
    drifted = np.interp(at, np.arange(clip.size), clip).astype(np.int16)
    sound = np.concatenate((noise(1, 2), drifted, noise(1, 3)))
    result = listen(Reference(clip, RATE), sound, expected_ns=SECOND)
    assert result.complete
    assert result.drift_ppm == pytest.approx(ppm, abs=15)
    assert abs(result.delay_ns) < 200_000


@pytest.mark.parametrize(
    "lost",
    [
        ((-5_000, -10),),
        ((0, 4_000),),
        ((10**9, 10**9 + 5),),
        ((5, 5), (9, 3)),
    ],
)
def test_losses_beside_the_clip_do_not_matter(lost: tuple[tuple[int, int], ...]) -> None:
    clip = noise(4)
    sound = np.concatenate((noise(1, 2), clip, noise(1, 3)))
    result = listen(Reference(clip, RATE), sound, expected_ns=SECOND, lost=lost)
    assert result.complete
    assert result.missing == ()


@pytest.mark.rule("C8")
def test_a_clip_that_was_hardly_captured_is_not_heard() -> None:
    clip = noise(8)
    sound = np.concatenate((noise(1, 2), clip, noise(1, 3)))
    reference = Reference(clip, RATE)
    for lost in ((0, sound.size), (2 * RATE, sound.size), (0, 7 * RATE)):
        result = listen(reference, sound, expected_ns=SECOND, lost=(lost,))
        assert not result.heard
        assert not result.complete


def test_what_lies_beyond_the_sound_was_not_captured() -> None:
    clip = noise(8)
    reference = Reference(clip, RATE)
    early = listen(reference, clip[2 * RATE :], expected_ns=-2 * SECOND)
    assert early.heard
    assert early.missing == ((0, 2_000),)
    late = listen(reference, clip[: 5 * RATE], expected_ns=0)
    assert late.heard
    assert late.missing == ((5_000, 8_000),)


def test_no_record_has_to_hold_more_intervals_than_it_may() -> None:
    reference = Reference(noise(60), RATE)
    blocks = np.arange(reference.blocks) // 4 % 2 * 20.0
    found = Match(
        score=50.0,
        begins=0.0,
        drift_ppm=0.0,
        z=np.asarray(blocks, np.float64),
        captured=np.ones(reference.blocks, bool),
    )
    part = presence(reference, found, ())
    assert len(part.missing) == MOST_MISSING
    assert part.share == pytest.approx(0.5, abs=0.02)
    assert not part.complete
    assert all(begin < end for begin, end in part.missing)


@pytest.mark.rule("C8")
def test_every_answer_fits_the_signed_record() -> None:
    reference = Reference(noise(8), RATE)
    for seed in range(6):
        result = listen(reference, noise(10, 10 + seed), expected_ns=SECOND)
        fields = {
            "clip": "zh-cn",
            "text_sha256": "0" * 64,
            "pcm_sha256": "0" * 64,
            "announced": True,
            "frames_played": 1,
            "underruns": 0,
            "from_ns": 1,
            "to_ns": 2,
            "check": "acoustic",
            "heard": result.heard,
            "complete": result.complete,
            "score_milli": result.score_milli,
            "missing": [{"from_ms": begin, "to_ms": end} for begin, end in result.missing],
            "delay_ns": result.delay_ns,
            "drift_ppm": result.drift_ppm,
            "level_mdb": result.level_mdb,
            "verdict": "unverified",
            "reason": "not_heard",
        }
        check_fields(EVENTS["disclosure"], fields, "disclosure")


@pytest.mark.parametrize("hertz", [150, 440, 1_000])
def test_a_single_tone_is_no_voice(hertz: float) -> None:
    assert voiced_ms(tone(hertz, RATE, 3)) == 0


def test_a_window_shorter_than_a_syllable_has_no_voice() -> None:
    assert voiced_ms(np.zeros(0, np.int16)) == 0
    assert voiced_ms(noise(0.05)) == 0
