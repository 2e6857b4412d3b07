"""``evidence card``: a whole medium, judged by its own chain."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from evidence import assignment, ids, journal
from evidence.__main__ import BROKEN, UNUSABLE, VERIFIED, main
from evidence.assignment import Assignment, Standing
from evidence.digests import sha256_hex
from evidence.errors import StoreError
from evidence.store.card import read_card
from evidence.verify import Judgement, verify_card
from tests.kits.records import forging
from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BUREAU = Bureau("card")
RECEIPTS = {"receipt-committed.jws": "committed", "receipt-stored.jws": "stored"}


class Card:
    """A medium on a disk, of a recorder with three sessions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.recorder = Recorder(BUREAU)
        self.takes = [self._take() for _ in range(3)]
        dock = {"state": "docked", "detail": ""}
        self.recorder.note("provision", self._words())
        self.recorder.note("dock", dock)
        (self.store / "receipts").mkdir(parents=True)
        for take in self.takes:
            self._write(take)
        self.write_log()

    def _take(self) -> Take:
        take = Take(self.recorder, plan=False)
        take.segment(seconds=1, size=400)
        take.close()
        return take

    def _write(self, take: Take) -> None:
        (self.session(take)).mkdir(parents=True)
        for name, content in take.folder().items():
            if name in RECEIPTS:
                receipt = self.store / "receipts" / f"{take.sid}.{RECEIPTS[name]}.jws"
                receipt.write_bytes(content)
            elif ids.is_file_name(name):
                (self.session(take) / name).write_bytes(content)

    def _words(self) -> dict[str, object]:
        (self.folder / "bureau").mkdir(parents=True)
        (self.folder / "bureau" / "rulebook.json").write_bytes(BUREAU.rulebook)
        (self.folder / "bureau" / "root.json").write_bytes(BUREAU.root)
        token = self.assign(2)
        return {"step": "assignment", "sha256": sha256_hex(token), "version": 2}

    def assign(self, number: int, device: str = "REC-0001") -> bytes:
        word = Assignment(
            device=device,
            number=number,
            standing=Standing.UNASSIGNED,
            issued="2026-11-21T04:00:00.000000Z",
        )
        token = assignment.make(word, BUREAU.receipt_signer, BUREAU.receipt_certificate)
        (self.folder / "bureau" / "assignment.jws").write_bytes(token)
        return token

    def session(self, take: Take) -> Path:
        return self.store / "sessions" / take.sid

    def write_log(self) -> None:
        (self.store / ids.DEVICE_LOG_NAME).write_bytes(bytes(self.recorder.log))

    def found(self) -> set[str]:
        return {one.code for one in verify_card(read_card(self.folder), BUREAU.ca).broken}


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(tmp_path / "card")


def test_a_card_that_nobody_touched_is_verified(card: Card) -> None:
    verdict = verify_card(read_card(card.folder), BUREAU.ca)
    assert verdict.judgement is Judgement.VERIFIED
    assert [one.counter for one in verdict.sessions] == [1, 2, 3]
    assert verdict.device == "REC-0001"
    # The store alone as well: what is not there is not judged.
    assert verify_card(read_card(card.store), BUREAU.ca).judgement is Judgement.VERIFIED


def test_a_session_that_was_released_is_not_missed(card: Card) -> None:
    take = card.takes[0]
    card.recorder.note("release", {"sid": take.sid, "serial": 2, "bytes": 1})
    card.write_log()
    shutil.rmtree(card.session(take))  # noqa: TID251 - released
    assert card.found() == set()


def test_a_session_that_is_gone_is_named(card: Card) -> None:
    shutil.rmtree(card.session(card.takes[1]))  # noqa: TID251 - the attack
    assert card.found() == {"session_gone"}


def test_a_folder_with_another_sessions_name_is_named(card: Card) -> None:
    one, other = (card.session(take) for take in card.takes[:2])
    one.rename(one.with_name("aside"))
    other.rename(one)
    one.with_name("aside").rename(other)
    assert "session_misplaced" in card.found()


