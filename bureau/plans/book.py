"""The book of plans.

Owns ``plans/``: for each plan ``<id>.json``, the draft in clear, and once it is published
``<id>.jws``, the signed bytes that go out, always the same. Numbers are given out here, one at a
time. Refuses changes: a plan that was published stays as it is, another one takes its place.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from bureau import days
from bureau.errors import PlanningError
from bureau.plans.draft import MAX_FILE_BYTES, Draft, dump, load
from evidence import plan
from evidence.digests import sha256_hex
from evidence.errors import PlanError
from evidence.plan import MAX_PLAN_BYTES, MOST_NUMBER, PLAN_ID, Plan
from evidence.store.durable import make_folder, replace_file

_log = logging.getLogger(__name__)

_DRAFT: Final = ".json"
_SIGNED: Final = ".jws"
_DRAFT_MODE: Final = 0o600
_SIGNED_MODE: Final = 0o440
_LOOKS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A published plan: what it says to devices, its bytes, and their digest."""

    plan: Plan
    token: bytes
    sha256: str


class PlanBook:
    """The plans of a bureau.

    Args:
        folder: ``plans/``.
        ca: The bureau CA.
    """

    def __init__(self, folder: Path, ca: x509.Certificate) -> None:
        self._folder = folder
        self._ca = ca
        self._known: dict[str, Signed | None] = {}
        self._published: list[Signed] = []
        self._seen: int | None = None
        self._looks = 0

    def enter(self, draft: Draft) -> Draft:
        """Write a draft down under its number, or under the lowest free one where that is 0.

        Raises:
            PlanningError: ``plan_number``: one of its recorders has that number on one of its days,
                or has none left; ``plan_book``: the book cannot be written.
            PlanError: Its particulars are not what a plan has.
        """
        with self._alone():
            number = self._free(draft)
            day = days.local(draft.begins).strftime("%Y%m%d")
            plan_id = f"p-{day}-{number:02d}-{secrets.token_hex(3)}"
            entered = draft.numbered(number, plan_id)
            replace_file(self._path(plan_id, _DRAFT), dump(entered), mode=_DRAFT_MODE)
        return entered

    def keep(self, plan_id: str, token: bytes) -> Signed:
        """Put a signed plan into the book, once.

        Raises:
            PlanningError: ``plan_again``: other bytes stand there.
            PlanError: It is not a plan of this bureau.
        """
        with self._alone():
            if self._path(plan_id, _SIGNED).exists():
                raise PlanningError(f"plan {plan_id} was published before", code="plan_again")
            signed = self._verified(token)
            replace_file(self._path(plan_id, _SIGNED), token, mode=_SIGNED_MODE)
        self._known[plan_id] = signed
        return signed

    def draft(self, plan_id: str) -> Draft:
        """A plan in clear.

        Raises:
            PlanningError: ``no_plan``: it is not here; ``plan_book``: it cannot be read.
        """
        content = self._read(plan_id, _DRAFT, MAX_FILE_BYTES)
        if content is None:
            raise PlanningError(f"there is no plan {plan_id[:64]!r}", code="no_plan")
        return load(content)

    def drafts(self) -> list[Draft]:
        """Every plan in clear, by the time it begins.

        Raises:
            PlanningError: One cannot be read.
        """
        found = [self.draft(plan_id) for plan_id in self._ids(_DRAFT)]
        return sorted(found, key=lambda one: (one.begins, one.number, one.plan_id))

    def find(self, plan_id: str) -> Signed | None:
        """A published plan; None where there is none, or its file is damaged."""
        if plan_id not in self._known:
            token = self._read(plan_id, _SIGNED, MAX_PLAN_BYTES)
            if token is None:
                return None
            try:
                self._known[plan_id] = self._verified(token)
            except PlanError as error:
                _log.error("plan %s in the book: %s", plan_id, error.detail)
                self._known[plan_id] = None
        return self._known[plan_id]

    def published(self) -> list[Signed]:
        """Every published plan; the folder is listed again when it has changed."""
        self._looks += 1
        changed = self._folder.stat().st_mtime_ns if self._folder.exists() else None
        # Two changes within one tick of the file system's clock look like one: look now and then.
        if changed != self._seen or self._looks % _LOOKS == 0:
            found = (self.find(plan_id) for plan_id in self._ids(_SIGNED))
            self._published = [signed for signed in found if signed is not None]
            self._seen = changed
        return self._published

    def _verified(self, token: bytes) -> Signed:
        return Signed(plan=plan.read(token, self._ca), token=token, sha256=sha256_hex(token))

    def _free(self, draft: Draft) -> int:
        """The draft's number: asked for and free, or the lowest free one."""
        begins, ends = days.days_of(draft.begins, draft.expires)
        used = set()
        for other in self.drafts():
            first, last = days.days_of(other.begins, other.expires)
            if set(other.to) & set(draft.to) and first <= ends and begins <= last:
                used.add(other.number)
        if draft.number in used:
            raise PlanningError(
                f"number {draft.number} is taken on one of these days", code="plan_number"
            )
        free = [number for number in range(1, MOST_NUMBER + 1) if number not in used]
        if not free:
            raise PlanningError("a recorder has 99 plans for one of these days", code="plan_number")
        return draft.number or free[0]

    def _ids(self, suffix: str) -> list[str]:
        paths = self._folder.glob(f"*{suffix}")
        return sorted(path.stem for path in paths if PLAN_ID.fullmatch(path.stem))

    def _path(self, plan_id: str, suffix: str) -> Path:
        return self._folder / f"{plan_id}{suffix}"

    def _read(self, plan_id: str, suffix: str, most: int) -> bytes | None:
        if not PLAN_ID.fullmatch(plan_id):
            return None
        try:
            with self._path(plan_id, suffix).open("rb") as file:
                return file.read(most + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PlanningError(f"plan {plan_id} cannot be read: {error.strerror}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who writes: two clerks must not be given the same number."""
        try:
            make_folder(self._folder)
            fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                yield
            finally:
                os.close(fd)
        except OSError as error:
            raise PlanningError(f"{self._folder} cannot be written: {error}") from error
