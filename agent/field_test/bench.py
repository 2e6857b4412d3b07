"""The recorder on the bench: running as it ships, with a tester beside it.

Owns the recorder's parts over watched ports, the loop in a thread of its own, and what steps ask of
both. Refuses a recorder that records, and one whose own process runs: both are asked of the vault.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Final, TypeVar

import msgspec

from agent.errors import FieldTestError
from agent.field_test.kernel import Kernel
from agent.field_test.taps import FeltButton, SharedLamp, WatchedCamera, WatchedEar, WatchedInbox
from agent.field_test.tester import Tester
from agent.field_test.vault import FieldVault
from agent.preflight.bounded import Bounded
from agent.recorder import put_together
from agent.session import events as e
from agent.session.states import Session
from agent.settings import Device
from agent.vault.messages import CheckResult
from agent.voice import sentences
from evidence.store import durable
from hw.ports import RecorderBoard

_log = logging.getLogger(__name__)

SECOND_NS: Final = 1_000_000_000
PULLED_NAME: Final = "pulled.json"
WARM_SECONDS: Final = 30.0
CHECK_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 0.05
_END_SECONDS: Final = 30.0

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a field test is made.

    Attributes:
        soak_minutes: How long the recorder runs in one go.
        patience_seconds: How long a finger, a lift or a receipt is waited for.
        look_seconds: How long pictures and sounds are collected.
        cut_seconds: How long the plug may stay in after it was to be pulled.
        out: Folder of the report, and of what has to outlive a power cut.
        root: Where ``proc`` and ``sys`` are.
    """

    soak_minutes: float = 10.0
    patience_seconds: float = 30.0
    look_seconds: float = 5.0
    cut_seconds: float = 120.0
    out: Path
    root: Path = Path("/")


class Bench:
    """One recorder under test.

    Args:
        device: Settings and folder.
        board: The recorder's ports.
        person: Hands, eyes and ears.
        terms: How the test is made.
    """

    def __init__(self, device: Device, board: RecorderBoard, person: Tester, terms: Terms) -> None:
        self.device = device
        self.person = person
        self.terms = terms
        self.clock = board.clock
        self.boot_id = board.boot_id
        self.fingers = {name: FeltButton(button) for name, button in board.buttons.items()}
        self.lamp = SharedLamp(board.lamp)
        frame_ns = SECOND_NS // device.settings.camera.frames_per_second
        self.camera = WatchedCamera(board.camera, frame_ns)
        self.board = replace(board, buttons=dict(self.fingers), lamp=self.lamp, camera=self.camera)
        self.inbox = WatchedInbox()
        self.ear = WatchedEar(board.clock)
        self.vault = FieldVault(device.paths.vault_socket)
        self.kernel = Kernel(terms.root)
        self.bounded = Bounded(board.clock)
        self._stop = Event()
        self.recorder = put_together(device, self.board, self.inbox, self._stop, self.ear)
        self._failure: list[Exception] = []
        self._thread = Thread(target=self._run, name="recorder-under-test", daemon=True)

    # The recorder.

    def start(self) -> None:
        """Let the recorder run, and wait until it is warm.

        Raises:
            FieldTestError: It records, its own process runs, or it does not get warm.
        """
        check_free(self.vault)
        self._thread.start()
        self.wait_for(self.recorder.media.is_warm, WARM_SECONDS)

    def stop(self) -> None:
        """End it as it ends at power-off: what is recorded is closed."""
        self._stop.set()
        self._thread.join(_END_SECONDS)

    @property
    def session(self) -> Session:
        """What the recorder's loop knows now."""
        return self.recorder.runner.session

    def _run(self) -> None:
        try:
            self.recorder.run()
        except Exception as error:  # noqa: BLE001 - told by the step that waits
            _log.exception("the recorder under test has died")
            self._failure.append(error)

    # What steps ask for.

    def wait_for(self, fact: Callable[[], Found], seconds: float | None = None) -> Found:
        """Wait until ``fact`` holds, for the tester's patience if no time is given; its last word.

        Raises:
            FieldTestError: The recorder under test has died.
        """
        patience = self.terms.patience_seconds if seconds is None else seconds
        until_ns = self.clock.monotonic_ns() + round(patience * SECOND_NS)
        while not (found := fact()) and self.clock.monotonic_ns() < until_ns:
            if self._failure:
                raise FieldTestError(f"the recorder has died: {self._failure[0]}")
            self.clock.wait(Event(), _LOOK_SECONDS)
        return found

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.wait(Event(), seconds)

    def ask(self, task: str) -> None:
        """Tell the tester what to do: on the screen, and spoken where there is a sentence."""
        words = sentences.field_task(task)
        if words:
            self.recorder.voice.say(words)
        self.person.do(task)

    def check(self, name: str) -> CheckResult | None:
        """What the last check before use found of ``name``; None where none has been signed."""

        def last() -> tuple[CheckResult, ...]:
            told = [one for one in self.inbox.since(0) if isinstance(one, e.PreflightStored)]
            return told[-1].checks if told else ()

        found = self.wait_for(last, CHECK_SECONDS)
        return next((one for one in found if one.name == name), None)

    def quiet(self, seconds: float) -> None:
        """Wait until the recorder itself has said nothing for so long."""
        self.check("microphone")  # its self-test is not to be cut

        def hushed() -> bool:
            self.recorder.voice.hush()
            return self.was_quiet(seconds)

        self.wait_for(hushed)

    def was_quiet(self, seconds: float) -> bool:
        """Whether the recorder itself has said nothing for so long."""
        now_ns = self.clock.monotonic_ns()
        since_ns = now_ns - round(seconds * SECOND_NS)
        return self.recorder.voice.silences(since_ns, now_ns) == [(since_ns, now_ns)]

    def note_cut(self, pulled: msgspec.Struct) -> None:
        """Put down what has to be known after a power cut."""
        durable.replace_file(self.terms.out / PULLED_NAME, msgspec.json.encode(pulled))

    def divert(self, *, on: bool) -> None:
        """Whether fingers are the test's, or the recorder's."""
        for button in self.fingers.values():
            button.diverted = on


def check_free(vault: FieldVault) -> None:
    """See to it that no recording is disturbed.

    Raises:
        FieldTestError: A session is open, or the recorder's own process runs; or no vault answers.
    """
    facts = vault.facts()
    if facts.open_session is not None:
        raise FieldTestError(f"session {facts.open_session} is open", code="field_recording")
    if facts.attached:
        raise FieldTestError("a recorder is connected to the vault", code="field_attached")
