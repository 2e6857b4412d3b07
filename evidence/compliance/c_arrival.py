"""C: wearing, starting, the arrival statement, the disclosure.

Owns what marks, statements and announcements of a session amount to. Refuses to listen: whether the
words fit is heard from the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.compliance.announced import Outcome, Round, rounds
from evidence.compliance.ended import ended, opened_late
from evidence.compliance.reading import Noted
from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Proof,
    Ruling,
    State,
    asked,
    beside,
    in_journal,
    in_log,
    left,
    met,
    not_met,
)
from evidence.digests import sha256_hex
from evidence.marks import BEGIN

SIGN: Final = "sign"
"""Code of the mark that says: this is the sign, or the door."""
QUESTION: Final = "question"
"""Code of the mark that says: now the questioning begins."""
_REASONS: Final = {
    "not_heard": "未听到",
    "incomplete": "未听全",
    "microphone": "麦克风无声",
    "speaker": "扬声器故障",
    "clip": "语音文件不符",
    "stopped": "播放中停止",
    "too_short": "语音过短",
    "not_checked": "未作核实",
}


def clear_view(facts: Facts) -> Ruling:
    """C1: the lens was clear at the check; how the recorder was worn is not measured yet."""
    found = facts.reading.preflight
    states = {} if found is None else {one["name"]: one for one in found.payload["checks"]}
    view = states.get("view")
    if found is not None and view is not None and view["state"] != "ok":
        proof = in_log(found.record)
        return not_met("the view was dim or blurred", "画面昏暗或模糊", proof)
    proof_of = None if found is None or view is None else in_log(found.record)
    return left(Part.HARDWARE, "tilt is not measured yet", "佩戴角度尚待硬件测量", proof_of)


def from_the_door(facts: Facts) -> Ruling:
    """C2: from before entering until the matters were notified."""
    sign = facts.reading.mark(SIGN)
    if sign is None:
        return not_met("nothing shows a start before the door", "没有入门前开始的标记")
    return ended(facts, sign, "begun before the door, ended by the officer", "门前开始，人员结束")


def on_the_scene(facts: Facts) -> Ruling:
    """C3: from the arrival until the end; the place itself is only in the picture."""
    opened = facts.reading.opened
    if opened is None:
        return not_met("the begin is not on record", "没有开始记录")
    end = ended(facts, opened, "ended by the officer", "由人员结束")
    if end.state is not State.MET:
        return end
    late = opened_late(facts)
    if late is not None:
        return late
    said = stated(facts) if facts.book.word("arrival.statement") != "none" else None
    if said is not None and said.state is State.MET:
        en = f"the arrival statement stands at its begin; {end.because_en}"
        return met(en, f"开始时有到场语音说明，{end.because_zh}", said.proof)
    if facts.reading.marked(BEGIN):
        proof = in_journal(facts.reading.marked(BEGIN)[0].record)
        return met(f"its begin is marked; {end.because_en}", f"已标记开始，{end.because_zh}", proof)
    en = f"{end.because_en}; whether it began on arrival is seen in the picture"
    proof = in_journal(opened.record)
    return left(Part.DESK, en, f"{end.because_zh}，是否到达时开始看画面", proof)


def sign_filmed(facts: Facts) -> Ruling:
    """C4."""
    sign = facts.reading.mark(SIGN)
    if sign is None:
        return not_met("the sign or door was not marked", "未标记标牌、门脸")
    return met("the sign or door is marked", "已标记标牌、门脸", in_journal(sign.record))


def stated(facts: Facts) -> Ruling:
    """C5 to C7: long enough a voice in the window of the statement."""
    template = facts.book.word("arrival.statement")
    least = facts.book.number("arrival.voiced_ms")
    said = [one for one in facts.reading.events("statement") if one.fields["template"] == template]
    return voiced(said, least, "the arrival statement", "到场语音说明")


def exact_words(facts: Facts) -> Ruling:
    """C8: the prescribed sentence, byte for byte, and heard."""
    wanted = sha256_hex(facts.book.word("disclosure.text").encode())
    found = rounds(facts.reading)
    said = [one for one in found if one.text_sha256 == wanted]
    if found and not said:
        proof = in_journal(found[0].last.record)
        return not_met("other words were announced", "告知的不是规范用语", proof)
    return _told(said, "the prescribed sentence", "规范用语")


def told_first(facts: Facts) -> Ruling:
    """C9: before anything else; in the words of the bureau's own clip."""
    if facts.book.word("disclosure.wording") == "exact":
        return beside("the wording is prescribed: see C8", "用语已有规定，见 C8")
    return _told(rounds(facts.reading), "the announcement", "告知")


def not_hidden(facts: Facts) -> Ruling:
    """C10: what was announced aloud was not secret."""
    heard = next((one for one in rounds(facts.reading) if one.outcome is Outcome.HEARD), None)
    if heard is not None:
        proof = in_journal(heard.last.record)
        return met("announced aloud", "已当场语音告知", proof)
    dark = [one for one in facts.reading.events("fault") if one.fields["part"] == "lamp"]
    if dark:
        en, zh = "not heard, and the lamp failed", "未听到告知且指示灯故障"
        return not_met(en, zh, in_journal(dark[0].record))
    return left(
        Part.HARDWARE, "the light wired to the camera is not read back", "常亮灯尚待硬件回读"
    )


