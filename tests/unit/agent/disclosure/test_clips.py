"""Only the clip that the rulebook names is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from agent.disclosure.clips import load_clip
from agent.errors import ClipError
from agent.vault.messages import AnnouncementRule
from tests.kits.media.clip import RATE, SAMPLES, write_clip


@pytest.fixture
def announce(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "announce" / "zh-cn")


@pytest.fixture
def rule(announce: Path) -> AnnouncementRule:
    meta = json.loads((announce / "zh-cn" / "meta.json").read_text())
    del meta["lang"]
    return msgspec.convert(meta, AnnouncementRule)


def test_the_named_clip_is_loaded_sample_for_sample(announce: Path, rule: AnnouncementRule) -> None:
    clip = load_clip(announce, rule)
    assert (clip.clip_id, clip.rate, len(clip.samples)) == ("zh-cn", RATE, 2 * SAMPLES)


def test_another_sound_is_refused(announce: Path, rule: AnnouncementRule) -> None:
    with pytest.raises(ClipError, match="sound"):
        load_clip(announce, msgspec.structs.replace(rule, pcm_sha256="0" * 64))


def test_another_text_is_refused(announce: Path, rule: AnnouncementRule) -> None:
    (announce / "zh-cn" / "text.txt").write_text("你好")
    with pytest.raises(ClipError, match="text"):
        load_clip(announce, rule)


def test_a_shorter_sound_is_refused(announce: Path, rule: AnnouncementRule) -> None:
    with pytest.raises(ClipError, match="samples"):
        load_clip(announce, msgspec.structs.replace(rule, samples=SAMPLES + 1))


def test_a_missing_clip_is_refused(announce: Path, rule: AnnouncementRule) -> None:
    (announce / "zh-cn" / "audio.flac").unlink()
    with pytest.raises(ClipError, match="cannot be read"):
        load_clip(announce, rule)


def test_a_clip_that_is_no_flac_is_refused(announce: Path, rule: AnnouncementRule) -> None:
    (announce / "zh-cn" / "audio.flac").write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(ClipError, match=r"decoded|samples"):
        load_clip(announce, rule)


def test_the_rate_must_be_the_named_one(announce: Path, rule: AnnouncementRule) -> None:
    with pytest.raises(ClipError, match="a second"):
        load_clip(announce, msgspec.structs.replace(rule, rate=16_000))
