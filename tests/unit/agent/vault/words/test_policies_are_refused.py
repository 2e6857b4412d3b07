"""Attacks on the rulebook, through the vault's dock socket: refused, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.vault import messages as m
from evidence import canonical, jws
from evidence.keys import EcSigner
from evidence.rulebook import sign_root
from evidence.rulebook.carried import MAX_POLICY_BYTES, CarriedClip
from evidence.store.signers import file_signer
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import records
from tests.kits.device.words import Dock, clerks, clips, day, document, key, policy, signed, token
from tests.kits.media.clip import write_clip


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    return enrol(tmp_path_factory.mktemp("p"))


@pytest.fixture
def refused(enrolled: Enrolled, dock: Dock) -> Callable[[bytes], str]:
    """Sends a policy; its code, once it is certain that nothing but the log has changed."""

    def submit(message: bytes) -> str:
        before = _files(enrolled)
        answer = dock.submit("policy", message)
        assert isinstance(answer, m.Refused), answer
        assert _files(enrolled) == before
        last = records(enrolled.device.paths.device_log)[-1]
        assert (last["t"], last["code"]) == ("refusal", answer.code)
        return answer.code

    return submit


def _files(enrolled: Enrolled) -> dict[str, bytes]:
    paths = enrolled.device.paths
    folders = (paths.announce, paths.root.parent)
    return {str(p): p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file()}


Refused = Callable[[bytes], str]


# Age.


def test_an_older_version_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    paths = enrolled.device.paths
    paths.rulebook_floor.write_text("7\n")
    try:
        assert refused(policy(enrolled, 6)) == "policy_older"
    finally:
        paths.rulebook_floor.write_text("1\n")


def test_the_same_version_with_other_content_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    assert refused(policy(enrolled, 1, release__keep_days=0)) == "policy_changed"


def test_the_same_content_signed_again_under_its_version_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    # Signatures are random: two envelopes of one version would have two digests.
    assert refused(policy(enrolled, 1)) == "policy_changed"


def test_one_that_has_expired_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled, not_before=day(-30), expires=day(-1))) == "policy_expired"


def test_one_that_expires_before_it_begins_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled, not_before=day(30), expires=day(1))) == "policy_rulebook"


# Address and signatures.


def test_one_for_another_device_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled, to=["REC-999"])) == "policy_device"


def test_a_single_signature_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled, signers=clerks(enrolled)[:1])) == "policy_rulebook"


def test_the_same_signer_twice_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    clerk = key(enrolled, "rulebook-1")
    assert refused(policy(enrolled, signers=[clerk, clerk])) == "policy_rulebook"


def test_a_foreign_second_signature_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    signers = [key(enrolled, "rulebook-1"), key(enrolled, "receipt")]
    assert refused(policy(enrolled, signers=signers)) == "policy_rulebook"


def test_another_bureaus_clerks_are_refused(
    enrolled: Enrolled, foreign: Enrolled, refused: Refused
) -> None:
    assert refused(policy(enrolled, signers=clerks(foreign))) == "policy_rulebook"


def test_a_signature_over_other_bytes_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    envelope = json.loads(signed(document(enrolled, 2), clerks(enrolled)))
    other = document(enrolled, 2, release__keep_days=0)
    envelope["payload"] = jws.encode(canonical.dumps(other)).decode()
    assert refused(policy(enrolled, book=canonical.dumps(envelope))) == "policy_rulebook"


def test_a_truncated_signature_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    envelope = json.loads(signed(document(enrolled, 2), clerks(enrolled)))
    envelope["signatures"][1]["signature"] = envelope["signatures"][1]["signature"][:-4]
    assert refused(policy(enrolled, book=canonical.dumps(envelope))) == "policy_rulebook"


def test_an_envelope_of_another_type_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    book = signed(document(enrolled, 2), clerks(enrolled), jws.TYP_ROOT)
    assert refused(policy(enrolled, book=book)) == "policy_rulebook"


def test_what_the_clerks_signed_as_a_receipt_is_no_rulebook(
    enrolled: Enrolled, refused: Refused
) -> None:
    book = signed(document(enrolled, 2), clerks(enrolled), jws.TYP_RECEIPT)
    assert refused(policy(enrolled, book=book)) == "policy_rulebook"


def test_an_assignments_token_in_the_rulebooks_place_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    assert refused(policy(enrolled, book=token(enrolled, 2))) == "policy_rulebook"


def test_a_root_document_in_the_rulebooks_place_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    root = enrolled.device.paths.root.read_bytes()
    assert refused(policy(enrolled, book=root)) == "policy_rulebook"


# Root.


def test_another_bureaus_root_and_rulebook_are_refused(
    enrolled: Enrolled, foreign: Enrolled, refused: Refused
) -> None:
    root = foreign.device.paths.root.read_bytes()
    message = policy(enrolled, root=root, signers=clerks(foreign))
    assert refused(message) == "policy_root"


def test_a_root_that_a_foreign_ca_signed_over_the_same_keys_is_refused(
    enrolled: Enrolled, foreign: Enrolled, refused: Refused
) -> None:
    held = json.loads(enrolled.device.paths.root.read_bytes())
    payload = json.loads(jws.decode(held["payload"].encode()))
    payload["version"] += 1
    root = sign_root(payload, file_signer(foreign.bureau / "ca" / "key.pem"))
    assert refused(policy(enrolled, root=root)) == "policy_root"


def test_a_root_that_the_clerks_signed_themselves_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    held = json.loads(enrolled.device.paths.root.read_bytes())
    payload = json.loads(jws.decode(held["payload"].encode()))
    root = signed({**payload, "version": 2, "threshold": 1}, clerks(enrolled), jws.TYP_ROOT)
    message = policy(enrolled, root=root, signers=clerks(enrolled)[:1])
    assert refused(message) == "policy_root"


# What the law does not leave to a bureau.


@pytest.mark.rule("C8")
@pytest.mark.parametrize(
    "changes",
    [
        {"disclosure__announcements": []},
        {"segment__seconds": 1},
        {"segment__seconds": 61},
        {"prebuffer__seconds": 10},
        {"mute__allowed": True},
        {"lamp__mode": "covert"},
        {"release__without_receipt": True},
        {"storage__overwrite": "oldest"},
        {"release__keep_days": -1},
        {"seal__recipients": []},
        {"custody__revoked": "REC-001"},
        {"type": "root"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_the_law_fixes_is_refused_though_clerk_and_head_signed_it(
    enrolled: Enrolled, refused: Refused, changes: dict[str, Any]
) -> None:
    assert refused(policy(enrolled, **changes)) == "policy_rulebook"


@pytest.mark.rule("C8")
@pytest.mark.parametrize("text", ["", " \n"])
def test_an_announcement_that_says_nothing_is_refused(
    enrolled: Enrolled, refused: Refused, text: str
) -> None:
    said = document(enrolled, 2)["policy"]["disclosure.announcements"]
    said = [{**said[0], "text": text}]
    assert refused(policy(enrolled, disclosure__announcements=said)) == "policy_rulebook"


def test_a_policy_with_one_recipient_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    recipients = document(enrolled, 2)["policy"]["seal.recipients"]
    assert refused(policy(enrolled, seal__recipients=recipients[:1])) == "policy_rulebook"


# Clips.


def _other(tmp_path: Path) -> CarriedClip:
    (clip,) = clips(write_clip(tmp_path / "other" / "zh-CN", samples=9_600))
    return clip


@pytest.mark.rule("C8")
def test_a_clip_with_another_sound_is_refused(
    enrolled: Enrolled, refused: Refused, tmp_path: Path
) -> None:
    audio = _other(tmp_path).audio
    assert refused(policy(enrolled, change=lambda c: replace(c, audio=audio))) == "policy_clip"


def test_a_whole_other_clip_under_its_name_is_refused(
    enrolled: Enrolled, refused: Refused, tmp_path: Path
) -> None:
    other = _other(tmp_path)
    assert refused(policy(enrolled, change=lambda _: other)) == "policy_clip"


def test_a_clip_with_another_text_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled, change=lambda c: replace(c, text=b"."))) == "policy_clip"


def test_a_clip_with_other_particulars_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    def change(clip: CarriedClip) -> CarriedClip:
        return replace(clip, meta=clip.meta.replace(b"zh-CN", b"en-GB"))

    assert refused(policy(enrolled, change=change)) == "policy_clip"


@pytest.mark.parametrize("audio", [b"", b"RIFF", b"fLaC" + bytes(64)])
def test_a_clip_without_sound_is_refused(
    enrolled: Enrolled, refused: Refused, audio: bytes
) -> None:
    assert refused(policy(enrolled, change=lambda c: replace(c, audio=audio))) == "policy_clip"


def test_a_missing_clip_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    message = policy(enrolled, change=lambda c: replace(c, id="other"))
    assert refused(message) == "policy_clip"


def test_a_clip_that_would_leave_its_folder_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    message = policy(enrolled, change=lambda c: replace(c, id="../../keys"))
    assert refused(message) == "policy_malformed"


# Form.


def _fields(enrolled: Enrolled) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(policy(enrolled))
    return fields


def test_bytes_that_are_no_message_are_refused(refused: Refused) -> None:
    assert refused(b"\x00\xff") == "policy_malformed"


def test_a_message_that_is_not_canonical_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(json.dumps(_fields(enrolled)).encode()) == "policy_malformed"


def test_a_message_with_an_unknown_field_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(canonical.dumps({**_fields(enrolled), "note": ""})) == "policy_malformed"


def test_a_message_with_a_field_twice_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    message = policy(enrolled)
    assert refused(message[:-1] + b',"root":""}') == "policy_malformed"


def test_a_message_cut_short_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled)[:-1]) == "policy_malformed"


def test_a_message_that_is_nested_deeply_is_refused(refused: Refused) -> None:
    assert refused(b'{"clips":' + b"[" * 100_000 + b"]" * 100_000 + b"}") == "policy_size"


def test_a_rulebook_that_is_nested_deeply_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    deep: Any = []
    for _ in range(20):
        deep = [deep]
    assert refused(policy(enrolled, must_record__items=deep)) == "policy_rulebook"


def test_a_message_that_is_too_large_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    fields = _fields(enrolled)
    fields["root"] = "x" * (MAX_POLICY_BYTES + 1)
    assert refused(canonical.dumps(fields)) == "policy_size"


def test_a_rulebook_that_is_too_large_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled, book=b"{" + b" " * 300_000 + b"}")) == "policy_size"


def test_an_assignment_in_a_policys_place_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(token(enrolled, 2)) == "policy_malformed"


def test_the_devices_own_key_signs_no_rulebook(enrolled: Enrolled, refused: Refused) -> None:
    own: EcSigner = file_signer(enrolled.device.paths.signing_key)
    assert refused(policy(enrolled, signers=[own, key(enrolled, "rulebook-1")])) == (
        "policy_rulebook"
    )
