"""The words that the recorder can say to the officer.

Owns the catalogue (``prompts/zh-CN/catalog.toml``), one line a word, and the text of everything
that sounds. Refuses a row with a word that is not in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agent.errors import ClipError

FOLDER: Final = Path(__file__).parent / "prompts" / "zh-CN"
CATALOG_NAME: Final = "catalog.toml"
LONGEST_ROW: Final = 40
"""A sentence of more words than this is no prompt."""

_SAY: Final = "say:"
_JOINT: Final = "+"
_TONE_TEXT: Final = "嘀"
_TONES: Final = ("tones-", "rising-")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: what is read, and the toned pinyin that it was rendered from."""

    text: str
    pinyin: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause between words: the mark that is read, and how long it is."""

    text: str
    milliseconds: int


def _load() -> tuple[Mapping[str, Word], Mapping[str, Pause]]:
    content = tomllib.loads((FOLDER / CATALOG_NAME).read_text(encoding="utf-8"))
    words = {key: Word(*value) for key, value in content["words"].items()}
    pauses = {key: Pause(*value) for key, value in content["pauses"].items()}
    return MappingProxyType(words), MappingProxyType(pauses)


WORDS, PAUSES = _load()


def clip_id(words: Iterable[str]) -> str:
    """The id of the clip that says ``words``."""
    return _SAY + _JOINT.join(words)


def check_words(words: tuple[str, ...]) -> None:
    """Check that a row can be said.

    Raises:
        ClipError: It is empty or too long, or a word is not in the catalogue.
    """
    if not 0 < len(words) <= LONGEST_ROW:
        raise ClipError(f"a prompt has 1 to {LONGEST_ROW} words, not {len(words)}")
    unknown = [word for word in words if word not in WORDS and word not in PAUSES]
    if unknown:
        raise ClipError(f"no such words: {', '.join(unknown[:5])}")


def text_of(clip_id: str) -> str:
    """What is to be read of a clip: Chinese for a prompt, a sign for tones, else its id."""
    if clip_id.startswith(_TONES):
        times = clip_id.partition("-")[2]
        return _TONE_TEXT * (int(times) if clip_id.startswith(_TONES[0]) else 1)
    if not clip_id.startswith(_SAY):
        return clip_id
    return text(clip_id.removeprefix(_SAY).split(_JOINT))


def text(words: Iterable[str]) -> str:
    """A row as it is read; a word that is not in the catalogue stands as its id."""
    known: dict[str, Word | Pause] = {**WORDS, **PAUSES}
    return "".join(known[word].text if word in known else word for word in words)
