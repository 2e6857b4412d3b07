"""The way back from a damaged ledger: from which backup, and what has to be done again.

Owns reading both out of what is left of it. Refuses to vouch for what it reads: a ledger that does
not verify makes claims, and the papers decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from provisioning.custody import ledger
from provisioning.custody.days import say
from provisioning.custody.lines import Kind

_WORDS: Final[Mapping[str, str]] = {
    Kind.FOUNDED: "建立单位",
    Kind.RULEBOOK: "发布办法",
    Kind.ROOT: "更换签名密钥",
    Kind.EXPORTED: "移出根密钥",
    Kind.CLAIM: "领取码",
    Kind.SEEDED: "种子",
    Kind.PERSON: "登记人员",
    Kind.LEFT: "离任",
    Kind.APPROVED: "批准",
    Kind.ENROLLED: "入网",
    Kind.ASSIGNED: "配发",
    Kind.RETURNED: "归还",
    Kind.FROZEN: "停用",
    Kind.CLEARED: "解除停用",
    Kind.MAINTAINED: "维护",
    Kind.KEPT: "换保管人、负责人、期限或使用名单",
    Kind.LOST: "遗失",
    Kind.REVOKED: "吊销",
    Kind.RETIRED: "报废",
}


NEWER: Final = ("archive", "quarantine", "partial", "receipts", "plans", "ledger.sqlite")
"""What the desk wrote since the backup and no damage of the ledger touches."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a damaged ledger claims.

    Attributes:
        backup: Of the last backup it names: UTC; None where it names none.
        sha256: Of that file; None where it names none.
        later: What was done after it, in Chinese, in order.
    """

    backup: str | None
    sha256: str | None
    later: tuple[str, ...]


def recovery_of(content: bytes) -> Recovery:
    """What is left of a ledger, as far as it can be read."""
    backup, later = None, list[str]()
    for said in ledger.claimed(content):
        if said.get("t") == Kind.BACKUP:
            backup, later = said, []
        else:
            later.append(_told(said))
    if backup is None:
        return Recovery(None, None, tuple(later))
    return Recovery(str(backup.get("utc")), str(backup.get("sha256")), tuple(later))


def told(one: Recovery) -> Sequence[str]:
    """The way back, line by line, for a clerk."""
    again = "：" if one.later else "；台账中已读不出，以单据为准。"
    named, later = "台账中读不出备份记录，用手边最近的一份", "下列各项，不在那份备份里的"
    if one.backup is not None:
        named = f"台账所载最近一份备份：{_moment(one.backup)}，文件摘要（sha256sum）{one.sha256}"
        later = f"备份之后的 {len(one.later)} 项不在其中"
    return (
        "台账已损坏或末尾缺行，办理全部停止。恢复办法：",
        f"1. {named}；恢复时逐行核验，不通过的换更早的一份：",
        "   provision restore 备份文件 --identity escrow.age --bureau 新文件夹",
        f"2. 停下采集工作站，把原文件夹的 {'、'.join(NEWER)} 复制到新文件夹。",
        "   原文件夹原样封存，不要改动。再运行 provision audit。",
        f"3. {later}，照纸质单据按原顺序补办{again}",
        *(f"   {line}" for line in one.later),
    )


def _told(said: JsonObject) -> str:
    kind = str(said.get("t"))
    about = [str(said[name]) for name in ("device", "id", "custodian", "version") if name in said]
    return " ".join((_moment(str(said.get("utc"))), _WORDS.get(kind, kind), *about))


def _moment(utc: str) -> str:
    try:
        return say(utc)
    except EvidenceError:
        return "时间不明"
