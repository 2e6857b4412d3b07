"""What a session points back to: the check before use, the bureau's challenge, the session before.

Owns holding them against the device log. Refuses severity: a missing or an old check is told, for
the desk to judge; only a pointer to what the device never recorded is broken.
"""

from __future__ import annotations

from typing import Final

from evidence.canonical import JsonObject
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.moments import utc_ns
from evidence.rulebook import Rulebook
from evidence.verify.device_log import LogReading
from evidence.verify.findings import Findings

_MINUTE_NS: Final = 60 * 1_000_000_000
_HOUR_NS: Final = 60 * _MINUTE_NS
_SECOND_NS: Final = 1_000_000_000
_LONGEST: Final = 120
_ROUNDING: Final = 2
"""Seconds between reading the clock for the link and stamping the record."""


def check_antecedents(
    opened: JsonObject,
    log: LogReading | None,
    book: Rulebook | None,
    findings: Findings,
    *,
    late: JsonObject | None = None,
) -> None:
    """Check what the ``open`` record points back to.

    Args:
        opened: The ``open`` record. One without ``plan_id`` is of an earlier device, which had
            neither checks nor links.
        log: The device log; None where it is absent or another device's.
        book: The rulebook the session was opened under, for the age of the check.
        findings: Takes what is found.
        late: The check that was only made after the press, as an event of the session tells it.
    """
    if "plan_id" not in opened:
        return
    if opened["preflight"] is None:
        _check_late(late, log, findings)
    else:
        _check_preflight(opened, log, book, findings)
    nonce = opened["nonce"]
    if nonce is not None and log is not None and log.whole and nonce not in log.nonces:
        findings.add("nonce_unknown", nonce[:16], file=JOURNAL_NAME, record=0)
    previous = opened.get("previous")
    if previous is not None:
        detail = f"session {previous['counter']} ended {previous['seconds']} s before"
        findings.add("follows", f"{detail}, {previous['reason']}", file=JOURNAL_NAME, record=0)
        if log is not None and log.whole:
            _check_previous(opened, previous, log, findings)


def _check_preflight(
    opened: JsonObject, log: LogReading | None, book: Rulebook | None, findings: Findings
) -> None:
    digest = opened["preflight"]
    if log is None:
        return
    found = log.preflights.get(digest)
    if found is None:
        if log.whole:
            findings.add("preflight_unknown", digest[:16], file=JOURNAL_NAME, record=0)
        return
    number, checked = found
    odd = [f"{one['name']} {one['state']}" for one in checked["checks"] if one["state"] != "ok"]
    if odd:
        findings.add("preflight_warned", ", ".join(odd), file=DEVICE_LOG_NAME, record=number)
    age_ns = _between(checked, opened)
    if book is not None and age_ns > book.number("preflight.valid_hours") * _HOUR_NS:
        detail = f"{age_ns // _MINUTE_NS} minutes"
        findings.add("preflight_old", detail, file=JOURNAL_NAME, record=0)


def _check_late(late: JsonObject | None, log: LogReading | None, findings: Findings) -> None:
    """A press waits for no check: the one made after it is told in the session."""
    if late is None:
        findings.add("preflight_absent", file=JOURNAL_NAME, record=0)
        return
    findings.add("preflight_late", late["detail"][:_LONGEST], file=JOURNAL_NAME, record=0)
    digest = late.get("sha256")
    if digest is not None and log is not None and log.whole and digest not in log.preflights:
        findings.add("preflight_unknown", digest[:16], file=JOURNAL_NAME, record=0)


def _check_previous(
    opened: JsonObject, previous: JsonObject, log: LogReading, findings: Findings
) -> None:
    entry = log.sessions.get(previous["sid"])
    if entry is None:
        findings.add("previous_differs", "no such session", file=JOURNAL_NAME, record=0)
        return
    said = {name: previous[name] for name in ("counter", "reason", "same_plan")}
    is_ = {
        "counter": entry["counter"],
        "reason": entry["reason"],
        "same_plan": entry.get("plan_id") == opened["plan_id"],
    }
    odd = [name for name, value in is_.items() if said[name] != value]
    if previous.get("ending") != entry.get("ending"):
        odd.append("ending")
    ended_ns = utc_ns(entry["ended"] if "ended" in entry else entry["utc"])
    seconds = max(0, utc_ns(opened["utc"]) - ended_ns) // _SECOND_NS
    if abs(seconds - previous["seconds"]) > _ROUNDING:
        odd.append("seconds")
    if odd:
        findings.add("previous_differs", ", ".join(odd), file=JOURNAL_NAME, record=0)


def _between(earlier: JsonObject, later: JsonObject) -> int:
    """Nanoseconds from one record to another: by the running clock where one boot has both."""
    if earlier["boot_id"] == later["boot_id"]:
        return int(later["mono_ns"]) - int(earlier["mono_ns"])
    return utc_ns(later["utc"]) - utc_ns(earlier["utc"])
