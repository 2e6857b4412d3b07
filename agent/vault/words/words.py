"""Taking the bureau's words, and adopting them between sessions.

Owns the life of a word: judged, put aside, adopted, on record. Refuses to adopt anything while a
session is open; a word that came meanwhile takes effect at its end, or at the start after a crash.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import RefusedError
from agent.vault import messages as m
from agent.vault.chain.device_log import DeviceLog
from agent.vault.words.word import Judged, Word
from evidence.rulebook.carried import MAX_CARRIED_BYTES, MAX_POLICY_BYTES
from evidence.store import durable

_log = logging.getLogger(__name__)

_LONGEST_DETAIL: Final = 1_000
_TOO_LARGE: Final = {"roster": "assignment_size", "policy": "policy_size"}
_OLDER: Final = {"assignment": "assignment_older", "rulebook": "policy_older"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What the dock is answered, and whether something came into force just now."""

    answer: m.WordTaken
    changed: bool


class Words:
    """The words of both kinds.

    Args:
        kinds: By the name that the dock uses.
        log: Records what was adopted.
        release: Custody's way to let a file go that was adopted.
    """

    def __init__(
        self, kinds: Mapping[str, Word], log: DeviceLog, release: Callable[[Path], None]
    ) -> None:
        self._kinds = kinds
        self._log = log
        self._release = release

    def take(self, kind: str, content: bytes, *, recording: bool) -> Taken:
        """Verify a word and put it aside; without a session it is adopted at once.

        Args:
            kind: ``roster`` or ``policy``.
            content: As the bureau sent it.
            recording: Whether a session is open.

        Raises:
            RefusedError: It must not be adopted; nothing has changed.
        """
        if len(content) > MAX_POLICY_BYTES:
            detail = f"{len(content)} bytes where a message has {MAX_POLICY_BYTES}"
            raise RefusedError(detail, code=_TOO_LARGE[kind])
        word = self._kinds[kind]
        judged = word.judge(content)
        adopted = m.WordTaken(number=judged.number, state="adopted")
        if judged.held:
            return Taken(adopted, changed=False)
        self._check_waiting(word, judged, content)
        durable.replace_file(word.staged, content)
        if recording or not judged.due:
            return Taken(m.WordTaken(number=judged.number, state="staged"), changed=False)
        self._adopt(word, judged, content)
        return Taken(adopted, changed=True)

    def adopt_waiting(self) -> tuple[str, ...]:
        """Adopt what was put aside; called while no session is open.

        Returns:
            The kinds that came into force.
        """
        return tuple(kind for kind, word in self._kinds.items() if self._adopt_staged(word))

    def _adopt_staged(self, word: Word) -> bool:
        content = _content(word.staged)
        if content is None:
            return False
        try:
            judged = word.judge(content)
        except RefusedError as error:
            # By removable medium anything may have been put there; it is not looked at again.
            _log.warning("what lies in %s is refused: %s", word.staged.name, error.detail)
            detail = error.detail[:_LONGEST_DETAIL]
            self._log.record("refusal", {"code": error.code, "detail": detail})
            self._release(word.staged)
            return False
        if not judged.due:
            return False
        self._adopt(word, judged, content)
        return True

    def _adopt(self, word: Word, judged: Judged, content: bytes) -> None:
        """Into force, then on record, then no longer waiting: in this order it can be repeated."""
        word.install(content, judged)
        fields = {"step": word.step, "sha256": judged.sha256, "version": judged.number}
        if self._log.state.provisioned.get(word.step) != (judged.number, judged.sha256):
            self._log.record("provision", fields)
        self._release(word.staged)
        _log.info("adopted %s %d", word.step, judged.number)

    def _check_waiting(self, word: Word, judged: Judged, content: bytes) -> None:
        """What is put aside already counts as seen: nothing older takes its place."""
        waiting = _content(word.staged)
        if waiting is None or waiting == content:
            return
        try:
            number = word.judge(waiting).number
        except RefusedError:
            return
        if judged.number <= number:
            raise RefusedError(f"number {number} waits to be adopted", code=_OLDER[word.step])


def _content(path: Path) -> bytes | None:
    """A word that waits; None where none does, or what is there is larger than any."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CARRIED_BYTES + 1)
    except FileNotFoundError:
        return None
    return content
