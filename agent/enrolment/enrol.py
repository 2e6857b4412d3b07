"""Enrolling this recorder: over the dock network, or by a stick in two steps.

Owns the order of the steps and that one run works at a time. Refuses to ask again once enrolled.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum, unique
from hashlib import sha256
from pathlib import Path

from agent.enrolment import carrying, own_keys, taking
from agent.enrolment.asking import Asking
from agent.enrolment.body import Body, body_of
from agent.enrolment.composing import compose
from agent.enrolment.seed import SEED_FOLDER, SEED_NAME, Seed, read_seed
from agent.settings import Paths
from evidence.enrolment import digits_of
from evidence.store.durable import make_folder

Show = Callable[[str], None]
"""Shows six digits to the clerk: ``123 456``."""

_NONCE_BYTES = 32


@unique
class Outcome(StrEnum):
    """What a run came to."""

    ENROLLED = "enrolled"
    UNCHANGED = "unchanged"
    """It had been enrolled before."""
    WAITING = "waiting"
    """The request lies on the stick; the answer is the bureau's to give."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """A recorder that wants to be enrolled.

    Attributes:
        paths: Its folder.
        seed: What it was told.
        body: What it is made of.
    """

    paths: Paths
    seed: Seed
    body: Body

    @classmethod
    def at(
        cls, folder: Path, seed_folder: Path | None = None, serial: str | None = None
    ) -> Recorder:
        """Prepare ``folder``; it is made if it is not there.

        Args:
            folder: The device folder.
            seed_folder: Where the seed is; ``seed`` in the device folder.
            serial: What a simulated body calls itself.

        Raises:
            EnrolmentRefusedError: ``seed``, ``body`` or ``foreign``.
        """
        folder = folder.absolute()
        seed = read_seed(seed_folder or folder / SEED_FOLDER)
        make_folder(folder)
        body = body_of(seed.board, seed.device, folder, serial=serial)
        recorder = cls(Paths(folder, folder / "run"), seed, body)
        taking.check_folder(recorder.paths, seed)
        return recorder

    def over_network(self, show: Show) -> Outcome:
        """Ask the desk and take its answer.

        Args:
            show: Shows and says the digits while the clerk compares.

        Raises:
            EnrolmentRefusedError: Not enrolled; the next run goes on from here.
        """
        with self._alone() as enrolled:
            if enrolled:
                return Outcome.UNCHANGED
            own_keys.make_keys(self.paths)
            nonce = secrets.token_bytes(_NONCE_BYTES)
            request = compose(self.paths, self.seed, self.body, nonce)
            bundle = Asking(self.seed).ask(request, nonce, show)
            taking.take(bundle, sha256(request).hexdigest(), self.paths, self.seed)
        return Outcome.ENROLLED

    def onto_stick(self, medium: Path, show: Show) -> Outcome:
        """Write the request onto a stick.

        Raises:
            EnrolmentRefusedError: It cannot be written.
        """
        with self._alone() as enrolled:
            if enrolled:
                return Outcome.UNCHANGED
            own_keys.make_keys(self.paths)
            request = carrying.put_request(
                medium,
                self.paths,
                self.seed,
                self.body,
                lambda: compose(
                    self.paths, self.seed, self.body, secrets.token_bytes(_NONCE_BYTES)
                ),
            )
        show(digits_of(request, self.seed.authority()))
        return Outcome.WAITING

    def from_stick(self, medium: Path) -> Outcome:
        """Take the answer from a stick.

        Raises:
            EnrolmentRefusedError: There is none, or it proves nothing.
        """
        with self._alone() as enrolled:
            if enrolled:
                return Outcome.UNCHANGED
            bundle, request_sha256 = carrying.get_bundle(medium, self.paths, self.seed)
            taking.take(bundle, request_sha256, self.paths, self.seed)
        return Outcome.ENROLLED

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the folder for one run; yields whether it has been enrolled by now."""
        fd = os.open(self.paths.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield taking.is_enrolled(self.paths)
        finally:
            os.close(fd)


def needs_enrolment(folder: Path) -> bool:
    """Whether ``folder`` holds a seed and nothing that was taken yet."""
    paths = Paths(folder, folder / "run")
    return not taking.is_enrolled(paths) and (folder / SEED_FOLDER / SEED_NAME).exists()
