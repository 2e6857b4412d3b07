"""Render the built-in spoken clips: text and pinyin in, sound and its digests out.

Owns the words and their pinyin; run again with the same espeak-ng it makes the same bytes. Refuses
a clip that espeak-ng would spell in English letters. A bureau that has a human voice replaces the
folder; this voice is the fallback.

    python -m scripts.render_announcements [TARGET]

TARGET is ``provisioning/files/announce`` where it is not given. Needs espeak-ng (Debian's package).
"""

from __future__ import annotations

import hashlib
import json
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts import speech
from scripts.speech import Samples

TARGET: Final = Path(__file__).parent.parent / "provisioning" / "files" / "announce"
RATE: Final = 48_000


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


def render(script: Script) -> Samples:
    """The clip's samples at 48,000 a second.

    Raises:
        SystemExit: The text is not in NFC, or espeak-ng would switch to English letters.
    """
    if unicodedata.normalize("NFC", script.text) != script.text:
        raise SystemExit(f"{script.clip_id}: the text is not in Unicode's normal form C")
    return speech.spell(script.pinyin, RATE)


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
    (folder / "audio.flac").write_bytes(speech.flac(samples, RATE))
    (folder / "text.txt").write_bytes(text)
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