def enough_officers(facts: Facts) -> Ruling:
    """C11: as many as the rulebook asks, each with a certificate number."""
    opened = facts.reading.opened
    if opened is None:
        return not_met("the begin is not on record", "没有开始记录")
    named = set(opened.payload.get("officers", [])) or {opened.payload["officer"]} - {None}
    least, count = facts.book.number("officers.min"), len(named)
    proof = in_journal(opened.record)
    if count < least:
        en = f"{count} named, {least} are needed"
        return not_met(en, f"载明 {count} 人，应有 {least} 人", proof)
    if facts.plan is None:
        sealed = "; their certificate numbers are sealed in the plan"
        return met(f"{count} named{sealed}", f"载明 {count} 人，证件编号封存于计划", proof)
    if named != {one.id for one in facts.plan.officers}:
        return not_met("the plan names other officers", "与计划中的执法人员不符", proof)
    return met(f"{count} named, with certificate numbers", f"{count} 人姓名、证号齐全", proof)


def in_order(facts: Facts) -> Ruling:
    """C12: recording, then the disclosure, then questions; at a door, again for the party."""
    found = rounds(facts.reading)
    told = [one for one in found if one.outcome is not Outcome.UNHEARD]
    question = facts.reading.mark(QUESTION)
    if not told:
        first = in_journal(found[0].last.record) if found else None
        return not_met("nothing shows that anybody was told", "没有已告知的证明", first)
    if not facts.reading.segments:
        return not_met("nothing was recorded", "没有录制内容")
    proof = in_journal(told[0].last.record)
    first_ns = facts.reading.segments[0].payload["first_pts_ns"]
    if told[0].last.fields["from_ns"] < first_ns:
        return not_met("announced before recording began", "告知早于录制开始", proof)
    if question is not None and question.record < told[0].last.record:
        return not_met("questions came before", "询问早于告知", in_journal(question.record))
    return _for_the_party(facts, told, proof)


def _for_the_party(facts: Facts, told: list[Round], proof: Proof) -> Ruling:
    sign = facts.reading.mark(SIGN)
    at_door = facts.book.word("session.begins") == "before_entering"
    if at_door and (sign is None or told[-1].last.record < sign.record):
        en = "announced at the door only: whether the party was there is seen in the picture"
        return left(Part.DESK, en, "仅在门前告知，当事人是否在场看画面", proof)
    if told[0].outcome is Outcome.ATTESTED:
        return _attested(told[0])
    if rounds(facts.reading)[0].outcome is Outcome.UNHEARD and facts.reading.mark(QUESTION) is None:
        return _late(told[0])
    return met(
        f"recorded first, then announced, {len(told)} times",
        f"先录制后告知，共 {len(told)} 次",
        proof,
    )


def voiced(said: list[Noted], least_ms: int, en: str, zh: str) -> Ruling:
    """A window of speech that is long enough; the longest one counts."""
    if not said:
        return not_met(f"{en} is not on record", f"没有{zh}")
    best = max(said, key=lambda one: one.fields["voiced_ms"] or 0)
    milliseconds, proof = best.fields["voiced_ms"], in_journal(best.record)
    if milliseconds is None:
        return left(
            Part.DESK, f"{en} could not be measured: listen", f"{zh}未能测量，须听录音", proof
        )
    if milliseconds < least_ms:
        en_short = f"{en}: {milliseconds} ms of voice, {least_ms} are needed"
        return not_met(en_short, f"{zh}仅 {milliseconds} 毫秒，应有 {least_ms} 毫秒", proof)
    return met(f"{en}: {milliseconds} ms of voice", f"{zh} {milliseconds} 毫秒", proof)


def _told(found: list[Round], en: str, zh: str) -> Ruling:
    """Every clip, heard the first time that it was said; the one that was not decides."""
    if not found:
        return not_met(f"{en} was not played", f"没有播放{zh}")
    clips = dict.fromkeys(one.clip for one in found)
    rulings = [_said([one for one in found if one.clip == clip], en, zh) for clip in clips]
    return next((one for one in rulings if one.state is not State.MET), rulings[0])


def _said(found: list[Round], en: str, zh: str) -> Ruling:
    first = found[0]
    proof = in_journal(first.last.record)
    if first.outcome is Outcome.HEARD:
        return met(f"{en} was heard", f"{zh}已播放并听到", proof)
    if first.outcome is Outcome.ATTESTED:
        return _attested(first)
    later = next((one for one in found if one.outcome is Outcome.HEARD), None)
    if later is not None:
        return _late(later)
    reason = first.last.fields["reason"] or "not_heard"
    because = _REASONS.get(reason, reason)
    return not_met(f"{en} is unverified: {reason}", f"{zh}未经证实（{because}）", proof)


def _late(one: Round) -> Ruling:
    en = "heard only when it was said again: was anybody questioned before?"
    proof = in_journal(one.last.record)
    return left(Part.DESK, en, "再次告知时才听到，之前有无询问须听录音", proof)


def _attested(one: Round) -> Ruling:
    mark = one.mark or one.last
    en = "not heard by the recorder; the officer states that he said it: listen"
    return left(Part.DESK, en, "设备未听到，人员标记已口头告知，须听录音", in_journal(mark.record))


RULES: Final[Mapping[str, Judge]] = {
    "C1": clear_view,
    "C2": asked(lambda book: book.word("session.begins") == "before_entering", from_the_door),
    "C3": asked(lambda book: book.word("session.begins") == "on_arrival", on_the_scene),
    "C4": asked(lambda book: book.asks("arrival.sign"), sign_filmed),
    "C5": asked(lambda book: book.word("arrival.statement") == "fixed", stated),
    "C6": asked(lambda book: book.word("arrival.statement") == "purpose", stated),
    "C7": asked(lambda book: book.word("arrival.statement") == "fields", stated),
    "C8": asked(lambda book: book.word("disclosure.wording") == "exact", exact_words),
    "C9": told_first,
    "C10": not_hidden,
    "C11": asked(lambda book: book.number("officers.min") > 1, enough_officers),
    "C12": in_order,
}
