from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bureau.settings import load_bureau
from evidence import keys
from evidence.rulebook import read_root, read_rulebook
from provisioning.authority import certificates as authority
from provisioning.authority.founding import Founding, init_bureau
from provisioning.authority.keyring import DEFAULT_PLACES, KeyRole
from provisioning.errors import BureauConflictError, ClipError, PolicyError, SettingsError
from provisioning.layout import BureauFolder
from provisioning.plan import Report

Found = Callable[..., Report]
Tree = Callable[[Path], dict[str, bytes]]
ANNOUNCED = "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。"


def ca_of(bureau: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((bureau / "certs" / "ca.pem").read_bytes())


def test_a_dry_run_makes_no_folder(tmp_path: Path, found: Found) -> None:
    report = found(tmp_path / "bureau", dry_run=True)
    assert report.changed == len(report.outcomes) > 15
    assert not (tmp_path / "bureau").exists()


def test_a_second_run_changes_no_byte(bureau: Path, found: Found, tree: Tree) -> None:
    before = tree(bureau)
    assert found(bureau).changed == 0
    assert tree(bureau) == before


def test_a_second_run_needs_no_name(bureau: Path, found: Found) -> None:
    assert found(bureau, name=None).changed == 0


def test_every_private_key_and_identity_is_for_its_owner_alone(bureau: Path) -> None:
    secret = [
        path
        for path in bureau.rglob("*")
        if path.is_file() and (b"PRIVATE KEY" in path.read_bytes() or path.suffix == ".age")
    ]
    assert len(secret) == 8
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}


@pytest.mark.rule("C8")
def test_the_first_rulebook_is_signed_by_two_and_names_the_exact_sentence(bureau: Path) -> None:
    root = read_root((bureau / "rulebook" / "root.json").read_bytes(), ca_of(bureau))
    book = read_rulebook((bureau / "rulebook" / "rulebook.json").read_bytes(), root)
    assert root.threshold == len(root.keys) == 2
    assert (book.version, book.is_for("ANY-DEVICE")) == (1, True)
    assert [item.text for item in book.announcements] == [ANNOUNCED]
    assert book.number("upload.deadline_hours") == 24


def test_what_is_sealed_to_the_rulebook_opens_with_either_identity(
    bureau: Path, tmp_path: Path
) -> None:
    root = read_root((bureau / "rulebook" / "root.json").read_bytes(), ca_of(bureau))
    book = read_rulebook((bureau / "rulebook" / "rulebook.json").read_bytes(), root)
    assert set(book.recipients) == {"bureau", "escrow"}
    recipients = [pyrage.x25519.Recipient.from_str(age) for age in book.recipients.values()]
    (tmp_path / "sealed.age").write_bytes(pyrage.encrypt(b"a segment", recipients))
    for role in ("bureau", "escrow"):
        opened = subprocess.run(
            ["age", "-d", "-i", bureau / "identities" / f"{role}.age", tmp_path / "sealed.age"],
            capture_output=True,
            check=True,
        )
        assert opened.stdout == b"a segment"


def test_the_receipt_certificate_is_for_receipts_alone(bureau: Path) -> None:
    content = (bureau / "certs" / "receipt.pem").read_bytes()
    x5c = [keys.certificate_text(x509.load_pem_x509_certificate(content))]
    keys.reach(x5c, ca_of(bureau), keys.EKU_RECEIPT_SIGNING)


def test_the_desk_finds_in_bureau_toml_what_was_founded(bureau: Path) -> None:
    desk = load_bureau(bureau)
    folder = BureauFolder(bureau)
    assert (desk.settings.name, desk.settings.desk) == ("某县统计局", "DESK-01")
    assert desk.paths.ca == folder.ca
    assert desk.paths.crl == folder.crl
    assert desk.settings.keys.receipt == DEFAULT_PLACES[KeyRole.RECEIPT]
    assert desk.paths.receipt_certificate == folder.certificate("receipt")
    assert desk.paths.desk_key == folder.key("desk")
    assert desk.paths.desk_certificate == folder.certificate("desk")
    assert desk.paths.bureau_identity == folder.identity("bureau")
    assert desk.paths.rulebook == folder.rulebook
    assert desk.paths.root == folder.root
    assert desk.paths.registry == folder.registry
    assert desk.paths.broker_configuration == folder.broker / "mosquitto.conf"


