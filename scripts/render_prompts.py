"""Render the words the recorder says to the officer: the catalogue in, one FLAC a word out.

Owns the pace and the rate of these words. Run again with the same espeak-ng it makes the same
bytes. Refuses a word that espeak-ng would spell in English letters, and leaves no sound behind
that the catalogue does not name.

    python -m scripts.render_prompts [TARGET]

TARGET is the catalogue's own folder where it is not given. Needs espeak-ng (Debian's package).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from agent.voice import catalog
from scripts import speech

RATE: Final = 16_000
_PACE: Final = 240
"""A prompt holds an officer up: about five and a half syllables a second."""


def main(target: Path = catalog.FOLDER) -> None:
    """Render every word into ``target``.

    Raises:
        SystemExit: A word cannot be rendered, or ``target`` holds the sound of a word that is gone.
    """
    target.mkdir(parents=True, exist_ok=True)
    total = 0
    for word, said in catalog.WORDS.items():
        sound = render(said.pinyin)
        (target / f"{word}.flac").write_bytes(sound)
        total += len(sound)
    print(f"{len(catalog.WORDS)} words, {total / 1e6:.2f} MB in {target}")
    odd = sorted({path.stem for path in target.glob("*.flac")} - catalog.WORDS.keys())
    if odd:
        raise SystemExit(f"take these sounds away, no word has their id: {', '.join(odd)}")


def render(pinyin: str) -> bytes:
    """One word as FLAC."""
    return speech.flac(speech.spell(pinyin, RATE, words_per_minute=_PACE), RATE, padding=0)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
