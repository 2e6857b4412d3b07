"""Records that are signed as they should be and still cannot be true: a lying device is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from evidence import rulebook
from evidence.digests import sha256_hex
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.journal import NEWLINE, Chain
from evidence.verify import CODES, Bundle, Judgement, Severity, Verdict, verify
from tests.kits.records import forging
from tests.kits.records.bureau import Bureau, announcement
from tests.kits.records.folders import Folder, MemoryFiles, bundle
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BUREAU = Bureau()
SECOND = 1_000_000_000


def new_take(**options: Any) -> Take:
    return Take(Recorder(BUREAU), **options)


def judged(folder: Folder) -> Verdict:
    return verify(bundle(folder), BUREAU.ca)


def broken(folder: Folder) -> list[str]:
    return [finding.code for finding in judged(folder).of(Severity.BROKEN)]


def with_fields(take: Take, t: str, **changes: Any) -> None:
    """The next record of type ``t`` will say something else than is true."""
    honest = take.write

    def write(kind: str, fields: dict[str, Any]) -> bytes:
        if kind == t:
            monkey(take, "write", honest)
            fields = {**fields, **changes}
        return honest(kind, fields)

    monkey(take, "write", write)


def monkey(owner: object, name: str, value: Any) -> None:
    setattr(owner, name, value)


def closed(take: Take) -> Folder:
    take.close()
    return take.folder()


def lying_seg(**changes: Any) -> Folder:
    take = new_take()
    take.segment()
    with_fields(take, "seg", **changes)
    take.segment()
    return closed(take)


def lying_tick(**changes: Any) -> Folder:
    take = new_take()
    left = take.begin(4_000)
    take.ticks(left, 2)
    tick = {"file": "000000.mp4.age", "length": 3_000, "sha256": sha256_hex(left[:3_000])}
    take.write("tick", {**tick, "frames": 50, "samples": 96_000, **changes})
    take.end(left)
    return closed(take)


def lying_close(**changes: Any) -> Folder:
    take = new_take()
    take.segment()
    with_fields(take, "close", **changes)
    return closed(take)


def lying_resume(**changes: Any) -> Folder:
    take = new_take()
    take.segment()
    left = take.begin(4_000)
    take.ticks(left, 2)
    with_fields(take, "resume", **changes)
    take.crash(orphan=left[:3_500])
    take.segment()
    return closed(take)


def after_a_new_boot_it_goes_on() -> Folder:
    take = new_take()
    take.segment()
    take.crash(same_boot=False)
    take.pts_ns = take.recorder.ticker.mono_ns
    take.segment()
    return closed(take)


def a_second_open() -> Folder:
    take = new_take()
    take.segment()
    opened = forging.payload_of(bytes(take.content).split(NEWLINE)[0])
    common = {"v", "t", "i", "prev", "mono_ns", "boot_id", "utc", "utc_q", "sid", "next"}
    key, opened["chainkey"] = take.recorder.state("session", take.counter)
    take.chain = Chain({"sid": take.sid}, key, prev=take.chain.prev, index=take.chain.index)
    take.write("open", {n: v for n, v in opened.items() if n not in common})
    return closed(take)


def an_attestation_in_the_middle() -> Folder:
    take = new_take()
    take.segment()
    take.attest()
    return closed(take)


def an_attestation_of_something_else() -> Folder:
    take = new_take()
    take.segment()
    take.close()
    lines = bytes(take.content).splitlines()
    lines[-1] = forging.resigned(lines[-1], take.recorder.signer, sha256=sha256_hex(b"x"))
    return {JOURNAL_NAME: forging.join(lines), **take.files}


class SilentTake(Take):
    """The device's key does not vouch for the opening."""

    def attest(self) -> None:
        if self.content.count(NEWLINE) > 1:
            super().attest()


def no_attestation_of_the_opening() -> Folder:
    recorder = Recorder(BUREAU)
    take = SilentTake(recorder)
    take.segment()
    return closed(take)


def time_goes_back() -> Folder:
    take = new_take()
    take.segment()
    take.recorder.ticker.pass_ns(-SECOND)
    take.event("mark", {"code": "sign", "at_ns": 1})
    return closed(take)


def the_wall_clock_jumps() -> Folder:
    take = new_take()
    take.segment()
    take.recorder.ticker.utc_ns -= 3_600 * SECOND
    return closed(take)


def the_wall_clock_goes_back_over_a_boot() -> Folder:
    take = new_take()
    take.segment()
    take.recorder.ticker.utc_ns -= 3_600 * SECOND
    take.crash(same_boot=False)
    return closed(take)


