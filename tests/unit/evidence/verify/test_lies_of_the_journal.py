"""Journals that are signed as they should be and still cannot be true."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.digests import sha256_hex
from evidence.ids import JOURNAL_NAME
from evidence.journal import NEWLINE, Chain
from tests.kits.records import forging
from tests.kits.records.folders import Folder
from tests.kits.records.lies import BUREAU, Lie, closed, new_take, with_fields
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

SECOND = 1_000_000_000


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


def a_tick_lies_about_the_file() -> Folder:
    return lying_tick(sha256=sha256_hex(b"x"))


JOURNAL = {
    "numbered otherwise": Lie(lambda: lying_seg(number=7), "segment_order", 9),
    "named otherwise": Lie(
        lambda: lying_seg(file="000009.mp4.age"),
        "segment_order",
        9,
        {"missing_file", "unsigned_file"},
    ),
    "fewer frames than ticked": Lie(lambda: lying_seg(frames=1), "segment_order", 9),
    "ended before it began": Lie(lambda: lying_seg(last_pts_ns=1), "segment_order", 9),
    "too few chunks": Lie(lambda: lying_seg(chunks=[]), "digest_conflict", 9),
    "wrong chunks": Lie(lambda: lying_seg(chunks=["0" * 64]), "digest_conflict", 9),
    "a tick that goes back": Lie(lambda: lying_tick(length=1), "tick_order", 4),
    "a tick of another file": Lie(
        lambda: lying_tick(file="000004.mp4.age"), "tick_order", 4, {"missing_file"}
    ),
    "a tick that lies": Lie(a_tick_lies_about_the_file, "digest_conflict", 4),
    "one segment less": Lie(lambda: lying_close(segments=0), "close_mismatch", 6),
    "another size": Lie(lambda: lying_close(size=1), "close_mismatch", 6),
    "another root": Lie(lambda: lying_close(root="0" * 64), "close_mismatch", 6),
    "another counter": Lie(lambda: lying_close(counter=9), "close_mismatch", 6),
    "no orphan": Lie(lambda: lying_resume(orphans=[]), "resume_mismatch", 8),
    "another last line": Lie(
        lambda: lying_resume(last={"i": 3, "sha256": "0" * 64}), "resume_mismatch", 8
    ),
    "another start": Lie(
        lambda: lying_resume(previous={"boot_id": "b", "start_id": "s"}),
        "resume_mismatch",
        8,
        {"out_of_place"},
    ),
    "torn bytes that are not there": Lie(
        lambda: lying_resume(torn={"bytes": 7, "sha256": "0" * 64}), "resume_mismatch", 8
    ),
    "media after a new boot": Lie(
        after_a_new_boot_it_goes_on, "out_of_place", 8, {"out_of_place", "pts_gap"}
    ),
    "opened twice": Lie(a_second_open, "out_of_place", 6, {"attest_missing"}),
    "attested in the middle": Lie(an_attestation_in_the_middle, "out_of_place", 6),
    "attested something else": Lie(an_attestation_of_something_else, "attest_mismatch", 7),
    "not attested": Lie(no_attestation_of_the_opening, "attest_missing", 0),
    "time goes back": Lie(time_goes_back, "time_backwards", 6),
    "the wall clock jumps": Lie(the_wall_clock_jumps, "time_inconsistent", 6),
    "the wall clock goes back over a boot": Lie(
        the_wall_clock_goes_back_over_a_boot, "time_backwards", 6
    ),
}


@pytest.mark.parametrize("name", JOURNAL)
def test_a_signed_lie_of_the_journal_is_found(name: str) -> None:
    JOURNAL[name].check()
