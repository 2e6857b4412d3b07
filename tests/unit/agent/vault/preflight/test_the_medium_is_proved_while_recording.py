"""While a session is open the medium is proved; one that lies is signed and told, and ends nothing.

The watch alone first, by a clock of numbers; then a vault on a medium that lies, hangs and is well.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from agent.preflight import results
from agent.vault import messages as m
from agent.vault.chain.scribe import BEAT_SECONDS
from agent.vault.preflight import examination, proof
from agent.vault.preflight.proof import EVERY_NS, FIRST_NS, ProofWatch
from agent.vault.store.medium import Medium
from hw.errors import StorageFault
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, TestRecorder, records

pytestmark = [pytest.mark.rule("B1"), pytest.mark.rule("E2"), pytest.mark.rule("M2")]

WELL = results.ok("storage", "written, synced and read back in 3 ms")
SLOW = results.warn("storage", "slow", "it took 2500 ms")
LIES = results.refuse("storage", "differs", "other bytes were read back than were written")
HANGS = results.refuse("storage", "hung", "the storage did not answer within 5 s")
SECOND = 1_000_000_000


class Card:
    """A medium that is asked; it proves what it is told to."""

    def __init__(self, *finds: m.CheckResult | Exception) -> None:
        self.asked = 0
        self._finds = iter(finds)

    def prove(self) -> m.CheckResult:
        self.asked += 1
        found = next(self._finds)
        if isinstance(found, Exception):
            raise found
        return found


def looked(watch: ProofWatch, now_ns: int) -> bool:
    """Ask at ``now_ns``, and look until the answer has been taken."""
    assert not watch.look(now_ns)
    question = watch._question  # noqa: SLF001
    assert question is not None, "nothing was asked"
    assert question.answered.wait(10)
    return watch.look(now_ns)


def test_the_first_proof_comes_after_ten_seconds_and_the_next_a_minute_after_its_answer() -> None:
    card = Card(WELL, WELL)
    watch = ProofWatch(card.prove)
    for second in range(10):
        assert not watch.look(second * SECOND)
    assert card.asked == 0
    assert looked(watch, FIRST_NS)
    assert not watch.look(FIRST_NS + EVERY_NS - 1)
    assert card.asked == 1
    assert not looked(watch, FIRST_NS + EVERY_NS)
    assert card.asked == 2


def test_what_is_known_changes_once_for_a_lie_and_once_for_its_end() -> None:
    card = Card(WELL, LIES, LIES, HANGS, SLOW, WELL)
    watch = ProofWatch(card.prove)
    watch.look(0)
    told = []
    for turn in range(6):
        news = looked(watch, FIRST_NS + turn * EVERY_NS)
        told.append((news, watch.doubt))
    assert told == [
        (True, None),  # the first one always: a recorder may know worse from the vault before
        (True, LIES),
        (False, LIES),
        (True, HANGS),
        (True, None),
        (False, None),
    ]


def test_nobody_waits_for_a_proof_and_no_second_one_is_asked_beside_it() -> None:
    asked, go_on = [], Event()

    def prove() -> m.CheckResult:
        asked.append(1)
        assert go_on.wait(10)
        return WELL

    watch = ProofWatch(prove)
    for second in range(300):
        assert not watch.look(second * SECOND)
    go_on.set()
    assert len(asked) == 1


def test_a_medium_that_refuses_the_proof_is_doubted() -> None:
    watch = ProofWatch(Card(StorageFault("storage", "it cannot be read")).prove)
    watch.look(0)
    assert looked(watch, FIRST_NS)
    assert watch.doubt is not None
    assert watch.doubt.detail == "failed: it cannot be read"


# --- in a vault


@pytest.fixture
def enrolled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enrolled:
    """One whose vault proves its medium at every other beat."""
    monkeypatch.setattr(proof, "FIRST_NS", 0)
    monkeypatch.setattr(proof, "EVERY_NS", 0)
    return enrol(tmp_path)


def told(recorder: TestRecorder, *, intact: bool) -> m.StorageState:
    """What the recorder hears when it is so."""
    while (state := recorder.wait(m.StorageState)).intact is not intact:
        continue
    return state


def faults(enrolled: Enrolled, sid: str) -> list[tuple[str, str, str]]:
    """The signed faults of a session."""
    journal = records(enrolled.journal(sid))
    signed = [record["fields"] for record in journal if record.get("kind") == "fault"]
    return [(one["part"], one["code"], one["state"]) for one in signed]


def test_a_medium_that_lies_while_recording_is_signed_told_and_ends_no_session(
    enrolled: Enrolled,
) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        vault.world.counterfeit_disk()
        assert told(recorder, intact=False).level == "ok"
        recorder.segment(1)
        vault.world.mend_disk()
        told(recorder, intact=True)
        recorder.segment(2)
        assert recorder.close().reason == "officer"
    assert faults(enrolled, sid) == [
        ("storage", "differs", "begun"),
        ("storage", "differs", "ended"),
    ]


def test_a_medium_that_hangs_at_its_proof_delays_nothing_that_is_recorded(
    enrolled: Enrolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "_PROOF_SECONDS", 0.3)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        vault.world.hang_disk()
        recorder.segment(0)
        told(recorder, intact=False)
        recorder.segment(1)
        recorder.begin(2)
        recorder.feed(2, 200_000)
        recorder.wait(m.Durable)  # a tick, with the proof still out
        vault.world.mend_disk()
        told(recorder, intact=True)
        recorder.close()
    assert faults(enrolled, sid) == [("storage", "hung", "begun"), ("storage", "hung", "ended")]


def test_a_recorder_that_comes_back_hears_of_a_medium_that_lies(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        first = vault.attached()
        first.open()
        vault.world.counterfeit_disk()
        told(first, intact=False)
        first.hang_up()
        second = vault.recorder()
        second.attach_again()
        assert not second.wait(m.StorageState).intact
        second.close()


def test_without_a_session_nothing_is_proved_but_by_the_check_before_use(
    enrolled: Enrolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs: list[Medium] = []

    def prove(medium: Medium) -> bool:
        proofs.append(medium)
        return True

    monkeypatch.setattr(Medium, "prove", prove)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        Event().wait(3 * BEAT_SECONDS)
        assert proofs == []
        recorder.open()
        recorder.wait_until(lambda: proofs != [])
        recorder.close()


def test_a_proof_is_one_small_file_outside_the_evidence(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        told(recorder, intact=True)
        probe = enrolled.device.paths.probe
        assert probe.stat().st_size <= 65_536
        assert enrolled.device.paths.store not in probe.parents
        recorder.close()
