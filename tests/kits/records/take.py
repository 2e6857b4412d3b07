"""One session of a recorder in memory, signed as a vault signs it."""

from __future__ import annotations

import hashlib
import random

from evidence import digests, ids
from evidence.canonical import JsonObject
from evidence.digests import facts_of, sha256_hex
from evidence.journal import NEWLINE, Chain
from evidence.receipt import ReceiptKind
from tests.kits.records.folders import Folder, noise, sealed_file, stated
from tests.kits.records.recorder import Recorder
from tests.kits.records.signers import SeededSigner

_SECOND = 1_000_000_000
_FRAME_NS = 40_000_000
_AUDIO_RATE = 48_000


class Take:
    """One session of a recorder, told verb by verb.

    ``opening`` and ``entry`` are further fields of its ``open`` record and of its line in the
    device log: those that earlier devices did not have.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        plan: bool = True,
        dice: random.Random | None = None,
        sid: str | None = None,
        prev: str | None = None,
        opening: JsonObject | None = None,
    ) -> None:
        self.recorder = recorder
        self.opening = opening or {}
        self.entry: JsonObject = {}
        self.dice = dice or random.Random(1)
        recorder.counter += 1
        self.counter = recorder.counter
        self.sid = sid or ids.session_id(
            recorder.ticker.utc_ns // 1_000_000,
            hashlib.sha256(f"{recorder.device} {self.counter}".encode()).digest()[:10],
        )
        self.files: Folder = {}
        self.content = bytearray()
        self.number = 0
        self.stills = 0
        self.segments: list[tuple[int, bytes]] = []
        self.pts_ns = 0
        self.frames_open = 0
        self._last_tick: tuple[int, int] | None = None
        self.key, self.statement = recorder.state("session", self.counter)
        self.started = (recorder.ticker.boot_id, recorder.start_id)
        self.keys_used: dict[str, SeededSigner] = self.key.used
        self.chain = Chain({"sid": self.sid}, self.key, prev=prev or recorder.log_head)
        self._open(plan=plan)

    def _open(self, *, plan: bool) -> None:
        bureau = self.recorder.bureau
        self.write(
            "open",
            {
                "x5c": self.recorder.x5c,
                "chainkey": self.statement,
                "dev": self.recorder.device,
                "counter": self.counter,
                "firmware": "0.1.0",
                "officer": "officer-1",
                "custodian": None,
                "activity": "inspection",
                "plan": self._add_file(ids.PLAN_NAME, 600) if plan else None,
                "rulebook": {"version": 3, "sha256": sha256_hex(bureau.rulebook)},
                "preflight": None,
                "nonce": None,
                "last_receipt": None,
                "recipients": [
                    {"role": role, "sha256": sha256_hex(age.encode())}
                    for role, age in sorted(bureau.recipients.items())
                ],
                **self.opening,
            },
        )
        self.attest()
        self.pts_ns = self.recorder.ticker.mono_ns

    def attest(self) -> None:
        """The device's own key vouches for the line before."""
        self.content += self.chain.attest(self.recorder.signer, self.recorder.ticker.now())
        self.content += NEWLINE

    def event(self, kind: str, fields: JsonObject) -> None:
        self.write("event", {"kind": kind, "fields": fields})

    def announce(
        self, *, verdict: str = "unverified", check: str = "none", attempt: int | None = None
    ) -> None:
        """The announcement played; earlier devices did not number attempts."""
        heard = True if check == "acoustic" else None
        outcome: JsonObject = {
            "check": check,
            "heard": heard,
            "complete": heard,
            "score_milli": None,
            "delay_ns": None,
            "drift_ppm": None,
            "level_mdb": None,
            "verdict": verdict,
            "reason": "not_checked" if check == "none" else None,
        }
        numbered = {} if attempt is None else {"attempt": attempt}
        self.disclose(self.recorder.bureau.said, {**outcome, **numbered})

    def disclose(self, said: JsonObject, outcome: JsonObject) -> None:
        """``said`` played whole, within ten seconds; the ear's ``outcome``."""
        begin_ns = self.recorder.ticker.mono_ns
        played: JsonObject = {
            "clip": said["id"],
            "text_sha256": said["text_sha256"],
            "pcm_sha256": said["pcm_sha256"],
            "announced": True,
            "frames_played": said["samples"],
            "underruns": 0,
            "from_ns": begin_ns,
            "to_ns": begin_ns + 10 * _SECOND,
            "missing": [],
        }
        self.event("disclosure", {**played, **outcome})

    def mark(self, code: str) -> None:
        """The officer says something with a button."""
        self.event("mark", {"code": code, "at_ns": self.recorder.ticker.mono_ns})

    def still(self, size: int = 900) -> None:
        """A photo."""
        name = f"{self.stills:06d}.jpg.age"
        self.stills += 1
        self.event("photo", {**self._add_file(name, size), "pts_ns": self.pts_ns})

    def gap(self, nanoseconds: int, cause: str = "capture") -> None:
        """Frames are missing from here on, and signed as missing."""
        start = self.pts_ns + self.frames_open * _FRAME_NS
        fields = {"track": "both", "from_ns": start, "to_ns": start + nanoseconds, "cause": cause}
        self.event("gap", fields)
        self.pts_ns += nanoseconds

    def segment(
        self, *, seconds: int = 3, size: int = 3_000, dropped: int = 0, ended_by: str = "recorder"
    ) -> None:
        """A whole segment: a tick each second, then its ``seg``."""
        sealed = self.begin(size)
        self.ticks(sealed, seconds)
        self.end(sealed, dropped=dropped, ended_by=ended_by)

    def begin(self, size: int) -> bytes:
        """A segment is begun: what its file is going to hold."""
        self.frames_open = 0
        self._last_tick = None
        return sealed_file(f"{self.sid} {self.number}", size)

    def ticks(self, sealed: bytes, seconds: int) -> None:
        """The open segment grows to its full length, with a tick each second."""
        for second in range(1, seconds + 1):
            self.recorder.ticker.pass_ns(_SECOND - 1_000_000)
            self.frames_open += 25
            length = max(1, len(sealed) * second // (seconds + 1))
            self._last_tick = (length, self.chain.index)
            self.write(
                "tick",
                {
                    "file": ids.segment_name(self.number),
                    "length": length,
                    "sha256": sha256_hex(sealed[:length]),
                    "frames": self.frames_open,
                    "samples": self.frames_open * _AUDIO_RATE // 25,
                },
            )

    def end(
        self,
        sealed: bytes,
        *,
        dropped: int = 0,
        ended_by: str = "recorder",
        plain: bytes | None = None,
    ) -> None:
        """The open segment is sealed; ``plain`` is what is inside, where something is."""
        plain = noise(f"plain {self.sid} {self.number}", 700) if plain is None else plain
        name = ids.segment_name(self.number)
        self.files[name] = sealed
        frames = self.frames_open
        end_ns = self.pts_ns + (frames + dropped) * _FRAME_NS
        line = self.write(
            "seg",
            {
                **stated(name, sealed),
                "number": self.number,
                "plain_size": len(plain),
                "plain_sha256": sha256_hex(plain),
                "init_sha256": sha256_hex(b"init"),
                "first_pts_ns": self.pts_ns,
                "last_pts_ns": end_ns,
                "frames": frames,
                "samples": frames * _AUDIO_RATE // 25,
                "dropped": dropped,
                "gop_first": self.number * 3,
                "gop_count": 3,
                "ended_by": ended_by,
            },
        )
        self.segments.append((len(sealed), digests.merkle_leaf(line)))
        self.pts_ns, self.frames_open = end_ns, 0
        self.number += 1

    def crash(
        self,
        *,
        orphan: bytes | None = None,
        torn: bytes = b"",
        same_boot: bool = True,
        cause: str = "kill",
    ) -> None:
        """The vault dies, with the open segment ``orphan`` and a ``torn`` line, and comes back."""
        ticker = self.recorder.ticker
        if same_boot:
            ticker.pass_ns(2 * _SECOND)
        else:
            ticker.boot()
        self.recorder.start()
        if torn:
            self.content += torn + NEWLINE
        orphans = self._leave(orphan) if orphan is not None else []
        prev, index = self.chain.prev, self.chain.index
        self.key, self.statement = self.recorder.state("session", self.counter)
        self.key.used = self.keys_used
        self.chain = Chain({"sid": self.sid}, self.key, prev=prev, index=index)
        self.write(
            "resume",
            {
                "x5c": self.recorder.x5c,
                "chainkey": self.statement,
                "previous": {"boot_id": self.started[0], "start_id": self.started[1]},
                "last": {"i": index - 1, "sha256": prev},
                "torn": {"bytes": len(torn), "sha256": sha256_hex(torn)} if torn else None,
                "orphans": orphans,
                "cause": cause,
            },
        )
        self.started = (ticker.boot_id, self.recorder.start_id)

    def close(self, reason: str = "button", *, log: bool = True) -> None:
        """Close, attest and enter the session in the device log."""
        root = digests.merkle_root([leaf for _, leaf in self.segments])
        self.write(
            "close",
            {
                "segments": len(self.segments),
                "size": sum(size for size, _ in self.segments),
                "root": root,
                "reason": reason,
                "counter": self.counter,
            },
        )
        self.attest()
        if log:
            self.enter(root, reason)

    def enter(self, root: str, reason: str) -> None:
        """The device log takes note of the closed session."""
        facts = facts_of(bytes(self.content))
        journal_facts = {"size": facts.size, "sha256": facts.sha256, "chunks": list(facts.chunks)}
        self.recorder.note(
            "session",
            {
                "sid": self.sid,
                "counter": self.counter,
                "journal": journal_facts,
                "root": root,
                "reason": reason,
                **self.entry,
            },
        )

    def folder(self, *, receipts: bool = True) -> Folder:
        """The evidence folder as it is now; receipts need a closed session."""
        bureau = self.recorder.bureau
        made = {ids.JOURNAL_NAME: bytes(self.content), **self.files}
        if receipts:
            kinds: tuple[ReceiptKind, ...] = ("committed", "stored")
            made |= {f"receipt-{k}.jws": bureau.receipt({**made}, k) for k in kinds}
        made[ids.DEVICE_LOG_NAME] = bytes(self.recorder.log)
        return {**made, "rulebook.json": bureau.rulebook, "root.json": bureau.root}

    def write(self, t: str, fields: JsonObject) -> bytes:
        """Any record, whether or not it belongs there."""
        line = self.chain.append(t, fields, self.recorder.ticker.now())
        self.content += line + NEWLINE
        return line

    def _add_file(self, name: str, size: int) -> JsonObject:
        self.files[name] = sealed_file(f"{self.sid} {name}", size)
        return stated(name, self.files[name])

    def _leave(self, orphan: bytes) -> list[JsonObject]:
        name = ids.segment_name(self.number)
        self.files[name] = orphan
        self.number += 1
        self.frames_open = 0
        length, index = self._last_tick or (0, None)
        return [{**stated(name, orphan), "covered_bytes": length, "covered_i": index}]
