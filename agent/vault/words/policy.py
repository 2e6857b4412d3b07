"""Policies: root document, rulebook and clips, adopted together.

Owns the order in which their files are put into force: clips first, the floor last, so that a
recorder that loses power anywhere in between completes it at the next start. Refuses judgement of
its own: ``evidence.rulebook.adoption`` is the same here and at the bureau.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.errors import ClipError, RefusedError
from agent.settings import Paths
from agent.vault.mandate import Mandate, read_floor
from agent.vault.words.word import Judged, Word
from evidence import moments
from evidence.errors import RulebookError
from evidence.rulebook import Announcement
from evidence.rulebook.adoption import Adoptable, Held, judge
from evidence.rulebook.carried import CarriedClip, unpack
from evidence.store import durable
from hw.ports import Clock

STEP: Final = "rulebook"
META_NAME: Final = "meta.json"
TEXT_NAME: Final = "text.txt"
AUDIO_NAME: Final = "audio.flac"


class Policy(Word):
    """The device's policy.

    Args:
        paths: Where its files lie.
        mandate: The pinned CA and the device's id.
        clock: Says whether its term has begun.
        sure_now: The wall clock, RFC 3339; None where nobody can tell how wrong it is.
    """

    def __init__(
        self, paths: Paths, mandate: Mandate, clock: Clock, sure_now: Callable[[], str | None]
    ) -> None:
        self._paths = paths
        self._mandate = mandate
        self._clock = clock
        self._sure_now = sure_now

    @property
    def step(self) -> str:
        """``rulebook``."""
        return STEP

    @property
    def staged(self) -> Path:
        """Beside the one in force."""
        return self._paths.staged_policy

    def judge(self, content: bytes) -> Judged:
        """Verify a policy against the one in force."""
        try:
            found = judge(
                content,
                self._held(),
                self._mandate.ca,
                device=self._mandate.device,
                now=self._sure_now(),
                decode=_decode,
            )
        except RulebookError as error:
            raise RefusedError(error.detail, code=error.code) from error
        begun = moments.utc_ns(found.book.not_before) <= self._clock.utc_ns()
        return Judged(
            number=found.book.version,
            sha256=found.book.sha256,
            held=found.held and self._is_whole(found),
            due=begun,
        )

    def install(self, content: bytes, judged: Judged) -> None:
        """Clips, root, rulebook: each of them replaced whole; the floor says that all is done."""
        carried = unpack(content)
        for clip in carried.clips:
            folder = self._paths.announce / clip.id
            durable.make_folder(folder)
            for name, held in _files(clip).items():
                durable.replace_file(folder / name, held)
        durable.replace_file(self._paths.root, carried.root)
        durable.replace_file(self._paths.rulebook, carried.rulebook)
        durable.replace_file(self._paths.rulebook_floor, f"{judged.number}\n".encode())

    def _held(self) -> Held:
        """What is in force; what cannot be read is empty, and verifies as nothing."""
        return Held(
            root=_content(self._paths.root),
            rulebook=_content(self._paths.rulebook),
            floor=read_floor(self._paths.rulebook_floor),
        )

    def _is_whole(self, found: Adoptable) -> bool:
        """Whether an adoption of it has come to its end: clips and floor too."""
        return read_floor(self._paths.rulebook_floor) == found.book.version and all(
            _content(self._paths.announce / clip.id / name) == held
            for clip in found.carried.clips
            for name, held in _files(clip).items()
        )


def _files(clip: CarriedClip) -> dict[str, bytes]:
    return {META_NAME: clip.meta, TEXT_NAME: clip.text, AUDIO_NAME: clip.audio}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _decode(audio: bytes, named: Announcement) -> bytes:
    # A decoder for the few minutes of a year in which a policy is judged: 10 MB at any other time.
    from agent.disclosure.clips import decode_clip  # noqa: PLC0415

    try:
        return decode_clip(audio, named)
    except ClipError as error:
        raise RulebookError(error.detail, code="policy_clip") from error
