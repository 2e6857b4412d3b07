"""What is wrong with a recorder at the dock, by stable code.

Owns the codes with their wording for clerks, and the comparison of an answer with the log that the
recorder pushed and with the sessions that it should still hold. Refuses files and memory: pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bureau.intake.log import Claim, LogChain
from evidence.challenge import Answer, HeldSession
from evidence.digests import sha256_hex

ROLLED_BACK: Final = "dock_rolled_back"
SWAPPED: Final = "dock_swapped"
CLONED: Final = "dock_cloned"
MISSING: Final = "dock_missing"
DIFFERS: Final = "dock_differs"
UNKNOWN: Final = "dock_unknown"
WITHHELD: Final = "dock_withheld"
INVALID: Final = "dock_invalid"
UNANSWERED: Final = "dock_unanswered"
TAMPERED: Final = "dock_tampered"

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ROLLED_BACK: "设备台账退回到上次对接之前：存储卡被恢复成旧备份，或正在使用它的复制卡",
        SWAPPED: "设备台账从第一行起就不是原来的：存储卡被更换或重置",
        CLONED: "同一设备有两份台账都在继续：存储卡被复制，两张卡都在使用",
        MISSING: "应在设备上的记录不见了",
        DIFFERS: "设备上的记录日志与台账所载不符",
        UNKNOWN: "设备上有台账没有登记的记录",
        WITHHELD: "设备没有交出它应答时所说的台账",
        INVALID: "应答无效：签名不对、答非所问，或内容自相矛盾",
        UNANSWERED: "设备没有应答（此前应答过）",
        TAMPERED: "设备自己签名报告：部件被更换或机壳被打开",
    }
)
"""Code → what a clerk reads."""

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class DockFinding:
    """One thing that is wrong: its code, and the particulars in English."""

    code: str
    detail: str


def is_awaited(answer: Answer, chain: LogChain) -> bool:
    """Whether the log that the answer speaks of has not been pushed that far yet."""
    return chain.index <= int(answer.record["i"])


def judge(
    answer: Answer,
    chain: LogChain,
    *,
    is_stored: Callable[[str], bool],
    head_of: Callable[[str], str | None],
) -> Iterator[DockFinding]:
    """Compare an answer with the log, once that reaches the line the answer holds.

    Args:
        answer: Verified.
        chain: The device's log as it was pushed.
        is_stored: Whether the bureau has signed that it holds all of a session.
        head_of: Digest of the last record of a journal that is archived; None where it is not.
    """
    at = chain.record_at(int(answer.record["i"]))
    if at is None or at.sha256 != sha256_hex(answer.line):
        yield DockFinding(WITHHELD, f"record {answer.record['i']} of the log is another one")
        return
    named = [claim for claim in chain.claims.values() if claim.line < at.line]
    held = {one.sid: one for one in answer.holding.sessions}
    if answer.holding.held <= len(held):
        gone = [one for one in named if _is_due(one, chain, is_stored) and one.sid not in held]
        if gone:
            yield DockFinding(MISSING, _told(gone))
    odd = [one for one in named if one.sid in held and _differs(one, held[one.sid], head_of)]
    if odd:
        yield DockFinding(DIFFERS, _told(odd))
    known = {one.sid for one in named}
    last = max((one.counter for one in named), default=0)
    strange = [one.sid for one in held.values() if one.sid not in known and one.counter <= last]
    if strange:
        yield DockFinding(UNKNOWN, ", ".join(strange[:_MOST_NAMED]))


def _is_due(claim: Claim, chain: LogChain, is_stored: Callable[[str], bool]) -> bool:
    """Whether the device still has to hold it."""
    return claim.sid not in chain.released and not is_stored(claim.sid)


def _differs(claim: Claim, held: HeldSession, head_of: Callable[[str], str | None]) -> bool:
    said = (held.counter, held.size)
    return said != (claim.counter, claim.journal.size) or head_of(claim.sid) not in (
        None,
        held.head,
    )


def _told(claims: list[Claim]) -> str:
    named = ", ".join(f"{one.counter} ({one.sid})" for one in claims[:_MOST_NAMED])
    return f"{len(claims)} sessions: {named}"
