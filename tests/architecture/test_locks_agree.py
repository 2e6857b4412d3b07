"""The locks hold what pyproject.toml asks for, by exact version and hash, and no address."""

from __future__ import annotations

import re
import tomllib
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source_tree import ROOT

LOCKS: Final = (
    "requirements.lock",
    "requirements-pi.lock",
    "requirements-recorder.lock",
    "requirements-build.lock",
    "requirements-uv.lock",
    "requirements-verifier.lock",
)
PINNED: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)")


def entries(lock: str) -> dict[str, set[str]]:
    """Package name to the lock's blocks (header and hashes); a package may have one per Python."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", "\n" + text.strip())
    found: dict[str, set[str]] = {}
    for block in filter(str.strip, blocks):
        pinned = PINNED.match(block)
        assert pinned, f"{lock}: not an exact version: {block.splitlines()[0]}"
        found.setdefault(canonicalize_name(pinned["name"]), set()).add(block)
    return found


def asked(*extras: str, groups: tuple[str, ...] = ()) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = list(project["project"]["dependencies"])
    for extra in extras:
        lines += project["project"]["optional-dependencies"][extra]
    for group in groups:
        lines += project["dependency-groups"][group]
    return [Requirement(line) for line in lines]


def debians(requirement: Requirement) -> bool:
    """Whether a recorder has it from apt: Debian's drivers are built against Debian's numpy."""
    return requirement.name == "numpy"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    for name, blocks in entries(lock).items():
        assert all("--hash=sha256:" in block for block in blocks), name


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|@ ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("requirements.lock", asked("device", "desk", groups=("dev",))),
        ("requirements-pi.lock", asked("device", "pi")),
        (
            "requirements-recorder.lock",
            [one for one in asked("device", "header") if not debians(one)],
        ),
        ("requirements-build.lock", asked(groups=("build",))[-1:]),
        ("requirements-verifier.lock", asked()),
    ],
    ids=["developer", "pi", "recorder", "build", "verifier"],
)
def test_lock_answers_each_dependency_with_a_version_it_admits(
    lock: str, requirements: list[Requirement]
) -> None:
    locked = entries(lock)
    for requirement in requirements:
        blocks = locked.get(canonicalize_name(requirement.name), set())
        versions = [match["version"] for match in map(PINNED.match, blocks) if match]
        assert versions, f"{lock} has no {requirement.name}"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_a_recorder_gets_no_numpy_beside_debians_and_nothing_that_has_to_be_compiled() -> None:
    ours = set(entries("requirements-recorder.lock"))
    assert not ours & {"numpy", "picamera2", "lgpio", "pyaudio", "simplejpeg"}


def test_a_recorder_runs_the_versions_that_are_tested() -> None:
    tested = entries("requirements.lock")
    for name, blocks in entries("requirements-recorder.lock").items():
        pins = {match["version"] for match in map(PINNED.match, blocks) if match}
        others = {match["version"] for match in map(PINNED.match, tested.get(name, ())) if match}
        assert pins == others, name


def test_the_bare_verifier_carries_cryptography_and_its_needs_alone() -> None:
    assert set(entries("requirements-verifier.lock")) == {"cffi", "cryptography", "pycparser"}
