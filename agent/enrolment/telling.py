"""Showing and saying the six digits.

Owns both forms: a line to read, and the row of words that the loudspeaker says, one digit at a
time. Refuses new words: the digits are among those that the recorder can say.
"""

from __future__ import annotations

from typing import Final

from agent.enrolment.enrol import Outcome

_PAUSE: Final = "comma"

SAID: Final = {
    Outcome.ENROLLED: "登记完成：证书、办法和配置已装入。可以运行 recorder run",
    Outcome.UNCHANGED: "本机已登记，未作任何改动。",
    Outcome.WAITING: "申请已写入存储盘。请交登记工作站，取回后运行 recorder enrol --from",
}
"""What a run came to, for whoever holds the recorder."""


def shown(digits: str) -> str:
    """The line to read."""
    return f"请核对六位数字：{digits}"


def words_of(digits: str) -> tuple[str, ...]:
    """The row of words to say: each digit by itself, a pause in the middle.

    Args:
        digits: As shown, ``123 456``.
    """
    return tuple(_PAUSE if sign == " " else f"n{sign}" for sign in digits)
