"""Sessions to be judged: honest ones, and those in which a device lies under its own key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from evidence.verify import Severity, Verdict, verify
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import Folder, bundle
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BUREAU = Bureau()


def judged(folder: Folder) -> Verdict:
    """What a court that has pinned this bureau's CA makes of it."""
    return verify(bundle(folder), BUREAU.ca)


def broken(folder: Folder) -> list[str]:
    """Codes of what breaks it."""
    return [finding.code for finding in judged(folder).of(Severity.BROKEN)]


@dataclass(frozen=True)
class Lie:
    """What was signed, and what has to be found of it.

    Attributes:
        make: Makes the evidence folder.
        code: The finding that names the lie.
        record: The record that it stands at.
        also: What else may be found broken.
    """

    make: Callable[[], Folder]
    code: str
    record: int | None
    also: set[str] = field(default_factory=set)

    def check(self) -> None:
        """It is found at its record, and nothing else is blamed."""
        found = judged(self.make()).of(Severity.BROKEN)
        assert (self.code, self.record) in [(finding.code, finding.record) for finding in found]
        assert {finding.code for finding in found} - {self.code} <= self.also


def new_take(**options: Any) -> Take:
    """A session of a fresh recorder."""
    return Take(Recorder(BUREAU), **options)


def closed(take: Take) -> Folder:
    """The evidence folder of a session that is over."""
    take.close()
    return take.folder()


def with_fields(take: Take, t: str, **changes: Any) -> None:
    """The next record of type ``t`` will say something else than is true."""
    honest = take.write

    def write(kind: str, fields: dict[str, Any]) -> bytes:
        if kind == t:
            monkey(take, "write", honest)
            fields = {**fields, **changes}
        return honest(kind, fields)

    monkey(take, "write", write)


def monkey(owner: object, name: str, value: Any) -> None:
    """Put ``value`` in the place of a method of this one object."""
    setattr(owner, name, value)
