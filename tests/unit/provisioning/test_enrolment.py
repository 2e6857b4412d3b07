from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from agent.settings import load_device
from evidence import keys
from evidence.rulebook import read_root, read_rulebook
from evidence.store.signers import load_key_file
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.custody.revocation import revoke_device
from provisioning.enrolment.device import make_key, make_requests
from provisioning.enrolment.enrol import enrol_device, requested_key
from provisioning.errors import (
    BoardError,
    BureauError,
    ClipError,
    DeviceIdError,
    EnrolledError,
    ForeignError,
    ProvisioningError,
    RequestError,
    RevokedError,
    SettingsError,
)
from provisioning.layout import DeviceFolder
from provisioning.plan import Report

Enrol = Callable[..., Report]
Tree = Callable[[Path], dict[str, bytes]]
Clock = Callable[[], int]


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_an_enrolled_device_has_all_that_the_agent_expects(device: Path) -> None:
    there = load_device(device)
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
    assert keys.device_of(tls) == "ZF-001"
    root = read_root(paths.root.read_bytes(), ca)
    floor = int(paths.rulebook_floor.read_text())
    book = read_rulebook(paths.rulebook.read_bytes(), root, floor=floor)
    assert book.version == floor == 1
    for clip in book.announcements:
        assert (paths.announce / clip.id / "audio.flac").is_file()
        assert (paths.announce / clip.id / "text.txt").read_text() == clip.text


