"""The desk hears each announcement again, and says whether the device's answer agrees."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pyrage
import pytest

from bureau.access import Access, Reader
from bureau.hearing import Agreement, Clips, Rehearing, hear_again
from evidence.canonical import JsonObject
from tests.kits.bureau.intake import IntakeRig, Pusher
from tests.kits.media import spoken
from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

SECOND = 1_000_000_000
START = 500 * SECOND
FROM = START + 2 * SECOND
FILE = "000000.mp4.age"


@pytest.fixture(scope="module")
def clips() -> Clips:
    return Clips(spoken.ANNOUNCE)


@pytest.fixture(scope="module")
def whole() -> bytes:
    """Thirteen seconds; the announcement sounds from the second second on, 80 ms late."""
    return spoken.film(spoken.room(13, spoken.clip(), 2.08), START)


def disclosure(**changes: Any) -> JsonObject:
    fields = {
        "clip": "zh-cn",
        "pcm_sha256": spoken.named()["pcm_sha256"],
        "announced": True,
        "frames_played": spoken.clip().size,
        "from_ns": FROM,
        "to_ns": FROM + 9 * SECOND,
        "check": "acoustic",
        "heard": True,
        "complete": True,
        "missing": [],
        "delay_ns": 80_000_000,
        **changes,
    }
    return {"t": "event", "kind": "disclosure", "i": 7, "fields": fields}


def seg(name: str = FILE, first: float = 0, last: float = 13) -> JsonObject:
    return {
        "t": "seg",
        "file": name,
        "first_pts_ns": START + round(first * SECOND),
        "last_pts_ns": START + round(last * SECOND),
    }


def gap(first: float, last: float) -> JsonObject:
    times = {"from_ns": START + round(first * SECOND), "to_ns": START + round(last * SECOND)}
    return {"t": "event", "kind": "gap", "fields": {"track": "audio", **times}}


def files(**films: bytes) -> Callable[[str], BinaryIO | None]:
    return lambda name: io.BytesIO(films[f"f{name[5]}"]) if f"f{name[5]}" in films else None


def again(clips: Clips, film: bytes, *records: JsonObject) -> Rehearing:
    (one,) = hear_again([seg(), *records], files(f0=film), clips)
    return one


@pytest.mark.rule("C8")
def test_what_the_device_heard_the_desk_hears_in_the_recording(clips: Clips, whole: bytes) -> None:
    one = again(clips, whole, disclosure())
    assert (one.record, one.clip, one.agreement, one.because) == (
        7,
        "zh-cn",
        Agreement.AGREED,
        None,
    )
    assert one.hearing is not None
    assert one.hearing.complete
    assert abs(one.hearing.delay_ns - 80_000_000) < 1_000_000
    assert "一致" in one.told()


@pytest.mark.rule("C8")
def test_a_device_that_says_it_heard_what_never_sounded_is_contradicted(clips: Clips) -> None:
    silent = spoken.film(spoken.room(13, spoken.clip()[:0], 2), START)
    one = again(clips, silent, disclosure())
    assert (one.agreement, one.because) == (Agreement.DIFFERS, "heard")
    assert "不一致" in one.told()


def test_half_an_announcement_is_not_a_complete_one(clips: Clips) -> None:
    half = spoken.film(spoken.room(13, spoken.clip()[: 6 * spoken.RATE], 2.08), START)
    one = again(clips, half, disclosure())
    assert (one.agreement, one.because) == (Agreement.DIFFERS, "complete")
    missing = [{"from_ms": 6_000, "to_ms": 8_442}]
    assert again(clips, half, disclosure(complete=False, missing=missing)).agreement == "agreed"
    one = again(clips, half, disclosure(complete=False, missing=[]))
    assert (one.agreement, one.because) == (Agreement.DIFFERS, "missing")


def test_another_time_is_another_announcement(clips: Clips, whole: bytes) -> None:
    one = again(clips, whole, disclosure(delay_ns=400_000_000))
    assert (one.agreement, one.because) == (Agreement.DIFFERS, "delay")


def test_a_signed_gap_is_missing_for_the_desk_too(clips: Clips, whole: bytes) -> None:
    missing = [{"from_ms": 2_920, "to_ms": 4_420}]
    signed = disclosure(complete=False, missing=missing)
    one = again(clips, whole, signed, gap(5, 6.5))
    assert one.agreement is Agreement.AGREED
    assert one.hearing is not None
    assert one.hearing.missing == ((2_920, 4_420),)


def test_an_announcement_over_a_join_is_heard_whole(clips: Clips) -> None:
    sound = spoken.room(13, spoken.clip(), 2.08)
    cut = 1_024 * 280
    films = {
        "f0": spoken.film(sound[:cut], START),
        "f1": spoken.film(sound[cut:], START + cut * SECOND // spoken.RATE),
    }
    joint = cut / spoken.RATE
    records = [seg(last=joint), seg("000001.mp4.age", joint), disclosure()]
    (one,) = hear_again(records, files(**films), clips)
    assert one.agreement is Agreement.AGREED
    assert one.hearing is not None
    assert one.hearing.share_milli >= 990


def test_a_film_that_a_crash_left_is_listened_to(clips: Clips, whole: bytes) -> None:
    orphan = {"t": "resume", "orphans": [{"file": FILE}]}
    (one,) = hear_again([orphan, disclosure()], files(f0=whole), clips)
    assert one.agreement is Agreement.AGREED


def test_where_the_device_made_no_check_the_desk_adds_one(clips: Clips, whole: bytes) -> None:
    one = again(clips, whole, disclosure(check="none", heard=None, complete=None, delay_ns=None))
    assert one.agreement is Agreement.ADDED
    assert one.hearing is not None
    assert one.hearing.heard
    assert one.to_json()["hearing"]["missing"] == []


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"pcm_sha256": "0" * 64}, "no_clip"),
        ({"frames_played": 0}, "not_played"),
        ({"from_ns": START + 100 * SECOND}, "no_sound"),
    ],
)
def test_what_cannot_be_heard_again_says_why(
    clips: Clips, whole: bytes, changes: dict[str, Any], because: str
) -> None:
    one = again(clips, whole, disclosure(**changes))
    assert (one.agreement, one.because) == (Agreement.UNCHECKED, because)
    assert "无法复核" in one.told()


@pytest.mark.parametrize("film", [b"", b"no film at all", bytes(4_096)])
def test_a_broken_film_has_no_sound_and_raises_nothing(clips: Clips, film: bytes) -> None:
    one = again(clips, film, disclosure())
    assert (one.agreement, one.because) == (Agreement.UNCHECKED, "no_sound")


def test_a_clip_that_is_no_sound_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "audio.flac").write_bytes(b"fLaC but not really")
    shutil.copytree(spoken.ANNOUNCE / "zh-CN", tmp_path / "good")
    clips = Clips(tmp_path)
    assert clips.find(spoken.named()["pcm_sha256"]) is not None
    assert clips.find("0" * 64) is None
    assert Clips(tmp_path / "nowhere").find("0" * 64) is None


@pytest.fixture
def access(tmp_path: Path) -> tuple[Access, str]:
    """A stored session in which the announcement sounds, and what opens it."""
    identities = [pyrage.x25519.Identity.generate() for _ in range(2)]
    recipients = [identity.to_public() for identity in identities]
    ages = dict(zip(("bureau", "escrow"), map(str, recipients), strict=True))
    bureau = Bureau("real", ages, spoken.named())
    rig = IntakeRig(tmp_path / "desk", bureau)
    rig.enrol("REC-0001")
    recorder = Recorder(bureau)
    take = Take(recorder, plan=False)
    take.announce(verdict="verified", check="acoustic")
    plain = spoken.film(spoken.room(13, spoken.clip(), 0.08), take.pts_ns)
    sealed = pyrage.encrypt(plain, recipients)
    take.begin(0)
    take.ticks(sealed, 13)
    take.end(sealed, plain=plain)
    take.close()
    Pusher(rig, recorder).push(take)
    assert rig.state(take.sid) == "stored"
    identity = tmp_path / "bureau.age"
    identity.write_text(f"{identities[0]}\n")
    return Access(rig.office, identity, Clips(spoken.ANNOUNCE)), take.sid


def test_verifying_hears_a_sealed_session_and_opening_lays_it_down(
    access: tuple[Access, str], tmp_path: Path
) -> None:
    opener, sid = access
    (heard,) = opener.hear("REC-0001", sid)
    assert heard.agreement is Agreement.AGREED
    copied = opener.open("REC-0001", sid, tmp_path / "out", Reader(who="张三", why="复核"))
    assert copied.hearings == [heard]
    assert '"agreement": "agreed"' in (tmp_path / "out" / "hearing.json").read_text()
    told = (tmp_path / "out" / "verdict.txt").read_text().splitlines()
    assert heard.told() in "".join(told)
    assert told[-1].startswith("VERIFIED")


def test_without_an_identity_the_desk_says_that_it_cannot_listen(
    access: tuple[Access, str], tmp_path: Path
) -> None:
    (tmp_path / "bureau.age").write_text("nothing")
    (one,) = access[0].hear("REC-0001", access[1])
    assert (one.agreement, one.because) == (Agreement.UNCHECKED, "no_identity")
