"""E and F: continuity, interruptions, and what may be left unrecorded.

Owns comparing each interruption with what the rulebook permits. Refuses to guess: where an officer
stopped and went on, the records know when, not where, nor why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.activities import VOLUNTARY
from evidence.compliance.c_arrival import voiced
from evidence.compliance.interruptions import Interruption, interruptions
from evidence.compliance.reading import Noted
from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Ruling,
    State,
    asked,
    beside,
    in_journal,
    left,
    met,
    not_met,
)
from evidence.compliance.trust import broken_by
from evidence.rulebook import Rulebook
from evidence.rulebook.words import CAUSES

REASON: Final = "interruption"
"""Template of the statement in which the officer says why recording stopped."""

_NONE_EN, _NONE_ZH = "not interrupted", "未中断"


def unbroken(facts: Facts) -> Ruling:
    """E1: no interruption, whatever its cause."""
    found = _found(facts)
    certain = [one for one in found if not one.undecided]
    if certain:
        one = certain[0]
        en, zh = f"interrupted: {one.why}", f"曾中断（{_word(one)}）"
        return not_met(en, zh, one.proof)
    if found:
        return _one_matter(found[0])
    return _closed(facts)


def for_a_cause(facts: Facts) -> Ruling:
    """E2, E3: each interruption has a cause that the rulebook names."""
    allowed = facts.book.codes("continuity.causes")
    for one in _found(facts):
        if one.cause != "chosen" and one.cause not in allowed:
            en = f"interrupted: {one.why}, which the rulebook does not excuse"
            return not_met(en, f"中断原因（{_word(one)}）不在规定情形之内", one.proof)
    chosen = [one for one in _found(facts) if one.cause == "chosen"]
    if chosen:
        return _chosen(facts, chosen[0])
    found = _found(facts)
    if not found:
        return _unexplained(facts) or _closed(facts)
    causes = ", ".join(sorted({one.why for one in found}))
    words = "、".join(sorted({_word(one) for one in found}))
    en = f"interrupted for causes that the rulebook names: {causes}"
    return met(en, f"中断原因属规定情形（{words}）", found[0].proof)


def in_parts(facts: Facts) -> Ruling:
    """E4: parts are permitted for one step at other places or times, or of one's own accord."""
    opened, found = facts.reading.opened, _found(facts)
    permitted = facts.book.codes("continuity.intermittent_for")
    if opened is not None and opened.payload["activity"] == VOLUNTARY and "voluntary" in permitted:
        zh = "自主记录的事项，可以断续记录"
        return met(
            "recorded of one's own accord: parts are permitted", zh, in_journal(opened.record)
        )
    chosen = [one for one in found if one.cause == "chosen" or one.told]
    if chosen and "same_step" not in permitted:
        return not_met("stopped and begun again", "曾停止后重新开始", chosen[0].proof)
    if chosen:
        seconds = (chosen[0].length_ns or 0) // 1_000_000_000
        en = f"begun again {seconds} s after a stop: was it another place?"
        return left(
            Part.DESK, en, f"停止 {seconds} 秒后重新开始，是否另一地点须核对", chosen[0].proof
        )
    if found:
        en = f"interrupted by the device ({found[0].why}), on record, not by choice"
        return met(en, f"设备原因中断（{_word(found[0])}），已签名，非人为取舍", found[0].proof)
    return _at_another_time(facts) or _closed(facts)


def explained(facts: Facts) -> Ruling:
    """E5: each time recording was taken up again, the reason is spoken."""
    resumed = [one for one in _found(facts) if one.asks_reason]
    if not resumed:
        return beside("nothing was taken up again", "没有中断后重新开始")
    least = facts.book.number("continuity.reason_voiced_ms")
    said = [one for one in facts.reading.events("statement") if one.fields["template"] == REASON]
    ends = [*(one.resumed_ns or 0 for one in resumed[1:]), 2**63]
    rulings = [
        _reason_for(
            one, [s for s in said if (one.resumed_ns or 0) <= s.fields["from_ns"] < end], least
        )
        for one, end in zip(resumed, ends, strict=True)
    ]
    return next((one for one in rulings if one.state is not State.MET), rulings[0])


def reported(facts: Facts) -> Ruling:
    """E6, F2: the written account of an interruption."""
    found = _found(facts)
    if not found:
        return beside(_NONE_EN, _NONE_ZH)
    en, zh = "the work record of the interruption is due at the desk", "中断的工作记录由管理端办理"
    return left(Part.DESK, en, zh, found[0].proof)