def test_private_keys_never_leave_the_device(device: Path, bureau: Path, tree: Tree) -> None:
    everything = b"\0".join(tree(bureau).values())
    for name in ("signing", "tls"):
        pem = (device / "keys" / f"{name}.pem").read_bytes()
        assert (device / "keys" / f"{name}.pem").stat().st_mode & 0o777 == 0o600
        assert pem.splitlines()[1] not in everything
        key = load_pem_private_key(pem, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        secret = key.private_numbers().private_value.to_bytes(32, "big")
        assert secret not in everything


def test_a_second_run_changes_no_byte_on_either_side(
    device: Path, bureau: Path, enrol: Enrol, tree: Tree
) -> None:
    before = tree(device), tree(bureau)
    assert enrol(device, "ZF-001").changed == 0
    assert (tree(device), tree(bureau)) == before


def test_a_dry_run_changes_nothing(bureau: Path, enrol: Enrol, tree: Tree, tmp_path: Path) -> None:
    before = tree(bureau)
    assert enrol(tmp_path / "new", "ZF-002", dry_run=True).changed > 8
    assert not (tmp_path / "new").exists()
    assert tree(bureau) == before


def test_the_registry_names_both_certificates(device: Path, bureau: Path) -> None:
    entry = json.loads((bureau / "registry" / "ZF-001.json").read_text())
    assert (entry["device"], entry["status"], entry["board"]) == ("ZF-001", "active", "fake")
    for name in ("signing", "tls"):
        held = certificate(device / "certs" / f"{name}.pem")
        assert keys.read_certificate(entry[name]["x5c"]) == held
        assert entry[name]["sha256"] == held.fingerprint(hashes.SHA256()).hex()
        assert int(entry[name]["serial"], 16) == held.serial_number


def test_the_ledger_tells_what_was_done(device: Path, bureau: Path) -> None:
    opened = open_bureau(bureau)
    lines = ledger.read(bureau / "registry" / "ledger.jws", opened.root.keys)
    assert [line["t"] for line in lines] == ["founded", "rulebook", "enrolled"]
    assert lines[2]["device"] == "ZF-001"
    assert load_device(device).settings.device_id == "ZF-001"


def test_a_run_that_was_cut_short_is_simply_run_again(
    tmp_path: Path, enrol: Enrol, bureau: Path
) -> None:
    folder = tmp_path / "device"
    make_key(DeviceFolder(folder), "signing")
    key = (folder / "keys" / "signing.pem").read_bytes()
    enrol(folder, "ZF-001")
    assert (folder / "keys" / "signing.pem").read_bytes() == key
    (folder / "certs" / "tls.pem").unlink()
    (bureau / "registry" / "ledger.jws").unlink()
    assert enrol(folder, "ZF-001").changed == 2
    assert enrol(folder, "ZF-001").changed == 0


@pytest.mark.parametrize("name", ["zf-001", "ZF", "-ZF1", "ZF_001", "ZF-001/..", "Z" * 33, ""])
def test_a_bad_device_id_is_refused(tmp_path: Path, enrol: Enrol, name: str) -> None:
    with pytest.raises(DeviceIdError):
        enrol(tmp_path / "device", name)
    assert not (tmp_path / "device").exists()


def test_no_device_takes_the_name_of_the_desk(tmp_path: Path, enrol: Enrol) -> None:
    with pytest.raises(DeviceIdError, match="desk"):
        enrol(tmp_path / "device", "DESK-01")


def test_an_unknown_board_is_refused(tmp_path: Path, enrol: Enrol) -> None:
    with pytest.raises(BoardError, match="jetson"):
        enrol(tmp_path / "device", "ZF-001", board="jetson")


def test_an_id_that_is_enrolled_with_other_keys_is_refused(
    device: Path, bureau: Path, enrol: Enrol, tree: Tree, tmp_path: Path
) -> None:
    before = tree(bureau)
    with pytest.raises(EnrolledError):
        enrol(tmp_path / "other", "ZF-001")
    assert tree(bureau) == before
    assert not (tmp_path / "other").exists()
    assert device.exists()


def test_keys_of_one_device_are_not_enrolled_as_another(
    device: Path, enrol: Enrol, tmp_path: Path
) -> None:
    shutil.copytree(device / "keys", tmp_path / "copy" / "keys")
    with pytest.raises(EnrolledError, match="ZF-001"):
        enrol(tmp_path / "copy", "ZF-002")


def test_a_folder_of_another_device_is_refused(device: Path, enrol: Enrol, tree: Tree) -> None:
    before = tree(device)
    with pytest.raises(ForeignError):
        enrol(device, "ZF-002")
    assert tree(device) == before


def test_a_device_of_another_bureau_is_refused(
    device: Path, found: Callable[..., Report], clock: Clock, tmp_path: Path, tree: Tree
) -> None:
    found(tmp_path / "elsewhere", name="另一统计局")
    before = tree(device), tree(tmp_path / "elsewhere")
    with pytest.raises(ForeignError):
        enrol_device(tmp_path / "elsewhere", device, "ZF-001", clock=clock)
    assert (tree(device), tree(tmp_path / "elsewhere")) == before


def test_a_certificate_that_was_exchanged_is_noticed(
    device: Path, enrol: Enrol, tmp_path: Path
) -> None:
    enrol(tmp_path / "second", "ZF-002")
    shutil.copy(tmp_path / "second" / "certs" / "tls.pem", device / "certs" / "tls.pem")
    with pytest.raises(ForeignError):
        enrol(device, "ZF-001")


def test_one_key_for_two_purposes_is_refused(tmp_path: Path, enrol: Enrol) -> None:
    make_key(DeviceFolder(tmp_path / "device"), "signing")
    folder = tmp_path / "device" / "keys"
    shutil.copy(folder / "signing.pem", folder / "tls.pem")
    with pytest.raises(RequestError):
        enrol(tmp_path / "device", "ZF-001")


def test_a_revoked_device_is_not_enrolled_again(
    device: Path, bureau: Path, enrol: Enrol, clock: Clock
) -> None:
    revoke_device(bureau, "ZF-001", "lost", clock=clock)
    with pytest.raises(RevokedError):
        enrol(device, "ZF-001")


def test_a_folder_that_is_no_bureau_is_refused(tmp_path: Path, clock: Clock) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(BureauError, match="provision init"):
            enrol_device(path, tmp_path / "device", "ZF-001", clock=clock)


def test_a_bureau_whose_clip_was_changed_enrols_nobody(
    bureau: Path, enrol: Enrol, tmp_path: Path
) -> None:
    (bureau / "announce" / "zh-cn" / "text.txt").write_text("本次执法不录像。")
    with pytest.raises(ClipError):
        enrol(tmp_path / "device", "ZF-001")


def test_options_stand_in_the_device_file(tmp_path: Path, enrol: Enrol) -> None:
    enrol(
        tmp_path / "device",
        "ZF-001",
        board="pi",
        width=320,
        height=240,
        frames_per_second=10,
        bits_per_second=800_000,
        custodian="0042",
        run_dir="/run/recorder",
    )
    there = load_device(tmp_path / "device")
    camera = there.settings.camera
    assert (camera.width, camera.height, camera.frames_per_second) == (320, 240, 10)
    assert camera.keyframe_interval == 10
    assert there.settings.reserve_bytes == 600 * 800_000 // 8 * 5 // 4
    assert (there.settings.officer, there.settings.custodian) == (None, "0042")
    assert there.paths.vault_socket == Path("/run/recorder/vault.sock")


def test_options_that_contradict_the_device_file_are_refused(device: Path, enrol: Enrol) -> None:
    assert enrol(device, "ZF-001", width=1_280).changed == 0
    with pytest.raises(SettingsError, match="width"):
        enrol(device, "ZF-001", width=640)


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_request_proves_that_its_sender_holds_the_key(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path)
    for name in ("signing", "tls"):
        make_key(folder, name)
    made = make_requests(folder, "ZF-001")
    assert (
        requested_key(made.signing, "ZF-001") == load_key_file(folder.key("signing")).public_key()
    )
    with pytest.raises(RequestError, match="own"):
        requested_key(made.tls, "ZF-002")


def test_a_request_with_a_broken_signature_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = x509.load_pem_x509_csr(request(key, "ZF-001")).public_bytes(Encoding.DER)
    forged = x509.load_der_x509_csr(der.replace(b"ZF-001", b"ZF-002"))
    with pytest.raises(RequestError):
        requested_key(forged.public_bytes(Encoding.PEM), "ZF-002")


@pytest.mark.parametrize("kind", ["P-384", "RSA", "garbage"])
def test_a_request_for_another_kind_of_key_is_refused(kind: str) -> None:
    makers: dict[str, Callable[[], bytes]] = {
        "P-384": lambda: request(ec.generate_private_key(ec.SECP384R1()), "ZF-001"),
        "RSA": lambda: request(rsa.generate_private_key(65_537, 2_048), "ZF-001"),
        "garbage": lambda: b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n",
    }
    content = makers[kind]()
    with pytest.raises(RequestError):
        requested_key(content, "ZF-001")


def test_every_refusal_speaks_chinese_to_the_clerk() -> None:
    def kinds(kind: type[ProvisioningError]) -> list[type[ProvisioningError]]:
        return [found for each in kind.__subclasses__() for found in (each, *kinds(each))]

    for kind in kinds(ProvisioningError):
        assert "未知错误" not in kind("detail").diagnosis()
    assert len({kind.code for kind in kinds(ProvisioningError)}) == len(kinds(ProvisioningError))


def test_two_clerks_at_the_same_time_wait_for_each_other(
    bureau: Path, clock: Clock, tmp_path: Path
) -> None:
    def take_in(number: int) -> None:
        name = f"ZF-{number:03}"
        enrol_device(bureau, tmp_path / name, name, clock=clock)

    with ThreadPoolExecutor(4) as clerks:
        list(clerks.map(take_in, range(8)))
    opened = open_bureau(bureau)
    lines = ledger.read(opened.folder.ledger, opened.root.keys)
    assert sorted(line["device"] for line in lines if line["t"] == "enrolled") == [
        f"ZF-{number:03}" for number in range(8)
    ]
