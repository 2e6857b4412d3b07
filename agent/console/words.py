"""What the console says, in Chinese.

Owns the wording and the colours. Refuses facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hw.types import LampPattern

LAMPS: Final[Mapping[LampPattern | None, tuple[str, str]]] = MappingProxyType(
    {
        LampPattern.STARTING: ("正在启动", "white"),
        LampPattern.READY: ("就绪", "green"),
        LampPattern.CAPTURING: ("正在记录", "red"),
        LampPattern.UNVERIFIED: ("告知未核实", "dark_orange"),
        LampPattern.LOW: ("电量或空间不足", "yellow"),
        LampPattern.FAULT: ("故障", "magenta"),
        LampPattern.DOCKED: ("已对接", "blue"),
        None: ("灯不亮", "grey37"),
    }
)
"""What the status lamp shows, and its colour; None: it is dark."""

KEYS: Final = (
    ("r", "record", "记录"),
    ("R", "hold_record", "长按记录"),
    ("m", "mark", "标记"),
    ("M", "hold_mark", "长按标记"),
    ("p", "photo", "拍照"),
    ("P", "hold_photo", "长按拍照"),
    ("d", "dock", "底座"),
    ("t", "talk", "说话"),
    ("c", "cover", "遮镜头"),
    ("b", "battery", "电量"),
    ("q", "quit", "退出"),
)
"""Key, what it does, what the footer says."""

LAMP_TITLE: Final = "状态灯"
BODY_TITLE: Final = "机身"
PROMPTS_TITLE: Final = "语音（最新在下）"
RECORDS_TITLE: Final = "签名日志（最新在下）"
ENDED: Final = "记录仪已停止运行"
YES_NO: Final = ("否", "是")


def minutes(count: int) -> str:
    """A length of recording."""
    if count < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{count} 分钟"
    return f"{count // 60} 小时 {count % 60} 分钟"


def level(mdb: int | None) -> str:
    """How loud it is: a bar of 60 dB, and the number."""
    if mdb is None:
        return "没有声音"
    bars = min(20, max(0, (mdb + 60_000) // 3_000))
    return f"{'█' * bars}{'░' * (20 - bars)} {mdb / 1_000:.0f} dB"
