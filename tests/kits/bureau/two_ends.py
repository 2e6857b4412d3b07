"""Both ends of an enrolment, a step at a time: seed, ask, answer, take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.enrolment.enrol import Outcome, Recorder
from provisioning.enrolment.admission import Admission
from provisioning.enrolment.claiming import Expected, write_seed
from provisioning.enrolment.settings import DeviceOptions
from provisioning.enrolment.sticks import answer_request
from provisioning.plan import Report

PLAIN = DeviceOptions(storage_floor_bytes=0)


class TwoEnds:
    """A desk, a stick and recorders.

    Args:
        bureau: The bureau's folder.
        folder: Where recorders and stick are.
        clock: UTC in nanoseconds.
    """

    def __init__(self, bureau: Path, folder: Path, clock: Callable[[], int]) -> None:
        self.bureau = bureau
        self.folder = folder
        self.clock = clock
        self.stick = folder / "stick"

    def device(self, name: str) -> Path:
        """The folder of a recorder."""
        return self.folder / name

    def expect(self, name: str, *, options: DeviceOptions = PLAIN, **wish: Any) -> Report:
        """Write the seed into the recorder's folder."""
        expected = Expected(device=name, options=options, **wish)
        return write_seed(self.bureau, expected, self.device(name) / "seed", clock=self.clock)

    def ask(self, name: str, serial: str | None = None) -> str:
        """Write the request onto the stick; returns the digits that the recorder shows."""
        shown: list[str] = []
        recorder = Recorder.at(self.device(name), serial=serial)
        if recorder.onto_stick(self.stick, shown.append) is Outcome.UNCHANGED:
            return ""
        return shown[0]

    def request(self, name: str) -> Path:
        """The request on the stick."""
        return self.stick / f"{name}.request.jws"

    def answer(self, name: str, digits: str) -> Report:
        """The clerk types the digits."""
        return answer_request(
            self.bureau, self.request(name), self.stick, lambda _: digits, clock=self.clock
        )

    def take(self, name: str) -> Outcome:
        """The recorder takes the answer."""
        return Recorder.at(self.device(name)).from_stick(self.stick)

    def enrol(self, name: str, **wish: Any) -> None:
        """All of it."""
        self.expect(name, **wish)
        self.answer(name, self.ask(name))
        self.take(name)

    def admission(self) -> Admission:
        """The desk's judgement."""
        return Admission(self.bureau, self.clock)