def frames_are_missing() -> Folder:
    take = new_take()
    take.segment()
    take.pts_ns += SECOND // 5
    take.segment()
    return closed(take)


def a_gap_is_signed_too_small() -> Folder:
    take = new_take()
    take.segment()
    take.gap(SECOND)
    take.pts_ns += SECOND
    take.segment()
    return closed(take)


def frames_stand_twice() -> Folder:
    take = new_take()
    take.segment()
    take.pts_ns -= SECOND
    take.segment()
    return closed(take)


def a_file_is_named_twice() -> Folder:
    take = new_take()
    take.still()
    take.stills = 0
    take.still()
    return closed(take)


def a_tick_lies_about_the_file() -> Folder:
    return lying_tick(sha256=sha256_hex(b"x"))


def a_file_is_not_sealed() -> Folder:
    take = new_take()
    plain = b"ftyp" * 200
    take.ticks(plain, 1)
    take.end(plain)
    return closed(take)


def a_file_is_sealed_to_a_third() -> Folder:
    take = new_take()
    sealed = take.begin(600)
    head, stanza, rest = sealed.partition(b"-> X25519")
    third = stanza + rest.partition(b"-> X25519")[0]
    take.ticks(head + third + stanza + rest, 1)
    take.end(head + third + stanza + rest)
    return closed(take)


def a_strange_announcement() -> Folder:
    take = new_take()
    honest = take.write

    def write(t: str, fields: dict[str, Any]) -> bytes:
        changed = {**fields["fields"], "pcm_sha256": sha256_hex(b"silence")}
        return honest(t, {**fields, "fields": changed})

    monkey(take, "write", write)
    take.announce()
    monkey(take, "write", honest)
    return closed(take)


def a_stated_key_for_another_session() -> Folder:
    recorder = Recorder(BUREAU)
    honest = recorder.state
    monkey(recorder, "state", lambda chain, counter: honest(chain, counter + 1))
    take = Take(recorder)
    take.segment()
    return closed(take)


def a_stated_key_of_the_device_log() -> Folder:
    recorder = Recorder(BUREAU)
    honest = recorder.state
    monkey(recorder, "state", lambda _chain, counter: honest("device", counter))
    take = Take(recorder)
    take.segment()
    return closed(take)


def a_stated_key_of_another_boot() -> Folder:
    recorder = Recorder(BUREAU)
    honest = recorder.ticker.boot_id
    take_state = recorder.state

    def state(chain: Any, counter: int) -> Any:
        recorder.ticker.boot_id = "another" if chain == "session" else honest
        made = take_state(chain, counter)
        recorder.ticker.boot_id = honest
        return made

    monkey(recorder, "state", state)
    take = Take(recorder)
    take.segment()
    return closed(take)


def a_session_is_not_in_the_log() -> Folder:
    recorder = Recorder(BUREAU)
    lost = Take(recorder)
    lost.segment()
    lost.close(log=False)
    after = Take(recorder)
    after.segment()
    after.close()
    return lost.folder(receipts=False)


def a_counter_is_left_out() -> Folder:
    recorder = Recorder(BUREAU)
    takes = []
    for step in range(3):
        takes.append(Take(recorder))
        takes[-1].segment()
        takes[-1].close(log=step != 1)
    return takes[-1].folder()


def the_log_enters_a_session_twice() -> Folder:
    take = new_take()
    take.segment()
    take.close()
    take.recorder.counter += 1
    root = forging.payload_of(bytes(take.recorder.log).splitlines()[-1])["root"]
    take.enter(root, "button")
    return take.folder()


def a_rulebook_for_others() -> Folder:
    bureau = Bureau()
    book = bureau.rulebook_document(to=["REC-9999"])
    bureau.rulebook = rulebook.sign_rulebook(book, bureau.clerks)
    take = Take(Recorder(bureau))
    take.segment()
    return closed(take)


def other_recipients() -> Folder:
    bureau = Bureau()
    bureau.recipients = {"bureau": "age1thief", "escrow": "age1thief"}
    take = Take(Recorder(bureau))
    take.segment()
    return closed(take)


