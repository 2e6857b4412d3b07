"""One thing that is not as the ledger says, or that the ledger should not say.

Owns how it is told to a clerk. Refuses degrees: whatever differs is a reason to look.
"""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.custody.errors import CustodyError


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A finding of the audit.

    Attributes:
        told: In Chinese, with the line or the device it is about.
        code: Which kind.
        detail: The cause, in English.
        line: Of the ledger; None where it is about a file.
        device: None where it is about none.
    """

    told: str
    code: str
    detail: str
    line: int | None = None
    device: str | None = None

    @classmethod
    def of(cls, error: CustodyError, line: int) -> Discrepancy:
        """A line that the rules refuse."""
        told = f"第 {line} 行：{error.wording()}（{error.detail}）"
        return cls(told, error.code, error.detail, line)
