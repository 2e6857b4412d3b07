"""Assignments and policies on their way to recorders: retained, until they are adopted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bureau.intake.message import Outgoing
from bureau.ledger import DeviceRow
from bureau.words.courier import AGAIN_NS, LOOK_NS, MOST_AT_ONCE
from evidence import assignment, wire
from evidence.assignment import Assignment, Standing
from evidence.digests import sha256_hex
from evidence.rulebook import sign_rulebook
from evidence.rulebook.carried import unpack
from evidence.wire import ReasonCode, Response, Topics, WordAck
from tests.kits.bureau.intake import IntakeRig
from tests.kits.media.clip import write_clip

DEVICE, OTHER = "REC-0001", "REC-0002"
ROSTER, POLICY = Topics(DEVICE).roster, Topics(DEVICE).policy


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IntakeRig]:
    rig = IntakeRig(tmp_path)
    rig.enrol(DEVICE)
    yield rig
    rig.close()


def assign(rig: IntakeRig, number: int, device: str = DEVICE, *, to: str | None = None) -> bytes:
    """Provisioning hands out a recorder."""
    word = Assignment(
        device=to or device,
        number=number,
        standing=Standing.UNASSIGNED,
        issued="2026-11-21T04:00:00.000000Z",
    )
    token = assignment.make(word, rig.bureau.receipt_signer, rig.bureau.receipt_certificate)
    path = rig.folder / "registry" / "assignments" / device / f"{number:06d}.jws"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(token)
    return token


def rule(rig: IntakeRig, version: int, **changes: object) -> bytes:
    """Provisioning publishes a rulebook; its envelope."""
    document = {**rig.bureau.rulebook_document(), "version": version, **changes}
    for one in document["policy"]["disclosure.announcements"]:
        folder = rig.folder / "announce" / one["id"]
        if not folder.exists():
            write_clip(folder, clip_id=one["id"])
    envelope = sign_rulebook(document, rig.bureau.clerks)
    (rig.folder / "rulebook" / "rulebook.json").write_bytes(envelope)
    return envelope


def turn(rig: IntakeRig, nanoseconds: int = LOOK_NS) -> list[Outgoing]:
    rig.mono_ns += nanoseconds
    outgoing = rig.intake.words.turn()
    assert all(part.retain for part in outgoing)
    return outgoing


def answer(
    rig: IntakeRig,
    topic: str,
    content: bytes,
    number: int | None,
    state: str = "adopted",
    code: str = "",
) -> list[Response]:
    ack = WordAck(sha256=sha256_hex(content), number=number, state=state, code=code)
    return rig.say(f"{topic}/ack", wire.encode_word_ack(ack))


def kept(rig: IntakeRig, device: str = DEVICE) -> dict[str, dict[str, object]]:
    """What provisioning reads."""
    found: dict[str, dict[str, object]] = json.loads(
        (rig.folder / "registry" / "words" / f"{device}.json").read_text()
    )
    return found


@pytest.mark.rule("A1")
def test_an_assignment_is_published_retained_for_its_device_alone(rig: IntakeRig) -> None:
    rig.enrol(OTHER)
    token = assign(rig, 1)
    assert turn(rig) == [Outgoing(ROSTER, token, retain=True)]
    assert turn(rig) == []


def test_the_highest_number_is_the_one_that_is_sent(rig: IntakeRig) -> None:
    assign(rig, 9)
    newest = assign(rig, 10)
    assign(rig, 2)
    assert [part.payload for part in turn(rig)] == [newest]


def test_a_policy_carries_root_rulebook_and_clips(rig: IntakeRig) -> None:
    envelope = rule(rig, 4)
    (part,) = turn(rig)
    assert part.topic == POLICY
    carried = unpack(part.payload)
    assert (carried.rulebook, carried.root) == (envelope, rig.bureau.root)
    (clip,) = carried.clips
    assert clip.audio == (rig.folder / "announce" / clip.id / "audio.flac").read_bytes()


def test_a_policy_for_one_device_is_not_sent_to_another(rig: IntakeRig) -> None:
    rig.enrol(OTHER)
    rule(rig, 4, to=[OTHER])
    assert [part.topic for part in turn(rig)] == [Topics(OTHER).policy]


def test_what_is_published_while_the_desk_runs_is_sent_within_a_second(rig: IntakeRig) -> None:
    assert turn(rig) == []
    rule(rig, 4)
    assert [part.topic for part in turn(rig)] == [POLICY]
    rule(rig, 5, expires="2029-11-21T04:00:00.000000Z")
    assert [unpack(part.payload).rulebook for part in turn(rig)] == [
        (rig.folder / "rulebook" / "rulebook.json").read_bytes()
    ]


def test_what_was_adopted_is_not_sent_again_to_anybody(rig: IntakeRig) -> None:
    token = assign(rig, 1)
    rule(rig, 4)
    policy = next(part.payload for part in turn(rig) if part.topic == POLICY)
    assert answer(rig, ROSTER, token, 1) == []
    assert answer(rig, POLICY, policy, 4) == []
    rig.intake.words.begin()
    assert turn(rig, AGAIN_NS) == []
    rig.restart()
    assert turn(rig) == []
    held = kept(rig)
    assert (held["assignment"]["number"], held["assignment"]["state"]) == (1, "adopted")
    assert (held["rulebook"]["number"], held["rulebook"]["state"]) == (4, "adopted")


def test_what_nobody_answered_is_published_anew_on_a_new_connection(rig: IntakeRig) -> None:
    token = assign(rig, 1)
    assert len(turn(rig)) == 1
    rig.intake.words.begin()
    assert [part.payload for part in turn(rig)] == [token]


def test_a_docked_recorder_is_asked_again_until_what_it_put_aside_is_adopted(
    rig: IntakeRig,
) -> None:
    token = assign(rig, 1)
    assert [part.payload for part in rig.is_told(DEVICE)] == [token]
    answer(rig, ROSTER, token, 1, "staged")
    assert kept(rig)["assignment"]["state"] == "staged"
    assert turn(rig) == []
    assert [part.payload for part in turn(rig, AGAIN_NS)] == [token]
    answer(rig, ROSTER, token, 1)
    assert turn(rig, AGAIN_NS) == []


def test_the_broker_keeps_it_for_a_recorder_that_is_away(rig: IntakeRig) -> None:
    assign(rig, 1)
    assert len(turn(rig)) == 1
    for _ in range(3):
        assert turn(rig, 100 * AGAIN_NS) == []


def test_a_refusal_is_kept_with_its_code_and_not_answered_with_the_same_again(
    rig: IntakeRig,
) -> None:
    token = assign(rig, 1)
    rig.is_told(DEVICE)
    answer(rig, ROSTER, token, None, "refused", "assignment_older")
    held = kept(rig)["assignment"]
    assert (held["state"], held["code"], held["number"]) == ("refused", "assignment_older", 1)
    assert turn(rig, AGAIN_NS) == []
    newer = assign(rig, 2)
    assert [part.payload for part in turn(rig)] == [newer]


def test_the_same_answer_again_keeps_the_time_of_the_first(rig: IntakeRig) -> None:
    token = assign(rig, 1)
    turn(rig)
    answer(rig, ROSTER, token, 1)
    path = rig.folder / "registry" / "words" / f"{DEVICE}.json"
    before = path.stat().st_mtime_ns
    answer(rig, ROSTER, token, 1)
    assert path.stat().st_mtime_ns == before


def test_an_answer_to_bytes_that_are_not_in_force_changes_nothing(rig: IntakeRig) -> None:
    token = assign(rig, 1)
    turn(rig)
    assert answer(rig, ROSTER, token + b"x", 1) == []
    assert not (rig.folder / "registry" / "words").exists()
    assert len(rig.is_told(DEVICE)) == 0
    assert len(turn(rig, AGAIN_NS)) == 1


def test_an_answer_with_another_number_is_refused(rig: IntakeRig) -> None:
    token = assign(rig, 1)
    turn(rig)
    (refusal,) = answer(rig, ROSTER, token, 7)
    assert refusal.reason_code is ReasonCode.REFUSED
    (malformed,) = rig.say(f"{ROSTER}/ack", b"yes")
    assert malformed.reason_code is ReasonCode.REFUSED


def test_a_device_that_may_not_speak_is_sent_nothing(rig: IntakeRig) -> None:
    rig.enrol(OTHER, "revoked")
    assign(rig, 1, OTHER)
    assert turn(rig) == []


@pytest.mark.parametrize("what", ["damaged", "of another device", "too large"])
def test_an_assignment_that_does_not_verify_is_not_sent(rig: IntakeRig, what: str) -> None:
    assign(rig, 1, to=OTHER if what == "of another device" else None)
    path = rig.folder / "registry" / "assignments" / DEVICE / "000001.jws"
    if what == "damaged":
        path.write_bytes(path.read_bytes()[:-4])
    if what == "too large":
        path.write_bytes(b"x" * 100_000)
    assert turn(rig) == []


@pytest.mark.parametrize("what", ["signature", "clip", "root"])
def test_a_policy_that_is_not_whole_is_not_sent_until_it_is(rig: IntakeRig, what: str) -> None:
    rule(rig, 4)
    path = {
        "signature": rig.folder / "rulebook" / "rulebook.json",
        "clip": next((rig.folder / "announce").glob("*/audio.flac")),
        "root": rig.folder / "rulebook" / "root.json",
    }[what]
    whole = path.read_bytes()
    path.unlink() if what == "clip" else path.write_bytes(b"{}")
    assert turn(rig) == []
    path.write_bytes(whole)
    assert [part.topic for part in turn(rig)] == [POLICY]


def test_a_policy_larger_than_a_message_is_not_sent(rig: IntakeRig) -> None:
    rule(rig, 4)
    audio = next((rig.folder / "announce").glob("*/audio.flac"))
    audio.write_bytes(audio.read_bytes() + bytes(1_000_000))
    assert turn(rig) == []


def test_two_hundred_recorders_hear_of_it_a_few_at_a_time(rig: IntakeRig) -> None:
    for number in range(2, 201):
        rig.enrol(f"REC-{number:04d}")
    rule(rig, 4)
    heard, turns = set[str](), 0
    while parts := turn(rig, 20_000_000 if turns else LOOK_NS):
        assert len(parts) <= MOST_AT_ONCE + 1
        heard |= {part.topic for part in parts}
        turns += 1
    assert (len(heard), turns) == (200, 13)


def test_a_damaged_note_of_an_answer_only_means_that_it_is_asked_again(rig: IntakeRig) -> None:
    token = assign(rig, 1)
    turn(rig)
    answer(rig, ROSTER, token, 1)
    (rig.folder / "registry" / "words" / f"{DEVICE}.json").write_text("{")
    rig.restart()
    assert [part.payload for part in turn(rig)] == [token]


def test_who_was_docked_before_the_desk_began_is_known(rig: IntakeRig) -> None:
    token = assign(rig, 1)
    rig.is_told(DEVICE)
    assert isinstance(rig.ledger.devices()[0], DeviceRow)
    rig.restart()
    assert [part.payload for part in turn(rig)] == [token]
    assert [part.payload for part in turn(rig, AGAIN_NS)] == [token]
    rig.is_told(DEVICE, docked=False)
    assert turn(rig, AGAIN_NS) == []
