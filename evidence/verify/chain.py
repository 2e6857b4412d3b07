"""Following one chain from its first line to its last.

Owns the walk: order, signature, predecessor, number, fields, and the lines that are left over.
Refuses
meaning: what the records of a session say together is for ``session`` and ``device_log``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography import x509

from evidence import canonical, journal
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.journal import NEWLINE
from evidence.verify.authority import Authority, Standing
from evidence.verify.findings import Findings
from evidence.verify.lines import MOST_LINES, Draft, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What kind of chain it is.

    Attributes:
        file: Its name, for findings.
        kind: ``session`` or ``device``.
        owner_field: The field that every line has alike.
        check: The schema of its records.
        first_prev: What the first line names as its predecessor; None where another file knows.
        limit: Most bytes.
    """

    file: str
    kind: str
    owner_field: str
    check: Callable[[JsonObject], None]
    first_prev: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class Link:
    """One place in the chain.

    Attributes:
        number: Its ``i``.
        raw: The line; empty where lines are missing.
        digest: Hex SHA-256 of it.
        payload: What it says, None where it cannot be trusted or is missing: a hole.
        statement: The chain key statement in force, None where none was reached.
    """

    number: int
    raw: bytes
    digest: str
    payload: JsonObject | None
    statement: JsonObject | None


