"""J, K, L: retention, access, secrecy.

Owns which of these a rulebook asks, and the class that was marked in the field. Refuses to claim
what the desk has still to do: what is sealed and receipted is proved, what people do with it
afterwards is not in the records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from evidence.compliance.h_handin import sealed_away
from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Ruling,
    asked,
    beside,
    desk,
    in_journal,
    left,
)
from evidence.marks import OF_CLASS, SECRECY, secrecy_of
from evidence.rulebook import Rulebook

_RETENTION: Final = desk("retention is the desk's", "保存期限由管理端执行")
_HOLDS: Final = desk("holds are the desk's", "长期保存由管理端办理")
_ACCESS: Final = desk("approvals of access are the desk's", "查阅审批由管理端办理")
_COPIES: Final = desk("copies and releases are the desk's", "复制、提供由管理端审批")


def classed(facts: Facts) -> Ruling:
    """L1: the class that was marked in the field; raised there, lowered at the desk alone."""
    codes = [one.fields["code"] for one in facts.reading.marked(OF_CLASS)]
    secrecy = secrecy_of(codes)
    if secrecy is None:
        return left(Part.DESK, "classes of secrecy are the desk's", "密级由管理端确定")
    mark = facts.reading.mark(OF_CLASS + secrecy)
    en = f"marked in the field: {secrecy}; who may see it is the desk's"
    zh = f"现场已标记{SECRECY[secrecy]}，知悉范围由管理端审批"
    return left(Part.DESK, en, zh, None if mark is None else in_journal(mark.record))


def _term(least: int, most: int) -> Callable[[Rulebook], bool]:
    """The rulebook's own term is one of so many months."""
    return lambda book: least <= book.number("retention.floor_months") <= most


def _holds(*reasons: str) -> Callable[[Rulebook], bool]:
    return lambda book: set(reasons) <= set(book.codes("hold.reasons"))


def _asks(key: str) -> Callable[[Rulebook], bool]:
    return lambda book: book.word(key) != "none"


RULES: Final[Mapping[str, Judge]] = {
    "J1": asked(_term(24, 1_200), _RETENTION),
    "J2": asked(lambda book: book.word("retention.at_expiry") == "propose", _RETENTION),
    "J3": asked(
        lambda book: _term(1, 11)(book) and book.word("retention.at_expiry") == "keep", _RETENTION
    ),
    "J4": asked(_term(12, 23), _RETENTION),
    "J5": asked(lambda book: book.number("retention.floor_months") == 0, _RETENTION),
    "J6": asked(lambda book: book.word("hold.keeper") == "municipal", _HOLDS),
    "J7": asked(_holds("possible_complaint"), _HOLDS),
    "J8": asked(_holds("mass_incident"), _HOLDS),
    "J9": asked(_holds("evidence"), desk("discs are the desk's", "刻盘保存由管理端办理")),
    "K1": asked(lambda book: bool(book.codes("access.free")), _ACCESS),
    "K2": asked(
        lambda book: _asks("access.approver")(book) and not book.codes("access.free"), _ACCESS
    ),
    "K3": asked(
        lambda book: bool(book.codes("access.free")),
        desk("scopes are the desk's", "授权范围由管理端管理"),
    ),
    "K4": asked(
        lambda book: book.asks("export.dual_control"),
        desk("a second pair of eyes is the desk's", "导出监督由管理端执行"),
    ),
    "K5": desk("marks of the viewer are the desk's", "查阅水印由管理端加注"),
    "K6": sealed_away,
    "K7": _COPIES,
    "K8": asked(_asks("access.party_copy_approver"), _COPIES),
    "K9": asked(lambda book: book.asks("export.note"), _COPIES),
    "L1": classed,
    "L2": asked(
        lambda book: book.word("secret.scene") == "may_skip",
        lambda _: beside("the scene was recorded", "本次已作记录"),
    ),
    "L3": sealed_away,
}
