from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from provisioning.authority.founding import ANNOUNCE
from provisioning.errors import ClipError
from provisioning.policy.clips import read_clip, read_clips


@pytest.fixture
def clip(announcements: Path, tmp_path: Path) -> Path:
    shutil.copytree(announcements / "zh-CN", tmp_path / "zh-CN")
    return tmp_path / "zh-CN"


def change_meta(clip: Path, **changes: Any) -> None:
    meta = json.loads((clip / "meta.json").read_text())
    (clip / "meta.json").write_text(json.dumps({**meta, **changes}))


@pytest.mark.rule("C8")
def test_one_changed_character_of_the_text_is_refused(clip: Path) -> None:
    text = (clip / "text.txt").read_text()
    (clip / "text.txt").write_text(text.replace("全程", "部分"))
    with pytest.raises(ClipError, match="text"):
        read_clip(clip)


@pytest.mark.rule("C8")
def test_another_sound_is_refused(clip: Path) -> None:
    change_meta(clip, pcm_sha256="0" * 64)
    with pytest.raises(ClipError, match="sound"):
        read_clip(clip)


@pytest.mark.parametrize("changes", [{"samples": 4_799}, {"rate": 44_100}])
def test_samples_and_rate_must_fit_the_sound(clip: Path, changes: dict[str, int]) -> None:
    change_meta(clip, **changes)
    with pytest.raises(ClipError):
        read_clip(clip)


@pytest.mark.parametrize("changes", [{"extra": 1}, {"id": "../x"}, {"samples": "4800"}])
def test_a_meta_file_of_another_form_is_refused(clip: Path, changes: dict[str, Any]) -> None:
    change_meta(clip, **changes)
    with pytest.raises(ClipError):
        read_clip(clip)


@pytest.mark.parametrize("name", ["audio.flac", "text.txt", "meta.json"])
def test_a_missing_file_is_named(clip: Path, name: str) -> None:
    (clip / name).unlink()
    with pytest.raises(ClipError, match=name):
        read_clip(clip)


def test_a_file_that_is_no_sound_is_refused(clip: Path) -> None:
    (clip / "audio.flac").write_bytes(b"not a sound")
    with pytest.raises(ClipError, match=r"audio\.flac"):
        read_clip(clip)


def test_two_clips_of_one_id_are_refused(clip: Path) -> None:
    shutil.copytree(clip, clip.parent / "again")
    with pytest.raises(ClipError, match="same id"):
        read_clips(clip.parent)


@pytest.mark.rule("C8")
def test_the_shipped_announcement_says_the_exact_sentence() -> None:
    texts = [clip.text for clip in read_clips(ANNOUNCE).values()]
    assert "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。" in texts