LIES: dict[str, tuple[Callable[[], Folder], str, int | None]] = {
    "numbered otherwise": (lambda: lying_seg(number=7), "segment_order", 9),
    "named otherwise": (lambda: lying_seg(file="000009.mp4.age"), "segment_order", 9),
    "fewer frames than ticked": (lambda: lying_seg(frames=1), "segment_order", 9),
    "ended before it began": (lambda: lying_seg(last_pts_ns=1), "segment_order", 9),
    "too few chunks": (lambda: lying_seg(chunks=[]), "digest_conflict", 9),
    "wrong chunks": (lambda: lying_seg(chunks=["0" * 64]), "digest_conflict", 9),
    "a tick that goes back": (lambda: lying_tick(length=1), "tick_order", 4),
    "a tick of another file": (lambda: lying_tick(file="000004.mp4.age"), "tick_order", 4),
    "a tick that lies": (a_tick_lies_about_the_file, "digest_conflict", 4),
    "one segment less": (lambda: lying_close(segments=0), "close_mismatch", 6),
    "another size": (lambda: lying_close(size=1), "close_mismatch", 6),
    "another root": (lambda: lying_close(root="0" * 64), "close_mismatch", 6),
    "another counter": (lambda: lying_close(counter=9), "close_mismatch", 6),
    "no orphan": (lambda: lying_resume(orphans=[]), "resume_mismatch", 8),
    "another last line": (
        lambda: lying_resume(last={"i": 3, "sha256": "0" * 64}),
        "resume_mismatch",
        8,
    ),
    "another start": (
        lambda: lying_resume(previous={"boot_id": "b", "start_id": "s"}),
        "resume_mismatch",
        8,
    ),
    "torn bytes that are not there": (
        lambda: lying_resume(torn={"bytes": 7, "sha256": "0" * 64}),
        "resume_mismatch",
        8,
    ),
    "media after a new boot": (after_a_new_boot_it_goes_on, "out_of_place", 8),
    "opened twice": (a_second_open, "out_of_place", 6),
    "attested in the middle": (an_attestation_in_the_middle, "out_of_place", 6),
    "attested something else": (an_attestation_of_something_else, "attest_mismatch", 7),
    "not attested": (no_attestation_of_the_opening, "attest_missing", 0),
    "time goes back": (time_goes_back, "time_backwards", 6),
    "the wall clock jumps": (the_wall_clock_jumps, "time_inconsistent", 6),
    "the wall clock goes back over a boot": (
        the_wall_clock_goes_back_over_a_boot,
        "time_backwards",
        6,
    ),
    "frames are missing": (frames_are_missing, "pts_gap", 9),
    "a gap is signed too small": (a_gap_is_signed_too_small, "pts_gap", 10),
    "frames stand twice": (frames_stand_twice, "pts_overlap", 9),
    "a file is named twice": (a_file_is_named_twice, "digest_conflict", 3),
    "not sealed": (a_file_is_not_sealed, "not_sealed", 3),
    "sealed to a third": (a_file_is_sealed_to_a_third, "not_sealed", 3),
    "a strange announcement": (a_strange_announcement, "announcement_unknown", 2),
    "stated for another session": (a_stated_key_for_another_session, "statement", 0),
    "stated for the log": (a_stated_key_of_the_device_log, "statement", 0),
    "stated in another boot": (a_stated_key_of_another_boot, "statement", 0),
    "not in the log": (a_session_is_not_in_the_log, "counter_gap", None),
    "a counter is left out": (a_counter_is_left_out, "counter_gap", 2),
    "entered twice": (the_log_enters_a_session_twice, "log_differs", 2),
    "a rulebook for others": (a_rulebook_for_others, "rulebook_foreign", None),
    "other recipients": (other_recipients, "recipients_differ", 0),
}
ALSO = {
    "named otherwise": {"missing_file", "unsigned_file"},
    "media after a new boot": {"out_of_place", "pts_gap"},
    "entered twice": {"counter_gap"},
    "not in the log": {"head_unknown"},
    "a tick of another file": {"missing_file"},
    "another start": {"out_of_place"},
    "opened twice": {"attest_missing"},
}


@pytest.mark.parametrize("name", LIES)
def test_a_signed_lie_is_found(name: str) -> None:
    make, code, record = LIES[name]
    found = judged(make()).of(Severity.BROKEN)
    assert (code, record) in [(finding.code, finding.record) for finding in found]
    assert {finding.code for finding in found} - {code} <= ALSO.get(name, set())


def test_a_journal_that_does_not_begin_with_open_is_not_opened() -> None:
    assert "not_opened" in [f.code for f in verify(Bundle(journal=b""), BUREAU.ca).findings]


