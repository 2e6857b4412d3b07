"""The audit names what somebody changed behind the ledger's back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from evidence.assignment import make
from evidence.jws import sign
from evidence.keys import EcSigner
from provisioning.authority.keyring import KeyRole
from provisioning.authority.root import passphrases
from provisioning.authority.root.rotation import Rotation, rotate_root
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.custody.derived import receipt_key
from provisioning.custody.moves.assigning import Assign, Return
from provisioning.custody.moves.ending import Lose
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import change, open_register
from provisioning.errors import LedgerError
from tests.kits.bureau.custody import Docking, approval, settle
from tests.kits.records.forging import payload_of
from tests.kits.records.words import a_word

Clock = Callable[[], int]
PHRASES = tuple(f"第 {number} 把离线根密钥的口令" for number in (1, 2, 3))
GIVE = Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1")


@pytest.fixture
def handed_out(bureau: Path, device: Path, clock: Clock) -> Path:
    """A bureau that handed one recorder out, took it back, and handed it out again."""
    settle(bureau, clock, approval(), GIVE, approval("L-1"))
    change(bureau, [Return(device="ZF-001")], clock=clock)
    Docking(bureau, device, clock).took(2)
    change(bureau, [Assign(device="ZF-001", custodian="L-1")], clock=clock)
    return bureau


@pytest.fixture
def codes(clock: Clock) -> Callable[[Path], list[tuple[str, int | None]]]:
    """What an audit finds: code and line."""

    def look(path: Path) -> list[tuple[str, int | None]]:
        found = audit(open_bureau(path), at_ns=clock()).discrepancies
        assert all(one.told for one in found)
        return [(one.code, one.line) for one in found]

    return look


Codes = Callable[[Path], list[tuple[str, int | None]]]


def say(bureau: Path, kind: str, *, role: KeyRole = KeyRole.CLERK, **fields: object) -> int:
    """A line past every command, by the bureau's own key; its number."""
    opened = open_bureau(bureau)
    path = opened.folder.ledger
    ledger.append(path, kind, dict(fields), opened.signer(role), at_ns=1_800_000_900_000_000_000)
    return len(path.read_bytes().splitlines()) - 1


def test_a_bureau_as_commands_leave_it_has_no_discrepancy(
    handed_out: Path, codes: Codes, clock: Clock
) -> None:
    assert codes(handed_out) == []
    change(handed_out, [Lose(device="ZF-001", note="遗失")], clock=clock)
    assert codes(handed_out) == []


@pytest.mark.rule("A1")
def test_an_assignment_without_approval_is_found_though_the_clerk_signed_it(
    handed_out: Path, codes: Codes
) -> None:
    number = say(
        handed_out,
        "assigned",
        device="ZF-001",
        number=4,
        custodian="O-1",
        keeper="K-1",
        leader="L-1",
        approval="a-0009",
        docked=None,
    )
    assert ("held", number) in codes(handed_out)
    # The word that it speaks of was never issued.
    assert ("assignment", None) in codes(handed_out)


@pytest.mark.rule("A1")
def test_an_approval_that_the_clerk_signed_instead_of_the_head_is_found(
    handed_out: Path, codes: Codes, clock: Clock
) -> None:
    fields: dict[str, Any] = {
        "approver": "H-1",
        "custodian": "O-1",
        "device": "*",
        "document": "9",
        "date": "2026-01-01",
    }
    number = say(handed_out, "approved", approval="a-0009", **fields)
    assert codes(handed_out) == [("signatory", number)]
    # Nothing more is handed out on the strength of such a ledger.
    with pytest.raises(LedgerError, match="provision audit"):
        change(handed_out, [], clock=clock)
    by_head = say(handed_out, "approved", role=KeyRole.HEAD, approval="a-0010", **fields)
    assert codes(handed_out) == [("signatory", number)]
    assert by_head == number + 1


@pytest.mark.rule("A5")
def test_a_changed_and_a_missing_line_are_found_by_their_number(
    handed_out: Path, codes: Codes
) -> None:
    path = handed_out / "registry" / "ledger.jws"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4] + lines[5:]))
    found = codes(handed_out)
    assert found[0] == ("chain", 4)
    stranger = EcSigner(ec.generate_private_key(ec.SECP256R1()))
    forged = sign(payload_of(lines[4].strip()), stranger, ledger.TYP_LEDGER) + b"\n"
    path.write_bytes(b"".join([*lines[:4], forged, *lines[5:]]))
    assert codes(handed_out)[0] == ("chain", 4)
    path.write_bytes(b"".join(lines))
    assert codes(handed_out) == []


