"""What the desk finds at the door: real vault, real dock, real desk, no network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agent.settings import load_device
from agent.vault import messages as m
from bureau.docking import judging
from bureau.intake.message import Message
from evidence import challenge, jws
from evidence.canonical import JsonObject
from evidence.challenge import Answer
from evidence.limits import MAX_ANSWER_BYTES
from evidence.moments import utc_text
from evidence.store.signers import file_signer
from evidence.wire import DeviceState, Topics, encode_state
from hw.types import PartName
from tests.kits.bureau.enrolment import DEVICE_ID, Enrolled, enrol
from tests.kits.device.cradle import Bureau, dock, open_bureau
from tests.kits.device.offline import image
from tests.kits.device.vault import RunningVault, TestRecorder, ask_dock, records
from tests.kits.records.signers import SeededSigner

pytestmark = pytest.mark.rule("E8", "G1")
TOPICS = Topics(DEVICE_ID)


@dataclass
class Place:
    """A bureau and a recorder of it."""

    folder: Path
    enrolled: Enrolled
    bureau: Bureau

    def recorder(self, card: Path | None = None) -> RunningVault:
        """The recorder with its own card, or with another."""
        enrolled = self.enrolled
        if card is not None:
            enrolled = Enrolled(self.enrolled.bureau, load_device(card))
        vault = RunningVault(enrolled)
        vault.recorder().attach()
        return vault

    def dock(self, vault: RunningVault) -> set[str]:
        dock(vault.enrolled.device, self.bureau)
        return self.bureau.found(DEVICE_ID)

    def image(self, name: str) -> Path:
        """Copy the card."""
        to = self.folder / name
        image(self.enrolled.device.paths.folder, to)
        return to

    def log(self) -> list[JsonObject]:
        return records(self.enrolled.device.paths.device_log)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bureau and a recorder of it, before anything happened."""
    folder = tmp_path_factory.mktemp("p")
    enrol(folder, numbers={"release.keep_days": 0})
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Iterator[Place]:
    for name in ("bureau", DEVICE_ID):
        image(template / name, tmp_path / name)
    enrolled = Enrolled(tmp_path / "bureau", load_device(tmp_path / DEVICE_ID))
    with open_bureau(enrolled.bureau) as bureau:
        yield Place(tmp_path, enrolled, bureau)


def session(recorder: TestRecorder) -> str:
    sid = recorder.open().sid
    recorder.segment(0, fragments=2, size=5_000)
    recorder.close()
    return sid


def test_an_honest_recorder_is_entered_at_every_docking_and_nothing_is_found(place: Place) -> None:
    with place.recorder() as vault:
        recorder = vault.recorder_again()
        for _ in range(3):
            session(recorder)
            assert place.dock(vault) == set()
    rows = place.bureau.office.ledger.dockings(DEVICE_ID)
    assert [(row.counter, row.held, row.codes) for row in rows] == [
        (1, 1, ""),
        (2, 1, ""),
        (3, 1, ""),
    ]
    assert place.bureau.states(DEVICE_ID) == {1: "stored", 2: "stored", 3: "stored"}


def test_a_session_that_is_open_and_one_that_a_crash_tore_are_found_right(place: Place) -> None:
    with place.recorder() as vault:
        recorder = vault.recorder_again()
        recorder.open()
        recorder.segment(0)
        assert place.dock(vault) == set()
        vault.die()
    with RunningVault(place.enrolled, boot_id="another") as vault:
        assert place.dock(vault) == set()
        vault.die()
        vault.restart()
        assert place.dock(vault) == set()
    assert place.bureau.states(DEVICE_ID) == {1: "stored"}


def test_an_older_desk_asks_nothing_and_nothing_is_found(place: Place) -> None:
    place.bureau.challenges = False
    with place.recorder() as vault:
        session(vault.recorder_again())
        assert place.dock(vault) == set()
    assert not [one for one in place.log() if one["t"] in ("challenge", "time")]
    assert place.bureau.states(DEVICE_ID) == {1: "stored"}


def test_a_card_put_back_to_before_the_last_docking_is_named_and_still_received(
    place: Place,
) -> None:
    with place.recorder() as vault:
        session(vault.recorder_again())
        place.dock(vault)
        older = place.image("older")
        session(vault.recorder_again())
        place.dock(vault)
    with place.recorder(older) as vault:
        new = session(vault.recorder_again())
        assert place.dock(vault) == {judging.ROLLED_BACK}
        # Received whole and marked; nothing is freed before a clerk has looked.
        row = place.bureau.office.ledger.find(new)
        assert row is not None
        assert (row.state, row.docking) == ("committed", judging.ROLLED_BACK)
        assert (vault.folder / new).exists()
        place.bureau.settle(DEVICE_ID)
        assert place.dock(vault) == set()
        row = place.bureau.office.ledger.find(new)
        assert row is not None
        assert row.state == "stored"
        assert not (vault.folder / new).exists()
        # The bureau follows the log it knows now.
        assert place.dock(vault) == set()
    place.bureau.restart()
    with place.recorder(older) as vault:
        session(vault.recorder_again())
        assert place.dock(vault) == set()


def test_two_copies_of_a_card_that_both_go_on_are_named(place: Place) -> None:
    with place.recorder() as vault:
        session(vault.recorder_again())
        place.dock(vault)
        copy = place.image("copy")
    with place.recorder() as vault:
        session(vault.recorder_again())
        assert place.dock(vault) == set()
    with place.recorder(copy) as vault:
        session(vault.recorder_again())
        assert place.dock(vault) == {judging.ROLLED_BACK}
    place.bureau.settle(DEVICE_ID)
    with place.recorder() as vault:
        session(vault.recorder_again())
        assert place.dock(vault) == {judging.CLONED}


