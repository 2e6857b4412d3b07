"""A page shows whatever is written on it and obeys nothing of it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from evidence import paper
from evidence.paper import BREAK, joined, small, tag

EVIL = '</td><script>x()</script>"\u202eabc\x07 & <img src=x onerror=y>'


class Reader(HTMLParser):
    """Which elements are open where, and all attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.mark.parametrize(
    "piece",
    [
        paper.page,
        lambda text: paper.page("a", text, under=text),
        lambda text: paper.facts([(text, text)]),
        lambda text: paper.verdict(text, bad=True),
        lambda text: paper.counts([(text, 1)]),
        paper.signs,
        lambda text: paper.table([(text, small(text))], head=(text,), columns=("row",)),
        lambda text: joined(text, BREAK, tag("p", text)),
    ],
)
def test_every_piece_shows_a_hostile_text_as_text(piece: object) -> None:
    assert callable(piece)
    reader = Reader(piece(EVIL))
    assert not {"script", "img"} & set(reader.tags)
    assert reader.attributes <= {"lang", "charset", "http-equiv", "content", "class"}
    assert reader.open == []
    assert "<script>x()</script>" in reader.said
    assert "\\u202eabc\\x07 & <img" in reader.said
    assert "\u202e" not in reader.said


def test_a_page_is_whole_and_for_paper() -> None:
    text = paper.page("报告", tag("p", "甲\n乙"), 3, under="某局", style=".row { width: 1mm; }\n")
    assert text.startswith('<!DOCTYPE html>\n<html lang="zh-CN">')
    assert "default-src 'none'" in text
    assert "size: A4" in text
    assert ".row { width: 1mm; }\n</style>" in text
    assert '<h1>报告</h1>\n<p class="under">某局</p>\n<p>甲\n乙</p>\n3\n</body>' in text
    assert "<h1>报告</h1>\n<p>" in paper.page("报告", tag("p", ""))


def test_columns_that_have_no_class_have_none() -> None:
    made = paper.table([("a", "b")], head=("x", "y"), columns=("row",))
    assert made == (
        '<table><thead><tr><th class="row">x</th><th>y</th></tr></thead>'
        '<tbody><tr><td class="row">a</td><td>b</td></tr></tbody></table>'
    )
