"""Labels and forms as a browser shows and prints them: readable Chinese, scannable, on one page.

Readable is proved by the picture: every Han character of every page, drawn in that page's own font,
is ink, differs from every other character, and is not the box that stands for a missing one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from provisioning.paper.forms import page
from provisioning.paper.label import labels
from tests.kits.bureau.papers import BARE, BUREAU, FORMS, LONG, LONG_BUREAU, USUAL
from tests.kits.processes.browser import Browser, Picture, read_picture, scan

HAN: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
BODY: Final = re.compile(r"<body>.*</body>", re.DOTALL)
A4_MM: Final = (210.0, 297.0)
LABEL_MM: Final = (60.0, 40.0)
MISSING: Final = "\U0003fffd"
"""Never assigned: the picture of a character that no font has."""
CELL: Final = 40
COLUMNS: Final = 24
MACHINES: Final = (USUAL, LONG, BARE)
FORM_PAGES: Final = {title: page(form) for title, form in FORMS.items()}
LOOKS: Final = {
    "forms": "".join(FORM_PAGES.values()),
    "labels": labels(LONG_BUREAU, MACHINES) + labels(BUREAU, MACHINES),
}
"""All that is written in one font."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Browser(tmp_path_factory.mktemp("browser"))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.html"
    path.write_text(text)
    return path


def glyphs(browser: Browser, text: str, characters: Iterable[str]) -> dict[str, Picture]:
    """How each character looks in the page's own font."""
    wanted = list(characters)
    cells = "".join(
        f'<span style="position:absolute;width:{CELL}px;height:{CELL}px;overflow:hidden;'
        f"left:{at % COLUMNS * CELL}px;top:{at // COLUMNS * CELL}px;"
        f'font-size:30px;line-height:{CELL}px">{character}</span>'
        for at, character in enumerate(wanted)
    )
    sheet = BODY.sub(f"<body>{cells}</body>", text)
    rows = -(-len(wanted) // COLUMNS)
    html = written(browser.folder, f"glyphs-{len(wanted)}", sheet)
    shot = browser.look(html, width=COLUMNS * CELL, height=max(rows * CELL, 200), scale=1)
    picture = read_picture(shot)
    return {
        character: picture[top : top + CELL, left : left + CELL]
        for at, character in enumerate(wanted)
        for top, left in [(at // COLUMNS * CELL, at % COLUMNS * CELL)]
    }


@pytest.mark.parametrize("look", LOOKS)
def test_every_chinese_character_is_readable(browser: Browser, look: str) -> None:
    characters = sorted(set(HAN.findall(LOOKS[look])))
    assert len(characters) > 30
    seen = glyphs(browser, LOOKS[look], [*characters, MISSING])
    tofu = seen.pop(MISSING)
    pictures = {character: picture.tobytes() for character, picture in seen.items()}
    assert len(set(pictures.values())) == len(pictures), "two characters look the same"
    for character, picture in seen.items():
        assert not np.array_equal(picture, tofu), f"{character} has no glyph"
        ink = float((picture < 128).mean())
        assert 0.01 < ink < 0.6, f"{character}: {ink:.2f} of its cell is ink"


@pytest.mark.parametrize(("title", "form"), FORMS.items())
def test_a_form_prints_on_one_a4_page_and_its_code_scans(
    browser: Browser, title: str, form: object
) -> None:
    html = written(browser.folder, title, FORM_PAGES[title])
    (printed,) = browser.print(html)
    assert printed == pytest.approx(A4_MM, abs=1)
    machine = form.heading.machine  # type: ignore[attr-defined]
    assert scan(browser.look(html, width=794, height=1123)) == [machine.scanned]


def test_labels_print_one_on_each_page_of_60_by_40_millimetres(browser: Browser) -> None:
    html = written(browser.folder, "labels-printed", labels(LONG_BUREAU, MACHINES))
    printed = browser.print(html)
    assert len(printed) == len(MACHINES)
    assert all(size == pytest.approx(LABEL_MM, abs=0.5) for size in printed)


def test_a_scanner_reads_every_label_at_the_size_it_is_printed(browser: Browser) -> None:
    # 8 dots a millimetre: an ordinary label printer.
    html = written(browser.folder, "labels-scanned", labels(LONG_BUREAU, MACHINES))
    shot = browser.look(html, width=227, height=3 * 152, scale=2)
    assert scan(shot) == sorted(machine.scanned for machine in MACHINES)
