"""Opening a session: what was sealed becomes playable, and who did it is on record.

Owns decrypting with the bureau's identity, the films, the evidence folder that stands beside them,
and having the announcements heard again. Refuses to let anybody see anything before the ledger has
taken who and why (查阅审批), and to write over what is there.
"""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pyrage

from bureau.errors import AccessError
from bureau.films import join, trim, trim_open
from bureau.hearing import Clips, Rehearing, hear_again
from bureau.intake.case import bundle_of
from bureau.intake.stores import Office
from bureau.ledger import CopyRow
from evidence import journal
from evidence.ids import DEVICE_LOG_NAME, is_content_name, is_file_name
from evidence.report import report
from evidence.store import durable
from evidence.verify import Bundle, Verdict, verify

_log = logging.getLogger(__name__)

FILM_NAME: Final = "recording.mp4"
HEARING_NAME: Final = "hearing.json"
_AGE_SUFFIX: Final = ".age"
_PIECE: Final = 1_048_576
_MOST_IN_MEMORY: Final = 512 * 1024 * 1024
"""A segment of a minute at the highest quality is a fifth of this."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """An opened session.

    Attributes:
        folder: Where it lies.
        films: One playable file per segment, in order.
        recording: All of them in one, or None where nothing could be played.
        verdict: What verifying it gave.
        hearings: What the desk heard of each announcement.
    """

    folder: Path
    films: list[Path]
    recording: Path | None
    verdict: Verdict
    hearings: list[Rehearing]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who opens a session, and why (S3§14, S4§18)."""

    who: str
    why: str


class Access:
    """Opens sessions.

    Args:
        office: Where they lie, with their receipts and rulebooks, and the ledger.
        identity: File of the bureau's age identity.
        clips: The announcements this bureau holds.
    """

    def __init__(self, office: Office, identity: Path, clips: Clips) -> None:
        self._archive = office.archive
        self._book = office.book
        self._rulebooks = office.rulebooks
        self._ledger = office.ledger
        self._identity = identity
        self._clock = office.clock
        self._clips = clips

    def open(self, device: str, sid: str, out: Path, reader: Reader) -> Copied:
        """Open a session into the folder ``out``.

        Args:
            device: Whose.
            sid: Session id.
            out: A folder that does not exist yet, or is empty.
            reader: Who, and why; in the ledger before anything is opened.

        Raises:
            AccessError: The folder is not empty, the identity unusable, or the session not here.
            LedgerError: The ledger does not take the copy: nothing is opened.
        """
        self._refuse(device, sid, out, reader)
        identity = _read_identity(self._identity)
        number = self._ledger.begin_copy(
            CopyRow(
                device=device,
                sid=sid,
                who=reader.who,
                why=reader.why,
                began=self._clock.utc(),
                finished=None,
                outcome="begun",
                folder=str(out),
            )
        )
        outcome = "failed"
        try:
            copied = self._copy(device, sid, out, identity)
            outcome = "opened"
        except OSError as error:
            raise AccessError(f"{out} cannot be written: {error}", code="out") from error
        finally:
            self._ledger.finish_copy(number, at=self._clock.utc(), outcome=outcome)
        return copied

    def judge(self, device: str, sid: str) -> Verdict:
        """Verify a session with everything the bureau holds of it."""
        return verify(self._bundle(device, sid), self._rulebooks.ca)

    def hear(self, device: str, sid: str) -> list[Rehearing]:
        """Hear the announcements of a session again.

        A machine listens: what is opened for it stays in memory, and nobody sees or hears it.
        """
        bundle = self._bundle(device, sid)
        records = journal.payloads(bundle.journal)
        try:
            identity = _read_identity(self._identity)
        except AccessError:
            return hear_again(records, None, self._clips)
        folder = self._archive.session(device, sid)
        return hear_again(records, lambda name: _in_memory(folder, name, identity), self._clips)

    def _refuse(self, device: str, sid: str, out: Path, reader: Reader) -> None:
        if not reader.who.strip() or not reader.why.strip():
            raise AccessError("who opens it and why has to be said (--who, --why)")
        if not self._archive.session(device, sid).is_dir():
            raise AccessError(f"session {sid} is not in the archive", code="no_session")
        if out.exists() and any(out.iterdir()):
            raise AccessError(f"{out} is not empty; name another folder", code="out")

    def _copy(self, device: str, sid: str, out: Path, identity: pyrage.x25519.Identity) -> Copied:
        evidence = out / "evidence"
        durable.make_folder(evidence)
        source = self._archive.session(device, sid)
        films: list[Path] = []
        fits: list[bool] = []
        for name in sorted(path.name for path in source.iterdir()):
            _take(source / name, evidence / name)
            if name.endswith(_AGE_SUFFIX) and is_content_name(name):
                opened = out / name.removesuffix(_AGE_SUFFIX)
                fits.append(_unseal(source / name, opened, identity))
                if opened.suffix == ".mp4":
                    trim(opened)
                    films.append(opened)
        if fits and not any(fits):
            raise AccessError("it was sealed to another bureau's identity", code="no_identity")
        bundle = self._bundle(device, sid)
        self._lay_papers(bundle, evidence)
        verdict = verify(bundle, self._rulebooks.ca)
        hearings = hear_again(
            journal.payloads(bundle.journal), lambda name: _laid_out(out, name), self._clips
        )
        _lay_verdict(out, verdict, hearings)
        recording = out / FILM_NAME
        joined = join(films, recording)
        return Copied(
            folder=out,
            films=films,
            recording=recording if joined else None,
            verdict=verdict,
            hearings=hearings,
        )

    def _bundle(self, device: str, sid: str) -> Bundle:
        return bundle_of(self._archive, self._book, self._rulebooks, device, sid)

    def _lay_papers(self, bundle: Bundle, folder: Path) -> None:
        """Beside the sealed files: log, receipts, rulebook, so that the folder is judged alone."""
        papers = {
            DEVICE_LOG_NAME: bundle.device_log,
            "receipt-committed.jws": bundle.committed,
            "receipt-stored.jws": bundle.stored,
            "rulebook.json": bundle.rulebook,
            "root.json": bundle.root,
        }
        for name, content in papers.items():
            if content is not None:
                durable.replace_file(folder / name, content)