def untouched(facts: Facts) -> Ruling:
    """E7, G1: nothing inserted, chosen, edited or recorded afterwards."""
    broken = broken_by(facts.verdict)
    if broken is not None:
        en, zh = f"the evidence does not verify: {broken.code}", f"核验未通过（{broken.code}）"
        return not_met(en, zh, broken.proof)
    closed = facts.reading.closed
    if closed is None:
        return left(Part.DESK, "the session is not closed yet", "记录尚未关闭")
    return met("every byte is as it was signed", "每个字节均与签名一致", in_journal(closed.record))


def nothing_lost(facts: Facts) -> Ruling:
    """E8: what was written before a crash is there."""
    ruling = untouched(facts)
    crashes = list(facts.reading.of("resume"))
    if ruling.proof is None or not crashes or broken_by(facts.verdict) is not None:
        return ruling
    en = f"{len(crashes)} crashes, and what was written is there"
    zh = f"{len(crashes)} 次意外中断，已写内容完整"
    return met(en, zh, in_journal(crashes[0].record))


def _found(facts: Facts) -> list[Interruption]:
    related = facts.book.number("continuity.related_minutes")
    return interruptions(facts.reading, related_minutes=related)


def _unexplained(facts: Facts) -> Ruling | None:
    """Ended by the officer, who was asked how and did not say: was it the end?"""
    flagged = facts.reading.flagged("ending")
    if flagged is None:
        return None
    en = "an unexplained stop: the officer ended it and did not say how"
    return left(Part.DESK, en, "人员结束而未说明，是否中断须核对", in_journal(flagged.record))


def _closed(facts: Facts) -> Ruling:
    closed = facts.reading.closed
    if closed is None:
        return left(Part.DESK, "the session is not closed yet", "记录尚未关闭")
    return met(_NONE_EN, _NONE_ZH, in_journal(closed.record))


def _at_another_time(facts: Facts) -> Ruling | None:
    opened = facts.reading.opened
    previous = None if opened is None else opened.payload.get("previous")
    if opened is None or previous is None or not previous["same_plan"]:
        return None
    en = f"the same step at another time, {previous['seconds']} s later"
    return met(en, "同一环节在不同时间断续记录", in_journal(opened.record))


def _chosen(facts: Facts, one: Interruption) -> Ruling:
    if one.undecided:
        return _one_matter(one)
    silent = facts.reading.flagged("cause")
    if silent is not None:
        en = "stopped and begun again; asked for the cause, nobody gave one"
        return not_met(en, "停止后重新开始，询问原因未作选择", in_journal(silent.record))
    if facts.book.asks("continuity.reason_on_resume"):
        spoken = explained(facts)
        if spoken.state is State.NOT_MET:
            return not_met(
                "stopped and begun again without a reason", "停止后重新开始，未说明原因", one.proof
            )
    en = "stopped and begun again by the officer: hear the reason"
    return left(Part.DESK, en, "人员停止后重新开始，原因须核对", one.proof)


def _reason_for(one: Interruption, said: list[Noted], least_ms: int) -> Ruling:
    if one.undecided and not said:
        return _one_matter(one)
    return voiced(said, least_ms, "the reason of the interruption", "中断原因的语音说明")


def _one_matter(one: Interruption) -> Ruling:
    en = "begun soon after another session: are both of one matter?"
    return left(Part.DESK, en, "与前一次记录相隔很近，是否同一事项须核对", one.proof)


def _word(one: Interruption) -> str:
    return CAUSES.get(one.cause, "人员停止")


def _has_account(book: Rulebook) -> bool:
    return book.word("continuity.rule") in {"causes", "technical"}


RULES: Final[Mapping[str, Judge]] = {
    "E1": asked(lambda book: book.word("continuity.rule") == "continuous", unbroken),
    "E2": asked(lambda book: book.word("continuity.rule") == "technical", for_a_cause),
    "E3": asked(lambda book: book.word("continuity.rule") == "causes", for_a_cause),
    "E4": asked(lambda book: book.word("continuity.rule") == "intermittent", in_parts),
    "E5": asked(lambda book: book.asks("continuity.reason_on_resume"), explained),
    "E6": asked(_has_account, reported),
    "E7": untouched,
    "E8": nothing_lost,
    "F1": asked(
        lambda book: bool(book.codes("exemption.codes")),
        lambda _: beside("the activity was recorded", "本次已作记录"),
    ),
    "F2": asked(lambda book: book.word("exemption.reviewer") != "none", reported),
}