@pytest.mark.parametrize("other", [{"name": "另一统计局"}, {"bureau_id": "x"}, {"desk": "DESK-02"}])
def test_one_bureau_does_not_become_another(
    bureau: Path, found: Found, tree: Tree, other: dict[str, str]
) -> None:
    before = tree(bureau)
    with pytest.raises(BureauConflictError):
        found(bureau, **other)
    assert tree(bureau) == before


def test_numbers_of_a_founded_bureau_change_by_a_signed_version_only(
    bureau: Path, found: Found
) -> None:
    with pytest.raises(BureauConflictError, match="policy edit"):
        found(bureau, numbers={"release.keep_days": 0})
    assert found(bureau, numbers={"release.keep_days": 7}).changed == 0


def test_another_port_changes_settings_and_configuration_alone(
    bureau: Path, found: Found, tree: Tree
) -> None:
    before = tree(bureau)
    found(bureau, port=18_883)
    after = tree(bureau)
    assert {name for name in after if after[name] != before[name]} == {
        "bureau.toml",
        "broker/mosquitto.conf",
    }
    assert b"listener 18883 127.0.0.1" in after["broker/mosquitto.conf"]


def test_another_host_gets_a_server_certificate_that_names_it(bureau: Path, found: Found) -> None:
    key = (bureau / "broker" / "server.key.pem").read_bytes()
    found(bureau, host="desk.example")
    server = x509.load_pem_x509_certificate((bureau / "broker" / "server.pem").read_bytes())
    assert authority.certificate_hosts(server) >= {"desk.example", "localhost", "127.0.0.1"}
    assert (bureau / "broker" / "server.key.pem").read_bytes() == key


def test_a_moved_folder_gets_a_configuration_that_fits(
    bureau: Path, found: Found, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    bureau.rename(moved)
    assert found(moved).changed == 1
    assert str(moved) in (moved / "broker" / "mosquitto.conf").read_text()


def test_the_broker_never_acknowledges_and_drops(bureau: Path) -> None:
    lines = (bureau / "broker" / "mosquitto.conf").read_text().splitlines()
    assert "max_packet_size 1100000" in lines
    assert not [line for line in lines if line.startswith("message_size_limit")]


def test_a_run_that_was_cut_short_is_simply_run_again(tmp_path: Path, found: Found) -> None:
    with pytest.raises(ClipError):
        found(tmp_path / "bureau", announce=tmp_path)
    key = (tmp_path / "bureau" / "ca" / "key.pem").read_bytes()
    found(tmp_path / "bureau")
    assert (tmp_path / "bureau" / "ca" / "key.pem").read_bytes() == key
    assert found(tmp_path / "bureau").changed == 0


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": "长" * 51},
        {"name": "two\nlines"},
        {"bureau_id": "Upper"},
        {"desk": "desk"},
        {"host": "a host"},
        {"bind": "-"},
        {"port": 65_536},
    ],
)
def test_a_value_that_cannot_stand_is_refused_before_anything_is_made(
    tmp_path: Path, found: Found, wish: dict[str, object]
) -> None:
    with pytest.raises(SettingsError):
        found(tmp_path / "bureau", **wish)
    assert not (tmp_path / "bureau").exists()


def test_an_unknown_number_is_refused(tmp_path: Path, found: Found) -> None:
    with pytest.raises(PolicyError):
        found(tmp_path / "bureau", numbers={"mute.allowed": 1})


@given(name=st.text(min_size=1, max_size=50).filter(lambda text: text.strip().isprintable()))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_printable_name_survives_the_settings_file(
    name: str, announcements: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not name.strip():
        return
    path = tmp_path_factory.mktemp("named")
    init_bureau(
        path, Founding(name=name, announce=announcements), clock=lambda: 1_800_000_000_000_000_000
    )
    assert load_bureau(path).settings.name == name.strip()
