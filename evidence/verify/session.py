"""What the records of one journal say together.

Owns handing each record to the part that judges it: order, time, media, joints, disclosure. Refuses
what is not signed: a damaged line is a hole here, and a hole is found once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from evidence.canonical import JsonObject
from evidence.ids import JOURNAL_NAME
from evidence.moments import utc_ns
from evidence.verify.chain import Link
from evidence.verify.clock import ChainClock
from evidence.verify.counting import Counting
from evidence.verify.findings import Findings
from evidence.verify.flow import Flow
from evidence.verify.joints import Joints
from evidence.verify.media import Media


@dataclass(frozen=True, slots=True)
class Announced:
    """One disclosure event: what it says, in which record and second."""

    fields: JsonObject
    record: int
    second: int | None


@dataclass(slots=True)
class Story:
    """A session as its records tell it.

    Attributes:
        opened: The ``open`` record; None where it is missing or damaged.
        announced: Disclosure events in order.
        prompts: Prompts in order: their fields and records.
        checked: The check before use that was only made after the press, as the session tells it.
        records: Records that could be trusted.
        last: Number of the last line.
    """

    opened: JsonObject | None = None
    announced: list[Announced] = field(default_factory=list)
    prompts: list[Announced] = field(default_factory=list)
    checked: JsonObject | None = None
    records: int = 0
    last: int | None = None


class Session:
    """Judges the records of one journal.

    Args:
        findings: Takes what is found.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.clock = ChainClock(JOURNAL_NAME, findings)
        self.flow = Flow(findings)
        self.media = Media(findings)
        self.joints = Joints(self.clock, findings)
        self.counting = Counting(JOURNAL_NAME, findings)
        self.story = Story()
        self._statement: JsonObject | None = None

    def follow(self, links: Iterable[Link]) -> None:
        """Take all places of the chain, in order."""
        for link in links:
            self.story.last = link.number
            if link.payload is None:
                self._hole(link)
            else:
                self._take(link, link.payload)
        self.flow.end()
        self.joints.end()

    @property
    def counter(self) -> int | None:
        """The session's device counter."""
        return None if self.story.opened is None else int(self.story.opened["counter"])

    def _hole(self, link: Link) -> None:
        self._statement = None
        self.flow.hole(link)
        self.clock.lose_sight()
        self.media.hole()
        self.joints.hole()

    def _take(self, link: Link, payload: JsonObject) -> None:
        self.story.records += 1
        late = payload["t"] == "attest" and self.flow.closed
        self.clock.take(link, payload, rebased=payload["t"] in ("open", "resume"), free=late)
        self.flow.take(link, payload)
        second = self.clock.second(payload)
        match payload["t"]:
            case "open":
                self._open(link, payload)
            case "resume":
                self._resume(link, payload, second)
            case "tick":
                self.media.tick(payload, link, second)
            case "seg":
                self.media.segment(payload, link, second)
                self.joints.segment(payload, link)
            case "event":
                self._event(link, payload, second)
            case "close":
                self._close(link, payload, second)
            case _:
                pass

    def _open(self, link: Link, payload: JsonObject) -> None:
        if self.story.opened is not None:
            return
        self.story.opened = payload
        self._check_stated(link, payload, payload["counter"])
        if link.statement is not None and payload["dev"] != link.statement["dev"]:
            self._add("wrong_device", f"opened as {payload['dev']}", link)
        if payload["plan"] is not None:
            self.media.plan(payload["plan"], link)

    def _resume(self, link: Link, payload: JsonObject, second: int | None) -> None:
        before = self._statement
        self._add("interrupted", f"cause: {payload['cause']}", link, second)
        self._check_stated(link, payload, self.counter)
        named = payload["previous"]
        if before is not None and named != {k: before[k] for k in ("boot_id", "start_id")}:
            self._add("resume_mismatch", "it follows another start of the vault", link)
        if self.media.whole and payload["last"] != {
            "i": link.number - 1,
            "sha256": payload["prev"],
        }:
            self._add("resume_mismatch", "it names another last record", link)
        ticks = self.media.open_ticks()
        self.joints.resume(ticks[-1].frames if ticks else 0)
        self.media.orphans(payload, link, second)

    def _check_stated(self, link: Link, payload: JsonObject, counter: int | None) -> None:
        """The chain key was stated for this session, by the start of the vault that signs now."""
        stated = link.statement
        self._statement = stated
        if stated is None:
            return
        if counter is not None and stated["counter"] != counter:
            self._add("statement", f"stated for session {stated['counter']}, not {counter}", link)
        elif stated["boot_id"] != payload["boot_id"]:
            self._add("statement", "stated in another boot", link)

    def _event(self, link: Link, payload: JsonObject, second: int | None) -> None:
        fields = payload["fields"]
        match payload["kind"]:
            case "photo":
                self.media.still(fields, link, second)
            case "gap":
                self.joints.gap(fields, link)
            case "check" if fields["name"] == "preflight":
                self.story.checked = fields
            case "doubt":
                self.joints.doubt(fields, link)
            case "clock_step":
                self._add("clock_step", f"{fields['step_ms']} ms", link, second)
            case "disclosure":
                self.story.announced.append(Announced(fields, link.number, second))
            case "prompt":
                self.story.prompts.append(Announced(fields, link.number, second))
            case "button":
                self.counting.take(fields.get("count"), link.number)
            case _:
                pass

    def _close(self, link: Link, payload: JsonObject, second: int | None) -> None:
        self.media.end(payload, link, self.counter)
        if payload["reason"] == "interrupted":
            self._add("closed_early", "", link, second)

    def _add(self, code: str, detail: str, link: Link, second: int | None = None) -> None:
        self._findings.add(code, detail, record=link.number, file=JOURNAL_NAME, second=second)

    def opened_utc_ns(self) -> int | None:
        """When the session was opened, nanoseconds since 1970, as signed."""
        return None if self.story.opened is None else utc_ns(self.story.opened["utc"])
