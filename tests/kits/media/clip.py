"""An announcement for tests: the real sentence, and a short sound in its place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SENTENCE = "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。"
RATE = 48_000
SAMPLES = 4_800
SENTENCE_FLAC = (
    Path(__file__).parents[3] / "provisioning" / "files" / "announce" / "zh-CN" / "audio.flac"
)


def write_clip(
    folder: Path,
    *,
    clip_id: str = "zh-cn",
    text: str = SENTENCE,
    samples: int = SAMPLES,
    spoken: bool = False,
) -> Path:
    """Write ``text.txt``, ``audio.flac`` (0.1 s if not told) and ``meta.json``.

    Args:
        folder: Of the clip.
        clip_id: Its id.
        text: What it is said to say.
        samples: Its length at 48 kHz.
        spoken: The beginning of the real sentence, which can be recognised; else a tone.

    Returns:
        The folder above.
    """
    folder.mkdir(parents=True)
    tone = (np.sin(np.arange(samples) / 20) * 8_000).astype("<i2")
    sound = read_sentence()[:samples] if spoken else tone
    with av.open(str(folder / "audio.flac"), "w", format="flac") as file:
        stream = file.add_stream("flac", rate=RATE, layout="mono", format="s16")
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    (folder / "text.txt").write_text(text)
    meta = {
        "id": clip_id,
        "lang": "zh-CN",
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "pcm_sha256": hashlib.sha256(sound.tobytes()).hexdigest(),
        "samples": samples,
        "rate": RATE,
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder.parent


def read_sentence() -> NDArray[np.int16]:
    """The real sentence as it ships: mono, 48 kHz."""
    with av.open(str(SENTENCE_FLAC)) as file:
        frames = [frame.to_ndarray().ravel() for frame in file.decode(audio=0)]
    return np.concatenate(frames).astype("<i2")
