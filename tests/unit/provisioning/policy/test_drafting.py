"""A draft becomes the rulebook in force: checked, signed twice, published once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence import canonical, jws
from evidence.errors import RulebookError
from evidence.moments import utc_ns
from evidence.rulebook import read_rulebook, sign_envelope
from evidence.rulebook.carried import unpack
from evidence.store.signers import file_signer
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.errors import PolicyError
from provisioning.plan import Report
from provisioning.policy import publishing
from provisioning.policy.draft import edit_draft, load, new_draft
from provisioning.policy.errors import PolicyRefusedError, PolicyWrongError
from provisioning.policy.fixtures import NAMES, read_fixture
from provisioning.policy.naming import policy_of
from provisioning.policy.publishing import MEDIUM_NAME, publish, sign_draft, signed_by
from tests.kits.bureau.policy import set_policy

Tree = Callable[[Path], dict[str, bytes]]
Clock = Callable[[], int]
BOTH = (KeyRole.CLERK, KeyRole.HEAD)


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(PolicyRefusedError) as caught:
        work()
    assert caught.value.diagnosis().startswith(caught.value.diagnosis()[:1])
    assert "未知错误" not in caught.value.diagnosis()
    return caught.value.code


def sign(bureau: Path, *roles: KeyRole, clock: Clock) -> Report:
    reports = [sign_draft(bureau, role, clock=clock) for role in roles]
    return reports[-1]


def rewrite(bureau: Path, **changes: Any) -> None:
    """A draft changed by hand."""
    path = bureau / "rulebook" / "draft.json"
    held = json.loads(path.read_text())
    held["policy"].update({key.replace("__", "."): value for key, value in changes.items()})
    path.write_text(json.dumps(held))


def test_a_change_is_the_next_version_and_the_old_one_is_kept(bureau: Path, clock: Clock) -> None:
    first = (bureau / "rulebook" / "rulebook.json").read_bytes()
    set_policy(bureau, {"release.keep_days": 0, "segment.seconds": 2}, clock=clock)
    opened = open_bureau(bureau)
    book = opened.rulebook
    assert (book.version, book.number("release.keep_days"), book.number("segment.seconds")) == (
        2,
        0,
        2,
    )
    assert (bureau / "rulebook" / "versions" / "000001.json").read_bytes() == first
    assert ledger.holds(opened.folder.ledger, "rulebook", {"version": 2})
    assert policy_of(opened, "1")["release.keep_days"] == 7


@pytest.mark.parametrize("name", NAMES)
def test_a_bureau_can_adopt_what_each_text_says(bureau: Path, clock: Clock, name: str) -> None:
    stated = read_fixture(name)
    new_draft(bureau, stated)
    sign(bureau, *BOTH, clock=clock)
    publish(bureau, clock=clock)
    book = open_bureau(bureau).rulebook
    assert {key: book.policy[key] for key in stated} == stated
    assert refused(lambda: sign(bureau, KeyRole.CLERK, clock=clock)) == "no_draft"


def test_a_draft_begins_with_what_is_in_force_and_changes_add_up(
    bureau: Path, clock: Clock
) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    edit_draft(bureau, {"release.keep_days": 0}, clock=clock)
    draft = load(open_bureau(bureau))
    assert draft is not None
    assert (draft.policy["officers.min"], draft.policy["release.keep_days"]) == (2, 0)
    assert draft.policy["segment.seconds"] == 10


def test_nothing_is_in_force_before_it_is_published(bureau: Path, clock: Clock, tree: Tree) -> None:
    before = tree(bureau)
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    sign(bureau, *BOTH, clock=clock)
    made = {"rulebook/draft.json", "rulebook/signing.json"}
    assert {name: held for name, held in tree(bureau).items() if name not in made} == before


def test_one_signature_is_refused_and_the_missing_one_is_named(
    bureau: Path, clock: Clock, tree: Tree
) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    assert refused(lambda: publish(bureau, clock=clock)) == "unsigned"
    for role, missing in ((KeyRole.CLERK, "负责人"), (KeyRole.CLERK, "负责人")):
        assert sign(bureau, role, clock=clock).facts["missing"] == missing
        before = tree(bureau)
        with pytest.raises(PolicyRefusedError, match=missing):
            publish(bureau, clock=clock)
        assert tree(bureau) == before
    assert signed_by(open_bureau(bureau)) == {"经办人": True, "负责人": False}
    assert sign(bureau, KeyRole.HEAD, clock=clock).facts["missing"] == ""
    assert publish(bureau, clock=clock).facts["version"] == 2


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]])
def test_clerk_and_head_may_sign_in_either_order(
    bureau: Path, clock: Clock, order: tuple[KeyRole, ...]
) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    sign(bureau, *order, clock=clock)
    assert publish(bureau, clock=clock).changed == 2


def test_a_change_after_signing_has_to_be_signed_again(bureau: Path, clock: Clock) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    sign(bureau, *BOTH, clock=clock)
    edit_draft(bureau, {"officers.min": 3}, clock=clock)
    assert refused(lambda: publish(bureau, clock=clock)) == "signed_other"
    assert signed_by(open_bureau(bureau)) is None
    sign(bureau, KeyRole.HEAD, clock=clock)
    assert refused(lambda: publish(bureau, clock=clock)) == "unsigned"
    sign(bureau, KeyRole.CLERK, clock=clock)
    publish(bureau, clock=clock)
    assert open_bureau(bureau).rulebook.number("officers.min") == 3


def test_a_foreign_signature_counts_for_nothing(bureau: Path, clock: Clock) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    sign(bureau, KeyRole.CLERK, clock=clock)
    path = bureau / "rulebook" / "signing.json"
    outer = canonical.loads(path.read_bytes(), limit=1_000_000)
    payload = canonical.loads(jws.decode(outer["payload"].encode()), limit=1_000_000)
    signers = [file_signer(bureau / "keys" / f"{one}.pem") for one in ("rulebook-1", "receipt")]
    path.write_bytes(sign_envelope(payload, signers, jws.TYP_RULEBOOK))
    assert refused(lambda: publish(bureau, clock=clock)) == "unsigned"


def test_no_change_is_no_version(bureau: Path, clock: Clock) -> None:
    edit_draft(bureau, {"release.keep_days": 7, "officers.min": 1}, clock=clock)
    assert refused(lambda: sign(bureau, KeyRole.CLERK, clock=clock)) == "unchanged"
    assert publish(bureau, clock=clock).changed == 0


def test_a_new_term_alone_is_a_new_version(bureau: Path, clock: Clock) -> None:
    edit_draft(bureau, {}, until="2030-12-31", clock=clock)
    sign(bureau, *BOTH, clock=clock)
    publish(bureau, clock=clock)
    book = open_bureau(bureau).rulebook
    # The end of that day in China.
    assert (book.version, book.expires) == (2, "2030-12-31T16:00:00.000000Z")


@pytest.mark.parametrize("day", ["2001-01-01", "31.12.2030", "2030-02-30", ""])
def test_a_term_that_is_over_or_no_day_is_refused(bureau: Path, clock: Clock, day: str) -> None:
    assert refused(lambda: edit_draft(bureau, {}, until=day, clock=clock)) == "date"


def test_without_a_day_it_is_valid_for_three_years_from_the_first_signature(
    bureau: Path, clock: Clock
) -> None:
    set_policy(bureau, {"officers.min": 2}, clock=clock)
    book = open_bureau(bureau).rulebook
    days = (utc_ns(book.expires) - utc_ns(book.not_before)) // (86_400 * 10**9)
    assert days == 3 * 365


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"segment.seconds": 61}, ("片段秒数", "2 至 60", "G1")),
        ({"segment.seconds": 1}, ("片段秒数", "2 至 60")),
        ({"prebuffer.seconds": 5}, ("预录秒数", "只能为 0", "不得预录", "D12")),
        ({"officers.min": "2"}, ("执法人员最少人数", "1 至 16 的整数", "S2")),
        ({"officers.min": 1.5}, ("1.5",)),
        ({"access.approver": "chef"}, ("查阅批准人", "bureau_head（局长）", "K1")),
        ({"continuity.causes": ["rain"]}, ("可停止事由", "weather（天气等自然原因）")),
        ({"mute.allowed": True}, ("没有这一项",)),
        ({"officer.min": 2}, ("officers.min（执法人员最少人数）",)),
        ({"bureau.id": "other"}, ("单位代码", "provision init")),
        ({"seal.recipients": []}, ("加密接收方", "provision init")),
        ({"disclosure.announcements": []}, ("告知语音", "policy voice")),
    ],
)
def test_what_may_not_be_set_is_refused_in_the_clerks_words(
    bureau: Path, clock: Clock, tree: Tree, changes: dict[str, Any], told: tuple[str, ...]
) -> None:
    before = tree(bureau)
    with pytest.raises(PolicyWrongError) as caught:
        edit_draft(bureau, changes, clock=clock)
    assert all(word in caught.value.diagnosis() for word in told), caught.value.diagnosis()
    assert tree(bureau) == before


def test_everything_that_is_wrong_is_told_at_once(bureau: Path, clock: Clock) -> None:
    with pytest.raises(PolicyWrongError) as caught:
        edit_draft(bureau, {"officers.min": 0, "x.y": 1, "segment.seconds": 99}, clock=clock)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"disclosure.wording": "exact"}, "disclosure.text"),
        ({"export.dual_control": True}, "export.supervisor"),
        ({"equip.approval": True}, "equip.approver"),
        ({"retention.floor_months": 0}, "retention.with_case"),
        ({"arrival.voiced_ms": 120_000}, "arrival.seconds"),
        ({"disclosure.text": "另一句话"}, "policy voice"),
    ],
)
def test_a_contradiction_is_not_signed(
    bureau: Path, clock: Clock, changes: dict[str, Any], told: str
) -> None:
    edit_draft(bureau, changes, clock=clock)
    with pytest.raises(PolicyWrongError) as caught:
        sign(bureau, KeyRole.CLERK, clock=clock)
    assert told in caught.value.diagnosis()
    assert not (bureau / "rulebook" / "signing.json").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"segment__seconds": 61},
        {"prebuffer__seconds": 1},
        {"lamp__mode": "off"},
        {"disclosure__announcements": []},
        {"seal__recipients": []},
    ],
)
def test_a_draft_written_by_hand_is_judged_before_it_is_signed(
    bureau: Path, clock: Clock, changes: dict[str, Any]
) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    rewrite(bureau, **changes)
    with pytest.raises(PolicyWrongError):
        sign(bureau, KeyRole.CLERK, clock=clock)


def test_a_clip_that_was_altered_stops_the_publishing(bureau: Path, clock: Clock) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    sign(bureau, *BOTH, clock=clock)
    audio = next((bureau / "announce").glob("*/audio.flac"))
    audio.write_bytes(audio.read_bytes()[:-100])
    assert refused(lambda: publish(bureau, clock=clock)) == "refused"
    assert open_bureau(bureau).rulebook.version == 1


def test_a_second_draft_needs_to_be_meant(bureau: Path, clock: Clock) -> None:
    new_draft(bureau, read_fixture("S1"))
    assert new_draft(bureau, read_fixture("S1")).changed == 0
    assert refused(lambda: new_draft(bureau, read_fixture("S2"))) == "draft_exists"
    assert new_draft(bureau, read_fixture("S2"), again=True).changed == 1


def test_a_draft_of_before_another_version_is_not_taken_over(bureau: Path, clock: Clock) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    other = (bureau / "rulebook" / "draft.json").read_bytes()
    set_policy(bureau, {"release.keep_days": 1}, clock=clock)
    rewritten = json.loads(other)
    rewritten["policy"]["officers.min"] = 9
    (bureau / "rulebook" / "draft.json").write_text(json.dumps(rewritten))
    assert refused(lambda: edit_draft(bureau, {}, clock=clock)) == "draft_stale"
    assert refused(lambda: publish(bureau, clock=clock)) == "draft_stale"
    assert new_draft(bureau, again=True).changed == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"v":2}', b'{"v":1,"base":1}', b"\xff"])
def test_a_damaged_draft_is_named(bureau: Path, clock: Clock, content: bytes) -> None:
    (bureau / "rulebook" / "draft.json").write_bytes(content)
    assert refused(lambda: edit_draft(bureau, {}, clock=clock)) == "draft_damaged"
    assert new_draft(bureau, again=True).changed == 1


def test_a_dry_run_changes_nothing(bureau: Path, clock: Clock, tree: Tree) -> None:
    before = tree(bureau)
    assert edit_draft(bureau, {"officers.min": 2}, clock=clock, dry_run=True).changed == 1
    assert tree(bureau) == before
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    before = tree(bureau)
    assert sign_draft(bureau, KeyRole.CLERK, clock=clock, dry_run=True).changed == 1
    assert tree(bureau) == before
    sign(bureau, *BOTH, clock=clock)
    before = tree(bureau)
    assert publish(bureau, clock=clock, dry_run=True).changed == 2
    assert tree(bureau) == before


def test_every_step_done_twice_changes_nothing(bureau: Path, clock: Clock, tmp_path: Path) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    assert edit_draft(bureau, {"officers.min": 2}, clock=clock).changed == 0
    sign(bureau, *BOTH, clock=clock)
    assert sign(bureau, *BOTH, clock=clock).changed == 0
    publish(bureau, to=tmp_path / "usb", clock=clock)
    assert publish(bureau, to=tmp_path / "usb", clock=clock).changed == 0


def test_a_medium_carries_what_the_network_does(bureau: Path, clock: Clock, tmp_path: Path) -> None:
    set_policy(bureau, {"officers.min": 2}, clock=clock)
    assert publish(bureau, to=tmp_path / "usb", clock=clock).changed == 1
    carried = unpack((tmp_path / "usb" / MEDIUM_NAME).read_bytes())
    assert carried.rulebook == (bureau / "rulebook" / "rulebook.json").read_bytes()


def test_what_is_too_large_for_the_network_goes_onto_a_medium(
    bureau: Path, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    sign(bureau, *BOTH, clock=clock)
    monkeypatch.setattr(publishing, "MAX_POLICY_BYTES", 1_000)
    with pytest.raises(PolicyRefusedError) as caught:
        publish(bureau, clock=clock)
    assert caught.value.code == "too_large"
    assert "--to" in caught.value.diagnosis()
    assert open_bureau(bureau).rulebook.version == 1
    assert publish(bureau, to=tmp_path / "usb", clock=clock).changed == 3


def test_one_signature_under_another_ones_name_does_not_read(bureau: Path, clock: Clock) -> None:
    edit_draft(bureau, {"officers.min": 2}, clock=clock)
    sign(bureau, KeyRole.CLERK, clock=clock)
    path = bureau / "rulebook" / "signing.json"
    outer = json.loads(path.read_bytes())
    outer["signatures"] *= 2
    path.write_bytes(canonical.dumps(outer))
    assert refused(lambda: publish(bureau, clock=clock)) == "unsigned"
    with pytest.raises(RulebookError):
        read_rulebook(path.read_bytes(), open_bureau(bureau).root)


def test_a_rulebook_changed_by_hand_opens_no_bureau(bureau: Path) -> None:
    path = bureau / "rulebook" / "rulebook.json"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(Exception, match="provision init"):
        open_bureau(bureau)


@pytest.mark.parametrize("name", ["99", "nowhere", "S9"])
def test_a_policy_that_there_is_not_is_not_compared(bureau: Path, name: str) -> None:
    with pytest.raises(PolicyError):
        policy_of(open_bureau(bureau), name)
