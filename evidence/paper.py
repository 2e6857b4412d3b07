"""A page to print: A4, Chinese, nothing from elsewhere.

Owns the frame, the look, the escaping and the pieces that reports are made of: facts, a verdict,
counts, tables, lines to sign on. Refuses scripts, links and pictures: nothing here writes one,
whatever a text says is shown and never obeyed, and a browser is told to hold the page to that.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from evidence.visible import visible

_FRAME: Final = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
_STYLE: Final = """\
@page { size: A4; margin: 16mm 14mm 18mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 182mm; color: #111; background: #fff; line-height: 1.5;
  font: 10.5pt "Noto Serif CJK SC", "Source Han Serif SC", SimSun, "Songti SC", serif; }
h1 { font-size: 18pt; text-align: center; margin: 4mm 0 5mm; letter-spacing: 1mm; }
.under { text-align: center; margin: -4mm 0 5mm; }
h2 { font-size: 12pt; margin: 6mm 0 2mm; break-after: avoid; }
h3 { font-size: 10.5pt; margin: 4mm 0 1.5mm; break-after: avoid; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { border: 0.3mm solid #555; padding: 1.2mm 1.6mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { background: #eee; font-weight: bold; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.facts th { width: 42mm; }
.counts td, .counts th { text-align: center; }
.counts td { font-size: 14pt; }
.verdict { border: 0.5mm solid #111; padding: 2mm 3mm; font-weight: bold; }
.bad { border-color: #a00; color: #a00; }
.small { font-size: 8.5pt; color: #333; }
.signs { margin-top: 10mm; break-inside: avoid; }
.signs td { height: 22mm; width: 33%; }
@media screen { body { padding: 8mm 4mm; } }
"""


class Html(str):
    """Text that is markup already; everything else is escaped."""

    __slots__ = ()


BREAK: Final = Html("<br>")


def page(title: str, *content: object, under: str = "", style: str = "") -> str:
    """A whole page.

    Args:
        title: What it is.
        content: What stands on it; see ``tag``.
        under: What stands under the title.
        style: Rules of this page alone, such as the width of its columns.
    """
    head = [tag("h1", title), *([tag("p", under, css="under")] if under else [])]
    body = "\n".join(_escaped(one) for one in (*head, *content))
    return _FRAME.format(title=_escaped(title), style=_STYLE + style, body=body)


def tag(name: str, *content: object, css: str = "") -> Html:
    """One element.

    Args:
        name: Of the element; ours, never a text's.
        content: What it holds: ``Html`` as it is, anything else escaped.
        css: Its classes.
    """
    kind = f' class="{html.escape(css)}"' if css else ""
    return Html(f"<{name}{kind}>{''.join(_escaped(one) for one in content)}</{name}>")


def joined(*content: object) -> Html:
    """Several things one after the other."""
    return Html("".join(_escaped(one) for one in content))


def small(*content: object) -> Html:
    """What stands beside, small."""
    return tag("span", *content, css="small")


def table(
    rows: Iterable[Sequence[object]],
    *,
    head: Sequence[object] = (),
    columns: Sequence[str] = (),
    css: str = "",
) -> Html:
    """A table.

    Args:
        rows: Cell by cell.
        head: Titles of the columns, repeated on every sheet.
        columns: Classes of the columns; those that are not named have none.
        css: Classes of the table.
    """
    above = [tag("thead", _row("th", head, columns))] if head else []
    below = tag("tbody", *(_row("td", row, columns) for row in rows))
    return tag("table", *above, below, css=css)


def facts(pairs: Iterable[tuple[str, object]]) -> Html:
    """What is known, by name."""
    rows = (tag("tr", tag("th", name), tag("td", value)) for name, value in pairs)
    return tag("table", *rows, css="facts")


def verdict(text: str, *, bad: bool) -> Html:
    """The one sentence that everything comes to."""
    return tag("p", text, css="verdict bad" if bad else "verdict")


def counts(pairs: Iterable[tuple[str, int]]) -> Html:
    """How many there are of each."""
    names, numbers = zip(*pairs, strict=True)
    return table([numbers], head=names, css="counts")


def signs(*who: str) -> Html:
    """Where people sign."""
    return table([who], css="signs")


def _row(kind: str, cells: Sequence[object], columns: Sequence[str]) -> Html:
    classes = (*columns, *[""] * (len(cells) - len(columns)))
    return tag("tr", *(tag(kind, cell, css=css) for cell, css in zip(cells, classes, strict=True)))


def _escaped(one: object) -> str:
    return one if isinstance(one, Html) else html.escape(visible(str(one), but="\n"))
