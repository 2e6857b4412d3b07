"""Lifetime numbers (终身计数): presses, refusals, checks and starts share one sequence.

Owns that it only goes up, within each chain and from the device log through the journal back into
the log. Refuses to ask for what was not numbered: earlier devices did not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evidence.verify.findings import Findings


@dataclass(slots=True)
class Counting:
    """The numbers of one chain.

    Attributes:
        file: Whose.
        findings: Takes what is found.
        seen: Record → number, in order; only what goes up.
    """

    file: str
    findings: Findings
    seen: list[tuple[int, int]] = field(default_factory=list)

    def take(self, count: int | None, record: int) -> None:
        """A countable fact: its number is higher than all before."""
        if count is not None:
            self._take(count, record, least=self.last + 1)

    def reach(self, count: int | None, record: int) -> None:
        """A record that says how far the sequence has come."""
        if count is not None:
            self._take(count, record, least=self.last)

    @property
    def last(self) -> int:
        """The highest number so far; 0 before the first."""
        return self.seen[-1][1] if self.seen else 0

    def until(self, record: int) -> int:
        """The highest number up to a record; 0 where there is none."""
        return max((count for place, count in self.seen if place <= record), default=0)

    def _take(self, count: int, record: int, *, least: int) -> None:
        if count < least:
            self.findings.add(
                "count_backwards", f"{count} after {self.last}", file=self.file, record=record
            )
        else:
            self.seen.append((record, count))


def check_between(
    journal: Counting, log: Counting, findings: Findings, *, head: int, entry: int | None
) -> None:
    """The journal's numbers lie between those of the device log before and after it.

    Args:
        journal: Of the session.
        log: Of the device log.
        findings: Takes what is found.
        head: The line of the log that the journal follows.
        entry: The line that enters the closed session; None where there is none yet.
    """
    if not journal.seen:
        return
    record, first = journal.seen[0]
    if first <= log.until(head):
        detail = f"{first}, which the device log had reached before"
        findings.add("count_backwards", detail, file=journal.file, record=record)
    ended = dict(log.seen).get(entry) if entry is not None else None
    if ended is not None and journal.last > ended:
        detail = f"the session reached {journal.last}"
        findings.add("count_backwards", detail, file=log.file, record=entry)
