"""The catalogue: every word has its sound, its text and pinyin of as many syllables."""

from __future__ import annotations

import ast
import inspect
import re
import unicodedata
from pathlib import Path

import pytest

from agent.errors import ClipError
from agent.voice import catalog, numbers, sentences, words

ID = re.compile(r"[a-z0-9][a-z0-9_.]{0,40}")
SYLLABLE = re.compile(r"[a-z]+[1-5]")
HAN = re.compile(r"[\u4e00-\u9fff]")
MOST_BYTES = 5_000_000
MOST_SECONDS = 5.0


@pytest.mark.parametrize("word", catalog.WORDS)
def test_a_word_is_text_pinyin_and_sound(word: str) -> None:
    entry = catalog.WORDS[word]
    assert ID.fullmatch(word)
    assert unicodedata.is_normalized("NFC", entry.text)
    assert len(SYLLABLE.findall(entry.pinyin)) == len(HAN.findall(entry.text))
    assert not SYLLABLE.sub("", entry.pinyin).strip(" ,.")
    clip = words.clip_of((word,))
    assert 0.1 < len(clip.samples) / 2 / clip.rate < MOST_SECONDS


def test_the_sounds_are_those_of_the_catalogue_and_small() -> None:
    files = list(catalog.FOLDER.glob("*.flac"))
    assert {file.stem for file in files} == set(catalog.WORDS)
    assert sum(file.stat().st_size for file in files) < MOST_BYTES


def test_every_word_is_said_by_some_sentence() -> None:
    """A word of a family (numbers, activities, parts) counts as said."""
    sources = (Path(inspect.getsourcefile(module) or "") for module in (sentences, numbers))
    said = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    family = re.compile(r"n\d+l?|activity\..+|back\..+")
    assert {word for word in catalog.WORDS if not family.fullmatch(word)} <= said


def test_no_word_is_in_the_catalogue_twice() -> None:
    texts = [entry.text for entry in catalog.WORDS.values()]
    assert len(texts) == len(set(texts))


def test_what_sounds_can_be_read() -> None:
    said = words.clip_of(("cause.space", "comma", "step.hand_over", "stop"))
    assert catalog.text_of(said.clip_id) == "存储空间不足，请放回底座移交。"
    assert catalog.text_of("tones-3") == "嘀嘀嘀"
    assert catalog.text_of("rising-2") == "嘀"
    assert catalog.text_of("zh-cn") == "zh-cn"


@pytest.mark.parametrize("row", [(), ("no.such",), ("n1",) * 41])
def test_a_row_that_cannot_be_said_whole_is_not_said(row: tuple[str, ...]) -> None:
    with pytest.raises(ClipError):
        words.clip_of(row)
