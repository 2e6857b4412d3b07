"""A: equip, assign, custody.

Owns what the records of a session, and the bureau's word that they name, say of who had the
recorder. Refuses the bureau's own books: approvals, keepers and training are the desk's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.assignment import Assignment
from evidence.canonical import JsonObject
from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Proof,
    Ruling,
    asked,
    desk,
    in_journal,
    left,
    met,
    not_met,
)
from evidence.moments import TimeSource

_UNSURE: Final = frozenset({TimeSource.LAST_KNOWN, TimeSource.NONE})


def approved(facts: Facts) -> Ruling:
    """A1: the assignment in force names the head's approval."""
    opened = facts.reading.opened
    if opened is None or "approval" not in opened.payload:
        en = "this device did not name the approval of its issue yet"
        return left(Part.PROVISIONING, en, "本机尚未载明配备批准")
    proof = in_journal(opened.record)
    approval, number = opened.payload["approval"], opened.payload["assignment"]
    if approval is None:
        return not_met("no approval of the issue is named", "未载明配备批准", proof)
    en = f"issued by assignment {number} on approval {approval}"
    return met(en, f"按第 {number} 号配发、批准 {approval} 配备", proof)


def specified(_: Facts) -> Ruling:
    """A2."""
    return left(
        Part.HARDWARE, "what the body can do is not signed yet", "设备技术性能尚未由硬件签名说明"
    )


def dedicated(facts: Facts) -> Ruling:
    """A3: exactly one custodian; somebody else's use is a hand-over."""
    opened = facts.reading.opened
    custodian = None if opened is None else opened.payload["custodian"]
    if opened is None or custodian is None:
        return not_met("the session names no custodian", "记录未载明设备使用人", in_journal(0))
    officers = opened.payload.get("officers", [])
    if officers and custodian not in officers:
        en, zh = "the custodian is not among the officers", "使用人不在执法人员之中，须核对交接"
        return left(Part.DESK, en, zh, in_journal(opened.record))
    return met("one custodian is named", "已载明唯一使用人", in_journal(opened.record))


def entrusted(facts: Facts) -> Ruling:
    """A4: a recorder in use, by those on the roster that the bureau signed for it."""
    opened = facts.reading.opened
    if opened is None:
        return not_met("the begin is not on record", "没有开始记录")
    proof = in_journal(opened.record)
    if opened.payload["dev"] in facts.book.codes("custody.revoked"):
        return not_met("the recorder was taken out of use", "该设备已停用", proof)
    if facts.assignment is not None:
        return _on_roster(opened.payload, facts.assignment, proof)
    sent = set() if facts.plan is None else {one.id for one in facts.plan.officers}
    if sent and sent == set(opened.payload.get("officers", [])):
        return met(
            "carried by those whom the bureau's plan sent", "使用人即本单位计划所派人员", proof
        )
    return left(Part.DESK, "the roster is the desk's", "人员名册由管理端核对", proof)


def _on_roster(opened: JsonObject, word: Assignment, proof: Proof) -> Ruling:
    """The officers of a session, or its custodian, against the word that it names."""
    number = word.number
    if (word.device, number) != (opened["dev"], opened.get("assignment")):
        return not_met("it names another assignment", "载明的配发文件不符", proof)
    custodian = [] if word.custodian is None else [word.custodian]
    sure = opened["utc_q"]["source"] not in _UNSURE
    users = opened.get("officers") or custodian
    if word.permits_recording and word.may_use(users, opened["utc"] if sure else None):
        en, zh = "used by who is on the roster of", f"使用人在第 {number} 号配发的使用名单内"
        return met(f"{en} assignment {number}", zh, proof)
    en, zh = "nobody named is on the roster of", f"使用人不在第 {number} 号配发的使用名单内"
    return not_met(f"{en} assignment {number}", zh, proof)


def in_the_ledger(facts: Facts) -> Ruling:
    """A6: taken in means entered, counted and findable."""
    if facts.reading.committed is None and facts.reading.stored is None:
        return left(Part.DESK, "the session has not been taken in", "记录尚未移交")
    name = "committed" if facts.reading.committed is not None else "stored"
    proof = Proof(f"receipt-{name}.jws")
    return met("taken in, and so in the bureau's ledger", "已接收并列入管理台账", proof)


def whole_body(facts: Facts) -> Ruling:
    """A9: what the body noticed of being opened."""
    found = facts.reading.events("tamper")
    if found:
        return not_met("tampering was noticed", "发现拆装迹象", in_journal(found[0].record))
    return left(Part.HARDWARE, "the case switch told nothing", "机壳开关未报告打开")


RULES: Final[Mapping[str, Judge]] = {
    "A1": asked(lambda book: book.asks("equip.approval"), approved),
    "A2": specified,
    "A3": dedicated,
    "A4": entrusted,
    "A5": desk("the ledger of custody is the desk's", "使用情况台账由管理端建立"),
    "A6": in_the_ledger,
    "A7": desk("keeper and leader are the desk's", "保管人和责任人由管理端登记"),
    "A8": desk("training is the desk's", "培训情况由管理端登记"),
    "A9": whole_body,
    "A10": desk("losses are the desk's", "丢失、损坏由管理端追溯"),
}
