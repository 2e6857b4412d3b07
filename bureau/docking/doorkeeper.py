"""At the door: challenge a recorder that docks, take its answer, tell it the time.

Owns the nonces that are out, the choice of the log that a recorder goes on with, and what is
entered of each docking. Refuses to turn anybody away: what is found is written down, and until a
clerk has settled it no receipt frees space on that recorder.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bureau.cradles import Cradles
from bureau.docking import judging
from bureau.docking.judging import WORDS, DockFinding
from bureau.intake.holdings import Holdings
from bureau.intake.message import Outgoing
from bureau.intake.stores import Office
from bureau.ledger import DockRow
from evidence import bureau_time, challenge, journal
from evidence.bureau_time import BureauTime
from evidence.canonical import JsonObject
from evidence.challenge import NONCE_BYTES, Answer, Challenge
from evidence.digests import sha256_hex
from evidence.errors import ChallengeError
from evidence.ids import JOURNAL_NAME
from evidence.limits import MAX_ANSWER_BYTES
from evidence.wire import Topics

_log = logging.getLogger(__name__)

PATIENCE_NS: Final = 30 * 1_000_000_000
"""A recorder that has answered before and says nothing for so long is named for it."""
MOST_BRANCHES: Final = 16
"""Logs of one device that are followed; a further one is put aside as before."""
_TAIL_BYTES: Final = 16 * 1024
_LONGEST_DETAIL: Final = 1_000


@dataclass(slots=True)
class _Docking:
    """One docking: what was asked, what came back, and which row tells of it."""

    nonce: str
    asked_ns: int
    row: int | None = None
    answer: Answer | None = None
    judged: bool = False
    tried: set[int] = field(default_factory=set)
    fresh: int | None = None
    returned: int | None = None
    failed: bool = False


class Doorkeeper:
    """Stands at the door. One thread uses it.

    Args:
        office: The bureau.
        cradles: Who sits on the cradle.
        holdings: What is known of a device.
        keep_aside: Keeps what does not verify: device, what, bytes, why.
    """

    def __init__(
        self,
        office: Office,
        cradles: Cradles,
        holdings: Callable[[str], Holdings],
        keep_aside: Callable[[str, str, bytes, str], None],
    ) -> None:
        self._office = office
        self._cradles = cradles
        self._holdings = holdings
        self._keep_aside = keep_aside
        self._dockings: dict[str, _Docking] = {}
        self._known: set[str] = set()
        self._past: dict[str, str] = {}

    def greet(self, device: str) -> list[Outgoing]:
        """A recorder begins to talk: challenge it, once each time it docks."""
        if device in self._dockings:
            return []
        self._choose_last(device)
        nonce = secrets.token_hex(NONCE_BYTES)
        self._dockings[device] = _Docking(nonce, self._office.clock.mono_ns())
        asked = Challenge(dev=device, nonce=nonce, sent=self._office.clock.utc())
        token = challenge.sign_challenge(asked, *self._office.book.signs_with)
        return [Outgoing(Topics(device).challenge, token)]

    def gone(self, device: str) -> None:
        """A recorder was lifted, or its connection ended."""
        docking = self._dockings.pop(device, None)
        if docking is not None:
            self._past[device] = docking.nonce

    def take_answer(self, device: str, token: bytes) -> list[Outgoing]:
        """Take an answer and tell the time; what it shows is judged once the log is here."""
        received = self._office.clock.utc()
        docking = self._dockings.get(device)
        if docking is None or docking.answer is not None or docking.failed:
            _log.info("%s answers what nobody asks now", device)
            return []
        try:
            answer = challenge.read_answer(token, self._office.ca, device=device)
        except ChallengeError as error:
            return self._fail(device, docking, token, error.detail)
        if answer.nonce != docking.nonce:
            if answer.nonce == self._past.get(device):
                return []  # late, or delivered twice
            return self._fail(device, docking, token, "it answers another question")
        docking.answer = answer
        self._choose(device, docking, answer)
        self._office.archive.add_answer(device, token)
        self._known.add(device)
        docking.row = docking.row or self._enter(device, answer)
        self.settle(device)
        told = BureauTime(
            dev=device,
            nonce=answer.time_nonce,
            received=received,
            sent=self._office.clock.utc(),
        )
        word = bureau_time.sign_time(told, *self._office.book.signs_with)
        return [Outgoing(Topics(device).time, word)]

    def settle(self, device: str) -> None:
        """Judge the answer of a device, as soon as its log reaches it."""
        docking = self._dockings.get(device)
        if docking is None or docking.answer is None or docking.judged:
            return
        chain = self._holdings(device).chain
        if judging.is_awaited(docking.answer, chain):
            return
        docking.judged = True
        found = judging.judge(
            docking.answer,
            chain,
            is_stored=lambda sid: self._office.book.find(device, sid, "stored") is not None,
            head_of=lambda sid: self._head_of(device, sid),
        )
        for finding in found:
            self._find(device, finding)

    def leaves(self, device: str) -> bool:
        """The log that is pushed does not continue the one held: follow it where it leads.

        Returns:
            Whether another log is followed from now on; not for a recorder that has not answered.
        """
        docking, holdings = self._dockings.get(device), self._holdings(device)
        if docking is None or docking.answer is None or docking.fresh == holdings.branch:
            return False
        docking.tried.add(holdings.branch)
        untried = [n for n in range(len(holdings.chains)) if n not in docking.tried]
        if untried:
            holdings.branch = docking.returned = untried[0]
        elif len(holdings.chains) <= MOST_BRANCHES:
            holdings.branch_off()
            docking.fresh = holdings.branch
        else:
            return False
        return True

    def follow(self, device: str) -> None:
        """Lines of a log were accepted: say where it left the one that was known."""
        docking, holdings = self._dockings.get(device), self._holdings(device)
        if docking is not None and docking.returned == holdings.branch:
            docking.returned = None
            detail = f"log {holdings.branch} goes on, and another one was seen last"
            self._find(device, DockFinding(judging.CLONED, detail))
        if docking is None or docking.fresh != holdings.branch:
            return
        others = holdings.chains[: holdings.branch]
        common = max((holdings.chain.common(one) for one in others), default=0)
        if common == holdings.chain.index:
            return
        docking.fresh = -1
        longest = max(one.index for one in others)
        detail = f"it leaves the known log at record {common} of {longest}"
        code = judging.ROLLED_BACK if common else judging.SWAPPED
        self._find(device, DockFinding(code, detail))

    def note(self, device: str, payload: JsonObject) -> None:
        """A device's own log says that it was tampered with (A9)."""
        detail = f"record {payload['i']}: {payload.get('part')}, {payload.get('code')}"
        self._find(device, DockFinding(judging.TAMPERED, detail))

    def turn(self) -> list[Outgoing]:
        """Name those who do not answer."""
        now_ns = self._office.clock.mono_ns()
        for device, docking in self._dockings.items():
            late = now_ns - docking.asked_ns > PATIENCE_NS and device in self._cradles
            if docking.row is not None or docking.answer is not None or not late:
                continue
            if self._has_answered(device):
                self._find(device, DockFinding(judging.UNANSWERED, ""))
            else:
                docking.row = self._enter(device, None)
        return []

    def _fail(self, device: str, docking: _Docking, token: bytes, why: str) -> list[Outgoing]:
        """One wrong answer is named and kept; further ones of that docking are not looked at."""
        docking.failed = True
        self._keep_aside(device, "answer", token[:MAX_ANSWER_BYTES], why)
        self._find(device, DockFinding(judging.INVALID, why))
        return []

    def _choose_last(self, device: str) -> None:
        """Begin with the log that the last answer stands in."""
        holdings = self._holdings(device)
        before = self._last(device)
        for number, chain in enumerate(holdings.chains):
            at = None if before is None else chain.record_at(int(before.record["i"]))
            if before is not None and at is not None and at.sha256 == sha256_hex(before.line):
                holdings.branch = number

    def _choose(self, device: str, docking: _Docking, answer: Answer) -> None:
        """The log that the answer continues, where that can be told already."""
        holdings, i = self._holdings(device), int(answer.record["i"])
        if i > holdings.chain.index or _continues(holdings, holdings.branch, answer):
            return
        was = holdings.branch
        fitting = [n for n in range(len(holdings.chains)) if _continues(holdings, n, answer)]
        docking.tried.add(was)
        if fitting:
            holdings.branch = fitting[0]
            detail = f"log {was} was seen last, and now log {fitting[0]} goes on"
            self._find(device, DockFinding(judging.CLONED, detail))
        else:
            self.leaves(device)

    def _last(self, device: str) -> Answer | None:
        token = self._office.archive.last_answer(device)
        try:
            return (
                None
                if token is None
                else challenge.read_answer(token, self._office.ca, device=device)
            )
        except ChallengeError:
            _log.exception("the last answer of %s that is kept does not verify", device)
            return None

    def _has_answered(self, device: str) -> bool:
        return device in self._known or self._office.archive.last_answer(device) is not None

    def _head_of(self, device: str, sid: str) -> str | None:
        """Digest of the last record of a journal that is here."""
        path = self._office.archive.file(device, sid, JOURNAL_NAME)
        if not path.exists():
            return None
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            line = journal.tail(file.read(_TAIL_BYTES)).line
        return None if line is None else sha256_hex(line)

    def _enter(self, device: str, answer: Answer | None) -> int:
        row = DockRow(
            device=device,
            at=self._office.clock.utc(),
            records=None if answer is None else int(answer.record["i"]) + 1,
            counter=None if answer is None else answer.holding.counter,
            held=None if answer is None else answer.holding.held,
            boot="" if answer is None else answer.holding.boot_id,
            codes="",
            detail="",
        )
        return self._office.ledger.add_docking(row)

    def _find(self, device: str, finding: DockFinding) -> None:
        _log.error("%s at the dock: %s (%s)", device, WORDS[finding.code], finding.detail)
        docking = self._dockings.get(device)
        if docking is not None and docking.row is None:
            docking.row = self._enter(device, docking.answer)
        number = self._enter(device, None) if docking is None else docking.row
        if number is not None:
            detail = finding.detail[:_LONGEST_DETAIL]
            self._office.ledger.mark_docking(number, finding.code, detail)


def _continues(holdings: Holdings, branch: int, answer: Answer) -> bool:
    """Whether the line answered with stands in that log, or comes right after its end."""
    chain, i = holdings.chains[branch], int(answer.record["i"])
    held, before = chain.record_at(i), chain.record_at(i - 1)
    if held is not None:
        return held.sha256 == sha256_hex(answer.line)
    return i <= chain.index and before is not None and before.sha256 == answer.record["prev"]
