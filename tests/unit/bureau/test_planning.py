"""From a clerk's wish to a plan in the book: what is asked of it, and what is signed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pyrage
import pytest

from bureau import days
from bureau.clock import Clock
from bureau.errors import BureauError, PlanningError
from bureau.plans.book import PlanBook
from bureau.plans.draft import Wish, WrittenOfficer, officer_of, read_wish
from bureau.plans.planning import Planning
from bureau.registry import Registry
from bureau.words.shelf import WordShelf
from evidence import assignment, plan, rulebook
from evidence.assignment import Assignment, Officer, Standing
from evidence.errors import PlanError
from evidence.moments import utc_ns
from tests.kits.records.bureau import Bureau

NOW = "2026-11-21T01:00:00.000000Z"
WIDE = "\uff14"
"""A full-width 4, as input methods write it."""
OFFICERS = [
    WrittenOfficer(id="O-1", name="张三", certificate="豫a 0100123"),
    WrittenOfficer(id="O-2", name="李四", certificate=WIDE + "1010200456"),
]
WISH = Wish(
    devices=["REC-0001"],
    activity="inspection",
    matter="统计数据质量检查",
    party="某某机械有限公司",
    place="某县工业路 1 号",
    officers=OFFICERS,
    items=["原始记录", "统计台账"],
)


@dataclass
class Room:
    """Where a clerk plans."""

    planning: Planning
    bureau: Bureau
    identities: list[Any]
    folder: Path

    def assign(self, device: str, number: int = 1, **fields: Any) -> None:
        """What provisioning leaves when it hands a recorder to O-1."""
        hands = {"custodian": "O-1", "keeper": "K-1", "leader": "L-1", "approval": "a-1"}
        word = Assignment(
            device=device,
            number=number,
            issued=NOW,
            **{"standing": Standing.ASSIGNED, **hands, **fields},
        )
        path = self.folder.parent / "registry" / "assignments" / device / f"{number:06d}.jws"
        path.parent.mkdir(parents=True, exist_ok=True)
        signer, certificate = self.bureau.receipt_signer, self.bureau.receipt_certificate
        path.write_bytes(assignment.make(word, signer, certificate))

    def with_policy(self, **policy: Any) -> Planning:
        document = self.bureau.rulebook_document()
        document["policy"] = {**document["policy"], **policy}
        envelope = rulebook.sign_rulebook(document, self.bureau.clerks)
        root = rulebook.read_root(self.bureau.root, self.bureau.ca)
        return replace(self.planning, rulebook=rulebook.read_rulebook(envelope, root))


@pytest.fixture
def room(tmp_path: Path) -> Room:
    identities = [pyrage.x25519.Identity.generate() for _ in range(2)]
    recipients = {
        role: str(identity.to_public())
        for role, identity in zip(("bureau", "escrow"), identities, strict=True)
    }
    bureau = Bureau(recipients=recipients)
    registry = tmp_path / "registry"
    registry.mkdir()
    for device, status in (("REC-0001", "active"), ("REC-0002", "active"), ("REC-0009", "lost")):
        (registry / f"{device}.json").write_text(f'{{"device": "{device}", "status": "{status}"}}')
    root = rulebook.read_root(bureau.root, bureau.ca)
    planning = Planning(
        book=PlanBook(tmp_path / "plans", bureau.ca),
        registry=Registry(registry),
        words=WordShelf(tmp_path, bureau.ca),
        rulebook=rulebook.read_rulebook(bureau.rulebook, root),
        signer=bureau.receipt_signer,
        certificate=bureau.receipt_certificate,
        clock=Clock(utc_ns=lambda: utc_ns(NOW), mono_ns=lambda: 0),
    )
    room = Room(planning, bureau, identities, tmp_path / "plans")
    for device in ("REC-0001", "REC-0002"):
        room.assign(device)
    return room


def wish(**changes: Any) -> Wish:
    return msgspec.structs.replace(WISH, **changes)


def refused(room: Room, one: Wish, planning: Planning | None = None) -> str:
    with pytest.raises((PlanningError, PlanError)) as caught:
        (planning or room.planning).draft(one)
    error = caught.value
    assert isinstance(error, PlanningError | PlanError)
    assert "未知" not in error.diagnosis()
    assert room.planning.book.drafts() == []
    return error.code


@pytest.mark.rule("C11")
@pytest.mark.rule("I2")
def test_a_published_plan_is_opened_by_bureau_and_escrow_and_by_nobody_else(room: Room) -> None:
    draft = room.planning.draft(WISH)
    signed = room.planning.publish(draft.plan_id)
    told = plan.read(signed.token, room.bureau.ca, device="REC-0001", now=NOW)
    assert (told.number, told.activity, told.officers) == (1, "inspection", ("O-1", "O-2"))
    for identity in room.identities:
        said = plan.read_particulars(pyrage.decrypt(told.sealed, [identity]))
        assert said == draft.particulars
        assert [one.certificate for one in said.officers] == ["豫A0100123", "41010200456"]
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(told.sealed, [pyrage.x25519.Identity.generate()])
    assert "张三".encode() not in signed.token


def test_a_plan_is_published_once_and_stays_as_it_is(room: Room) -> None:
    draft = room.planning.draft(WISH)
    first = room.planning.publish(draft.plan_id)
    assert room.planning.publish(draft.plan_id).token == first.token
    again = PlanBook(room.folder, room.bureau.ca)
    assert [one.token for one in again.published()] == [first.token]
    with pytest.raises(PlanningError) as caught:
        again.keep(draft.plan_id, first.token)
    assert caught.value.code == "plan_again"


def test_without_times_a_plan_is_for_the_rest_of_the_day_in_beijing(room: Room) -> None:
    draft = room.planning.draft(WISH)
    assert (draft.begins, draft.expires) == (NOW, "2026-11-21T16:00:00.000000Z")


def test_times_are_beijing_time(room: Room) -> None:
    draft = room.planning.draft(wish(begins="2026-11-22 09:00", expires="2026-11-22T18:30"))
    assert draft.begins == "2026-11-22T01:00:00.000000Z"
    assert draft.expires == "2026-11-22T10:30:00.000000Z"
    assert days.say(draft.begins) == "2026-11-22 09:00"
    assert draft.plan_id.startswith("p-20261122-01-")


@pytest.mark.parametrize(
    "times",
    [
        {"begins": "soon"},
        {"expires": "2026-11-21 08:59"},
        {"begins": "2026-11-22 10:00", "expires": "2026-11-22 10:00"},
        {"begins": "2026-11-22 10:00", "expires": "2026-12-30 10:00"},
    ],
    ids=str,
)
def test_a_time_that_makes_no_plan_is_refused(room: Room, times: dict[str, str]) -> None:
    with pytest.raises(BureauError) as caught:
        room.planning.draft(wish(**times))
    assert caught.value.code in {"plan_time", "time"}


@pytest.mark.rule("D1")
def test_an_activity_outside_the_table_is_refused(room: Room) -> None:
    assert refused(room, wish(activity="filming")) == "plan_activity"


def test_an_activity_of_the_bureaus_own_rulebook_is_taken(room: Room) -> None:
    own = room.with_policy(**{"must_record.codes": ["census"]})
    assert own.draft(wish(activity="census")).activity == "census"


@pytest.mark.rule("C11")
def test_fewer_officers_than_the_rulebook_asks_for_are_refused(room: Room) -> None:
    two = room.with_policy(**{"officers.min": 2})
    assert refused(room, wish(officers=OFFICERS[:1]), two) == "plan_officers"
    assert two.draft(WISH).number == 1


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    "officers",
    [
        [*OFFICERS, WrittenOfficer(id="O-3", name="王五", certificate="待办")],
        [OFFICERS[0], OFFICERS[0]],
        [OFFICERS[0], msgspec.structs.replace(OFFICERS[1], certificate="豫\uff210100123")],
        [msgspec.structs.replace(OFFICERS[0], id="张三")],
        [msgspec.structs.replace(OFFICERS[0], name=" ")],
    ],
    ids=str,
)
def test_an_officer_without_a_number_or_named_twice_is_refused(
    room: Room, officers: list[WrittenOfficer]
) -> None:
    assert refused(room, wish(officers=officers)) == "plan_particulars"


@pytest.mark.parametrize("device", ["REC-0003", "REC-0009", "../x"], ids=str)
def test_a_recorder_that_is_not_enrolled_gets_no_plan(room: Room, device: str) -> None:
    assert refused(room, wish(devices=[device])) == "plan_device"


def test_what_is_missing_is_named_at_once(room: Room) -> None:
    with pytest.raises(PlanningError, match="devices, activity, matter, party, place, officers"):
        room.planning.draft(Wish())


def test_a_number_is_given_once_a_day_to_each_recorder(room: Room) -> None:
    draft = room.planning.draft
    assert [draft(WISH).number for _ in range(2)] == [1, 2]
    assert draft(wish(devices=["REC-0002"])).number == 1
    assert draft(wish(begins="2026-11-22 00:00")).number == 1
    with pytest.raises(PlanningError) as caught:
        draft(wish(devices=["REC-0002", "REC-0001"], number=2))
    assert caught.value.code == "plan_number"
    assert draft(wish(number=40)).number == 40


def test_a_plan_of_several_days_keeps_its_number_on_each(room: Room) -> None:
    room.planning.draft(wish(expires="2026-11-23 12:00"))
    assert room.planning.draft(wish(begins="2026-11-23 13:00")).number == 2
    assert room.planning.draft(wish(begins="2026-11-24 00:00")).number == 1


def test_a_recorder_has_no_hundredth_plan_on_a_day(room: Room) -> None:
    for _ in range(99):
        room.planning.draft(WISH)
    with pytest.raises(PlanningError) as caught:
        room.planning.draft(WISH)
    assert caught.value.code == "plan_number"


def test_a_draft_whose_recorder_was_lost_meanwhile_is_not_published(room: Room) -> None:
    draft = room.planning.draft(WISH)
    entry = room.folder.parent / "registry" / "REC-0001.json"
    entry.write_text('{"device": "REC-0001", "status": "revoked"}')
    with pytest.raises(PlanningError) as caught:
        room.planning.publish(draft.plan_id)
    assert caught.value.code == "plan_device"


@pytest.mark.parametrize("plan_id", ["p-1", "../keys/receipt", ""], ids=repr)
def test_a_plan_that_is_not_here_is_said(room: Room, plan_id: str) -> None:
    with pytest.raises(PlanningError) as caught:
        room.planning.publish(plan_id)
    assert caught.value.code == "no_plan"


@pytest.mark.rule("A4")
def test_one_of_the_officers_at_least_is_on_the_roster_of_each_recorder(room: Room) -> None:
    room.assign("REC-0002", 2, custodian="O-9")
    both = wish(devices=["REC-0001", "REC-0002"])
    assert refused(room, both) == "plan_roster"
    room.assign("REC-0002", 3, custodian="O-9", officers=(Officer(id="O-2"),))
    assert room.planning.draft(both).to == ("REC-0001", "REC-0002")


@pytest.mark.rule("A4")
def test_a_last_day_on_the_roster_counts_when_the_plan_can_first_be_chosen(room: Room) -> None:
    ends = days.parse("2026-11-22 00:00")
    room.assign("REC-0001", 2, custodian="O-9", officers=(Officer(id="O-1", until=ends),))
    assert room.planning.draft(wish(expires="2026-11-22 12:00")).number == 1
    with pytest.raises(PlanningError) as caught:
        room.planning.draft(wish(begins="2026-11-22 00:00"))
    assert caught.value.code == "plan_roster"
    assert "O-9, O-1 (until 2026-11-22 00:00)" in caught.value.detail


@pytest.mark.rule("A4")
@pytest.mark.parametrize("standing", [Standing.UNASSIGNED, None])
def test_a_recorder_that_is_nobodys_takes_no_plan(room: Room, standing: Standing | None) -> None:
    if standing is None:
        (room.folder.parent / "registry/assignments/REC-0001/000001.jws").unlink()
    else:
        nobody = dict.fromkeys(("custodian", "keeper", "leader", "approval"))
        room.assign("REC-0001", 2, standing=standing, **nobody)
    assert refused(room, WISH) == "plan_nobody"


@pytest.mark.rule("A4")
def test_a_recorder_in_repair_takes_plans_of_its_roster(room: Room) -> None:
    room.assign("REC-0001", 2, standing=Standing.FROZEN, because="repair")
    assert room.planning.draft(WISH).number == 1


@pytest.mark.rule("A4")
def test_nothing_is_signed_for_a_recorder_that_was_handed_on_since(room: Room) -> None:
    draft = room.planning.draft(WISH)
    room.assign("REC-0001", 2, custodian="O-9")
    with pytest.raises(PlanningError) as caught:
        room.planning.publish(draft.plan_id)
    assert caught.value.code == "plan_roster"
    assert room.planning.book.find(draft.plan_id) is None
    room.assign("REC-0001", 3, custodian="O-2")
    assert room.planning.publish(draft.plan_id).plan.number == 1


def test_a_damaged_plan_is_not_sent_and_not_signed_again(room: Room) -> None:
    draft = room.planning.draft(WISH)
    room.planning.publish(draft.plan_id)
    path = room.folder / f"{draft.plan_id}.jws"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-4])
    book = PlanBook(room.folder, room.bureau.ca)
    assert book.published() == []
    with pytest.raises(PlanningError):
        replace(room.planning, book=book).publish(draft.plan_id)


def test_drafts_are_for_the_bureau_alone(room: Room) -> None:
    draft = room.planning.draft(WISH)
    assert (room.folder / f"{draft.plan_id}.json").stat().st_mode & 0o777 == 0o600


def test_a_damaged_draft_is_said(room: Room) -> None:
    draft = room.planning.draft(WISH)
    (room.folder / f"{draft.plan_id}.json").write_text("{}")
    with pytest.raises(PlanningError) as caught:
        room.planning.book.drafts()
    assert caught.value.code == "plan_book"


def test_a_wish_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'devices = ["REC-0001"]\nactivity = "hearing"\nbegins = "2026-11-21 09:00"\n'
        '[[officers]]\nid = "O-1"\nname = "张三"\ncertificate = "豫A0100123"\n'
    )
    assert read_wish(path) == Wish(
        devices=["REC-0001"],
        activity="hearing",
        begins="2026-11-21 09:00",
        officers=[WrittenOfficer(id="O-1", name="张三", certificate="豫A0100123")],
    )


@pytest.mark.parametrize(
    "text",
    ["x", "colour = 1", "number = 100", 'matter = "' + "x" * 1_100 + '"', "#" * 70_000],
    ids=lambda text: text[:12],
)
def test_a_file_that_is_no_wish_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(PlanningError) as caught:
        read_wish(path)
    assert caught.value.code == "plan_file"


def test_an_officer_is_written_with_either_colon() -> None:
    assert officer_of("O-1:张三:豫A0100123") == officer_of("O-1：张三：豫A0100123")
    with pytest.raises(PlanningError):
        officer_of("张三")
