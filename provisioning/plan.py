"""A command as a plan of idempotent steps.

Owns the order dry run, run, report. Refuses half-knowledge: a step says whether it is done by
looking at what is there, so a run that was cut short is simply run again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

from evidence.store.durable import create_file, make_folder, replace_file
from provisioning.errors import DiskError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


@unique
class StepState(StrEnum):
    """What became of a step."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that has to be so.

    Attributes:
        title: What, in Chinese, for the clerk.
        is_done: Whether it is so already; looks, never changes.
        do: Makes it so.
    """

    title: str
    is_done: Callable[[], bool]
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step and what became of it."""

    title: str
    state: StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a command did, or would do.

    Attributes:
        outcomes: Every step, in order.
        facts: What the clerk may want to know, by name.
    """

    outcomes: tuple[Outcome, ...]
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """How many steps changed something, or would."""
        return sum(outcome.state is not StepState.UNCHANGED for outcome in self.outcomes)


def carry_out(steps: Iterable[Step], *, dry_run: bool) -> tuple[Outcome, ...]:
    """Make every step so, in order; with ``dry_run`` only say which would change something.

    Raises:
        DiskError: The medium is full or broken; the steps before are done.
    """
    return tuple(_carry_out(step, dry_run=dry_run) for step in steps)


def _carry_out(step: Step, *, dry_run: bool) -> Outcome:
    if step.is_done():
        return Outcome(step.title, StepState.UNCHANGED)
    if dry_run:
        return Outcome(step.title, StepState.PLANNED)
    with naming_the_disk(step.title):
        step.do()
    return Outcome(step.title, StepState.CHANGED)


@contextmanager
def naming_the_disk(what: str) -> Iterator[None]:
    """Say that the disk is the cause, where it is.

    Args:
        what: Was being made, in Chinese.

    Raises:
        DiskError: The medium is full, broken or read-only.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskError(f"{what}: {error}; make room and run it again") from error


def folder_step(title: str, path: Path, *, mode: int = 0o750) -> Step:
    """The folder exists."""
    return Step(title, path.is_dir, lambda: make_folder(path, mode=mode))


def once_step(title: str, path: Path, make: Callable[[], bytes], *, mode: int = 0o640) -> Step:
    """The file exists whole; it is made once and never written again."""

    def do() -> None:
        make_folder(path.parent)
        create_file(path, make(), mode=mode)

    return Step(title, path.exists, do)


def content_step(title: str, path: Path, content: bytes, *, mode: int = 0o640) -> Step:
    """The file holds exactly ``content``."""

    def do() -> None:
        make_folder(path.parent)
        replace_file(path, content, mode=mode)

    return Step(title, lambda: path.is_file() and path.read_bytes() == content, do)


def print_step(title: str, path: Path, content: bytes, *, mode: int = 0o640) -> Step:
    """The file holds exactly ``content``, as far as a power cut is of no account.

    For papers: they are derived from the ledger and are no evidence. One that was cut short is not
    what it should be, so the same command writes it again; waiting for the medium, twice for each
    of a delivery's, would buy nothing.
    """

    def do() -> None:
        make_folder(path.parent)
        path.write_bytes(content)
        path.chmod(mode)

    return Step(title, lambda: path.is_file() and path.read_bytes() == content, do)
