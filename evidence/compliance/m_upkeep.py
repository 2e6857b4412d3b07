"""M, N: fault and repair, supervision and review.

Owns what faults of the device's parts were signed, and that "could not" and "did not" are different
facts. Refuses blame: whoever reviews a session is a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.compliance.reading import Noted
from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Proof,
    Ruling,
    asked,
    beside,
    desk,
    in_journal,
    in_log,
    left,
    met,
)
from evidence.rulebook import Rulebook


def repaired(facts: Facts) -> Ruling:
    """M1: a fault of this session is a case for repair."""
    found = _faults(facts)
    if not found:
        return beside("no part failed", "没有部件故障")
    parts = ", ".join(sorted({str(one.fields["part"]) for one in found}))
    return left(
        Part.DESK, f"repair of {parts} is the desk's", f"维修由管理端安排（{parts}）", _at(found)
    )


def reported(facts: Facts) -> Ruling:
    """M2: a fault is on record at once; some stop the use, until the keeper clears it."""
    found = _faults(facts)
    if not found:
        return beside("no part failed", "没有部件故障")
    stopped = next((one for one in facts.reading.log if _stops(one, found)), None)
    if stopped is not None:
        en = f"the fault is signed, and the use was stopped ({stopped.payload['part']})"
        return met(en, "故障已签名，设备已停止使用", _log(stopped))
    return left(
        Part.DESK,
        "the fault is signed; its report is the desk's",
        "故障已签名，报告由管理端登记",
        _at(found),
    )


def accounted(facts: Facts) -> Ruling:
    """N5: presses, refusals and checks are counted for life, so that nothing is explained away."""
    counted = [one for one in facts.reading.log if one.payload.get("count") is not None]
    if not counted:
        return left(
            Part.DESK, "plans against sessions are the desk's", "计划与记录的核对由管理端进行"
        )
    last = counted[-1]
    en = f"this activity was recorded; {last.payload['count']} facts are counted on the device"
    zh = f"本次已记录；设备终身计数 {last.payload['count']}"
    return met(en, zh, _log(last))


def _stops(record: Noted, faults: list[Noted]) -> bool:
    payload = record.payload
    if payload["t"] != "stop_use" or payload["state"] != "set":
        return False
    return payload["part"] in {one.fields["part"] for one in faults}


def _faults(facts: Facts) -> list[Noted]:
    return [one for one in facts.reading.events("fault") if one.fields["state"] == "begun"]


def _at(found: list[Noted]) -> Proof:
    return in_journal(found[0].record)


def _log(one: Noted) -> Proof:
    return in_log(one.record)


def _reviews(book: Rulebook) -> bool:
    return book.word("review.rule") != "unstated"


RULES: Final[Mapping[str, Judge]] = {
    "M1": repaired,
    "M2": reported,
    "M3": desk("upkeep is the desk's", "维护保养由管理端登记"),
    "N1": asked(_reviews, desk("spot checks are the desk's", "抽查由管理端组织")),
    "N2": asked(_reviews, desk("spot checks are the desk's", "监督检查由管理端组织")),
    "N3": asked(
        lambda book: book.number("review.per_year") > 0,
        desk("the annual review is the desk's", "年度评查由管理端组织"),
    ),
    "N4": desk("training and supervision are the desk's", "培训和监督由管理端组织"),
    "N5": accounted,
    "N6": desk("the evidence pack is the desk's", "追责材料由管理端提供"),
    "N7": desk("wording and conduct are for a reviewer", "用语和行为由审看人评定"),
}
