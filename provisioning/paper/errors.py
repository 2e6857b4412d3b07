"""What cannot be printed, by stable code."""

from __future__ import annotations

from typing import Final

from provisioning.errors import ProvisioningError

_DIAGNOSES: Final = {
    "no_entry": "台账中没有可填写的内容",
    "unknown_device": "登记簿中没有该设备，请先登记（provision enrol）",
}


class PaperError(ProvisioningError):
    """There is nothing to fill a form with.

    Args:
        detail: The cause, in one English sentence.
        code: See ``_DIAGNOSES``.
        advice: What the clerk does first, in Chinese.
    """

    code = "no_entry"

    def __init__(self, detail: str, code: str = "no_entry", advice: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.advice = advice

    def diagnosis(self) -> str:
        """The refusal in Chinese, for the clerk."""
        told = _DIAGNOSES[self.code] + (f"：{self.advice}" if self.advice else "")
        return f"{told}（{self.code}: {self.detail}）"
