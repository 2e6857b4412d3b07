from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from agent.settings import load_device
from evidence import keys
from evidence.rulebook import read_root, read_rulebook
from evidence.store.signers import load_key_file
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.custody.moves.assigning import Assign, Keep
from provisioning.custody.registry import find
from provisioning.enrolment.settings import DeviceOptions
from provisioning.errors import ProvisioningError
from provisioning.plan import StepState
from tests.kits.bureau.custody import approval, settle
from tests.kits.bureau.enrolment import Enrolled, assign
from tests.kits.bureau.two_ends import TwoEnds

Tree = Callable[[Path], dict[str, bytes]]


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.rule("H8")
def test_an_enrolled_device_has_all_that_the_agent_expects(ends: TwoEnds) -> None:
    ends.enrol("ZF-001")
    there = load_device(ends.device("ZF-001"))
    assert (there.settings.device_id, there.settings.board) == ("ZF-001", "fake")
    paths = there.paths
    ca = certificate(paths.ca)
    x5c = [keys.certificate_text(certificate(paths.signing_certificate))]
    leaf = keys.reach(x5c, ca, keys.EKU_DEVICE_SIGNING)
    assert keys.device_of(leaf) == "ZF-001"
    assert leaf.public_key() == load_key_file(paths.signing_key).public_key()
    tls = certificate(paths.tls_certificate)
    tls.verify_directly_issued_by(ca)
    assert tls.public_key() == load_key_file(paths.tls_key).public_key()
    root = read_root(paths.root.read_bytes(), ca)
    floor = int(paths.rulebook_floor.read_text())
    book = read_rulebook(paths.rulebook.read_bytes(), root, floor=floor)
    assert book.version == floor == 1
    for clip in book.announcements:
        assert (paths.announce / clip.id / "audio.flac").is_file()
        assert (paths.announce / clip.id / "text.txt").read_text() == clip.text