def test_a_late_attestation_of_a_later_start_is_in_order() -> None:
    take = new_take()
    take.segment()
    take.close(log=False)
    lines = bytes(take.content).splitlines()
    take.recorder.ticker.boot()
    late = take.recorder.ticker.now()
    stamped = {"mono_ns": late.mono_ns, "boot_id": late.boot_id}
    opened = forging.payload_of(lines[-1])
    utc = opened["utc"].replace("T04:01", "T05:01")
    lines[-1] = forging.resigned(lines[-1], take.recorder.signer, utc=utc, **stamped)
    verdict = judged({JOURNAL_NAME: forging.join(lines), **take.files})
    assert verdict.judgement is Judgement.VERIFIED


def test_a_session_closed_twice_over_a_torn_attestation_is_explained() -> None:
    take = new_take()
    take.segment()
    take.close(log=False)
    lines = bytes(take.content).splitlines()
    attest = lines.pop()
    take.content = bytearray(forging.join(lines))
    take.chain.prev, take.chain.index = sha256_hex(lines[-1]), take.chain.index - 1
    take.crash(torn=attest[:40])
    take.close("interrupted")
    verdict = judged(take.folder())
    assert verdict.judgement is Judgement.EXPLAINED


def test_a_whole_line_without_its_end_may_be_named_as_torn() -> None:
    take = new_take()
    take.segment()
    lines = bytes(take.content).splitlines()
    whole = lines.pop()
    take.content = bytearray(forging.join(lines))
    take.chain.prev, take.chain.index = sha256_hex(lines[-1]), take.chain.index - 1
    take.segments.clear()
    orphan = take.files.pop("000000.mp4.age")
    take.number = 0
    take.crash(torn=whole, orphan=orphan)
    take.close("interrupted")
    verdict = judged(take.folder())
    assert verdict.judgement is Judgement.EXPLAINED
    assert "torn_line" in [finding.code for finding in verdict.findings]


def test_a_repair_that_was_itself_interrupted_leaves_two_torn_lines() -> None:
    take = new_take()
    take.segment()
    take.crash(torn=b"eyJhbGciOi\neyJhbGciOiJFUzI1")
    take.segment()
    take.close()
    assert judged(take.folder()).judgement is Judgement.EXPLAINED


def test_a_certificate_and_a_rulebook_out_of_their_periods_are_told() -> None:
    take = Take(Recorder(BUREAU))
    take.recorder.ticker.utc_ns += 20 * 365 * 86_400 * SECOND
    late = Take(take.recorder)
    late.segment()
    late.close()
    verdict = judged(late.folder())
    told = {finding.code for finding in verdict.of(Severity.INFO)}
    assert {"certificate_period", "rulebook_expired"} <= told


def test_a_clock_step_and_an_unsure_time_are_told() -> None:
    take = new_take()
    step = {"expected_utc": "2026-11-21T04:01:30.000000Z", "step_ms": 60_000}
    take.event("clock_step", {**step, "actual_utc": "2026-11-21T04:02:30.000000Z"})
    take.close()
    assert "clock_step" in [finding.code for finding in judged(take.folder()).findings]


def test_a_gap_of_the_sound_alone_explains_no_missing_frames() -> None:
    take = new_take()
    take.segment()
    start = take.pts_ns
    gap = {"track": "audio", "from_ns": start, "to_ns": start + SECOND, "cause": "microphone"}
    take.event("gap", gap)
    take.pts_ns += SECOND
    take.segment()
    assert broken(closed(take)) == ["pts_gap"]


def doubtful(*, from_ns: int, to_ns: int) -> Verdict:
    take = new_take()
    take.segment()
    begins = take.pts_ns
    fields = {"track": "audio", "from_ns": begins + from_ns, "to_ns": begins + to_ns}
    take.event("doubt", {**fields, "within_ns": 17_000_001})
    take.close()
    return judged(take.folder())


def test_sound_whose_time_is_in_doubt_is_told_and_breaks_nothing() -> None:
    verdict = doubtful(from_ns=0, to_ns=40_000_000)
    [told] = [finding for finding in verdict.findings if finding.code == "doubt"]
    assert told.detail == "40 ms of sound, right to 18 ms"
    assert verdict.of(Severity.BROKEN) == []


def test_a_doubt_that_ends_before_it_begins_is_found() -> None:
    verdict = doubtful(from_ns=40_000_000, to_ns=0)
    assert "doubt_reversed" in [finding.code for finding in verdict.findings]


def test_a_gap_without_an_end_lasts_until_it_goes_on() -> None:
    take = new_take()
    take.segment()
    take.event("gap", {"track": "video", "from_ns": take.pts_ns, "to_ns": None, "cause": "camera"})
    take.pts_ns += 5 * SECOND
    take.segment()
    assert broken(closed(take)) == []


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
