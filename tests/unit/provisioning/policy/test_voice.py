"""A bureau's own announcement voice: brought into form, heard back, refused where it must be."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from evidence.digests import sha256_hex
from evidence.hearing import level_mdb
from evidence.rulebook.carried import unpack
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import open_bureau
from provisioning.policy.audio import LEVEL_DBFS, Sound, flac, normalised, read_sound
from provisioning.policy.clips import check_clips, read_clip
from provisioning.policy.draft import load
from provisioning.policy.errors import PolicyRefusedError
from provisioning.policy.hearing_back import hear_back
from provisioning.policy.publishing import MEDIUM_NAME, publish, sign_draft
from provisioning.policy.voice import PRESCRIBED, import_voice, read_text, speak
from tests.kits.media.clip import SENTENCE, read_sentence

pytestmark = pytest.mark.rule("C8")

Clock = Callable[[], int]
Pcm = NDArray[np.int16]
RATE = 48_000


def record(path: Path, samples: Pcm, *, rate: int = RATE, channels: int = 1) -> Path:
    """A WAV file, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())
    return path


def quieter(samples: Pcm, factor: float) -> Pcm:
    made: Pcm = np.rint(samples * factor).astype(np.int16)
    return made


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * RATE), np.int16)


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(PolicyRefusedError) as caught:
        work()
    assert "未知错误" not in caught.value.diagnosis()
    return caught.value.code


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The sentence as somebody records it: quiet, off centre, silence around it."""
    spoken = quieter(read_sentence(), 0.1) + 300
    return record(tmp_path / "notice.wav", np.concatenate([silence(1.5), spoken, silence(2)]))


def bring(bureau: Path, recording: Path, **changes: Any) -> Any:
    wish = {"text": PRESCRIBED, "lang": "zh-CN", "clip_id": "zh-own", **changes}
    return import_voice(bureau, recording, wish.pop("text"), **wish)


# Form.


def test_silence_is_trimmed_and_the_level_brought_up(recording: Path) -> None:
    sound = normalised(read_sound(recording))
    assert sound.rate == RATE
    assert abs(sound.seconds - len(read_sentence()) / RATE) < 1.2
    assert abs(level_mdb(sound.samples) / 1_000 - LEVEL_DBFS) < 2
    assert abs(float(sound.samples.mean())) < 3
    assert int(np.abs(sound.samples.astype(np.int32)).max()) <= 29_300


def test_two_channels_and_another_rate_become_one_clip(tmp_path: Path) -> None:
    path = record(tmp_path / "cd.wav", read_sentence(), rate=44_100, channels=2)
    sound = read_sound(path)
    assert (sound.rate, sound.samples.ndim) == (48_000, 1)
    low = record(tmp_path / "phone.wav", read_sentence()[::6].copy(), rate=8_000)
    assert read_sound(low).rate == 16_000


def test_a_clip_is_flac_and_the_same_samples_give_the_same_bytes(recording: Path) -> None:
    sound = normalised(read_sound(recording))
    content = flac(sound)
    assert content == flac(Sound(sound.samples.copy(), sound.rate))
    assert content.startswith(b"fLaC")
    assert normalised(read_sound(_written(recording.with_suffix(".flac"), content))).rate == RATE


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (lambda said: said[: RATE * 3 // 2], "voice_length"),
        (lambda said: np.tile(said, 8), "voice_length"),
        (lambda said: np.resize(said, 121 * RATE) * 0, "voice_length"),
        (np.zeros_like, "voice_quiet"),
        (lambda said: said[:0], "voice_quiet"),
        (lambda said: quieter(said, 0.001), "voice_quiet"),
        (lambda said: (said.astype(np.int32) * 40).clip(-32_768, 32_767), "voice_clipped"),
    ],
    ids=["short", "long", "endless", "silent", "empty", "faint", "overdriven"],
)
def test_what_cannot_become_a_clip_is_refused(
    tmp_path: Path, samples: Callable[[Pcm], Pcm], code: str
) -> None:
    path = record(tmp_path / "x.wav", samples(read_sentence()).astype(np.int16))
    assert refused(lambda: normalised(read_sound(path))) == code


@pytest.mark.parametrize("content", [b"", b"RIFF", b"fLaC" + bytes(100), b"ID3" + bytes(500)])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refused(lambda: read_sound(_written(tmp_path / "x.wav", content))) == "voice_file"
    assert refused(lambda: read_sound(tmp_path / "nowhere.wav")) == "voice_file"


def test_no_other_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "notice.m4a"
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            read_sentence().reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        resampled = av.AudioResampler(format="fltp", layout="mono", rate=RATE).resample(frame)
        for packet in [one for part in resampled for one in stream.encode(part)]:
            file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    assert refused(lambda: read_sound(path)) == "voice_file"


# Hearing.


def test_the_sentence_is_heard_whole_in_every_scene(recording: Path) -> None:
    heard = hear_back(normalised(read_sound(recording)))
    assert heard.complete
    assert heard.speaks
    assert heard.least_milli > 12_000
    assert len(heard.scenes) == 3


def test_noise_in_a_voices_place_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).standard_normal(RATE * 5) * 3_000
    path = record(tmp_path / "x.wav", noise.astype(np.int16))
    assert refused(lambda: speak(path, "一句话。", lang="zh-CN", clip_id="x")) == "voice_speech"


def test_a_hum_that_no_check_could_tell_apart_is_refused(tmp_path: Path) -> None:
    hum = np.sin(np.arange(RATE * 5) * 2 * np.pi * 50 / RATE) * 9_000
    path = record(tmp_path / "x.wav", hum.astype(np.int16))
    code = refused(lambda: speak(path, "一句话。", lang="zh-CN", clip_id="x"))
    assert code in ("voice_speech", "voice_unheard")


# Words.


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", " 前有空格", "一" * 501, "两\n行", "\u200b", "123。", "e\u0301", "\x07"),
        *("未定义\U000e0fff", "反\u202e向"),
    ],
)
def test_words_that_are_none_are_refused(recording: Path, text: str) -> None:
    assert refused(lambda: speak(recording, text, lang="zh-CN", clip_id="x")) == "voice_text"


@pytest.mark.parametrize("lang", ["", "chinese", "zh_CN", "ZH-cn", "zh-", "z", "zh-CN-x"])
def test_a_tag_that_is_none_is_refused(recording: Path, lang: str) -> None:
    assert refused(lambda: speak(recording, "一句话。", lang=lang, clip_id="x")) == "voice_lang"


@pytest.mark.parametrize("clip_id", ["", "Zh", "../x", "a b", "x" * 33, "-x"])
def test_an_id_that_is_none_is_refused(recording: Path, clip_id: str) -> None:
    assert (
        refused(lambda: speak(recording, "一句话。", lang="zh-CN", clip_id=clip_id)) == "voice_id"
    )


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 10_000])
def test_a_text_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refused(lambda: read_text(_written(tmp_path / "x.txt", content))) == "voice_text"
    assert refused(lambda: read_text(tmp_path / "nowhere")) == "voice_text"


def test_a_text_file_may_have_a_mark_and_a_line_end(tmp_path: Path) -> None:
    path = _written(tmp_path / "x.txt", b"\xef\xbb\xbf" + f"{SENTENCE}\r\n".encode())
    assert read_text(path) == SENTENCE == PRESCRIBED


# Into the draft, and into force.


def test_a_voice_takes_the_place_of_the_one_in_its_language(
    bureau: Path, recording: Path, clock: Clock
) -> None:
    report = bring(bureau, recording)
    assert report.facts["wording"] == "规范用语"
    opened = open_bureau(bureau)
    draft = load(opened)
    assert draft is not None
    (said,) = draft.policy["disclosure.announcements"]
    assert (said["id"], said["text"]) == ("zh-own", PRESCRIBED)
    assert said["text_sha256"] == sha256_hex(PRESCRIBED.encode())
    clip = read_clip(opened.folder.announce / "zh-own")
    assert clip.pcm_sha256 == said["pcm_sha256"]
    assert bring(bureau, recording).changed == 0
    for role in (KeyRole.CLERK, KeyRole.HEAD):
        sign_draft(bureau, role, clock=clock)
    publish(bureau, to=bureau.with_name("usb"), clock=clock)
    book = open_bureau(bureau).rulebook
    check_clips(opened.folder.announce, book.announcements)
    carried = unpack((bureau.with_name("usb") / MEDIUM_NAME).read_bytes())
    assert [one.id for one in carried.clips] == ["zh-own"]


def test_a_second_language_comes_after_the_first(bureau: Path, recording: Path) -> None:
    report = bring(bureau, recording, text="Бичлэг хийгдэж байна.", lang="mn-CN", clip_id="mn")
    assert "非规范用语" in str(report.facts["wording"])
    draft = load(open_bureau(bureau))
    assert draft is not None
    said = draft.policy["disclosure.announcements"]
    assert [one["lang"] for one in said] == ["zh-CN", "mn-CN"]


def test_an_id_is_one_sound_for_good(bureau: Path, recording: Path, tmp_path: Path) -> None:
    before = sorted((bureau / "announce").rglob("*"))
    assert refused(lambda: bring(bureau, recording, clip_id="zh-cn")) == "voice_id"
    assert sorted((bureau / "announce").rglob("*")) == before
    bring(bureau, recording)
    other = record(tmp_path / "other.wav", read_sentence()[: RATE * 5])
    assert refused(lambda: bring(bureau, other)) == "voice_id"
    assert refused(lambda: bring(bureau, recording, text="另一句话。")) == "voice_id"


def test_a_ninth_language_finds_no_room(bureau: Path, recording: Path) -> None:
    for number, lang in enumerate(("mn", "ug", "bo", "kk", "ko", "en", "ru")):
        bring(bureau, recording, lang=lang, clip_id=f"c{number}")
    assert refused(lambda: bring(bureau, recording, lang="fr", clip_id="c9")) == "voice_room"


def test_a_dry_run_writes_nothing(
    bureau: Path, recording: Path, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    before = tree(bureau)
    assert bring(bureau, recording, dry_run=True).changed == 4
    assert tree(bureau) == before


def test_a_refused_voice_writes_nothing(
    bureau: Path, tmp_path: Path, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    before = tree(bureau)
    path = record(tmp_path / "x.wav", read_sentence()[:RATE])
    assert refused(lambda: bring(bureau, path)) == "voice_length"
    assert tree(bureau) == before