def test_private_keys_never_leave_the_device(ends: TwoEnds, tree: Tree) -> None:
    ends.enrol("ZF-001")
    elsewhere = b"\0".join([*tree(ends.bureau).values(), *tree(ends.stick).values()])
    for name in ("signing", "tls"):
        path = ends.device("ZF-001") / "keys" / f"{name}.pem"
        pem = path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
        assert pem.splitlines()[1] not in elsewhere
        key = load_pem_private_key(pem, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.private_numbers().private_value.to_bytes(32, "big") not in elsewhere


def test_the_bureau_keeps_no_claim_and_the_stick_carries_none(ends: TwoEnds, tree: Tree) -> None:
    ends.enrol("ZF-001")
    seed = (ends.device("ZF-001") / "seed" / "seed.toml").read_text()
    claim = next(line for line in seed.splitlines() if line.startswith("claim")).split('"')[1]
    assert len(claim) == 39
    for held in (*tree(ends.bureau).values(), *tree(ends.stick).values()):
        assert claim.encode() not in held


def test_a_second_run_changes_no_byte_on_either_side(ends: TwoEnds, tree: Tree) -> None:
    ends.enrol("ZF-001")
    before = tree(ends.device("ZF-001")), tree(ends.bureau)
    assert ends.expect("ZF-001").changed == 0
    assert ends.ask("ZF-001") == ""
    states = [one.state for one in ends.answer("ZF-001", "").outcomes]
    assert states[:-1] == [StepState.UNCHANGED] * (len(states) - 1)
    assert ends.take("ZF-001") == "unchanged"
    assert (tree(ends.device("ZF-001")), tree(ends.bureau)) == before


def test_the_request_on_the_stick_stays_the_same_until_it_is_answered(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    digits = ends.ask("ZF-001")
    request = ends.request("ZF-001").read_bytes()
    assert ends.ask("ZF-001") == digits
    assert ends.request("ZF-001").read_bytes() == request


@pytest.mark.rule("A2")
def test_registry_and_ledger_name_certificates_hardware_and_model(ends: TwoEnds) -> None:
    ends.enrol("ZF-001", model="DSJ-A7")
    entry = json.loads((ends.bureau / "registry" / "ZF-001.json").read_text())
    assert (entry["device"], entry["status"], entry["board"]) == ("ZF-001", "active", "fake")
    for name in ("signing", "tls"):
        held = certificate(ends.device("ZF-001") / "certs" / f"{name}.pem")
        assert keys.read_certificate(entry[name]["x5c"]) == held
        assert entry[name]["sha256"] == held.fingerprint(hashes.SHA256()).hex()
    opened = open_bureau(ends.bureau)
    lines = ledger.read(opened.folder.ledger, opened.root.keys)
    kinds = [line["t"] for line in lines]
    assert kinds[-3:] == ["claim", "seeded", "enrolled"]
    assert (lines[-1]["model"], lines[-1]["serial"]) == ("DSJ-A7", entry["serial"])
    assert lines[-1]["signing"] == entry["signing"]["sha256"]


@pytest.mark.rule("A2")
def test_what_the_device_said_it_is_made_of_is_kept_as_it_signed_it(ends: TwoEnds) -> None:
    ends.enrol("ZF-001")
    kept = ends.bureau / "registry" / "requests" / "ZF-001.jws"
    assert kept.read_bytes() == ends.request("ZF-001").read_bytes()
    use = json.loads((ends.bureau / "registry" / "claims" / "ZF-001.json").read_text())["use"]
    assert use["facts"].keys() == {"memory_bytes", "storage_bytes"}
    assert use["facts"]["storage_bytes"] > 0


@pytest.mark.rule("A1")
def test_an_assignment_that_is_there_travels_along_and_a_later_one_stays(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    ends.answer("ZF-001", ends.ask("ZF-001"))
    assert not (ends.device("ZF-001") / "bureau" / "assignment.jws").exists()
    ends.take("ZF-001")
    enrolled = Enrolled(ends.bureau, load_device(ends.device("ZF-001")))
    assign(enrolled, number=3)
    token = enrolled.device.paths.assignment.read_bytes()
    words = ends.bureau / "registry" / "assignments" / "ZF-001"
    hands = Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1")
    settle(ends.bureau, ends.clock, approval(), hands, Keep(device="ZF-001", until="2030-01-01"))
    enrolled.device.paths.rulebook_floor.unlink()
    ends.answer("ZF-001", ends.ask("ZF-001"))
    ends.take("ZF-001")
    assert enrolled.device.paths.assignment.read_bytes() == token
    enrolled.device.paths.assignment.unlink()
    enrolled.device.paths.rulebook_floor.unlink()
    ends.take("ZF-001")
    assert enrolled.device.paths.assignment.read_bytes() == (words / "000002.jws").read_bytes()


def test_options_stand_in_the_device_file(ends: TwoEnds) -> None:
    options = DeviceOptions(
        width=320,
        height=240,
        frames_per_second=10,
        bits_per_second=800_000,
        run_dir="/run/recorder",
        storage_floor_bytes=0,
    )
    ends.enrol("ZF-001", options=options)
    there = load_device(ends.device("ZF-001"))
    camera = there.settings.camera
    assert (camera.width, camera.height, camera.frames_per_second) == (320, 240, 10)
    assert camera.keyframe_interval == 10
    assert there.paths.vault_socket == Path("/run/recorder/session/vault.sock")


def test_devices_and_clerks_at_the_same_time_wait_for_each_other(ends: TwoEnds) -> None:
    names = [f"ZF-{number:03}" for number in range(6)]
    with ThreadPoolExecutor(3) as clerks:
        list(clerks.map(ends.enrol, names))
    opened = open_bureau(ends.bureau)
    lines = ledger.read(opened.folder.ledger, opened.root.keys)
    assert sorted(line["device"] for line in lines if line["t"] == "enrolled") == names
    kids = {
        held.kid
        for name in names
        if (entry := find(opened.folder.registry, name)) is not None
        for held in (entry.signing, entry.tls)
    }
    assert len(kids) == 2 * len(names)


def test_every_refusal_speaks_chinese_to_the_clerk() -> None:
    def kinds(kind: type[ProvisioningError]) -> list[type[ProvisioningError]]:
        return [found for each in kind.__subclasses__() for found in (each, *kinds(each))]

    for kind in kinds(ProvisioningError):
        if kind.__init__ is ProvisioningError.__init__:
            assert "未知错误" not in kind("detail").diagnosis()
