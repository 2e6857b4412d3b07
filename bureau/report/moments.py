"""What happened in a session, for people: one line for each record that tells something.

Owns the Chinese words for records. Refuses what only machines need: ticks, segments and presses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bureau import days
from evidence.compliance.reading import Noted, Reading

MOST: Final = 300
"""Lines of a report; what is beyond is counted in the last one."""

_NS_OF_SECOND: Final = 1_000_000_000
_NS_OF_MS: Final = 1_000_000
_MARKS: Final = {
    "sign": "标牌、门脸",
    "attested": "已口头告知",
    "question": "开始询问",
    "mark": "标记",
}
_STATEMENTS: Final = {
    "fixed": "到场语音说明",
    "purpose": "到场语音说明",
    "fields": "到场语音说明",
    "interruption": "中断原因说明",
}
_PARTS: Final = {
    "camera": "摄像头",
    "microphone": "麦克风",
    "speaker": "扬声器",
    "storage": "存储",
    "lamp": "指示灯",
    "buttons": "按键",
    "battery": "电池",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: number of the record, time in Beijing, and what happened."""

    record: int
    at: str
    text: str


def moments_of(reading: Reading) -> list[Moment]:
    """Every record that tells something, in order; at most ``MOST``."""
    told = [(one, _say(one)) for one in reading.records]
    found = [
        Moment(one.record, days.local(one.payload["utc"]).strftime("%m-%d %H:%M:%S"), text)
        for one, text in told
        if text is not None
    ]
    if len(found) <= MOST:
        return found
    left = len(found) - MOST + 1
    return [*found[: MOST - 1], Moment(found[MOST - 1].record, "", f"其余 {left} 项从略")]


def _say(one: Noted) -> str | None:
    payload = one.payload
    if payload["t"] == "event":
        say = _EVENTS.get(payload["kind"])
        return None if say is None else say(payload["fields"])
    say = _RECORDS.get(payload["t"])
    return None if say is None else say(payload)


def _disclosure(fields: Mapping[str, Any]) -> str:
    verdict = "已听到" if fields["verdict"] == "verified" else f"未经证实（{fields['reason']}）"
    return f"播放告知 {fields['clip']}，{verdict}"


def _statement(fields: Mapping[str, Any]) -> str:
    name = _STATEMENTS.get(fields["template"], fields["template"])
    voiced = fields["voiced_ms"]
    return f"{name}：" + ("未能测量" if voiced is None else f"语音 {voiced / 1_000:.1f} 秒")


def _gap(fields: Mapping[str, Any]) -> str:
    track = {"video": "画面", "audio": "声音", "both": "声画"}[fields["track"]]
    if fields["to_ns"] is None:
        return f"{track}中断开始（{fields['cause']}）"
    seconds = (fields["to_ns"] - fields["from_ns"]) / _NS_OF_SECOND
    return f"{track}缺失 {seconds:.2f} 秒（{fields['cause']}）"


def _doubt(fields: Mapping[str, Any]) -> str:
    long_ms = (fields["to_ns"] - fields["from_ns"]) // _NS_OF_MS
    within_ms = -(-fields["within_ns"] // _NS_OF_MS)
    return f"{long_ms} 毫秒声音的时间难以确定（误差不超过 {within_ms} 毫秒）"


def _fault(fields: Mapping[str, Any]) -> str:
    part = _PARTS.get(fields["part"], fields["part"])
    return f"{part}故障（{fields['code']}）" if fields["state"] == "begun" else f"{part}恢复"


def _open(payload: Mapping[str, Any]) -> str:
    previous = payload.get("previous")
    if previous is None:
        return "开始记录"
    return f"开始记录，距上一次记录结束 {previous['seconds']} 秒（{previous['reason']}）"


_EVENTS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "disclosure": _disclosure,
    "statement": _statement,
    "gap": _gap,
    "doubt": _doubt,
    "fault": _fault,
    "mark": lambda fields: f"标记：{_MARKS.get(fields['code'], fields['code'])}",
    "photo": lambda fields: f"照片 {fields['file']}",
    "tamper": lambda fields: f"拆装迹象（{fields['part']}）",
    "clock_step": lambda fields: f"时钟调整 {fields['step_ms']} 毫秒",
}
_RECORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "open": _open,
    "resume": lambda payload: f"意外中断后恢复（{payload['cause']}）",
    "close": lambda payload: f"结束记录（{payload['reason']}），共 {payload['segments']} 个片段",
}
