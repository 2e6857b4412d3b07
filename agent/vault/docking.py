"""What the vault says at the dock, and what it learns there.

Owns the answer to the bureau's challenge (a line of the device log under the live chain key, and
all of it under the device's signing key) and taking the bureau's time. Refuses to answer anybody
but the bureau, to answer the same question twice, and to set a clock.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import RefusedError
from agent.vault import messages as m
from agent.vault.chain.device_log import DeviceLog, Start
from agent.vault.chain.taught_clock import Lesson, TaughtClock
from agent.vault.mandate import Mandate
from agent.vault.store.medium import Medium
from evidence import bureau_time, challenge, ids, journal, moments
from evidence.bureau_time import BureauTime
from evidence.challenge import MOST_SESSIONS, NONCE_BYTES, Answer, HeldSession, Holding
from evidence.digests import sha256_hex
from evidence.errors import ChallengeError
from evidence.limits import MAX_LINE_BYTES

MOST_ANSWERS: Final = 1_000
"""In one start: a broker that repeats what the bureau once said must not fill the device log."""
SLOWEST_NS: Final = 10 * 1_000_000_000
"""A round trip that took longer says too little of the time."""

_MS_NS: Final = 1_000_000
_LAST_BYTES: Final = 16 * 1024
"""A closed journal ends with an ``attest`` of a few hundred bytes."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question that the bureau's time has to answer: its nonce, and when it was drawn."""

    nonce: str
    mono_ns: int


class Docking:
    """Answers challenges and takes the bureau's time.

    Args:
        mandate: Who this is.
        log: Takes the line that binds an answer.
        medium: Where the sessions lie.
        clock: Learns the bureau's time.
        start: This start of the vault.
    """

    def __init__(
        self, mandate: Mandate, log: DeviceLog, medium: Medium, clock: TaughtClock, start: Start
    ) -> None:
        self._mandate = mandate
        self._log = log
        self._medium = medium
        self._clock = clock
        self._start = start
        self._answered: set[str] = set()
        self._asked: _Asked | None = None

    def answer(self, token: bytes) -> m.Answered:
        """The answer to a challenge, once its line is on the medium.

        Raises:
            RefusedError: Not the bureau's, answered already, or one too many in this start.
            SigningFault: The key does not sign.
        """
        asked = self._read(token)
        held = self._held()
        state = self._log.state
        holding = Holding(
            boot_id=self._start.boot_id,
            start_id=self._start.start_id,
            counter=state.counter,
            count=state.count,
            held=len(held),
            sessions=tuple(held[:MOST_SESSIONS]),
        )
        fields = {"nonce": asked.nonce, "sent": asked.sent, "holding": holding.sha256()}
        line = self._log.record("challenge", fields)
        self._answered.add(asked.nonce)
        self._asked = _Asked(secrets.token_hex(NONCE_BYTES), self._clock.monotonic_ns())
        said = Answer(
            dev=self._mandate.device,
            nonce=asked.nonce,
            line=line,
            record={},
            holding=holding,
            time_nonce=self._asked.nonce,
        )
        content = challenge.sign_answer(said, self._mandate.signer, self._mandate.x5c)
        return m.Answered(content=content)

    def take_time(self, token: bytes) -> m.TimeTaken:
        """Learn the bureau's time, and record by how much the wall clock differs.

        Raises:
            RefusedError: Not the bureau's, not the answer to the question that was asked last, or
                it took too long.
        """
        now_ns, asked = self._clock.monotonic_ns(), self._asked
        self._asked = None
        if asked is None:
            raise RefusedError("nobody asked for the time", code="time")
        told = self._read_time(token, asked)
        trip_ns = now_ns - asked.mono_ns - told.held_ns
        if not 0 <= trip_ns <= SLOWEST_NS:
            raise RefusedError(f"the time was under way for {trip_ns // _MS_NS} ms", code="time")
        half_ns = -(-trip_ns // 2)
        lesson = Lesson(
            mono_ns=now_ns, utc_ns=moments.utc_ns(told.sent) + half_ns, half_trip_ns=half_ns
        )
        offset_ms = (lesson.utc_ns - self._clock.utc_ns()) // _MS_NS
        error_ms = -(-half_ns // _MS_NS)
        self._clock.teach(lesson)
        fields = {
            "nonce": told.nonce,
            "sha256": sha256_hex(token),
            "bureau_utc": told.sent,
            "offset_ms": offset_ms,
            "round_trip_ms": -(-trip_ns // _MS_NS),
            "error_ms": error_ms,
        }
        self._log.record("time", fields)
        return m.TimeTaken(offset_ms=offset_ms, error_ms=error_ms)

    def _read(self, token: bytes) -> challenge.Challenge:
        try:
            asked = challenge.read_challenge(token, self._mandate.ca, device=self._mandate.device)
        except ChallengeError as error:
            raise RefusedError(error.detail, code="challenge") from error
        if asked.nonce in self._answered or asked.nonce == self._log.state.nonce:
            raise RefusedError("that challenge was answered before", code="challenge")
        if len(self._answered) >= MOST_ANSWERS:
            raise RefusedError(f"{MOST_ANSWERS} challenges in one start", code="challenge")
        return asked

    def _read_time(self, token: bytes, asked: _Asked) -> BureauTime:
        try:
            return bureau_time.read_time(
                token, self._mandate.ca, device=self._mandate.device, nonce=asked.nonce
            )
        except ChallengeError as error:
            raise RefusedError(error.detail, code="time") from error

    def _held(self) -> list[HeldSession]:
        """Every session on the medium: what waits for the bureau first, then the newest."""
        known = self._log.state.sessions
        found = [held for held in map(self._look, self._folders()) if held is not None]
        settled = {sid for sid, logged in known.items() if not logged.waits}
        return sorted(found, key=lambda one: (one.sid in settled, -one.counter))

    def _folders(self) -> list[Path]:
        folders = self._medium.paths.sessions.iterdir()
        return [folder for folder in folders if ids.is_session_id(folder.name)]

    def _look(self, folder: Path) -> HeldSession | None:
        """A session by its journal's first and last record; None where it has none."""
        path = folder / ids.JOURNAL_NAME
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - _LAST_BYTES))
                tail = journal.tail(file.read(_LAST_BYTES))
                if tail.payload is None:
                    file.seek(max(0, size - 2 * MAX_LINE_BYTES))
                    tail = journal.tail(file.read(2 * MAX_LINE_BYTES))
                file.seek(0)
                counter = self._counter(folder.name, file.read(MAX_LINE_BYTES))
        except FileNotFoundError:
            return None
        if tail.payload is None or tail.line is None:
            return None
        return HeldSession(
            sid=folder.name,
            counter=counter,
            records=tail.payload["i"] + 1,
            size=size,
            head=sha256_hex(tail.line),
        )

    def _counter(self, sid: str, beginning: bytes) -> int:
        logged = self._log.state.sessions.get(sid)
        if logged is not None:
            return logged.counter
        opened = journal.payloads(beginning)
        return int(opened[0]["counter"]) if opened else 0