class ChainWalk:
    """One walk along a chain; iterate once, then read what was learnt.

    Args:
        content: The chain's file.
        profile: What kind of chain it is.
        ca: The pinned bureau CA.
        findings: Takes what is found.
    """

    def __init__(
        self, content: bytes, profile: Profile, ca: x509.Certificate, findings: Findings
    ) -> None:
        self._profile = profile
        self._findings = findings
        self._torn_tail = b""
        self.readable = True
        self._authority = Authority(ca, profile.kind, evolves_always=profile.kind == "device")
        lines = self._split(content)
        self._order = Order(lines, profile.owner_field, self._authority.vouches)
        self._unchecked: list[int] = []
        self._places: list[tuple[int, int]] = []

    @property
    def owner(self) -> str | None:
        """The session id or device id that the lines name."""
        return self._order.owner

    @property
    def device(self) -> str | None:
        """The device that the certificate names; None where none was reached."""
        return self._authority.device

    @property
    def certificate(self) -> x509.Certificate | None:
        """The device's signing certificate."""
        return self._authority.certificate

    def __iter__(self) -> Iterator[Link]:
        expected = 0
        last: Draft | None = None
        intact = True
        draft = self._order.first()
        while draft is not None:
            self._order.take(draft)
            standing, place = self._judge(draft, last, expected)
            if place > expected:
                self._add("line_missing", _how_many(place - expected), record=expected)
                yield Link(expected, b"", "", None, None)
                intact = False
            payload = None
            if standing is not Standing.REFUSED:
                payload = self._payload(draft, place)
            else:
                self._claim_unheard(draft)
            if payload is not None and intact:
                self._check_place(draft, last, place)
            self._places.append((draft.position, place))
            yield Link(place, draft.raw, draft.digest, payload, self._authority.statement)
            last, expected, intact = draft, place + 1, payload is not None
            draft = self._order.after(draft, expected)
        self._finish()

    def _split(self, content: bytes) -> tuple[bytes, ...]:
        count = content.count(NEWLINE)
        if len(content) > self._profile.limit or count > MOST_LINES:
            self._add("too_large", f"{len(content)} bytes in {count} lines")
            self.readable = False
            return ()
        lines = journal.split(content)
        self._torn_tail = lines.torn
        return lines.complete

    def _judge(self, draft: Draft, last: Draft | None, expected: int) -> tuple[Standing, int]:
        """What the line's signature is worth, and which place in the chain it has."""
        number = draft.number
        linked = last is not None and draft.text("prev") == last.digest
        late = number is not None and number > expected and not linked
        if late:
            self._authority.lose_sight()
        standing, refusal = self._authority.judge(draft)
        # A damaged line stands where a line is expected, whatever number it now claims.
        place = number if late and number and standing is not Standing.REFUSED else expected
        if draft.payload is None:
            self._add("line_malformed", draft.problem, record=place)
        elif refusal is not None:
            self._add(refusal.code, refusal.detail, record=place)
        elif standing is Standing.UNCHECKED:
            self._unchecked.append(place)
        return standing, place

    def _payload(self, draft: Draft, place: int) -> JsonObject | None:
        """What a signed line says, once its fields are those of the format."""
        payload = draft.payload
        if payload is None or not self._is_well_formed(draft, payload, place):
            return None
        if "torn" in payload:
            self._check_torn(draft, payload["torn"], place)
        return payload

    def _is_well_formed(self, draft: Draft, payload: JsonObject, number: int) -> bool:
        try:
            self._profile.check(payload)
            if draft.parsed is None or canonical.dumps(payload) != draft.parsed.payload_bytes:
                self._add("record_invalid", "not in canonical JSON", record=number)
                return False
        except EvidenceError as error:
            self._add("record_invalid", error.detail, record=number)
            return False
        if payload[self._profile.owner_field] != self._order.owner:
            self._add("line_foreign", "signed for another chain", record=number)
            return False
        return True

    def _check_place(self, draft: Draft, last: Draft | None, place: int) -> None:
        prev = self._profile.first_prev if last is None else last.digest
        if draft.number != place:
            self._add("chain_broken", f"numbered {draft.number}, not {place}", record=place)
        elif prev is not None and draft.text("prev") != prev:
            self._add("chain_broken", "names another predecessor", record=place)

    def _check_torn(self, draft: Draft, named: JsonObject | None, place: int) -> None:
        if named is None:
            return
        torn = self._order.claim_torn(draft, named)
        if torn is None:
            self._add("resume_mismatch", "the torn bytes it names are not there", record=place)
        elif any(line.payload is not None for line in torn[:-1]):
            self._add("resume_mismatch", "it calls whole lines torn", record=place)
        else:
            self._add("torn_line", f"{named['bytes']} bytes", record=place)

    def _claim_unheard(self, draft: Draft) -> None:
        """A damaged record may still name the torn bytes before it: they are not a second find."""
        torn = draft.payload.get("torn") if draft.payload is not None else None
        if isinstance(torn, dict) and type(torn.get("bytes")) is int:
            self._order.claim_torn(draft, torn)

    def _finish(self) -> None:
        self._report_unchecked()
        self._report_moved()
        self._report_left_over()
        if self._torn_tail:
            self._add("torn_tail", f"{len(self._torn_tail)} bytes without an end")

    def _report_unchecked(self) -> None:
        if self._unchecked:
            first, last = self._unchecked[0], self._unchecked[-1]
            self._add(
                "lines_unchecked", f"{len(self._unchecked)} from {first} to {last}", record=first
            )

    def _report_moved(self) -> None:
        places = self._places
        for index in range(1, len(places)):
            before, (position, number) = places[index - 1], places[index]
            if position > before[0]:
                continue
            beyond = places[index + 1][0] if index + 1 < len(places) else -1
            # One line was carried away: it is the one that stands past both of its neighbours.
            self._add("line_moved", record=before[1] if position < beyond < before[0] else number)

    def _report_left_over(self) -> None:
        places = iter(sorted(self._places))
        place, following = -1, next(places, None)
        for line, repeated in self._order.left_over():
            while following is not None and following[0] < line.position:
                place, following = following[1], next(places, None)
            self._report_extra(line, place + 1, repeated=repeated)

    def _report_extra(self, line: Draft, place: int, *, repeated: bool) -> None:
        if line.payload is None:
            self._add("line_malformed", line.problem, record=place)
        elif repeated:
            self._add("line_repeated", record=line.number)
        else:
            self._add("line_foreign", f"it calls itself {line.number}", record=place)

    def _add(self, code: str, detail: str = "", *, record: int | None = None) -> None:
        self._findings.add(code, detail, record=record, file=self._profile.file)


def _how_many(count: int) -> str:
    return f"{count} of them" if count > 1 else ""
