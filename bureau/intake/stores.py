"""Everything the intake works with, in one place.

Owns nothing: ``bureau.office`` fills it. Refuses defaults, so that nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from bureau.archive import Archive
from bureau.clock import Clock
from bureau.intake.partials import Partials
from bureau.intake.rulebooks import Rulebooks
from bureau.ledger import Ledger
from bureau.plans.book import PlanBook
from bureau.receipts import ReceiptBook
from bureau.registry import Registry
from bureau.updates import UpdateShelf
from bureau.words.answers import AnswerBook
from bureau.words.shelf import WordShelf


@dataclass(frozen=True, kw_only=True)
class Office:
    """Everything the intake works with.

    Attributes:
        ca: The bureau CA.
        registry: Who may speak.
        archive: Where evidence ends up.
        partials: Where it arrives.
        book: Signs receipts.
        ledger: The searchable record.
        rulebooks: Every rulebook signed.
        plans: Every session plan.
        words: Assignments and policies in force.
        answers: What recorders made of them.
        updates: Signed updates.
        clock: Says when.
        free_bytes: Free on the archive's medium.
    """

    ca: x509.Certificate
    registry: Registry
    archive: Archive
    partials: Partials
    book: ReceiptBook
    ledger: Ledger
    rulebooks: Rulebooks
    plans: PlanBook
    words: WordShelf
    answers: AnswerBook
    updates: UpdateShelf
    clock: Clock
    free_bytes: Callable[[], int]
