"""What a crash leaves in a journal, and how it is explained."""

from __future__ import annotations

from evidence.digests import sha256_hex
from evidence.ids import JOURNAL_NAME
from evidence.verify import Judgement
from tests.kits.records import forging
from tests.kits.records.lies import judged, new_take


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
