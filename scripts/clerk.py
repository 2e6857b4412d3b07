"""A clerk who hands out a recorder: by the real commands, in the order of a bureau's day.

Owns that order and the people on the stage. Refuses short cuts: everything is said in the options
of ``provision`` and ``recorder``. They run in this process, since each would need half a second to
start.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from typer.testing import CliRunner

from agent.cli import app as recorder
from hw.fake.clock import SystemClock
from provisioning.cli import app as provision

DEVICE_ID: Final = "ZF-001"
CUSTODIAN: Final = "0471"
KEEPER: Final = "0101"
HEAD: Final = "0001"
_DEPARTMENT: Final = "执法监督科"


class ClerkError(Exception):
    """A command was refused."""


@dataclass(frozen=True, slots=True)
class Clerk:
    """One clerk at one bureau.

    Attributes:
        bureau: The bureau's folder.
        stick: What is carried between desk and recorder.
    """

    bureau: Path
    stick: Path

    def found(self, options: Sequence[str]) -> None:
        """``provision init``."""
        self.provision("init", *options)

    def register_people(self) -> None:
        """Who uses the recorder, who keeps it, who approves."""
        people: tuple[tuple[str, str, str, list[str]], ...] = (
            (CUSTODIAN, "张三", "officer", ["--certificate", "41010200456"]),
            (KEEPER, "王五", "keeper", []),
            (HEAD, "赵敏", "head", []),
        )
        for number, name, role, more in people:
            words = ["--name", name, "--department", _DEPARTMENT, "--role", role, *more]
            self.provision("person", "add", number, *words)

    def hand_out(self, device: Path, seed: Sequence[str]) -> None:
        """Approve, seed, enrol by a stick, assign, and let the recorder take it all.

        Args:
            device: The device folder.
            seed: Further options of ``provision seed``.
        """
        document = ["--approver", HEAD, "--document", "统批2026-1号"]
        self.provision("approve", DEVICE_ID, "--to", CUSTODIAN, *document)
        self.provision("seed", DEVICE_ID, "--to", str(device / "seed"), *seed)
        stick = str(self.stick)
        said = self.recorder("enrol", "--device", str(device), "--to", stick, "--json")
        digits = json.loads(said.splitlines()[0])["digits"]
        answer = ["enrol", DEVICE_ID, "--request", stick]
        self.provision(*answer, "--confirm", digits)
        hands = ["--to", CUSTODIAN, "--keeper", KEEPER, "--leader", HEAD]
        self.provision("assign", DEVICE_ID, *hands)
        # The answer is written again, now with the assignment in it.
        self.provision(*answer)
        self.recorder("enrol", "--device", str(device), "--from", stick)

    def provision(self, *arguments: str) -> str:
        """One command of the clerk; returns what it printed."""
        return _run(provision, [*arguments, "--bureau", str(self.bureau)])

    def recorder(self, *arguments: str) -> str:
        """One command on the recorder; returns what it printed."""
        return _run(recorder, arguments)


def _run(app: typer.Typer, arguments: Sequence[str]) -> str:
    """Run a command to its end.

    Raises:
        ClerkError: It was refused; carries what it said.
    """
    done = CliRunner().invoke(app, list(arguments), obj=SystemClock().utc_ns)
    if done.exit_code != 0:
        raise ClerkError(f"{' '.join(arguments)}: {done.output.strip()} {done.exception or ''}")
    return done.output
