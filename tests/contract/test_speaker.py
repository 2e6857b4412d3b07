"""What every loudspeaker does, and that the microphone beside it hears it."""

from __future__ import annotations

import numpy as np
import pytest

from hw.errors import MicrophoneFault, SpeakerFault
from hw.fake.world import FakeWorld
from hw.ports import Speaker
from hw.types import AudioBlock, Clip
from tests.contract.bodies import PATIENCE, Body, Collected

RATE = 48_000


def _tone(seconds: float, rate: int = RATE) -> Clip:
    moments = np.arange(round(seconds * rate)) / rate
    samples = (np.sin(2 * np.pi * 1_000 * moments) * 12_000).astype("<i2")
    return Clip(clip_id="tone", samples=samples.tobytes(), rate=rate)


def _loudness(blocks: list[AudioBlock]) -> float:
    """Of the tone of 1 kHz in ``blocks``."""
    heard = np.frombuffer(b"".join(b.samples for b in blocks), "<i2").astype(float)
    wave = np.exp(-2j * np.pi * 1_000 * np.arange(heard.size) / RATE)
    return float(abs(heard @ wave) / heard.size)


@pytest.fixture
def speaker(body: Body) -> Speaker:
    return body.recorder.speaker


@pytest.mark.parametrize("rate", [16_000, RATE])
def test_a_clip_takes_its_time_and_is_counted_in_its_own_samples(
    body: Body, speaker: Speaker, rate: int
) -> None:
    began_ns = body.recorder.clock.monotonic_ns()
    playback = speaker.play(_tone(0.3, rate))
    assert playback.wait(PATIENCE)
    assert body.recorder.clock.monotonic_ns() - began_ns >= 290_000_000
    assert playback.frames_played() == round(0.3 * rate)
    assert playback.underruns() == 0


def test_waiting_for_a_clip_can_end_before_the_clip(speaker: Speaker) -> None:
    playback = speaker.play(_tone(0.4))
    assert not playback.wait(0.05)
    assert playback.frames_played() < round(0.4 * RATE)
    assert playback.wait(PATIENCE)


def test_two_clips_never_sound_at_once(speaker: Speaker) -> None:
    playback = speaker.play(_tone(0.2))
    with pytest.raises(SpeakerFault):
        speaker.play(_tone(0.2))
    assert playback.wait(PATIENCE)
    assert speaker.play(_tone(0.1)).wait(PATIENCE)


def test_the_microphone_hears_the_loudspeaker(body: Body, speaker: Speaker) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    body.recorder.microphone.start(sink)
    quiet = [b for b in sink.wait_for(10) if isinstance(b, AudioBlock)]
    playback = speaker.play(_tone(0.4))
    assert playback.wait(PATIENCE)
    sink.wait_for(len(sink.items) + 3)
    loud = [b for b in sink.items[len(quiet) :] if isinstance(b, AudioBlock)]
    assert _loudness(loud) > 30 * _loudness(quiet)


def test_a_missing_loudspeaker_refuses_to_play(speaker: Speaker, world: FakeWorld) -> None:
    world.break_speaker()
    with pytest.raises(SpeakerFault):
        speaker.play(_tone(0.1))


def test_a_loudspeaker_that_breaks_says_how_far_it_came(speaker: Speaker, world: FakeWorld) -> None:
    playback = speaker.play(_tone(2.0))
    assert not playback.wait(0.2)
    world.break_speaker()
    assert playback.wait(PATIENCE)
    assert 0 < playback.frames_played() < 2 * RATE


def test_an_empty_clip_is_refused(speaker: Speaker) -> None:
    with pytest.raises(SpeakerFault):
        speaker.play(Clip(clip_id="nothing", samples=b"", rate=RATE))


def test_a_loudspeaker_that_hangs_never_ends_its_clip(speaker: Speaker, world: FakeWorld) -> None:
    world.hang_speaker()
    playback = speaker.play(_tone(0.1))
    assert not playback.wait(0.4)
    assert playback.frames_played() == 0
    with pytest.raises(SpeakerFault):
        speaker.play(_tone(0.1))
    world.mend_speaker()
    assert playback.wait(PATIENCE)
    assert playback.frames_played() == round(0.1 * RATE)


def test_a_mute_loudspeaker_counts_what_nobody_hears(
    body: Body, speaker: Speaker, world: FakeWorld
) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    body.recorder.microphone.start(sink)
    quiet = [b for b in sink.wait_for(10) if isinstance(b, AudioBlock)]
    world.mute_speaker()
    playback = speaker.play(_tone(0.3))
    assert playback.wait(PATIENCE)
    sink.wait_for(len(sink.items) + 3)
    loud = [b for b in sink.items[len(quiet) :] if isinstance(b, AudioBlock)]
    assert playback.frames_played() == round(0.3 * RATE)
    assert _loudness(loud) < 10 * _loudness(quiet)
