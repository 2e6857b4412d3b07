"""Sessions that a device made as it should, or that a crash interrupted: nothing is broken."""

from __future__ import annotations

from evidence.ids import JOURNAL_NAME
from evidence.verify import Judgement, Presence, Severity, Verdict, verify
from tests.kits.records.folders import bundle
from tests.kits.records.lies import BUREAU, judged
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take


def codes(verdict: Verdict, severity: Severity) -> list[str]:
    return [finding.code for finding in verdict.of(severity)]


def test_a_clean_session_is_verified() -> None:
    take = Take(Recorder(BUREAU))
    take.announce(verdict="verified", check="acoustic")
    take.segment(size=1_500_000)
    take.still()
    take.segment()
    take.close()
    verdict = judged(take.folder())
    assert verdict.judgement is Judgement.VERIFIED
    assert verdict.disclosure == "verified"
    assert set(verdict.layers.values()) == {Presence.PRESENT}
    assert (verdict.counts.segments, verdict.counts.frames) == (2, 150)
    assert verdict.counts.duration_ns == 6_000_000_000
    assert [finding.session for finding in verdict.findings] == [take.sid]


def test_a_journal_alone_is_verified_and_the_rest_is_absent() -> None:
    take = Take(Recorder(BUREAU))
    take.segment()
    take.close()
    only = bundle({JOURNAL_NAME: take.folder()[JOURNAL_NAME]})
    verdict = verify(type(only)(journal=only.journal), BUREAU.ca)
    assert verdict.judgement is Judgement.VERIFIED
    absent = {name for name, state in verdict.layers.items() if state is Presence.ABSENT}
    assert absent == {"seal", "device_log", "committed", "stored", "rulebook"}


def test_a_vault_that_crashed_and_went_on_is_explained() -> None:
    take = Take(Recorder(BUREAU))
    take.segment()
    left = take.begin(4_000)
    take.ticks(left, 2)
    take.crash(orphan=left[:3_500], torn=b"eyJhbGciOi")
    take.segment()
    take.close()
    verdict = judged(take.folder())
    assert verdict.judgement is Judgement.EXPLAINED
    assert codes(verdict, Severity.EXPLAINED) == ["orphan", "interrupted", "torn_line"]


def test_a_power_cut_is_closed_in_the_next_boot_and_explained() -> None:
    take = Take(Recorder(BUREAU))
    left = take.begin(4_000)
    take.ticks(left, 2)
    take.crash(orphan=left[:3_500], torn=b"eyJ", same_boot=False, cause="power")
    take.close("interrupted")
    verdict = judged(take.folder())
    assert verdict.judgement is Judgement.EXPLAINED
    assert "closed_early" in codes(verdict, Severity.EXPLAINED)


def test_a_lost_recorder_leaves_a_cut_segment_and_a_signed_gap() -> None:
    take = Take(Recorder(BUREAU))
    take.segment(ended_by="vault")
    take.gap(2_000_000_000, cause="recorder_lost")
    take.segment()
    take.close()
    verdict = judged(take.folder())
    assert verdict.judgement is Judgement.EXPLAINED
    assert set(codes(verdict, Severity.EXPLAINED)) == {"segment_cut", "gap"}


def test_a_journal_that_is_still_open_says_so() -> None:
    take = Take(Recorder(BUREAU))
    take.segment()
    left = take.begin(4_000)
    take.ticks(left, 2)
    folder = take.folder(receipts=False)
    folder["000001.mp4.age"] = left
    verdict = judged(folder)
    assert codes(verdict, Severity.EXPLAINED) == ["open_segment", "not_closed"]
    assert not verdict.of(Severity.BROKEN)
