"""The shipped announcement: the words of the rules, rendered by a script that repeats itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import av
import numpy as np
import pytest

from scripts import render_announcements as script
from scripts import speech

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "provisioning" / "files" / "announce"
SENTENCE = "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。"


def _needs_espeak() -> None:
    if speech.espeak_version() != speech.ESPEAK_VERSION:
        pytest.skip(f"espeak-ng {speech.ESPEAK_VERSION} is not installed (apt install espeak-ng)")


@pytest.mark.rule("C8")
def test_text_is_the_sentence_byte_for_byte() -> None:
    assert (SHIPPED / "zh-CN" / "text.txt").read_bytes() == SENTENCE.encode()


@pytest.mark.rule("C8")
def test_digests_are_those_of_the_text_and_of_the_decoded_samples() -> None:
    meta = json.loads((SHIPPED / "zh-CN" / "meta.json").read_bytes())
    with av.open(str(SHIPPED / "zh-CN" / "audio.flac")) as file:
        rate = file.streams.audio[0].rate
        pcm = np.concatenate([frame.to_ndarray().ravel() for frame in file.decode(audio=0)])
    assert meta["text_sha256"] == hashlib.sha256(SENTENCE.encode()).hexdigest()
    assert meta["pcm_sha256"] == hashlib.sha256(pcm.astype("<i2").tobytes()).hexdigest()
    assert (meta["samples"], meta["rate"]) == (pcm.size, rate) == (pcm.size, 48_000)
    assert (meta["id"], meta["lang"]) == ("zh-cn", "zh-CN")


@pytest.mark.rule("C8")
def test_announcement_speaks_from_its_first_to_its_last_tenth_of_a_second() -> None:
    with av.open(str(SHIPPED / "zh-CN" / "audio.flac")) as file:
        pcm = np.concatenate([frame.to_ndarray().ravel() for frame in file.decode(audio=0)])
    assert 7 < pcm.size / 48_000 < 12
    assert np.abs(pcm[:4_800]).max() > 200
    assert np.abs(pcm[-4_800:]).max() > 200
    assert np.abs(pcm).max() < 32_000


def test_rendering_again_makes_the_same_bytes(tmp_path: Path) -> None:
    _needs_espeak()
    script.main(tmp_path)
    for file in ("zh-CN/audio.flac", "zh-CN/text.txt", "zh-CN/meta.json"):
        assert (tmp_path / file).read_bytes() == (SHIPPED / file).read_bytes(), file


def test_no_clip_is_spelt_in_english_letters() -> None:
    _needs_espeak()
    for clip in script.SCRIPTS:
        assert "(en)" not in speech.phonemes(clip.pinyin), clip.clip_id
