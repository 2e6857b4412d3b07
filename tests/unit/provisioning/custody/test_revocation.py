from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.custody.errors import CustodyError
from provisioning.custody.moves.ending import Revoke
from provisioning.custody.register import change
from provisioning.plan import Report

Tree = Callable[[Path], dict[str, bytes]]
Clock = Callable[[], int]


def revoke(bureau: Path, name: str, reason: str, clock: Clock) -> Report:
    return change(bureau, [Revoke(device=name, reason=reason)], clock=clock)


def test_both_certificates_of_a_lost_device_are_listed(
    bureau: Path, device: Path, clock: Clock
) -> None:
    revoke(bureau, "ZF-001", "lost", clock)
    listed = {item.serial_number for item in open_bureau(bureau).revocations()}
    held = {
        x509.load_pem_x509_certificate((device / "certs" / f"{name}.pem").read_bytes())
        for name in ("signing", "tls")
    }
    assert listed == {certificate.serial_number for certificate in held}
    entry = json.loads((bureau / "registry" / "ZF-001.json").read_text())
    assert (entry["status"], entry["reason"]) == ("revoked", "lost")
    opened = open_bureau(bureau)
    assert ledger.read(opened.folder.ledger, opened.root.keys)[-1]["t"] == "revoked"


def test_a_second_run_changes_no_byte(bureau: Path, device: Path, clock: Clock, tree: Tree) -> None:
    revoke(bureau, "ZF-001", "lost", clock)
    before = tree(bureau)
    assert revoke(bureau, "ZF-001", "stolen", clock).changed == 0
    assert tree(bureau) == before
    assert device.exists()


def test_the_list_grows_and_its_number_too(
    bureau: Path, enrol: Callable[..., Report], clock: Clock, tmp_path: Path
) -> None:
    for name in ("ZF-001", "ZF-002"):
        enrol(tmp_path / name, name)
        revoke(bureau, name, "retired", clock)
    listed = open_bureau(bureau).revocations()
    assert len(list(listed)) == 4
    assert listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 3


def test_an_unknown_device_and_a_reason_that_is_no_code_are_refused(
    bureau: Path, device: Path, clock: Clock, tree: Tree
) -> None:
    before = tree(bureau)
    with pytest.raises(CustodyError, match="not enrolled"):
        revoke(bureau, "ZF-404", "lost", clock)
    with pytest.raises(CustodyError, match="lower-case code"):
        revoke(bureau, "ZF-001", "他丢了", clock)
    assert tree(bureau) == before
    assert device.exists()
