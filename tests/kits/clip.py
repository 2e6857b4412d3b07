"""An announcement for tests: the real sentence, and a short sound in its place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import av
import numpy as np

SENTENCE = "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。"
RATE = 48_000
SAMPLES = 4_800


def write_clip(
    folder: Path, *, clip_id: str = "zh-cn", text: str = SENTENCE, samples: int = SAMPLES
) -> Path:
    """Write ``text.txt``, ``audio.flac`` (0.1 s if not told) and ``meta.json``.

    Returns:
        The folder above.
    """
    folder.mkdir(parents=True)
    sound = (np.sin(np.arange(samples) / 20) * 8_000).astype("<i2")
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
