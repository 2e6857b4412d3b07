"""Sealed sessions on a card as a vault leaves them: random bytes under real journals."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from agent.vault.messages import PendingSession
from evidence.digests import ZERO_SHA256, facts_of, merkle_leaf, merkle_root
from evidence.ids import segment_name, session_id
from evidence.journal import Chain
from evidence.keys import ChainKey
from evidence.moments import Moment, TimeSource

_TOKEN = "a"


@dataclass
class Card:
    """A store with sessions.

    Attributes:
        folder: ``store/``.
        sessions: As the vault would list them, oldest first.
        files: Content by session and name, journals included.
    """

    folder: Path
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    sessions: list[PendingSession] = field(default_factory=list)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def add_session(self, *sizes: int) -> PendingSession:
        """A closed session with one sealed segment of each size."""
        counter = len(self.sessions) + 1
        sid = session_id(1_767_578_400_000 + counter, self.dice.randbytes(10))
        folder = self.folder / "sessions" / sid
        folder.mkdir(parents=True)
        lines = self._journal(sid, counter, [self.dice.randbytes(size) for size in sizes])
        journal = b"".join(line + b"\n" for line in lines)
        self.files[sid, "journal.jws"] = journal
        for (owner, name), content in self.files.items():
            if owner == sid:
                (folder / name).write_bytes(content)
        facts = facts_of(journal)
        listed = PendingSession(
            sid=sid,
            counter=counter,
            folder=str(folder),
            committed=False,
            journal_size=facts.size,
            journal_sha256=facts.sha256,
            journal_chunks=list(facts.chunks),
        )
        self.sessions.append(listed)
        return listed

    def _journal(self, sid: str, counter: int, contents: list[bytes]) -> list[bytes]:
        key = ChainKey()
        chain = Chain({"sid": sid}, key, prev=ZERO_SHA256)
        lines = [chain.append("open", _open_fields(counter), _moment())]
        leaves = []
        for number, content in enumerate(contents):
            name = segment_name(number)
            self.files[sid, name] = content
            lines.append(chain.append("seg", _segment_fields(name, number, content), _moment()))
            leaves.append(merkle_leaf(lines[-1]))
        closing = {
            "segments": len(contents),
            "size": sum(map(len, contents)),
            "root": merkle_root(leaves),
            "reason": "officer",
            "counter": counter,
        }
        lines.append(chain.append("close", closing, _moment()))
        return lines


def log_line(number: int) -> bytes:
    """Some line of a device log; the dock does not read what it says."""
    return b"line-%d" % number


def write_log(path: Path, count: int, *, first: int = 0) -> int:
    """Append ``count`` lines to a device log; returns its length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"".join(log_line(first + number) + b"\n" for number in range(count)))
    return path.stat().st_size


def _moment() -> Moment:
    return Moment(
        utc_ns=1_767_578_400_000_000_000,
        mono_ns=1,
        boot_id="boot",
        source=TimeSource.NTP,
        error_ms=50,
    )


def _open_fields(counter: int) -> dict[str, object]:
    return {
        "dev": "REC-001",
        "counter": counter,
        "x5c": [_TOKEN],
        "chainkey": _TOKEN,
        "firmware": "test",
        "officer": None,
        "custodian": None,
        "activity": "voluntary",
        "plan": None,
        "rulebook": {"version": 1, "sha256": ZERO_SHA256},
        "preflight": None,
        "nonce": None,
        "last_receipt": None,
        "recipients": [
            {"role": "bureau", "sha256": ZERO_SHA256},
            {"role": "escrow", "sha256": ZERO_SHA256},
        ],
    }


def _segment_fields(name: str, number: int, content: bytes) -> dict[str, object]:
    facts = facts_of(content)
    return {
        "file": name,
        "size": facts.size,
        "sha256": facts.sha256,
        "chunks": list(facts.chunks),
        "number": number,
        "plain_size": len(content),
        "plain_sha256": facts.sha256,
        "init_sha256": ZERO_SHA256,
        "first_pts_ns": 0,
        "last_pts_ns": 1,
        "frames": 1,
        "samples": 1,
        "dropped": 0,
        "gop_first": number,
        "gop_count": 1,
        "ended_by": "recorder",
    }
