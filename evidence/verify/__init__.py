"""Judge one session: a numbered essay, and its steps.

A court asks three questions of a recording: is it what the device wrote, is it all of it, and who
says so? The answer is a ``Verdict`` with every finding. Nothing is believed that was not reached
from the one certificate the reader brings along, the bureau's CA. In order:

1.  **Who may sign.** The ``open`` record carries the device's certificate. It was issued by the
    pinned CA directly, for signing evidence and nothing else, to the device that the record names
    (``authority``).
2.  **The chain key.** The device's key states one fresh key for this session: device, boot, start
    of the vault, counter, kind. That key signs ``open``; each ``open``, ``seg``, ``resume`` and
    ``close`` names the next key and the old one is forgotten, so that nobody can sign again what
    was signed (``authority``).
3.  **Every line** is one JWS in its one spelling, under the key of its place, with exactly the
    fields of its type (``chain``, ``evidence.records``).
4.  **Nothing in between.** Each line names the hash of the one before and its own number. Lines are
    followed by what they name, not by where they stand: a line that was moved, repeated, inserted,
    damaged or dropped is found as that, once (``lines``, ``chain``). What follows a damaged line
    and can no longer be checked is said once (``lines_unchecked``).
5.  **The order of a session.** ``open`` first, attested by the device's own key; ``close`` last,
    attested again; after a new boot nothing but closing (``flow``).
6.  **Time** never goes back within a boot, and the wall clock runs with it (``clock``).
7.  **After a crash** a ``resume`` names the torn line, the last whole one, the start before it and
    the files it found. What it names is explained; what it does not name is broken (``chain``,
    ``session``, ``media``).
8.  **Ticks and segments.** Numbers without a gap, lengths that only grow, presentation times that
    join from segment to segment unless a signed gap says otherwise (``media``, ``joints``).
    ``close`` adds it all up.
9.  **The files** are read once. Digest, chunks and the running digests of the ticks tell what was
    changed, to the second. Each is sealed to exactly two recipients (``files``, ``sealed``).
    Nothing lies beside them.
10. **The device log** is a chain of the same kind: the journal follows one of its lines, and one
    of its later lines names the finished journal. A session made to vanish leaves a gap in the
    counters (``device_log``).
11. **The receipts** of the bureau name the journal and every file (``receipts``).
12. **The witnesses weighed.** A journal whose end was cut off looks like a power cut, until device
    log or receipt say that it was closed (``witnesses``).
13. **The rulebook**, signed as the root document asks, is the one the session was opened under; the
    words that were played and the recipients that were sealed to are those it names (``policy``).
14. **What went before.** The check before use and the session that this one goes on with stand in
    the device log as ``open`` names them; lifetime numbers only go up (``antecedents``,
    ``counting``).
15. **The announcement** is told as it was recorded: verified, unverified or missing. A further
    attempt stands for the one before it.

A finding is ``info``, ``explained`` (an interruption with its record) or ``broken``. A layer that
is absent is reported as absent, never as a finding. Hostile input costs a bounded amount and is
reported, never raised.
"""

from __future__ import annotations

from cryptography import x509

from evidence.verify.bundle import Bundle, Files
from evidence.verify.card import Card, CardVerdict, verify_card
from evidence.verify.case import Case
from evidence.verify.findings import CODES, Finding, Meaning, Severity
from evidence.verify.verdict import Counts, Judgement, Presence, Verdict

__all__ = [
    "CODES",
    "Bundle",
    "Card",
    "CardVerdict",
    "Counts",
    "Files",
    "Finding",
    "Judgement",
    "Meaning",
    "Presence",
    "Severity",
    "Verdict",
    "verify",
    "verify_card",
]


def verify(bundle: Bundle, ca: x509.Certificate) -> Verdict:
    """Judge one session.

    Args:
        bundle: Its bytes.
        ca: The pinned bureau CA: the only thing that is trusted.
    """
    return Case(bundle, ca).judge()
