"""What can go wrong at the desk, by stable code.

Owns the bureau's errors and their wording for clerks. Refuses recovery: who catches one decides.
"""

from __future__ import annotations

_DIAGNOSES = {
    "settings": "单位配置文件有误，请重新运行 provision init",
}


class BureauError(Exception):
    """Something at the receiving desk did not go as it has to.

    Args:
        detail: The cause and, where there is one, the next step, in one English sentence.
    """

    code = "bureau"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def diagnosis(self) -> str:
        """The error in Chinese, for the clerk."""
        return f"{_DIAGNOSES.get(self.code, '未知错误')}（{self.code}: {self.detail}）"


class SettingsError(BureauError):
    """``bureau.toml`` is missing or wrong."""

    code = "settings"
