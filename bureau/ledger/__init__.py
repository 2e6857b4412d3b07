"""The ledger (管理台账): what was recorded, received, copied, put aside and explained."""

from __future__ import annotations

from bureau.ledger.ledger import ASKED_AGAIN, Ledger
from bureau.ledger.queries import Category, Query, Total
from bureau.ledger.tables import (
    CopyRow,
    DeviceRow,
    DockRow,
    ExplanationRow,
    PlanAnswerRow,
    QuarantineRow,
    ReceiptRow,
    SessionRow,
)

__all__ = [
    "ASKED_AGAIN",
    "Category",
    "CopyRow",
    "DeviceRow",
    "DockRow",
    "ExplanationRow",
    "Ledger",
    "PlanAnswerRow",
    "QuarantineRow",
    "Query",
    "ReceiptRow",
    "SessionRow",
    "Total",
]
