"""A bureau whose keys lie in a token works as one whose keys lie in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from bureau.office import open_office
from bureau.settings import load_bureau
from evidence import keys
from evidence.errors import KeyUnusableError
from evidence.store.signers import open_signer
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.errors import BureauConflictError, SettingsError
from provisioning.plan import Report
from tests.kits.bureau.enrolment import take_in
from tests.kits.bureau.token import SoftToken

Found = Callable[..., Report]


@pytest.fixture
def places(soft_token: SoftToken, tmp_path: Path) -> dict[str, str]:
    return {str(role): soft_token.uri(f"{role}-{tmp_path.name}") for role in KeyRole}


def test_all_four_keys_in_a_token_found_and_sign_as_files_do(
    tmp_path: Path, found: Found, places: dict[str, str], clock: Callable[[], int]
) -> None:
    path = tmp_path / "bureau"
    found(path, places=places)
    assert not [
        file
        for file in path.rglob("*.pem")
        if b"PRIVATE KEY" in file.read_bytes() and file.stem not in {"desk", "server.key"}
    ]
    assert found(path).changed == 0
    assert found(path, places=places).changed == 0
    take_in(path, tmp_path / "device", "ZF-001", clock=clock)
    bureau = open_bureau(path)
    lines = ledger.read(bureau.folder.ledger, bureau.root.keys)
    assert [line["t"] for line in lines] == ["founded", "rulebook", "claim", "seeded", "enrolled"]


def test_the_desk_signs_with_the_key_in_the_token(
    tmp_path: Path, found: Found, places: dict[str, str]
) -> None:
    path = tmp_path / "bureau"
    found(path, places={"receipt": places["receipt"]})
    desk = load_bureau(path)
    office = open_office(desk, clock=lambda: None)  # type: ignore[arg-type]
    assert office.book is not None
    certificate = open_bureau(path).folder.certificate("receipt").read_bytes()
    public = keys.public_key_of(x509.load_pem_x509_certificate(certificate))
    signer = open_signer(desk.settings.keys.receipt, path)
    assert signer.kid == keys.thumbprint(keys.to_jwk(public))


def test_a_key_moves_but_does_not_become_another(
    bureau: Path, found: Found, places: dict[str, str], tmp_path: Path
) -> None:
    (bureau / "keys" / "receipt.pem").rename(tmp_path / "receipt.pem")
    assert found(bureau, places={"receipt": f"file:{tmp_path / 'receipt.pem'}"}).changed == 1
    assert found(bureau).changed == 0
    before = (bureau / "bureau.toml").read_bytes()
    for role in KeyRole:
        uri = f"file:{bureau / 'keys' / 'desk.pem'}"
        with pytest.raises(BureauConflictError, match="another key"):
            found(bureau, places={str(role): uri})
        with pytest.raises(KeyUnusableError):
            found(bureau, places={str(role): places[str(role)]})
    assert (bureau / "bureau.toml").read_bytes() == before


@pytest.mark.parametrize(
    "places", [{"tls": "file:x"}, {"ca": "nowhere"}, {"ca": ""}, {"ca": "file:a\nb"}]
)
def test_a_place_that_is_none_is_refused_before_anything_is_made(
    tmp_path: Path, found: Found, places: dict[str, str]
) -> None:
    with pytest.raises(SettingsError):
        found(tmp_path / "bureau", places=places)
    assert not (tmp_path / "bureau").exists()
