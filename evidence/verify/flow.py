"""The order of a session: open, attest, what happened, close, attest.

Owns which record may follow which. Refuses to guess: after a hole anything may follow.
"""

from __future__ import annotations

from evidence.canonical import JsonObject
from evidence.ids import JOURNAL_NAME
from evidence.verify.chain import Link
from evidence.verify.findings import Findings

_ATTESTED = frozenset({"open", "close"})
_AFTER_A_NEW_BOOT = frozenset({"event", "close", "resume"})
_AFTER_A_LATE_RESUME = frozenset({"close", "resume"})


class Flow:
    """Follows the types of a session's records.

    Args:
        findings: Takes what is found.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._last: str | None = "(start)"
        self._last_link: Link | None = None
        self._allowed: frozenset[str] | None = None
        self.closed = False
        self.attested = False
        self.end_unknown = False

    def take(self, link: Link, payload: JsonObject) -> None:
        """The next record."""
        t = payload["t"]
        if self._last == "(start)":
            if t != "open":
                self._add("not_opened", f"the first record is {t}", link)
        elif t == "open" or not self._may_follow(t):
            self._add("out_of_place", f"{t} after {self._where()}", link)
        self._check_attest(link, payload)
        self._remember(link, payload)

    def hole(self, link: Link) -> None:
        """A line that is missing or says nothing that can be trusted."""
        self._last = None
        self._last_link = link

    def end(self) -> None:
        """The journal ends here."""
        if self._last == "(start)":
            self._findings.add("not_opened", "there is no record", file=JOURNAL_NAME)
        elif self._last == "close":
            self._findings.add("unattested", file=JOURNAL_NAME, record=self._number())
        elif not self.closed and self._last is not None and not self.end_unknown:
            self._findings.add("not_closed", file=JOURNAL_NAME, record=self._number())

    def _may_follow(self, t: str) -> bool:
        if self.closed and self.attested:
            return False
        if self.closed and self._last is not None:
            return t in (("attest", "resume") if self._last == "close" else _AFTER_A_LATE_RESUME)
        if t == "attest":
            return self._last is None or self._last in _ATTESTED
        return self._allowed is None or t in self._allowed

    def _where(self) -> str:
        if self._allowed is not None and self._last == "resume":
            return "a resumption that may only close"
        return self._last or "a damaged line"

    def _check_attest(self, link: Link, payload: JsonObject) -> None:
        if payload["t"] == "attest":
            before = self._last_link
            # A damaged line before an attestation may have been the close record.
            self.end_unknown = self._last is None
            if self._last is not None and before and payload["sha256"] != before.digest:
                self._add("attest_mismatch", "", link)
        elif self._last in _ATTESTED and payload["t"] != "resume":
            self._findings.add("attest_missing", file=JOURNAL_NAME, record=self._number())

    def _remember(self, link: Link, payload: JsonObject) -> None:
        t = payload["t"]
        if t == "resume":
            self._limit(payload)
        if t == "close":
            self.closed = True
            self.attested = False
        elif t == "attest" and self.closed:
            self.attested = True
        self._last, self._last_link = t, link

    def _limit(self, payload: JsonObject) -> None:
        """Nothing starts without a press: after a new boot a session may only be closed."""
        if self.closed:
            self._allowed = _AFTER_A_LATE_RESUME
        elif payload["previous"]["boot_id"] != payload["boot_id"]:
            self._allowed = _AFTER_A_NEW_BOOT

    def _number(self) -> int | None:
        return self._last_link.number if self._last_link is not None else None

    def _add(self, code: str, detail: str, link: Link) -> None:
        self._findings.add(code, detail, record=link.number, file=JOURNAL_NAME)