def test_a_session_that_the_log_should_know_is_named(card: Card) -> None:
    """Closed and not entered is what a crash leaves; the next start enters it."""
    late = Take(card.recorder, plan=False)
    late.segment(seconds=1, size=400)
    late.close(log=False)
    card._write(late)  # noqa: SLF001
    card.write_log()
    assert card.found() == set()
    card.recorder.start()
    card.write_log()
    assert card.found() == set()
    card.recorder.note("dock", {"state": "docked", "detail": ""})
    card.write_log()
    assert card.found() == {"session_unentered"}


def test_a_folder_that_a_crash_left_without_a_record_is_no_finding(card: Card) -> None:
    sid = ids.session_id(card.recorder.ticker.utc_ns // 1_000_000, bytes(10))
    (card.store / "sessions" / sid).mkdir()
    assert card.found() == set()
    (card.store / "sessions" / sid / ids.JOURNAL_NAME).write_bytes(b"eyJhb")
    assert card.found() == set()


def test_a_journal_that_was_emptied_is_named(card: Card) -> None:
    (card.session(card.takes[2]) / ids.JOURNAL_NAME).write_bytes(b"")
    assert card.found()


def test_another_receipt_than_the_log_names_is_named(card: Card) -> None:
    take = card.takes[0]
    fields = {"sid": take.sid, "kind": "stored", "serial": 2, "sha256": "0" * 64}
    card.recorder.note("receipt", fields)
    card.write_log()
    assert card.found() == {"receipt_unrecorded"}


def test_a_forged_receipt_of_a_session_that_is_gone_by_right_is_named(card: Card) -> None:
    take = card.takes[0]
    card.recorder.note("release", {"sid": take.sid, "serial": 2, "bytes": 1})
    card.write_log()
    shutil.rmtree(card.session(take))  # noqa: TID251 - released
    (card.store / "receipts" / f"{take.sid}.stored.jws").write_bytes(b"forged")
    assert card.found() == {"receipt_invalid"}


@pytest.mark.parametrize(("number", "found"), [(1, {"word_differs"}), (2, set()), (3, set())])
def test_an_older_assignment_than_the_log_names_is_named(
    card: Card, number: int, found: set[str]
) -> None:
    card.assign(number)
    assert card.found() == found


def test_another_devices_assignment_and_an_unsigned_rulebook_are_named(card: Card) -> None:
    card.assign(5, device="REC-0002")
    assert card.found() == {"word_differs"}
    card.assign(5)
    (card.folder / "bureau" / "rulebook.json").write_bytes(b"{}")
    assert card.found() == {"rulebook_invalid"}


def test_a_damaged_log_is_named_once_and_hides_nothing_else(card: Card) -> None:
    lines = list(journal.split(bytes(card.recorder.log)).complete)
    lines[2] = forging.edited(lines[2], reason="storage")
    (card.store / ids.DEVICE_LOG_NAME).write_bytes(forging.join(lines))
    verdict = verify_card(read_card(card.folder), BUREAU.ca)
    assert [one.code for one in verdict.broken].count("signature") == 1


def test_the_command_tells_it_in_three_ways(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    ca = card.folder / "ca.pem"
    ca.write_bytes(BUREAU.ca.public_bytes(Encoding.PEM))
    command = ["card", str(card.folder), "--ca", str(ca)]
    assert main(command) == VERIFIED
    assert capsys.readouterr().out.rstrip().endswith("VERIFIED")
    shutil.rmtree(card.session(card.takes[1]))  # noqa: TID251 - the attack
    assert main([*command, "--lang", "zh"]) == BROKEN
    assert "session_gone" in capsys.readouterr().out
    assert main([*command, "--json"]) == BROKEN
    said = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in said["findings"]] == ["session_gone"]
    assert main(["card", str(card.folder / "bureau"), "--ca", str(ca)]) == UNUSABLE


def test_a_link_is_not_followed_and_a_folder_without_a_log_is_no_card(card: Card) -> None:
    log = card.store / ids.DEVICE_LOG_NAME
    log.rename(card.folder / "elsewhere")
    with pytest.raises(StoreError):
        read_card(card.folder)
    log.symlink_to(card.folder / "elsewhere")
    with pytest.raises(StoreError):
        read_card(card.folder)
