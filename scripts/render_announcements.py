"""Render the built-in spoken clips: text and pinyin in, sound and its digests out.

Owns the words, their pinyin and every step that shapes the sound; run again with the same
espeak-ng it makes the same bytes. Refuses a clip that espeak-ng would spell in English letters. A
bureau that has a human voice replaces the folder; this voice is the fallback.

    python scripts/render_announcements.py [TARGET]

TARGET is ``provisioning/files/announce`` where it is not given. Needs espeak-ng (Debian's package).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

TARGET: Final = Path(__file__).parent.parent / "provisioning" / "files" / "announce"
ESPEAK_VERSION: Final = "1.51"
"""What the shipped clips were rendered with; another version speaks a little differently."""

RATE: Final = 48_000
_ESPEAK_RATE: Final = 22_050
_UP, _DOWN = 320, 147  # 22,050 × 320 ÷ 147 = 48,000
_HALF_LENGTH: Final = 16  # samples of the source on each side of the low-pass
_GAIN_BITS: Final = 15
_SILENCE: Final = 200
_MARGIN: Final = RATE // 100
_SPEAK: Final = ("espeak-ng", "-v", "cmn-latn-pinyin", "-s", "150", "-a", "85")

Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Script:
    """What one clip says.

    Attributes:
        folder: Its folder under the target.
        clip_id: The id that the rulebook and the records name.
        lang: BCP 47 tag.
        text: The words, byte for byte as the bureau approved them.
        pinyin: The same words for espeak-ng, every syllable with its tone (5 = neutral).
    """

    folder: str
    clip_id: str
    lang: str
    text: str
    pinyin: str


SCRIPTS: Final = (
    # S0§10, S4§8: the sentence is fixed.
    Script(
        folder="zh-CN",
        clip_id="zh-cn",
        lang="zh-CN",
        text="为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。",
        pinyin=(
            "wei4 bao3hu4 nin2 de5 he2fa3 quan2yi4, "
            "jian1du1 wo3men5 de5 zhi2fa3 xing2wei2, "
            "ben3ci4 zhi2fa3 quan2cheng2 lu4yin1 lu4xiang4."
        ),
    ),
)


def main(target: Path = TARGET) -> None:
    """Render every clip into ``target``."""
    for script in SCRIPTS:
        samples = render(script)
        write_clip(script, samples, target / script.folder)
        print(f"{script.clip_id}: {samples.size / RATE:.2f} s in {target / script.folder}")


def espeak_version() -> str | None:
    """The version of the installed espeak-ng; None where there is none."""
    if shutil.which("espeak-ng") is None:
        return None
    said = _run("espeak-ng", "--version").decode()
    return said.split(":")[1].split()[0] if ":" in said else None


def phonemes(script: Script) -> str:
    """How espeak-ng will say it."""
    return _run(*_SPEAK, "-x", "-q", script.pinyin).decode()


def render(script: Script) -> Samples:
    """The clip's samples at 48,000 a second.

    Raises:
        SystemExit: The text is not in NFC, or espeak-ng would switch to English letters.
    """
    if unicodedata.normalize("NFC", script.text) != script.text:
        raise SystemExit(f"{script.clip_id}: the text is not in Unicode's normal form C")
    if "(en)" in phonemes(script):
        raise SystemExit(f"{script.clip_id}: espeak-ng spells English letters; check the pinyin")
    wave = _run(*_SPEAK, "--stdout", script.pinyin)
    header = wave.index(b"data") + 8  # espeak-ng cannot know the length when it writes to a pipe
    spoken = np.frombuffer(wave[header : len(wave) - (len(wave) - header) % 2], "<i2")
    return _trimmed(_resampled(spoken))


def write_clip(script: Script, samples: Samples, folder: Path) -> None:
    """Write the three files of a clip."""
    folder.mkdir(parents=True, exist_ok=True)
    text = script.text.encode()
    meta = {
        "id": script.clip_id,
        "lang": script.lang,
        "text_sha256": hashlib.sha256(text).hexdigest(),
        "pcm_sha256": hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest(),
        "samples": samples.size,
        "rate": RATE,
    }
    (folder / "audio.flac").write_bytes(_flac(samples))
    (folder / "text.txt").write_bytes(text)
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")


def _run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


def _resampled(spoken: NDArray[np.int16]) -> Samples:
    """From 22,050 to 48,000 samples a second in whole numbers, alike on every machine."""
    kernel = _low_pass()
    count = spoken.size * _UP // _DOWN
    moments = np.arange(count) * _DOWN
    first, phase = moments // _UP, moments % _UP
    padded = np.pad(spoken.astype(np.int64), (_HALF_LENGTH - 1, _HALF_LENGTH + 1))
    total = np.zeros(count, np.int64)
    for tap in range(2 * _HALF_LENGTH):
        total += padded[first + tap] * kernel[phase, tap]
    rounded = (total + (1 << (_GAIN_BITS - 1))) >> _GAIN_BITS
    resampled: Samples = np.clip(rounded, -32_768, 32_767).astype(np.int16)
    return resampled


def _trimmed(samples: Samples) -> Samples:
    """Without silence at the ends: whoever checks that it was heard whole looks there."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENCE)
    return samples[max(0, loud[0] - _MARGIN) : loud[-1] + _MARGIN]


def _low_pass() -> NDArray[np.int64]:
    """A windowed sinc for each of the 320 phases, in 1 ÷ 32,768."""
    taps = np.arange(2 * _HALF_LENGTH) - (_HALF_LENGTH - 1)
    away = taps[None, :] - np.arange(_UP)[:, None] / _UP
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(away / _HALF_LENGTH, -1, 1))
    return np.rint(np.sinc(away) * window * (1 << _GAIN_BITS)).astype(np.int64)


def _flac(samples: Samples) -> bytes:
    """FLAC by whole-number prediction alone, with no name of the program that wrote it."""
    file = BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(file, "w", format="flac", options=options) as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono", format="s16")
        stream.codec_context.options = {"lpc_type": "fixed", "flags": "+bitexact"}
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
