"""A session plan from the clerk's words to the ledger's row, over a real Mosquitto and TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from bureau import office
from bureau.intake.stores import Office
from bureau.ledger import PlanAnswerRow, SessionRow
from bureau.plans.book import PlanBook, Signed
from bureau.plans.draft import Wish, WrittenOfficer
from evidence import plan
from evidence.digests import sha256_hex
from evidence.ids import PLAN_NAME
from evidence.plan import Plan
from tests.kits.bureau.enrolment import DEVICE_ID, Enrolled, enrol, shelve
from tests.kits.device.vault import RunningVault, records
from tests.kits.records.bureau import Bureau
from tests.kits.records.plans import a_plan, signed
from tests.kits.wire.desk import RunningDock, wait_until
from tests.kits.wire.peer import Mosquitto, free_port
from tests.kits.wire.towns import CLOCK, RunningDesk, hurried

NEXT_CENTURY = "2126-01-01T00:00:00.000000Z"


class StolenBook(PlanBook):
    """A book into which somebody slipped bytes that the desk then sends as plans."""

    def __init__(self, folder: Path, ca: x509.Certificate) -> None:
        super().__init__(folder, ca)
        self.slipped: dict[str, Signed] = {}

    def published(self) -> list[Signed]:
        return [*super().published(), *self.slipped.values()]

    def slip(self, name: str, token: bytes) -> None:
        one = a_plan(DEVICE_ID, plan_id=name, expires=NEXT_CENTURY)
        self.slipped[name] = Signed(plan=one, token=token, sha256=sha256_hex(token))


@dataclass
class Town:
    """A bureau whose broker and desk run, and a recorder whose vault runs."""

    enrolled: Enrolled
    port: int
    vault: RunningVault

    def open_desk(self) -> None:
        self.desk = RunningDesk(self.enrolled.bureau, furnish=self._with_stolen_book)
        self.office, self.bureau = self.desk.office, self.desk.bureau

    def _with_stolen_book(self, opened: Office) -> Office:
        self.book = StolenBook(self.enrolled.bureau / "plans", opened.ca)
        return replace(opened, plans=self.book)

    def publish(self, **changes: object) -> Signed:
        """A clerk makes and publishes a plan for today."""
        wish = Wish(
            devices=[DEVICE_ID],
            activity="inspection",
            matter="统计数据质量检查",
            party="某某公司",
            place="工业路 1 号",
            officers=[
                WrittenOfficer(id="O-1", name="张三", certificate="41010200456"),
                WrittenOfficer(id="O-2", name="李四", certificate="豫A0100123"),
            ],
        )
        planning = office.open_planning(self.bureau, CLOCK)
        draft = planning.draft(msgspec.structs.replace(wish, **changes))
        return planning.publish(draft.plan_id)

    def answer(self, one: Signed) -> PlanAnswerRow | None:
        return self.office.ledger.plan_answers().get((DEVICE_ID, one.plan.plan_id))

    def is_taken(self, one: Signed) -> bool:
        row = self.answer(one)
        return row is not None and row.state == "taken"

    def codes(self) -> dict[str, str]:
        """What the recorder answered to what was slipped in: name → code."""
        answers = self.office.ledger.plan_answers().values()
        return {row.plan_id: row.code for row in answers if row.plan_id in self.book.slipped}

    def log(self, t: str) -> list[dict[str, object]]:
        return [one for one in records(self.enrolled.device.paths.device_log) if one["t"] == t]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    port = free_port()
    quick = hurried(enrol(tmp_path, port=port, numbers={"release.keep_days": 30}))
    shelve(quick)
    broker = Mosquitto(quick.bureau / "broker" / "mosquitto.conf", port)
    with RunningVault(quick) as vault:
        town = Town(quick, port, vault)
        town.open_desk()
        yield town
        town.desk.close()
    broker.stop()


@pytest.mark.rule("D12")
@pytest.mark.rule("H2")
@pytest.mark.rule("I2")
def test_a_plan_goes_to_the_dock_into_a_session_and_back_into_the_ledger(town: Town) -> None:
    early = town.publish()
    with RunningDock(town.enrolled.device):
        wait_until(lambda: town.is_taken(early), "the plan that waited")
        late = town.publish(activity="hearing")
        wait_until(lambda: town.is_taken(late), "the plan that came while docked")
    recorder = town.vault.recorder()
    offered = {one.plan_id: one for one in recorder.attach().plans}
    assert [offered[one.plan.plan_id].number for one in (early, late)] == [1, 2]
    sids = []
    for plan_id in (late.plan.plan_id, None):
        sids.append(recorder.open(plan_id).sid)
        recorder.segment(0, fragments=1, size=10_000)
        recorder.close()
    planned, voluntary = sids
    sealed = town.enrolled.session(planned) / PLAN_NAME
    assert sealed.read_bytes() == late.plan.sealed

    def row(sid: str) -> SessionRow | None:
        found = town.office.ledger.find(sid)
        return found if found is not None and found.state == "stored" else None

    with RunningDock(town.enrolled.device):
        wait_until(lambda: row(planned) and row(voluntary), "both stored")
    first, second = row(planned), row(voluntary)
    assert first is not None
    assert second is not None
    assert (first.plan_id, first.plan_state, first.owes) == (late.plan.plan_id, "planned", "")
    assert (first.activity, first.party, first.officers) == ("hearing", "某某公司", "O-1,O-2")
    assert "李四（豫A0100123）" in (first.people or "")
    assert (second.plan_state, second.owes) == ("unplanned", "no_plan")
    opened = json.loads(town.enrolled.open_age(sealed.read_bytes()))
    assert opened["party"] == "某某公司"


def test_hostile_plans_are_refused_with_their_codes_and_the_honest_one_is_taken(
    town: Town,
) -> None:
    honest = town.publish()
    ours = office.open_planning(town.bureau, CLOCK)

    def by_us(one: Plan) -> bytes:
        return plan.make(one, ours.signer, ours.certificate)

    yesterday = {"begins": "2026-01-01T00:00:00.000000Z", "expires": "2026-01-02T00:00:00.000000Z"}
    changed = replace(honest.plan, number=9)
    expected = {
        "p-large": (b"x" * 100_000, "plan_size"),
        "p-noise": (b"not a plan", "plan_malformed"),
        "p-torn": (honest.token[:-3], "plan_malformed"),
        "p-stranger": (signed(Bureau("stranger"), a_plan(DEVICE_ID)), "plan_signature"),
        "p-other": (by_us(a_plan("ZF-777")), "plan_device"),
        "p-old": (by_us(a_plan(DEVICE_ID, **yesterday)), "plan_expired"),
        "p-changed": (by_us(changed), "plan_changed"),
    }
    with RunningDock(town.enrolled.device):
        wait_until(lambda: town.is_taken(honest), "the honest plan")
        for name, (token, _) in expected.items():
            town.book.slip(name, token)
        wait_until(lambda: len(town.codes()) == len(expected), "an answer to each")
    assert town.codes() == {name: code for name, (_, code) in expected.items()}
    assert [one["plan_id"] for one in town.log("plan")] == [honest.plan.plan_id]
    offered = town.vault.recorder().attach().plans
    assert [(one.plan_id, one.number) for one in offered] == [(honest.plan.plan_id, 1)]
    refusals = {one["code"] for one in town.log("refusal")}
    assert refusals == {code for _, code in expected.values()} - {"plan_size"}
