"""How a session was ended, held against where the rules have it end (C2, C3, D2).

Owns reading the officer's word about the end. Refuses to believe it of an end that was not his: a
battery or a crash ends a session anywhere.
"""

from __future__ import annotations

from evidence.bounds import BEGINNINGS, ENDINGS, TOLD_BY_MARK, UNSTATED
from evidence.compliance.interruptions import cause_of
from evidence.compliance.reading import Noted
from evidence.compliance.result import Facts, Part, Proof, Ruling, in_journal, left, met
from evidence.marks import BEGIN, END, STOP
from evidence.rulebook.words import CAUSES


def ended(facts: Facts, begun: Noted, en: str, zh: str) -> Ruling:
    """Met where the officer ended it, and where the rules have it end.

    Args:
        facts: The session.
        begun: What shows its begin.
        en: What is then said, in English.
        zh: The same in Chinese.
    """
    closed = facts.reading.closed
    proof = in_journal(begun.record)
    if closed is None:
        return left(Part.DESK, "the session is not closed yet", "记录尚未关闭", proof)
    if cause_of(closed.payload["reason"]) != "chosen":
        cut = "it was ended by an interruption, not by the officer"
        return left(Part.DESK, cut, "因中断而结束，非人员结束", in_journal(closed.record))
    bounds = facts.reading.bounds
    if bounds is None or bounds["ends"] == UNSTATED:
        return met(en, zh, proof)
    return _as_told(facts, bounds["ends"], in_journal(closed.record), f"{en}: ", f"{zh}：")


def opened_late(facts: Facts) -> Ruling | None:
    """Why a begin that comes some time after the press is not shown; None where all is well."""
    bounds = facts.reading.bounds
    if bounds is None or bounds["begins"] not in TOLD_BY_MARK:
        return None
    if facts.reading.mark(BEGIN + bounds["begins"]) is not None:
        return None
    zh = BEGINNINGS[bounds["begins"]]
    en = f"nobody marked when it began ({bounds['begins']})"
    return left(Part.DESK, en, f"未标记{zh}的时刻，须看画面", in_journal(0))


def _as_told(facts: Facts, ends: str, closed: Proof, en: str, zh: str) -> Ruling:
    told = facts.reading.marked(END, STOP)
    name = ENDINGS.get(ends, ends)
    if not told:
        flagged = facts.reading.flagged("ending")
        proof = closed if flagged is None else in_journal(flagged.record)
        silent = f"ended by the officer, who did not say how; the rules: {ends}"
        return left(Part.DESK, silent, f"人员结束，未确认“{name}”，须核对", proof)
    proof, code = in_journal(told[-1].record), told[-1].fields["code"]
    if code == END + ends:
        return met(f"{en}{ends}", f"{zh}{name}", proof)
    if code.startswith(STOP):
        cause = code.removeprefix(STOP)
        early = f"ended before {ends}, for a cause: {cause}"
        return left(Part.DESK, early, f"未到“{name}”即因{CAUSES.get(cause, cause)}结束", proof)
    return left(Part.DESK, f"ended at {code}, not at {ends}", f"结束时点与“{name}”不符", proof)
