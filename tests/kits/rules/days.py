"""An officer's day, told record by record: sessions for those who judge by the rules.

A ``Day`` is a session of the kit with what an officer's session has besides: the check before use,
the plan's officers, marks, statements, presses. It is opened under one bureau's rulebook and may be
judged under any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.marks import ending_of
from evidence.moments import utc_text
from evidence.receipt import ReceiptKind
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import Folder
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take
from tests.kits.rules import rulebooks

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
CHECKS: Final = (
    "battery",
    "space",
    "clock",
    "camera",
    "view",
    "microphone",
    "speaker",
    "storage",
    "key",
    "backlog",
    "custody",
    "rulebook",
)


def bureau_of(text: str) -> Bureau:
    """A bureau whose rulebook is the one of that text."""
    bureau = Bureau("rulebooks")
    bureau.rulebook = rulebooks.envelope(text)
    return bureau


def preflight(recorder: Recorder, **warned: str) -> str:
    """A check before use in the device log: its digest. ``warned``: name → state."""
    checks = [
        {"name": name, "state": warned.get(name, "ok"), "detail": "ok: fine", "value": None}
        for name in CHECKS
    ]
    count = recorder.log_chain.index + 1
    recorder.note("preflight", {"trigger": "undocked", "checks": checks, "count": count})
    return recorder.log_chain.prev


class Day(Take):
    """One session of an officer.

    Args:
        text: The text whose rulebook it is opened under.
        recorder: The device; a fresh one without.
        officers: Ids of the plan's officers.
        opening: Further fields of the ``open`` record.
    """

    def __init__(
        self,
        text: str = "S0",
        *,
        recorder: Recorder | None = None,
        officers: Sequence[str] = ("o-1", "o-2"),
        **opening: Any,
    ) -> None:
        device = recorder or Recorder(bureau_of(text))
        self.text = text
        self.codes: list[str] = []
        begun_as: JsonObject = {
            "officer": officers[0] if officers else None,
            "custodian": officers[0] if officers else None,
            "officers": list(officers),
            "plan_id": "plan-1",
            "previous": None,
            "rulebook": {"version": 1, "sha256": sha256_hex(device.bureau.rulebook)},
            **opening,
        }
        if "preflight" not in begun_as:
            begun_as["preflight"] = preflight(device)
        super().__init__(device, opening=begun_as)

    def enter(self, root: str, reason: str) -> None:
        """As a device that knows plans enters a session."""
        ended = utc_text(self.recorder.ticker.utc_ns)
        self.entry = {"ended": ended, "plan_id": self.opening["plan_id"], **self.told()}
        super().enter(root, reason)

    def tell(self, verdict: str = "verified", **changes: Any) -> None:
        """An announcement, heard or not, in the words of this bureau."""
        heard = verdict == "verified"
        outcome: JsonObject = {
            "check": "acoustic",
            "heard": heard,
            "complete": heard,
            "score_milli": 20_000 if heard else 3_000,
            "delay_ns": 40_000_000,
            "drift_ppm": 3,
            "level_mdb": -1_000,
            "verdict": verdict,
            "reason": None if heard else "not_heard",
            "attempt": 1,
        }
        self.disclose(rulebooks.announcement(self.text), {**outcome, **changes})

    def told(self) -> JsonObject:
        """How its end was told, on a device that asks; an earlier one says nothing of it."""
        return {"ending": ending_of(self.codes)} if "bounds" in self.opening else {}

    def mark(self, code: str = "mark") -> None:
        self.codes.append(code)
        super().mark(code)

    def say(self, template: str, voiced_ms: int | None = 9_000) -> None:
        """A window in which the officer spoke."""
        now = self.recorder.ticker.mono_ns
        window = {"template": template, "from_ns": now, "to_ns": now + 20 * SECOND}
        self.event("statement", {**window, "voiced_ms": voiced_ms})

    def work(self, seconds: int = 2) -> None:
        self.segment(seconds=seconds, size=600)

    def arrive(self) -> None:
        """What every rulebook asks at the start, so that a day is good under each of them."""
        self.work()
        self.tell()
        self.mark("sign")
        for template in ("fixed", "purpose", "fields"):
            self.say(template)
        self.tell()

    def finish(
        self, reason: str = "officer", *, late_ns: int = HOUR, archived: bool = True
    ) -> Folder:
        """Close, and hand in ``late_ns`` after the end."""
        self.close(reason)
        end_ns = self.recorder.ticker.utc_ns
        self.recorder.ticker.pass_ns(MINUTE)
        made = self.folder(receipts=False)
        if not archived:
            return made
        kinds: tuple[ReceiptKind, ...] = ("committed", "stored")
        stored_at = utc_text(end_ns + late_ns)
        bureau = self.recorder.bureau
        made |= {f"receipt-{k}.jws": bureau.receipt(made, k, stored_at=stored_at) for k in kinds}
        return made


def after(first: Day, reason: str, seconds: int, **opening: Any) -> Day:
    """The session that begins ``seconds`` after ``first`` ended with ``reason``."""
    first.close(reason)
    first.recorder.ticker.pass_ns(seconds * SECOND)
    link = {
        "sid": first.sid,
        "counter": first.counter,
        "reason": reason,
        "seconds": seconds,
        "same_plan": first.opening["plan_id"] == opening.get("plan_id", "plan-1"),
        **first.told(),
    }
    return Day(recorder=first.recorder, previous=link, **opening)
