"""Reading the source as a tree of names, so that a test can ask who uses what.

Resolves import aliases (``import os as o``, ``from os import unlink``), sees references as well as
calls, and tells ``Path.replace`` from ``str.replace`` by the shape of the call.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("agent", "bureau", "evidence", "hw", "provisioning")


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a module uses: ``os.unlink``, or ``.unlink`` of an object of unknown type."""

    name: str
    line: int


def modules(*packages: str, root: Path = ROOT) -> list[Path]:
    """Every module of the packages (all by default), sorted."""
    return sorted(
        path for package in packages or PACKAGES for path in (root / package).rglob("*.py")
    )


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def uses(tree: ast.Module) -> Iterator[Use]:
    """Every imported or dotted name, attribute and one-argument ``.replace()`` in a module."""
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield from (Use(f"{module}.{name.name}", node.lineno) for name in names)
            case ast.Attribute(attr=attribute):
                yield Use(_dotted(node, aliases) or f".{attribute}", node.lineno)
                yield Use(f".{attribute}", node.lineno)
            case ast.Call(func=ast.Name("getattr"), args=[_, ast.Constant(str(attribute)), *_]):
                yield Use(f".{attribute}", node.lineno)
            case ast.Call(func=ast.Attribute(attr="replace"), args=[_], keywords=[]):
                yield Use("Path.replace", node.lineno)
            case ast.List(elts=[ast.Constant(str(program)), *_]):
                yield Use(f"${Path(program).name}", node.lineno)


def used_by(path: Path, names: frozenset[str]) -> list[str]:
    """``line: name`` for each use of one of the names in the module."""
    found = {(use.line, use.name) for use in uses(parse(path)) if use.name in names}
    return [f"{line}: {name}" for line, name in sorted(found)]


def strangers(
    names: frozenset[str], owners: frozenset[str], *packages: str, root: Path = ROOT
) -> dict[str, list[str]]:
    """Modules outside ``owners`` (paths from the root) that use one of the names, and where."""
    found = {
        str(path.relative_to(root)): used_by(path, names) for path in modules(*packages, root=root)
    }
    return {path: lines for path, lines in found.items() if lines and path not in owners}


def _aliases(tree: ast.Module) -> dict[str, str]:
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for name in names:
                    known[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=str(module), names=names):
                for name in names:
                    known[name.asname or name.name] = f"{module}.{name.name}"
    return known


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str | None:
    match node:
        case ast.Name(id=name):
            return aliases.get(name)
        case ast.Attribute(value=value, attr=attribute):
            base = _dotted(value, aliases)
            return None if base is None else f"{base}.{attribute}"
    return None