def lines(verdict: Verdict, hearings: list[Rehearing]) -> list[str]:
    """The verdict as a clerk reads it, what the desk heard before its last line."""
    *told, last = report(verdict, "zh")
    heard = ["告知复核（由本机按录音重新检测）", *(f"  {one.told()}" for one in hearings), ""]
    return [*told, *(heard if hearings else []), last]


def _lay_verdict(out: Path, verdict: Verdict, hearings: list[Rehearing]) -> None:
    papers = {
        "verdict.json": _pretty(verdict.to_json()),
        HEARING_NAME: _pretty([one.to_json() for one in hearings]),
        "verdict.txt": "\n".join(lines(verdict, hearings)),
    }
    for name, text in papers.items():
        durable.replace_file(out / name, f"{text}\n".encode())


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _laid_out(out: Path, name: str) -> BinaryIO | None:
    """A segment that was opened and trimmed."""
    film = out / name.removesuffix(_AGE_SUFFIX)
    return film.open("rb") if is_file_name(name) and film.is_file() else None


def _in_memory(folder: Path, name: str, identity: pyrage.x25519.Identity) -> BinaryIO | None:
    """A segment opened into memory alone."""
    source = folder / name
    if not is_file_name(name) or not source.is_file() or source.stat().st_size > _MOST_IN_MEMORY:
        return None
    opened = io.BytesIO()
    with source.open("rb") as sealed:
        _decrypt(sealed, opened, identity)
    trim_open(opened)
    return opened


def _take(source: Path, target: Path) -> None:
    """A copy of an archived file, never a second name: what is handed out leads nowhere back."""
    with source.open("rb") as archived, _private(target) as copy:
        shutil.copyfileobj(archived, copy, _PIECE)


def _private(target: Path) -> BinaryIO:
    """A new file that other users of the machine cannot read."""
    return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb")


def _unseal(source: Path, target: Path, identity: pyrage.x25519.Identity) -> bool:
    """Decrypt; of a file that a crash tore, everything that is authentic.

    Returns:
        False where the identity opens nothing of it.

    Raises:
        OSError: The medium failed.
    """
    with source.open("rb") as sealed, _private(target) as opened:
        return _decrypt(sealed, opened, identity)


def _decrypt(sealed: BinaryIO, opened: BinaryIO, identity: pyrage.x25519.Identity) -> bool:
    try:
        pyrage.decrypt_io(sealed, opened, [identity])
    except pyrage.DecryptError as error:
        _log.warning("%s: %s", sealed.name, error)
        return False
    except OSError as error:
        # A torn file ends in an error without a number, after each whole chunk was written.
        if error.errno is not None:
            raise
        _log.warning("%s: %s", sealed.name, error)
    return True


def _read_identity(path: Path) -> pyrage.x25519.Identity:
    try:
        lines = path.read_text().splitlines()
        secret = next(line for line in lines if line.startswith("AGE-SECRET-KEY-"))
        return pyrage.x25519.Identity.from_str(secret)
    except (OSError, StopIteration, pyrage.IdentityError) as error:
        raise AccessError(
            f"{path} holds no usable identity: {error}", code="no_identity"
        ) from error
