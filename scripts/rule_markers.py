"""Which tests answer to which row of the rules, and which modules they reach: read, never run.

Owns the reading of ``pytest.mark.rule("C8")`` on tests, classes and modules, and the way from a
test's names through its file, its fixtures and its kits to the project's modules. Refuses to import
a test: what is not there yet, or not installed, is still read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = frozenset({"agent", "bureau", "evidence", "hw", "provisioning", "scripts"})

_PROCESSES: Final = {"scripts.stage": "agent.main"}
"""Who is played on a stage comes as processes: nothing of it is imported."""
_VALUES: Final = (".errors", ".types", ".messages", ".canonical", ".moments", ".ids", ".digests")
"""Modules that only carry values answer to no row, unless a test reaches nothing else."""
_MACHINES: Final = ("agent.", "bureau.")
"""What a kit names of the others is how it sets the scene."""
_FITTINGS: Final = frozenset(
    {"agent.channel", "agent.settings", "bureau.clock", "bureau.registry", "bureau.settings"}
)


@dataclass(frozen=True, slots=True)
class Proof:
    """One test that answers to one row.

    Attributes:
        row: The row's id as the marker names it.
        path: The test's file, from the root.
        name: The test's name.
        modules: Dotted names of the modules that it reaches, sorted.
    """

    row: str
    path: str
    name: str
    modules: tuple[str, ...]


def collect(tests: Path = ROOT / "tests") -> list[Proof]:
    """Every marker under ``tests``, in the order of files and lines."""
    return [proof for path in sorted(tests.rglob("test_*.py")) for proof in _in_file(path)]


def _in_file(path: Path) -> Iterator[Proof]:
    tree = _tree(path)
    everywhere = [row for node in tree.body if _is_pytestmark(node) for row in _rows(node)]
    for test, above in _tests(tree, everywhere):
        rows = dict.fromkeys(above + [row for mark in test.decorator_list for row in _rows(mark)])
        modules = tuple(sorted(_reached(path, test))) if rows else ()
        for row in rows:
            yield Proof(row, _from_root(path), test.name, modules)


def _tests(
    tree: ast.Module | ast.ClassDef, above: list[str]
) -> Iterator[tuple[ast.FunctionDef, list[str]]]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) if name.startswith("test_"):
                yield node, above
            case ast.ClassDef(name=name) if name.startswith("Test"):
                marks = [row for mark in node.decorator_list for row in _rows(mark)]
                yield from _tests(node, above + marks)


def _is_pytestmark(node: ast.stmt) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name(id="pytestmark")]):
            return True
    return False


def _rows(node: ast.AST) -> Iterator[str]:
    """The ids in every ``….mark.rule(…)`` inside ``node``."""
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Attribute(attr="rule", value=ast.Attribute(attr="mark"))):
                for argument in inner.args:
                    yield str(ast.literal_eval(argument))


def _reached(path: Path, test: ast.FunctionDef) -> set[str]:
    """The modules that a test names itself, and the machines that its fixtures and kits set up."""
    own, strangers = _walk(path, sorted(_names_in(test)))
    kits: set[str] = set()
    seen: set[tuple[Path, str]] = set()
    while strangers:
        kit, name = strangers.pop()
        if (kit, name) not in seen:
            seen.add((kit, name))
            deeper, more = _walk(kit, [name])
            kits |= {_PROCESSES.get(module, ".".join(module.split(".")[:2])) for module in deeper}
            strangers |= more
    own = {_PROCESSES.get(module, module) for module in own}
    found = {module for module in own if not module.endswith(_VALUES)}
    found |= {module for module in kits if module.startswith(_MACHINES)} - _FITTINGS
    found -= {module for module in found if any(one.startswith(f"{module}.") for one in found)}
    return found or own | kits


def _walk(path: Path, names: list[str]) -> tuple[set[str], set[tuple[Path, str]]]:
    """Follow ``names`` through one file.

    Returns:
        The project's modules they come to, and the names that other test files define.
    """
    imports, definitions = _imports(path), _definitions(path)
    modules: set[str] = set()
    elsewhere: set[tuple[Path, str]] = set()
    waiting, seen = list(names), set(names)
    while waiting:
        name = waiting.pop()
        if name in imports:
            module, what = imports[name]
            if module.partition(".")[0] in PACKAGES:
                modules.add(_module_of(module, what))
            elif module.partition(".")[0] == "tests":
                elsewhere.add((ROOT / f"{module.replace('.', '/')}.py", what))
        elif name in definitions:
            fresh = _names_in(definitions[name]) - seen
            seen |= fresh
            waiting += sorted(fresh)
        else:
            elsewhere |= {(other, name) for other in _conftests(path) if _defines(other, name)}
    return modules, {(kit, name) for kit, name in elsewhere if kit.is_file()}


def _names_in(node: ast.AST) -> set[str]:
    """Names that a definition uses: what it calls, and the fixtures that it asks for."""
    used = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    fixtures = {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
    return used | fixtures


def _module_of(module: str, what: str) -> str:
    """``from agent.vault import messages`` means the module, ``from … import Vault`` its owner."""
    inner = ROOT / module.replace(".", "/") / what
    if what and (inner.with_suffix(".py").is_file() or inner.is_dir()):
        return f"{module}.{what}"
    return module


def _conftests(path: Path) -> Iterator[Path]:
    for folder in path.parents:
        other = folder / "conftest.py"
        if other != path and other.is_file():
            yield other
        if folder == ROOT:
            return


def _defines(path: Path, name: str) -> bool:
    return name in _definitions(path)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


@cache
def _definitions(path: Path) -> dict[str, ast.AST]:
    """What a file gives names to: functions, classes and its module's values."""
    found: dict[str, ast.AST] = {}
    for node in _tree(path).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = node
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


@cache
def _imports(path: Path) -> dict[str, tuple[str, str]]:
    """Local name → module, and the name imported from it (none for ``import module``)."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(_tree(path)):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                for name in names:
                    found[name.asname or name.name] = (module, name.name)
            case ast.Import(names=names):
                for name in names:
                    found[name.asname or name.name.partition(".")[0]] = (name.name, "")
    return found


def _from_root(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
