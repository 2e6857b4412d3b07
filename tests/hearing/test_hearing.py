"""How well the announcement is told from everything else, over thousands of made-up scenes.

``make campaign-hearing`` runs it at full size (about 10,000 scenes, a quarter of an hour on one
core) and prints the figures; every run takes a small sample. Rooms, noises and voices are made here
from seeds; where espeak-ng is installed, other Mandarin sentences and other voices are among them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pytest

from evidence.hearing import RATE, Hearing, voiced_ms
from tests.hearing.noises import NOISES, scaled, street
from tests.hearing.speech import TALKERS, has_espeak, talkers
from tests.hearing.trials import (
    CUTS,
    HARD,
    PLAIN,
    Trial,
    announced,
    reference,
    unannounced,
    with_losses,
)

Size = Callable[..., int]
Say = Callable[[str], None]

FALSE_ACCEPTS: Final = 1e-3
LEAST_HEARD: Final = 0.99
LOWEST_SNR_DB: Final = -5
SHARE_ERROR: Final = 0.05
CPU_MS: Final = 30
ENOUGH: Final = 240
VOICE_SNR_DB: Final = 10


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Say:
    """Prints a campaign's figures past pytest's capture, at full size."""
    full = request.config.getoption("campaign_scale") == "full"

    def line(text: str) -> None:
        if full:
            with capsys.disabled():
                request.config.get_terminal_writer().line(f"  {text}")

    return line


def scenes(seed: int, count: int) -> Iterator[tuple[int, np.random.Generator]]:
    for number in range(count):
        yield number, np.random.default_rng([seed, number])


def false_accepts(kinds: tuple[str, ...], count: int, seed: int, say: Say) -> Counter[str]:
    """Check so many scenes of other sounds; how many of each kind were taken for the clip."""
    scores: dict[str, list[int]] = {kind: [] for kind in kinds}
    taken: Counter[str] = Counter()
    for number, dice in scenes(seed, count):
        kind = kinds[number % len(kinds)]
        result = unannounced(dice, kind).check()
        assert not result.complete
        scores[kind].append(result.score_milli)
        taken[kind] += result.heard
    for kind, found in scores.items():
        say(f"{kind}: {len(found)} scenes, {taken[kind]} accepted, top {max(found) / 1000:.1f}")
    return taken


@pytest.mark.rule("C8")
def test_nothing_else_is_taken_for_the_announcement(
    campaign_size: Size, campaign_seed: int, say: Say
) -> None:
    count = campaign_size(ci=50, full=5_500)
    taken = false_accepts(PLAIN, count, campaign_seed, say)
    assert taken.total() <= FALSE_ACCEPTS * count


@pytest.mark.rule("C8")
@pytest.mark.skipif(not has_espeak(), reason="espeak-ng renders the other sentences and voices")
def test_other_sentences_and_other_voices_are_not_the_approved_recording(
    campaign_size: Size, campaign_seed: int, say: Say
) -> None:
    count = campaign_size(ci=16, full=1_000)
    taken = false_accepts(HARD, count, campaign_seed, say)
    assert taken.total() <= FALSE_ACCEPTS * count


@pytest.mark.rule("C8")
@pytest.mark.parametrize("noise", NOISES)
def test_on_the_body_the_announcement_is_heard_through(
    noise: str, campaign_size: Size, campaign_seed: int, say: Say
) -> None:
    levels = (LOWEST_SNR_DB, 0, 5, 10, 20)
    each = campaign_size(ci=2, full=120)
    total = 0
    for snr_db in levels:
        found = [
            announced(dice, noise, snr_db).check()
            for _, dice in scenes(campaign_seed + snr_db, each)
        ]
        heard = sum(one.heard for one in found)
        whole = sum(one.complete for one in found)
        lowest = min(one.score_milli for one in found) / 1000
        say(f"{noise} {snr_db:+} dB: {heard}/{each} heard, {whole} complete, least {lowest:.1f}")
        assert heard >= LEAST_HEARD * each
        total += heard
    assert total >= LEAST_HEARD * each * len(levels)


@pytest.mark.rule("C8")
def test_an_announcement_cut_by_a_tenth_is_never_complete_and_its_share_is_told(
    campaign_size: Size, campaign_seed: int, say: Say
) -> None:
    errors: dict[str, list[float]] = {kind: [] for kind in CUTS}
    count = campaign_size(ci=24, full=1_200)
    for number, dice in scenes(campaign_seed, count):
        kind, noise = CUTS[number % len(CUTS)], tuple(NOISES)[number // len(CUTS) % 3]
        snr_db = dice.uniform(LOWEST_SNR_DB, 25)
        trial = announced(dice, noise, snr_db, (kind, dice.uniform(0.1, 0.4)))
        result = trial.check()
        assert not result.complete, (kind, noise, snr_db, trial.share)
        errors[kind].append(share_error(trial, result))
    # A splice moves all that follows to another time: what is heard there is not the clip's part.
    del errors["spliced"]
    for kind, found in errors.items():
        say(f"cut, {kind}: {len(found)} scenes, share error p90 {np.quantile(found, 0.9):.3f}")
    everything = np.concatenate(list(errors.values()))
    say(f"cut, all: share error p90 {np.quantile(everything, 0.9):.3f}")
    # A small sample's ninth tenth is a guess.
    assert np.quantile(everything, 0.9) <= SHARE_ERROR * (1 if count >= ENOUGH else 2)


@pytest.mark.rule("C8")
def test_what_the_microphone_lost_is_counted_as_missing(
    campaign_size: Size, campaign_seed: int, say: Say
) -> None:
    errors, cut = [], 0
    for number, dice in scenes(campaign_seed, campaign_size(ci=9, full=300)):
        snr_db = dice.uniform(LOWEST_SNR_DB, 25)
        trial = with_losses(announced(dice, tuple(NOISES)[number % 3], snr_db), dice)
        result = trial.check()
        assert result.heard
        errors.append(share_error(trial, result))
        if trial.share <= 0.9:
            cut += 1
            assert not result.complete
    say(f"losses: {len(errors)} scenes, share error p90 {np.quantile(errors, 0.9):.3f}")
    assert np.quantile(errors, 0.9) <= SHARE_ERROR


def test_delay_and_drift_are_told(campaign_size: Size, campaign_seed: int, say: Say) -> None:
    delays, drifts = [], []
    for number, dice in scenes(campaign_seed, campaign_size(ci=9, full=300)):
        trial = announced(dice, tuple(NOISES)[number % 3], 10)
        result = trial.check()
        delays.append(abs(result.delay_ns - trial.delay_ns) / 1e6)
        drifts.append(abs(result.drift_ppm - trial.ppm))
    say(f"delay error p95 {np.quantile(delays, 0.95):.3f} ms, worst {max(delays):.3f} ms")
    say(f"drift error p95 {np.quantile(drifts, 0.95):.0f} ppm")
    # A strong echo from the body may win: it is some hundredths of a second at most.
    assert max(delays) <= 20
    assert np.quantile(drifts, 0.9) <= 20


@pytest.mark.rule("C5")
def test_a_voice_near_the_microphone_is_told_from_a_street(
    campaign_size: Size, campaign_seed: int, say: Say
) -> None:
    spoken: list[float] = []
    idle: list[float] = []
    for number, dice in scenes(campaign_seed, campaign_size(ci=4, full=120)):
        talker = talkers()[number % TALKERS][: 8 * RATE]
        noise = scaled(street(talker.size, dice), 10 ** (-VOICE_SNR_DB / 20))
        for sound, found in ((talker + noise, spoken), (noise, idle)):
            pcm = np.clip(sound * 3_000, -32_768, 32_767).astype(np.int16)
            found.append(voiced_ms(pcm) / 8_000)
    say(f"voice: least {min(spoken):.2f} of the time; street alone: at most {max(idle):.2f}")
    assert min(spoken) >= 0.4
    assert max(idle) <= 0.25


def test_a_check_costs_little(campaign_size: Size, campaign_seed: int, say: Say) -> None:
    reference()
    trials = [
        announced(dice, "street", 0)
        for _, dice in scenes(campaign_seed, campaign_size(ci=5, full=60))
    ]
    trials[0].check()
    spent = []
    for trial in trials:
        begun = time.process_time()
        trial.check()
        spent.append((time.process_time() - begun) * 1000)
    say(f"CPU per check: median {np.median(spent):.1f} ms, worst {max(spent):.1f} ms")
    assert np.median(spent) <= CPU_MS


def share_error(trial: Trial, result: Hearing) -> float:
    return abs(result.share_milli / 1000 - trial.share)
