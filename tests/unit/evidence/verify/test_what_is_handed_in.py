"""Folders that are unreadable, strange, huge or empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evidence.digests import sha256_hex
from evidence.ids import DEVICE_LOG_NAME
from evidence.journal import NEWLINE
from evidence.verify import CODES, Bundle, Judgement, Severity, verify
from tests.kits.records import forging
from tests.kits.records.bureau import announcement
from tests.kits.records.folders import MemoryFiles, bundle
from tests.kits.records.lies import BUREAU, broken, closed, judged, new_take


def test_a_journal_that_does_not_begin_with_open_is_not_opened() -> None:
    assert "not_opened" in [f.code for f in verify(Bundle(journal=b""), BUREAU.ca).findings]


class UnreadableFiles(MemoryFiles):
    """A medium that fails."""

    def read(self, name: str) -> Iterator[bytes]:
        raise OSError(5, "Input/output error")


def test_a_file_that_cannot_be_read_is_named() -> None:
    take = new_take(plan=False)
    take.segment()
    folder = closed(take)
    files = UnreadableFiles(folder)
    verdict = verify(replace(bundle(folder), files=files), BUREAU.ca)
    found = verdict.of(Severity.BROKEN)
    assert [(finding.code, finding.file) for finding in found] == [
        ("unreadable_file", "000000.mp4.age")
    ]


def test_a_stray_file_is_no_evidence_and_no_harm() -> None:
    take = new_take()
    take.segment()
    folder = {**closed(take), "000000.mp4": b"opened", "\x1b[2J": b"", "notes.txt": b""}
    verdict = judged(folder)
    assert verdict.judgement is Judgement.VERIFIED
    assert [f.code for f in verdict.findings].count("stray_file") == 3


def test_a_journal_of_a_million_empty_lines_is_not_read() -> None:
    verdict = verify(Bundle(journal=NEWLINE * 1_000_001), BUREAU.ca)
    assert [finding.code for finding in verdict.of(Severity.BROKEN)] == ["too_large"]


def test_a_hostile_journal_costs_a_bounded_number_of_findings() -> None:
    verdict = verify(Bundle(journal=b"x\n" * 3_000), BUREAU.ca)
    assert len(verdict.findings) < 300
    assert "more_findings" in [finding.code for finding in verdict.findings]


def test_a_device_log_alone_out_of_order_is_found() -> None:
    take = new_take()
    take.segment()
    folder = closed(take)
    lines = folder[DEVICE_LOG_NAME].splitlines()
    folder[DEVICE_LOG_NAME] = forging.join(lines[1:])
    assert broken(folder) == ["line_missing"]


def test_every_code_has_words_in_both_languages() -> None:
    for meaning in CODES.values():
        assert meaning.english.isascii()
        assert any("\u4e00" <= c <= "\u9fff" for c in meaning.chinese)
    assert announcement()["text_sha256"] == sha256_hex(announcement()["text"].encode())
