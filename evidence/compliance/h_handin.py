"""H: handing in, and by when.

Owns comparing the bureau's receipt with the end of the session. Refuses the officer's reasons for
being late: deferrals are entered at the desk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Proof,
    Ruling,
    State,
    asked,
    beside,
    desk,
    in_journal,
    in_log,
    left,
    met,
    not_met,
)
from evidence.ids import JOURNAL_NAME, is_content_name
from evidence.moments import TimeSource, utc_ns

STORED: Final = Proof("receipt-stored.jws")

_HOUR_NS: Final = 3_600 * 1_000_000_000
_DAY_NS: Final = 24 * _HOUR_NS
_CHINA_NS: Final = 8 * _HOUR_NS
"""Days are the bureau's: China has one time, UTC+8."""
_NOT_YET: Final = left(Part.DESK, "not handed in yet", "尚未移交")
_UNSURE: Final = (TimeSource.NONE, TimeSource.LAST_KNOWN)


_FOREIGN_SEALS: Final = frozenset({"recipients_differ", "not_sealed"})


def in_time(facts: Facts) -> Ruling:
    """H1: archived within the hours after the end."""
    ruling = _within_hours(facts)
    if ruling.state is State.NOT_MET and facts.book.number("upload.deferral_hours"):
        en = f"{ruling.because_en}; unless a deferral is entered"
        return left(Part.DESK, en, f"{ruling.because_zh}；有无延期事由须核对", ruling.proof)
    return ruling


def after_each(facts: Facts) -> Ruling:
    """H3: before the device's next session, or with a reason."""
    reading = facts.reading
    if reading.stored is None:
        return _NOT_YET
    own = taken = None
    for one in reading.log:
        payload = one.payload
        if payload["t"] == "session" and payload["sid"] == facts.verdict.session:
            own = one.record
        elif payload["t"] == "receipt" and payload["sid"] == facts.verdict.session:
            taken = one.record
            break
        elif payload["t"] == "session" and own is not None:
            proof = in_log(one.record)
            if "consecutive" in facts.book.codes("upload.deferral_codes"):
                en = "another session came first: consecutive work is excused with a reason"
                return left(Part.DESK, en, "移交前另有记录，连续执法须注明事由", proof)
            return not_met("another session came first", "移交前又进行了另一次记录", proof)
    if own is None or taken is None:
        return met("handed in", "已移交", STORED)
    return met("handed in before the next session", "下一次记录之前已移交", in_log(taken))


def deferred(facts: Facts) -> Ruling:
    """H4: late, with a reason and the time of the return."""
    if facts.reading.stored is None:
        return _NOT_YET
    ruling = _within_hours(facts)
    if ruling.state is State.NOT_MET:
        en, zh = "late: the reason is due at the desk", "逾期，延期事由由管理端核对"
        return left(Part.DESK, en, zh, ruling.proof)
    return beside("nothing was deferred", "没有延期")


def sealed_away(facts: Facts) -> Ruling:
    """H5: nobody on the way can open it."""
    opened = facts.reading.opened
    foreign = [one for one in facts.verdict.findings if one.code in _FOREIGN_SEALS]
    if opened is None or foreign:
        proof = Proof(foreign[0].file or JOURNAL_NAME, foreign[0].record) if foreign else None
        return not_met("not sealed to the bureau and escrow alone", "加密接收方不符", proof)
    en, zh = "sealed to the bureau and to escrow, to nobody else", "仅加密给本单位和托管方"
    return met(en, zh, in_journal(opened.record))


def by_the_day(facts: Facts) -> Ruling:
    """H6: on the day itself."""
    return _by(facts, _end_of_day, "the day", "当日")


def taken_in(facts: Facts) -> Ruling:
    """H8: the bureau's own station has signed for it."""
    reading = facts.reading
    if reading.stored is None and reading.committed is None:
        return _NOT_YET
    name = "stored" if reading.stored is not None else "committed"
    proof = Proof(f"receipt-{name}.jws")
    return met("signed for by the bureau's station", "采集工作站已签发回执", proof)


def complete(facts: Facts) -> Ruling:
    """H9: every file that the records name has arrived."""
    stored = facts.reading.stored
    if stored is None:
        return _NOT_YET
    count = len([one for one in stored["files"] if is_content_name(one["name"])])
    return met(
        f"{count} sealed files and the journal arrived", f"{count} 个封存文件和日志均已到达", STORED
    )


def _within_hours(facts: Facts) -> Ruling:
    hours = facts.book.number("upload.deadline_hours")
    return _by(facts, lambda end_ns: end_ns + hours * _HOUR_NS, f"{hours} h", f"{hours} 小时")


def _by(facts: Facts, deadline: Callable[[int], int], en: str, zh: str) -> Ruling:
    closed, stored = facts.reading.closed, facts.reading.stored
    if closed is None:
        return left(Part.DESK, "the session is not closed yet", "记录尚未关闭")
    if closed.payload["utc_q"]["source"] in _UNSURE:
        proof = in_journal(closed.record)
        return left(Part.DESK, "the recorder's clock was unsure", "记录仪时间未校准", proof)
    due_ns = deadline(closed.utc_ns)
    if stored is None:
        if facts.now is not None and utc_ns(facts.now) > due_ns:
            return not_met(f"late: not handed in within {en}", f"逾期：{zh}内未移交")
        return _NOT_YET
    late_ns = utc_ns(stored["stored_at"]) - due_ns
    if late_ns <= 0:
        return met(f"handed in within {en}", f"{zh}内已移交", STORED)
    minutes = late_ns // 60_000_000_000
    return not_met(f"late by {minutes} minutes", f"逾期 {minutes} 分钟（应在{zh}内）", STORED)


def _end_of_day(end_ns: int) -> int:
    return ((end_ns + _CHINA_NS) // _DAY_NS + 1) * _DAY_NS - _CHINA_NS


RULES: Final[Mapping[str, Judge]] = {
    "H1": asked(lambda book: book.word("upload.rule") == "within", in_time),
    "H2": asked(
        lambda book: book.word("text_entry.rule") == "after_import",
        desk("the text is entered at the desk", "文字信息由管理端录入"),
    ),
    "H3": asked(lambda book: book.word("upload.rule") == "each_activity", after_each),
    "H4": asked(lambda book: book.number("upload.deferral_hours") > 0, deferred),
    "H5": sealed_away,
    "H6": asked(lambda book: book.word("upload.rule") == "daily", by_the_day),
    "H7": asked(
        lambda book: book.word("text_entry.rule") == "with_text_file",
        desk("the term of the papers is the desk's", "与文字材料一致的期限由管理端掌握"),
    ),
    "H8": taken_in,
    "H9": complete,
}
