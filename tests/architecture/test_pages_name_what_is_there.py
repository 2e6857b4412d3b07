"""Whatever a page names of this tree is there: folders, files, modules, decisions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from evidence.rulebook import KEYS
from tests.architecture.source_tree import PACKAGES, ROOT

PAGES: Final = sorted(
    {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "overlays").rglob("*.md")}
)
DECISIONS: Final = sorted((ROOT / "docs" / "adr").glob("*.md"))
FOLDERS: Final = (*PACKAGES, "docs", "overlays", "scripts", "tests")
QUOTED: Final = re.compile(r"`([^`\n]+)`")
PATH: Final = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./*-]+")
MODULE: Final = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
FILES_OF_A_BUREAU: Final = {"bureau.age", "bureau.toml"}


def quoted(page: Path, what: re.Pattern[str]) -> set[str]:
    found = QUOTED.findall(page.read_text(encoding="utf-8"))
    return {one for one in found if what.fullmatch(one)}


def is_there(name: str) -> bool:
    """A module, or a name that stands in one: ``agent.vault.custody``, ``evidence.paper``."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:count])
        source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if source.is_file():
            rest = parts[count:]
            return not rest or re.search(rf"\b{rest[0]}\b", source.read_text()) is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_path_and_module_that_a_page_names_is_there(page: Path) -> None:
    gone = {path for path in quoted(page, PATH) if not any(ROOT.glob(path.rstrip("/")))}
    modules = quoted(page, MODULE) - FILES_OF_A_BUREAU - KEYS.keys()
    assert gone | {name for name in modules if not is_there(name)} == set()


def test_a_name_that_is_gone_is_noticed() -> None:
    assert is_there("agent.vault.custody")
    assert is_there("agent.vault.custody.Custody")
    assert not is_there("agent.vault.planted")


def test_decisions_are_numbered_without_a_hole_and_each_says_how_it_stands() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert numbers == [f"{number:04d}" for number in range(1, len(DECISIONS) + 1)]
    for path in DECISIONS:
        title, _, status, *_ = path.read_text(encoding="utf-8").splitlines()
        assert title.startswith(f"# {path.name[:4]} "), path.name
        assert status.startswith("Status: "), path.name
