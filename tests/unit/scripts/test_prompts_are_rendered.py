"""The shipped prompts: rendered by a script that repeats itself, and never spelt in English."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.voice import catalog
from scripts import render_prompts as script
from scripts import speech


def _needs_espeak() -> None:
    if speech.espeak_version() != speech.ESPEAK_VERSION:
        pytest.skip(f"espeak-ng {speech.ESPEAK_VERSION} is not installed (apt install espeak-ng)")


@pytest.mark.slow
def test_rendering_again_makes_the_same_bytes(tmp_path: Path) -> None:
    _needs_espeak()
    script.main(tmp_path)
    for word in catalog.WORDS:
        name = f"{word}.flac"
        assert (tmp_path / name).read_bytes() == (catalog.FOLDER / name).read_bytes(), name


def test_no_prompt_is_spelt_in_english_letters() -> None:
    _needs_espeak()
    # One call for all: espeak-ng says each line by itself.
    pinyin = "\n".join(word.pinyin for word in catalog.WORDS.values())
    assert "(en)" not in speech.phonemes(pinyin)


def test_letters_that_are_no_pinyin_would_be_noticed() -> None:
    _needs_espeak()
    assert "(en)" in speech.phonemes("hello street")
    with pytest.raises(SystemExit, match="English"):
        speech.spell("hello street", script.RATE)


def test_a_sound_whose_word_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "WORDS", {})
    (tmp_path / "old.flac").touch()
    with pytest.raises(SystemExit, match="old"):
        script.main(tmp_path)
