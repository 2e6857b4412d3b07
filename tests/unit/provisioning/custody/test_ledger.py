from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import keys
from evidence.keys import EcSigner
from provisioning.custody import ledger
from provisioning.errors import LedgerError

AT_NS = 1_800_000_000_000_000_000
KEY = ec.generate_private_key(ec.SECP256R1())
CLERK = EcSigner(KEY)
KNOWN = {CLERK.kid: KEY.public_key()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "ledger.jws"
    for name in ("ZF-001", "ZF-002", "ZF-003"):
        ledger.append(written, "enrolled", {"device": name}, CLERK, at_ns=AT_NS)
    return written


def test_every_line_names_the_one_before(path: Path) -> None:
    lines = ledger.read(path, KNOWN)
    assert [line["device"] for line in lines] == ["ZF-001", "ZF-002", "ZF-003"]
    assert [line["i"] for line in lines] == [0, 1, 2]


def test_a_line_is_found_by_what_it_says(path: Path) -> None:
    assert ledger.holds(path, "enrolled", {"device": "ZF-002"})
    assert not ledger.holds(path, "revoked", {"device": "ZF-002"})
    assert not ledger.holds(path.with_name("none"), "enrolled", {})


@pytest.mark.parametrize("kept", [[1, 2], [0, 2], [0, 2, 1], [0, 0, 1, 2]])
def test_a_line_that_is_missing_moved_or_repeated_is_noticed(path: Path, kept: list[int]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[index] for index in kept))
    with pytest.raises(LedgerError):
        ledger.read(path, KNOWN)


def test_every_changed_byte_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    for position in range(0, len(content) - 1, 37):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(LedgerError):
            ledger.read(path, KNOWN)


def test_a_line_signed_by_a_stranger_is_noticed(path: Path) -> None:
    stranger = EcSigner(ec.generate_private_key(ec.SECP256R1()))
    ledger.append(path, "enrolled", {"device": "ZF-666"}, stranger, at_ns=AT_NS)
    with pytest.raises(LedgerError, match="unknown key"):
        ledger.read(path, KNOWN)
    assert keys.thumbprint(CLERK.jwk) in KNOWN


@pytest.mark.parametrize("cut", [1, 2, 40, 400])
def test_a_line_torn_by_a_power_cut_is_kept_and_named(path: Path, cut: int) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    ledger.append(path, "enrolled", {"device": "ZF-004"}, CLERK, at_ns=AT_NS)
    assert path.read_bytes().startswith(whole[:-cut])
    lines = ledger.read(path, KNOWN)
    assert lines[-1]["device"] == "ZF-004"
    # Where the newline alone was lost, the line was whole: nothing is torn.
    assert (lines[-1].get("torn") is None) == (cut == 1)


def test_a_torn_end_is_told(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LedgerError, match="torn"):
        ledger.read(path, KNOWN)