def test_a_line_that_no_reader_knows_is_found(handed_out: Path, codes: Codes) -> None:
    first = say(handed_out, "borrowed", device="ZF-001", to="a friend")
    second = say(handed_out, "returned", device="ZF-001")
    assert codes(handed_out) == [("line", first), ("line", second)]


@pytest.mark.rule("A3")
def test_a_word_that_the_ledger_does_not_know_is_found(handed_out: Path, codes: Codes) -> None:
    folder = handed_out / "registry" / "assignments" / "ZF-001"
    opened = open_bureau(handed_out)
    forged = a_word(device="ZF-001", custodian="O-2", issued="2027-01-15T08:00:00.000000Z")
    (folder / "000004.jws").write_bytes(make(forged, *receipt_key(opened)))
    assert codes(handed_out) == [("assignment", None)]
    (folder / "000004.jws").rename(folder / "000003.jws")
    assert codes(handed_out) == [("assignment", None)]
    (folder / "000003.jws").write_bytes(b"nonsense")
    assert codes(handed_out) == [("assignment", None)]


@pytest.mark.rule("A10")
def test_a_lost_recorder_made_active_again_is_found(
    handed_out: Path, codes: Codes, clock: Clock
) -> None:
    before = open_bureau(handed_out).folder.crl.read_bytes()
    entry = handed_out / "registry" / "ZF-001.json"
    active = entry.read_bytes()
    change(handed_out, [Lose(device="ZF-001", note="遗失")], clock=clock)
    entry.write_bytes(active)
    assert codes(handed_out) == [("registry_status", None)]
    open_bureau(handed_out).folder.crl.write_bytes(before)
    assert codes(handed_out) == [("registry_status", None), ("revocations", None)]
    # The next command, whichever it is, makes both follow the ledger again.
    change(handed_out, [], clock=clock)
    assert codes(handed_out) == []


def test_another_device_s_certificate_in_the_registry_is_found(
    handed_out: Path, codes: Codes
) -> None:
    entry = handed_out / "registry" / "ZF-001.json"
    said = json.loads(entry.read_text())
    said["signing"], said["tls"] = said["tls"], said["signing"]
    entry.write_text(json.dumps(said))
    assert codes(handed_out) == [("certificate", None), ("certificate", None)]
    entry.write_text("{")
    assert codes(handed_out)[0] == ("registry", None)


def test_a_device_log_exchanged_after_the_fact_is_found(
    handed_out: Path, device: Path, codes: Codes, clock: Clock
) -> None:
    log = handed_out / "archive" / "ZF-001" / "device.jws"
    log.unlink()
    Docking(handed_out, device, clock).took(2)
    found = codes(handed_out)
    assert [code for code, _ in found] == ["docked"]


def test_a_line_by_a_key_that_was_replaced_is_found(
    tmp_path: Path, found: Callable[..., object], clock: Clock, codes: Codes
) -> None:
    bureau, phrases = tmp_path / "rooted", passphrases.given(PHRASES)
    found(bureau, root_passphrases=phrases)
    settle(bureau, clock)
    stolen = open_bureau(bureau).signer(KeyRole.CLERK)
    wish = Rotation(passphrases=phrases, new_passphrases=phrases, roles=frozenset({KeyRole.CLERK}))
    rotate_root(bureau, wish, clock=clock)
    settle(bureau, clock, approval())
    assert codes(bureau) == []
    path = bureau / "registry" / "ledger.jws"
    number = len(path.read_bytes().splitlines())
    ledger.append(path, "rulebook", {"version": 2}, stolen, at_ns=clock())
    assert codes(bureau) == [("replaced_key", number)]
    with pytest.raises(LedgerError, match="replaced key"):
        change(bureau, [], clock=clock)


def test_a_clock_that_was_put_back_is_told_and_no_custody_runs_backwards(
    handed_out: Path, codes: Codes, clock: Clock
) -> None:
    early = clock() - 86_400_000_000_000
    change(handed_out, [Return(device="ZF-001")], clock=lambda: early)
    assert [code for code, _ in codes(handed_out)] == ["clock"]
    state = open_register(open_bureau(handed_out), at_ns=clock()).state
    last = state.devices["ZF-001"].intervals[-1]
    assert last.until == last.since
