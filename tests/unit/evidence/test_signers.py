"""One signer by URI: the same facts for a file, a protected file, a credential and a token."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from evidence import jws, keys
from evidence.errors import KeyUnusableError, PassphraseError
from evidence.store import signers, token
from tests.kits.bureau.token import LABEL, SoftToken, soft_token

ROOT = Path(__file__).parents[3]
PASSPHRASE = "一把钥匙 一句口令"
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
KINDS = ("file", "protected", "credential", "token")


@pytest.fixture(name="soft_token")
def token_of_this_process() -> SoftToken:
    return soft_token()


@pytest.fixture(params=KINDS)
def uri(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place with a key, of each kind."""
    if request.param == "token":
        soft: SoftToken = request.getfixturevalue("soft_token")
        made = soft.uri(f"key-{tmp_path.name}")
        signers.make_key(made, tmp_path)
        return made
    passphrase = PASSPHRASE if request.param == "protected" else None
    signers.make_key_file(tmp_path / "ca.pem", passphrase)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return "credential:ca.pem" if request.param == "credential" else "file:ca.pem"


@pytest.fixture
def key(uri: str, tmp_path: Path) -> ec.EllipticCurvePrivateKey:
    return signers.open_key(uri, tmp_path, lambda _: PASSPHRASE)


def test_it_signs_lines_that_verify_in_their_one_form(uri: str, tmp_path: Path) -> None:
    signer = signers.open_signer(uri, tmp_path, lambda _: PASSPHRASE)
    public = keys.from_jwk(signer.jwk)
    for number in range(20):  # half of all signatures would be of the other form
        line = jws.sign({"n": number}, signer, jws.TYP_RECEIPT)
        parsed = jws.parse(line, jws.TYP_RECEIPT)
        parsed.verify(public)
        assert parsed.kid == keys.thumbprint(signer.jwk)


def test_it_signs_certificates_requests_and_revocation_lists(
    key: ec.EllipticCurvePrivateKey,
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), 7, now, now + timedelta(days=1))
    ).sign(key, hashes.SHA256())
    certificate.verify_directly_issued_by(certificate)
    request = x509.CertificateSigningRequestBuilder(NAME).sign(key, hashes.SHA256())
    assert request.is_signature_valid
    revoked = x509.CertificateRevocationListBuilder(NAME, now, now + timedelta(days=1))
    assert revoked.sign(key, hashes.SHA256()).is_signature_valid(key.public_key())


def test_the_same_place_is_the_same_key(uri: str, tmp_path: Path) -> None:
    one, two = (signers.open_signer(uri, tmp_path, lambda _: PASSPHRASE) for _ in range(2))
    assert one.kid == two.kid
    assert signers.key_exists(uri, tmp_path)


def test_no_place_is_written_over(uri: str, tmp_path: Path) -> None:
    before = signers.open_signer(uri, tmp_path, lambda _: PASSPHRASE).kid
    with pytest.raises((FileExistsError, KeyUnusableError)):
        signers.make_key(uri, tmp_path)
    assert signers.open_signer(uri, tmp_path, lambda _: PASSPHRASE).kid == before


@pytest.mark.parametrize(
    "place",
    [
        "keys/receipt.pem",
        "http://key",
        "file:nowhere.pem",
        "credential:nowhere",
        "credential:../ca.pem",
        "pkcs11:object=ca?module-path=/m&pin-source=/p",
        "pkcs11:token=t?module-path=/m&pin-source=/p",
        "pkcs11:token=t;object=ca?module-path=/m&pin-value=1234",
        "pkcs11:token=t;object=ca;slot-id=1?module-path=/m&pin-source=/p",
        "pkcs11:token=t;object=ca?module-path=/m&pin-source=/nowhere",
    ],
)
def test_a_place_without_a_key_is_named(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeyUnusableError):
        signers.open_key(place, tmp_path)


def test_a_credential_is_for_a_service_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(KeyUnusableError, match="LoadCredential"):
        signers.open_key("credential:ca", tmp_path)
    with pytest.raises(KeyUnusableError, match="systemd-creds"):
        signers.make_key("credential:ca", tmp_path)


@pytest.mark.parametrize(("mode", "usable"), [(0o400, True), (0o440, True), (0o444, False)])
def test_a_credential_kept_by_an_access_list_is_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, *, usable: bool
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    signers.make_key_file(tmp_path / "ca")
    (tmp_path / "ca").chmod(mode)
    if usable:
        signers.open_key("credential:ca", tmp_path)
    else:
        with pytest.raises(KeyUnusableError, match="others"):
            signers.open_key("credential:ca", tmp_path)


class TestProtectedFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        signers.make_key_file(tmp_path / "root-1.pem", PASSPHRASE)
        return tmp_path / "root-1.pem"

    def test_it_is_asked_for_by_name_and_once(self, path: Path) -> None:
        asked: list[Path] = []

        def answer(which: Path) -> str:
            asked.append(which)
            return PASSPHRASE

        signers.load_key_file(path, answer)
        assert asked == [path]

    def test_a_file_without_one_asks_nobody(self, tmp_path: Path) -> None:
        signers.make_key_file(tmp_path / "plain.pem")
        signers.load_key_file(tmp_path / "plain.pem", lambda path: pytest.fail(str(path)))

    def test_on_a_stick_where_every_file_is_everybodys_it_is_usable(self, path: Path) -> None:
        path.chmod(0o755)
        signers.load_key_file(path, lambda _: PASSPHRASE)

    @pytest.mark.parametrize("wrong", ["", "一把钥匙", PASSPHRASE + " "])
    def test_a_wrong_one_does_not_open_it(self, path: Path, wrong: str) -> None:
        with pytest.raises(PassphraseError) as refused:
            signers.load_key_file(path, lambda _: wrong)
        assert "口令不对" in refused.value.diagnosis()

    def test_without_anybody_to_ask_it_stays_closed(self, path: Path) -> None:
        with pytest.raises(PassphraseError, match="nobody"):
            signers.file_signer(path)

    def test_any_openssl_opens_it_and_a_guess_costs_scrypt(self, path: Path) -> None:
        words = ["openssl", "pkey", "-in", str(path), "-passin", f"pass:{PASSPHRASE}", "-pubout"]
        shown = subprocess.run(words, capture_output=True, check=True).stdout
        public = signers.load_key_file(path, lambda _: PASSPHRASE).public_key()
        assert shown == public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        words = ["openssl", "asn1parse", "-in", str(path)]
        parsed = subprocess.run(words, capture_output=True, check=True, text=True).stdout
        assert ":scrypt" in parsed
        assert ":aes-256-cbc" in parsed

    def test_what_other_tools_protected_opens_too(self, tmp_path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        protection = BestAvailableEncryption(PASSPHRASE.encode())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
        (tmp_path / "other.pem").write_bytes(pem)
        (tmp_path / "other.pem").chmod(0o600)
        opened = signers.load_key_file(tmp_path / "other.pem", lambda _: PASSPHRASE)
        assert opened.private_numbers() == key.private_numbers()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    signers.make_key_file(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o640)
    with pytest.raises(KeyUnusableError, match="chmod 600"):
        signers.file_signer(tmp_path / "key.pem")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    others: list[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = [
        rsa.generate_private_key(65_537, 2_048),
        ec.generate_private_key(ec.SECP384R1()),
    ]
    for number, key in enumerate(others):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path.chmod(0o600)
        with pytest.raises(KeyUnusableError, match="P-256"):
            signers.file_signer(path)


class TestToken:
    def test_its_key_does_not_leave_it(self, soft_token: SoftToken, tmp_path: Path) -> None:
        uri = soft_token.uri("stays")
        signers.make_key(uri, tmp_path)
        key = signers.open_key(uri, tmp_path)
        assert copy.copy(key) is copy.deepcopy(key) is key
        takes: list[Callable[[], object]] = [
            key.private_numbers,
            lambda: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            lambda: key.exchange(ec.ECDH(), key.public_key()),
        ]
        for take in takes:
            with pytest.raises(KeyUnusableError):
                take()

    def test_it_signs_a_digest_and_sha256_alone(
        self, soft_token: SoftToken, tmp_path: Path
    ) -> None:
        uri = soft_token.uri("digests")
        signers.make_key(uri, tmp_path)
        key = signers.open_key(uri, tmp_path)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(b"message")
        signature = key.sign(digest.finalize(), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        key.public_key().verify(signature, b"message", ec.ECDSA(hashes.SHA256()))
        with pytest.raises(KeyUnusableError, match="SHA-256"):
            key.sign(b"message", ec.ECDSA(hashes.SHA384()))

    def test_a_missing_key_a_missing_token_and_a_missing_library_are_named(
        self, soft_token: SoftToken, tmp_path: Path
    ) -> None:
        here = soft_token.uri("nobody")
        assert not signers.key_exists(here, tmp_path)
        for uri in (
            here,
            here.replace(LABEL, "elsewhere"),
            soft_token.uri("nobody", **{"module-path": "/nowhere.so"}),
        ):
            with pytest.raises(KeyUnusableError):
                signers.open_key(uri, tmp_path)

    def test_a_pin_that_others_can_read_is_refused(
        self, soft_token: SoftToken, tmp_path: Path
    ) -> None:
        (tmp_path / "pin").write_text("1234")
        (tmp_path / "pin").chmod(0o644)
        uri = soft_token.uri("any", **{"pin-source": "pin"})
        with pytest.raises(KeyUnusableError, match="chmod 600"):
            signers.open_key(uri, tmp_path)

    def test_a_wrong_pin_opens_nothing(self, soft_token: SoftToken, tmp_path: Path) -> None:
        """In a process of its own: a token logs in a process, not a key."""
        (tmp_path / "pin").write_text("4321")
        (tmp_path / "pin").chmod(0o600)
        uri = soft_token.uri("any", **{"pin-source": str(tmp_path / "pin")})
        script = (
            "import sys; from pathlib import Path; from evidence.store import signers\n"
            "try: signers.open_key(sys.argv[1], Path())\n"
            "except Exception as error: print(error.code, error.detail)"
        )
        words = [sys.executable, "-c", script, uri]
        ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        assert ended.stdout.startswith(f"key token {LABEL} cannot be opened: PinIncorrect")

    def test_without_the_library_the_line_that_installs_it_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "pin").write_text("1234")
        (tmp_path / "pin").chmod(0o600)
        monkeypatch.setitem(sys.modules, "pkcs11", None)
        uri = "pkcs11:token=t;object=ca?module-path=/m.so&pin-source=pin"
        with pytest.raises(KeyUnusableError, match=r"zhifa-recorder\[token\]"):
            signers.open_key(uri, tmp_path)

    def test_names_are_read_as_the_rfc_writes_them(self, tmp_path: Path) -> None:
        uri = (
            "pkcs11:token=a%20b;object=c%3Bd;id=%01%ff;type=private"
            "?module-path=m.so&pin-source=file:/p"
        )
        where = token.parse(uri, tmp_path)
        assert (where.token, where.object, where.id) == ("a b", "c;d", b"\x01\xff")
        assert (where.module, where.pin) == (tmp_path / "m.so", Path("/p"))
