"""Was the announcement heard: the whole way from a clip and a microphone to a result."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from evidence.hearing import RATE, Hearing, Reference, level_mdb, listen, to_16k, voiced_ms

CLIP: Final = Path("provisioning/files/announce/zh-CN/audio.flac")
LEAD: Final = 12_800
"""Samples before the clip is expected: 0.8 s."""
EXPECTED_NS: Final = 800_000_000

Sound = NDArray[np.int16]


@pytest.fixture(scope="module")
def samples() -> Sound:
    with av.open(str(CLIP)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


@pytest.fixture(scope="module")
def clip(samples: Sound) -> Sound:
    return to_16k(samples, 48_000)


@pytest.fixture(scope="module")
def reference(samples: Sound) -> Reference:
    return Reference(samples, 48_000)


def microphone(clip: Sound, *, late: int = 0, snr_db: float = 20.0, seed: int = 1) -> Sound:
    """What a microphone hears when the clip sounds ``late`` samples after it was expected."""
    dice = np.random.default_rng(seed)
    sound = np.zeros(clip.size + 2 * LEAD)
    sound[LEAD + late : LEAD + late + clip.size] = clip * 0.3
    loudness = np.sqrt(np.mean(np.square(clip * 0.3))) * 10 ** (-snr_db / 20)
    heard = np.clip(sound + dice.standard_normal(sound.size) * loudness, -32768, 32767)
    return np.asarray(heard, np.int16)


def check(reference: Reference, sound: Sound, lost: tuple[tuple[int, int], ...] = ()) -> Hearing:
    return listen(reference, sound, expected_ns=EXPECTED_NS, lost=lost)


@pytest.mark.parametrize("late", [-4_000, 0, 1, 1_234, 9_000])
def test_a_clip_that_sounded_is_heard_completely_and_where_it_began(
    reference: Reference, clip: Sound, late: int
) -> None:
    result = check(reference, microphone(clip, late=late, snr_db=5))
    assert result.heard
    assert result.complete
    assert result.missing == ()
    assert result.share_milli == 1000
    assert abs(result.delay_ns - late * 62_500) <= 50_000
    assert abs(result.drift_ppm) <= 20


def test_noise_and_silence_are_not_the_clip(reference: Reference, clip: Sound) -> None:
    noise = (np.random.default_rng(2).standard_normal(clip.size + 2 * LEAD) * 1_000).astype(
        np.int16
    )
    for sound in (noise, np.zeros_like(noise), noise[:0], noise[:500]):
        result = check(reference, sound)
        assert not result.heard
        assert not result.complete
        assert result.share_milli == 0
        assert result.missing == ((0, 8_442),)


def test_a_hole_is_found_where_it_is(reference: Reference, clip: Sound) -> None:
    sound = clip.copy()
    sound[3 * RATE : 4 * RATE] = 0
    result = check(reference, microphone(sound))
    assert result.heard
    assert not result.complete
    assert len(result.missing) == 1
    assert result.missing[0] == pytest.approx((3_000, 4_000), abs=110)
    assert result.share_milli == pytest.approx(880, abs=20)


def test_sound_that_was_not_captured_counts_as_missing(reference: Reference, clip: Sound) -> None:
    lost = (LEAD + 2 * RATE, LEAD + 4 * RATE)
    result = check(reference, microphone(clip), (lost,))
    assert result.heard
    assert not result.complete
    assert result.missing == ((2_000, 4_000),)
    assert result.share_milli == pytest.approx(767, abs=15)


def test_a_loss_of_some_milliseconds_leaves_it_complete(reference: Reference, clip: Sound) -> None:
    lost = tuple((LEAD + at * RATE, LEAD + at * RATE + 640) for at in (1, 4, 7))
    result = check(reference, microphone(clip), lost)
    assert result.complete
    assert [begin for begin, _ in result.missing] == [1_000, 4_000, 7_000]
    assert result.share_milli >= 980


def test_level_is_of_the_clip_s_own_time(reference: Reference, clip: Sound) -> None:
    loud = check(reference, microphone(clip))
    soft = check(reference, (microphone(clip) // 10).astype(np.int16))
    assert loud.level_mdb - soft.level_mdb == pytest.approx(20_000, abs=300)
    assert loud.level_mdb == pytest.approx(level_mdb(clip) - 10_458, abs=300)


def test_a_clip_too_short_to_be_told_from_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="2 s"):
        Reference(np.ones(16_000, np.int16), 16_000)
    with pytest.raises(ValueError, match="2 s"):
        Reference(np.zeros(64_000, np.int16), 16_000)


def test_speech_is_voiced_and_noise_is_not(clip: Sound) -> None:
    noise = (np.random.default_rng(3).standard_normal(RATE * 5) * 1_000).astype(np.int16)
    assert voiced_ms(clip) > 7_000
    assert voiced_ms(noise) == 0
    assert voiced_ms(np.zeros_like(noise)) == 0
