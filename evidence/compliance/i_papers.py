"""I: metadata, ledger, forms.

Owns what an index of sessions needs from the records. Refuses forms, labels and registers: the desk
makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Ruling,
    asked,
    desk,
    in_journal,
    left,
    met,
    not_met,
)
from evidence.rulebook import Rulebook


def indexed(facts: Facts) -> Ruling:
    """I1: kind, step, officer and time stand in the first record."""
    opened = facts.reading.opened
    if opened is None:
        return not_met("the begin is not on record", "没有开始记录")
    proof = in_journal(opened.record)
    if not opened.payload.get("officers", []) and opened.payload["officer"] is None:
        return left(Part.DESK, "the officer is entered at the desk", "执法人员由管理端补录", proof)
    return met("activity, officer and time are signed", "事项、人员、时间均已签名", proof)


def in_words(facts: Facts) -> Ruling:
    """I2: prefilled from the plan, completed at the desk."""
    opened = facts.reading.opened
    planned = opened is not None and opened.payload["plan"] is not None
    en = (
        "prefilled from the sealed plan" if planned else "no plan: all of it is entered at the desk"
    )
    zh = "可由封存的计划预填" if planned else "没有计划，由管理端录入"
    return left(Part.DESK, en, zh, in_journal(0) if planned else None)


def _enters_text(book: Rulebook) -> bool:
    return book.word("text_entry.rule") != "none"


def _registers(book: Rulebook) -> bool:
    return book.word("access.approver") != "none"


RULES: Final[Mapping[str, Judge]] = {
    "I1": indexed,
    "I2": asked(_enters_text, in_words),
    "I3": asked(
        lambda book: book.asks("media.form"), desk("forms are the desk's", "记录表由管理端填制")
    ),
    "I4": asked(
        lambda book: book.asks("media.label"), desk("labels are the desk's", "光盘标签由管理端制作")
    ),
    "I5": asked(
        lambda book: book.asks("export.note"),
        desk("copies for evidence are the desk's", "调取说明由管理端制作"),
    ),
    "I6": desk("the ledger of custody is the desk's", "使用情况台账由管理端建立"),
    "I7": asked(_registers, desk("the register of access is the desk's", "查阅登记由管理端保存")),
    "I8": asked(
        lambda book: bool(book.codes("access.free")),
        desk("applications are the desk's", "查阅申请由管理端受理"),
    ),
    "I9": asked(
        lambda book: bool(book.policy["must_record.items"]),
        desk("the annex's columns are the desk's", "清单各栏由管理端登记"),
    ),
    "I10": desk("papers and links to them are the desk's", "文书关联由管理端办理"),
}
