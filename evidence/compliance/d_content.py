"""D: what has to be recorded, and what the record shows.

Owns the activity of the session against the rulebook's list, and what marks, photos and tracks say.
Refuses what was not recorded at all: only the desk knows what was planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.activities import VOLUNTARY, name_of
from evidence.compliance.ended import ended, opened_late
from evidence.compliance.interruptions import begins_late
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
    met,
    not_met,
)
from evidence.rulebook import Rulebook

NINE: Final = frozenset(
    {
        "inspection",
        "patrol",
        "licence_review",
        "violation_check",
        "questioning",
        "statement_defence",
        "hearing",
        "service",
        "coercion",
    }
)
"""S0§11."""
FOUR: Final = frozenset({"inspection", "evidence_taking", "hearing", "lien_service"})
"""S2§6."""
SIX: Final = frozenset({"minor_correction", "sensitive_case", "non_cooperation", "necessary"})
"""S3§5 (3) to (6); what (1) and (2) name stands in other lists, too."""
SIX_CASES: Final = frozenset(
    {"dispute_prone", "mass_incident", "major_case", "sealing_seizure", "required_by_law"}
)
"""S4§4; obstruction stands in other lists, too."""


APART_NS: Final = 1_000_000_000
"""For so long one track may be missing: what officers' recorders may be out of step."""


def lists(codes: frozenset[str]) -> Judge:
    """The rulebook lists these activities; was the session's one of the rulebook's?"""
    return asked(lambda book: codes <= set(book.codes("must_record.codes")), _listed)


def itemised(facts: Facts) -> Ruling:
    """D2: a bureau that keeps a list of items, column by column, with their begin and end."""
    bounds, opened = facts.reading.bounds, facts.reading.opened
    if bounds is None or opened is None or bounds["item"] is None:
        return _listed(facts)
    late = opened_late(facts)
    if late is not None:
        return late
    number, matter = bounds["item"], name_of(opened.payload["activity"])
    return ended(facts, opened, f"item {number}", f"清单第 {number} 项（{matter}）")


def voluntary(facts: Facts) -> Ruling:
    """D7: recorded because the officer thought it necessary."""
    opened = facts.reading.opened
    if opened is None or opened.payload["activity"] != VOLUNTARY:
        return beside("the activity was planned", "本次为计划内事项")
    proof = in_journal(opened.record)
    return left(Part.DESK, "the reason is entered at the desk", "事由由管理端补录", proof)


def shows(facts: Facts) -> Ruling:
    """D8: what a person has to look for, from the marks."""
    marks = facts.reading.events("mark")
    proof = in_journal(marks[0].record) if marks else None
    en = f"{len(marks)} marks; what they show is for whoever looks"
    return left(Part.DESK, en, f"有 {len(marks)} 处标记，内容由审看人核对", proof)


def photographed(facts: Facts) -> Ruling:
    """D9."""
    photos = facts.reading.events("photo")
    if not photos:
        en = "no photo; whether there was a key moment is seen in the picture"
        return left(Part.DESK, en, "没有照片，有无关键节点看画面")
    proof = in_journal(photos[0].record)
    return met(f"{len(photos)} photos in the chain", f"有 {len(photos)} 张照片入链", proof)


def together(facts: Facts) -> Ruling:
    """D10: both tracks all the time."""
    segments = facts.reading.segments
    if not segments:
        return not_met("nothing was recorded", "没有录制内容")
    for one in segments:
        if one.payload["frames"] == 0 or one.payload["samples"] == 0:
            lacking = "picture" if one.payload["frames"] == 0 else "sound"
            chinese = "画面" if one.payload["frames"] == 0 else "声音"
            proof = in_journal(one.record)
            return not_met(f"a segment without {lacking}", f"有片段缺少{chinese}", proof)
    for one in facts.reading.events("gap"):
        from_ns, to_ns = one.fields["from_ns"], one.fields["to_ns"]
        alone = one.fields["track"] != "both" and (to_ns is None or to_ns - from_ns > APART_NS)
        if alone and not begins_late(facts.reading, to_ns):
            track = one.fields["track"]
            chinese = "画面" if track == "video" else "声音"
            en = f"{track} was missing for a while ({one.fields['cause']})"
            return not_met(en, f"{chinese}曾有缺失", in_journal(one.record))
    return met("picture and sound throughout", "全程声画同步", in_journal(segments[0].record))


def three_kinds(facts: Facts) -> Ruling:
    """D11: sound and picture here; a photo whenever the button asks for one."""
    segments = facts.reading.segments
    if not segments:
        return not_met("nothing was recorded", "没有录制内容")
    photos = facts.reading.events("photo")
    en = f"picture, sound and {len(photos)} photos from one device"
    proof = in_journal(segments[0].record)
    return met(en, f"同一设备录音、录像、照相（{len(photos)} 张）", proof)


def nothing_else(facts: Facts) -> Ruling:
    """D12: nothing before the press, and an activity of the bureau's."""
    reading, opened = facts.reading, facts.reading.opened
    if opened is None:
        return not_met("the begin is not on record", "没有开始记录")
    presses = [one for one in reading.events("button") if one.fields["button"] == "record"]
    if presses and reading.segments:
        first_ns = reading.segments[0].payload["first_pts_ns"]
        pressed_ns = presses[0].fields["at_ns"]
        if pressed_ns <= opened.mono_ns and first_ns < pressed_ns:
            en = "a picture from before the press"
            return not_met(en, "有按键之前的画面", in_journal(presses[0].record))
    proof = in_journal(opened.record)
    if opened.payload["activity"] == VOLUNTARY:
        return left(
            Part.DESK, "recorded without a plan: the reason is due", "自主记录，事由待补", proof
        )
    en = f"recorded for {opened.payload['activity']}"
    return met(en, f"事项：{name_of(opened.payload['activity'])}", proof)


def _listed(facts: Facts) -> Ruling:
    opened = facts.reading.opened
    if opened is None:
        return not_met("the begin is not on record", "没有开始记录")
    code = opened.payload["activity"]
    if code not in facts.book.codes("must_record.codes"):
        en, zh = f"{code} is not on the list", f"{name_of(code)}不在必须记录之列"
        return beside(en, zh)
    en = f"{code} is on the list, and recorded"
    return met(en, f"{name_of(code)}属必须记录，已记录", in_journal(opened.record))


def _imports(book: Rulebook) -> bool:
    return {"report_call", "execution"} <= set(book.codes("may_record.codes"))


def _may_volunteer(book: Rulebook) -> bool:
    return VOLUNTARY in book.codes("may_record.codes")


RULES: Final[Mapping[str, Judge]] = {
    "D1": lists(NINE),
    "D2": asked(lambda book: bool(book.policy["must_record.items"]), itemised),
    "D3": lists(FOUR),
    "D4": asked(
        _imports, desk("media from elsewhere come in at the desk", "其他音像资料由管理端导入")
    ),
    "D5": lists(SIX),
    "D6": lists(SIX_CASES),
    "D7": asked(_may_volunteer, voluntary),
    "D8": shows,
    "D9": photographed,
    "D10": together,
    "D11": three_kinds,
    "D12": nothing_else,
}
