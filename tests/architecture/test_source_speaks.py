"""Every module says what it is, and says it in this project's words."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT, modules, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A_PARAGRAPH: Final = 200
"""Characters: less is no paragraph that one would say to a newcomer."""

NO_NAMES: Final = frozenset({"common", "data", "helper", "helpers", "info", "manager", "utils"})
NO_SUFFIX: Final = re.compile(r"(Manager|Helper|Utils?|Info)$")
FORBIDDEN_WORD: Final = re.compile("de" + "let(e|ing|ion)", re.IGNORECASE)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def names(tree: ast.Module) -> Iterator[str]:
    """Every name that a module gives: functions, classes, parameters, variables, attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_module_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(parse(path))


@pytest.mark.parametrize("package", PACKAGES)
def test_package_introduces_itself_to_a_newcomer(package: str) -> None:
    docstring = ast.get_docstring(parse(ROOT / package / "__init__.py")) or ""
    assert len(docstring) >= A_PARAGRAPH


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_names_are_of_the_glossary_s_kind(path: Path) -> None:
    assert path.stem not in NO_NAMES
    bad = [name for name in names(parse(path)) if NO_SUFFIX.search(name)]
    assert bad == []


@pytest.mark.rule("G1")
@pytest.mark.parametrize("path", modules("agent", "hw"), ids=relative)
def test_the_device_has_no_name_and_no_word_for_deleting(path: Path) -> None:
    tree = parse(path)
    strings = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert [text for text in (*names(tree), *strings) if FORBIDDEN_WORD.search(text)] == []
