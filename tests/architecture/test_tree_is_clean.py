"""Nothing in the tree points at the machine or the network it was made on."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Final

import pytest

from tests.architecture.source_tree import ROOT

# In pieces, so that this file does not hold what it looks for.
FORBIDDEN: Final = tuple(
    "".join(pieces)
    for pieces in (
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("deb.", "debian.org"),
        ("registry.", "npmjs.org"),
        ("file:", "///"),
    )
)
UNFINISHED: Final = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))


def tracked_texts() -> dict[str, str]:
    """Every text file under version control, by path."""
    if shutil.which("git") is None:
        pytest.skip("no git here: what is under version control cannot be listed")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    if listing.returncode != 0:
        pytest.skip("this is no clone: there is nothing under version control to read")
    texts = {}
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content and path.suffix != ".age":  # sealed: no text, though it may look so
            texts[name] = content.decode("utf-8")
    return texts


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return tracked_texts()


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_no_file_names_a_registry_or_a_place_of_one_machine(
    texts: dict[str, str], forbidden: str
) -> None:
    assert [name for name, text in texts.items() if forbidden in text] == []


def test_nothing_is_left_for_later_in_a_comment(texts: dict[str, str]) -> None:
    sources = {name: text for name, text in texts.items() if name.endswith((".py", ".sh"))}
    assert [name for name, text in sources.items() if UNFINISHED.search(text)] == []