def test_a_card_in_another_recorder_tells_it_by_its_own_log(place: Place) -> None:
    with place.recorder() as vault:
        place.dock(vault)
    with place.recorder() as vault:
        vault.world.swap_part(PartName.BOARD)
        vault.restart(keep_world=True)
        assert place.dock(vault) == {judging.TAMPERED}


def test_another_card_with_the_same_key_is_named(place: Place) -> None:
    fresh = place.image("fresh")
    with place.recorder() as vault:
        session(vault.recorder_again())
        place.dock(vault)
    with place.recorder(fresh) as vault:
        session(vault.recorder_again())
        assert place.dock(vault) == {judging.SWAPPED}


def test_a_session_that_is_gone_is_named(place: Place) -> None:
    with place.recorder() as vault:
        sid = session(vault.recorder_again())
        session(vault.recorder_again())
    shutil.rmtree(place.enrolled.session(sid))  # noqa: TID251 - the attack
    with place.recorder() as vault:
        assert place.dock(vault) == {judging.MISSING}
    assert place.bureau.last(DEVICE_ID).detail.startswith("1 sessions: 1 (")


def test_a_journal_that_was_cut_is_named(place: Place) -> None:
    with place.recorder() as vault:
        sid = session(vault.recorder_again())
    path = place.enrolled.journal(sid)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with place.recorder() as vault:
        assert place.dock(vault) == {judging.DIFFERS}


def _altered(change: Any) -> Any:
    def alter(topic: str, payload: bytes) -> bytes | None:
        return change(payload) if topic == TOPICS.challenge_answer else payload

    return alter


def test_an_answer_that_was_altered_or_signed_by_another_is_named_and_kept(place: Place) -> None:
    place.bureau.alter = _altered(lambda payload: payload[:-4] + b"AAAA")
    with place.recorder() as vault:
        session(vault.recorder_again())
        assert place.dock(vault) == {judging.INVALID}
    assert list((place.enrolled.bureau / "quarantine" / DEVICE_ID).glob("answer-*/content"))


def test_an_answer_to_another_question_is_named(place: Place) -> None:
    said: list[bytes] = []

    def keep(payload: bytes) -> bytes:
        said.append(payload)
        return payload

    place.bureau.alter = _altered(keep)
    with place.recorder() as vault:
        place.dock(vault)
        place.dock(vault)
        place.bureau.alter = _altered(lambda _: said[0])
        assert place.dock(vault) == {judging.INVALID}


def test_a_recorder_that_answered_before_and_now_does_not_is_named(place: Place) -> None:
    with place.recorder() as vault:
        session(vault.recorder_again())
        place.dock(vault)
        device = vault.enrolled.device.settings.device_id
        place.bureau.intake.door.greet(device)
        place.bureau.intake.handle(_state())
        place.bureau.mono_ns += 31 * 1_000_000_000
        place.bureau.intake.door.turn()
    assert place.bureau.found(DEVICE_ID) == {judging.UNANSWERED}


def test_a_recorder_that_never_answered_is_no_finding(place: Place) -> None:
    place.bureau.intake.door.greet(DEVICE_ID)
    place.bureau.intake.handle(_state())
    place.bureau.mono_ns += 31 * 1_000_000_000
    place.bureau.intake.door.turn()
    row = place.bureau.last(DEVICE_ID)
    assert (row.codes, row.records) == ("", None)


def _state() -> Message:
    state = DeviceState(
        online=True, docked=True, firmware="0", utc=utc_text(10**18), utc_source="ntp"
    )
    return Message(TOPICS.state, encode_state(state))


def test_a_line_that_the_log_does_not_hold_is_named(place: Place) -> None:
    """A dock process that was taken over could withhold what the vault has signed."""
    key = file_signer(place.enrolled.device.paths.folder / "keys" / "signing.pem")
    ca = place.bureau.office.ca

    def lie(token: bytes) -> bytes:
        said = challenge.read_answer(token, ca, device=DEVICE_ID)
        other = _another_line(said)
        return challenge.sign_answer(replace(said, line=other), key, _x5c(token))

    place.bureau.alter = _altered(lie)
    with place.recorder() as vault:
        assert place.dock(vault) == {judging.WITHHELD}


def _another_line(said: Answer) -> bytes:
    return jws.sign(said.record, SeededSigner("another"), jws.TYP_RECORD)


def _x5c(token: bytes) -> list[str]:
    return list(jws.parse(token, jws.TYP_ANSWER, limit=MAX_ANSWER_BYTES).header["x5c"])


def test_the_vault_answers_nobody_but_the_bureau_and_nothing_twice(place: Place) -> None:
    with place.recorder() as vault:
        (asked,) = place.bureau.intake.door.greet(DEVICE_ID)
        first = ask_dock(vault.enrolled, m.SubmitChallenge(content=asked.payload))
        assert isinstance(first, m.Answered)
        for content in (asked.payload, asked.payload[:-4] + b"AAAA", b"", b"\xff" * 9_000):
            again = ask_dock(vault.enrolled, m.SubmitChallenge(content=content))
            assert isinstance(again, m.Refused)
            assert again.code == "challenge"
        vault.restart()
        again = ask_dock(vault.enrolled, m.SubmitChallenge(content=asked.payload))
        assert isinstance(again, m.Refused)
    assert [one["t"] for one in place.log()].count("challenge") == 1
