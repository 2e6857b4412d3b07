from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from evidence import canonical, enrolment, jws
from evidence.enrolment import Bundle, Request
from evidence.errors import EnrolmentError, EvidenceError
from evidence.keys import EcSigner
from tests.kits.bureau.pinned import PinnedBureau

SECRET = bytes(range(20))
CLAIM = enrolment.claim_text(SECRET)
NONCE = b"n" * 32


def request_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "ZF-001") -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def asked() -> Request:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    return Request(
        device="ZF-001",
        serial="10000000a1b2c3d4",
        board="pi",
        model="Raspberry Pi Zero 2 W Rev 1.0",
        facts={"memory_bytes": 512, "storage_bytes": 32_000_000_000},
        signing=request_pem(keys[0]),
        tls=request_pem(keys[1]),
        commit=enrolment.commitment(NONCE),
    )


def signed(request: Request, claim: str = CLAIM) -> bytes:
    return enrolment.make_request(request, enrolment.claim_signer(claim, request.device))


def test_a_claim_reads_well_and_its_key_follows_from_it_and_the_device() -> None:
    assert CLAIM == "AAAQ-EAYE-AUDA-OCAJ-BIFQ-YDIO-B4IB-CEQT"
    kid = enrolment.claim_signer(CLAIM, "ZF-001").kid
    assert enrolment.claim_signer(CLAIM, "ZF-001").kid == kid
    assert enrolment.claim_signer(CLAIM, "ZF-002").kid != kid
    assert enrolment.claim_signer(enrolment.claim_text(bytes(20)), "ZF-001").kid != kid


@pytest.mark.parametrize(
    "text", ["", "AAAA", CLAIM.lower(), CLAIM + "-AAAA", CLAIM + "\n", "0" * 39]
)
def test_what_is_no_claim_makes_no_key(text: str) -> None:
    with pytest.raises(EnrolmentError):
        enrolment.claim_signer(text, "ZF-001")


def test_a_request_says_what_it_said_and_who_signed_it(asked: Request) -> None:
    token = signed(asked)
    received = enrolment.read_request(token)
    assert received.request == asked
    assert received.claim == enrolment.claim_signer(CLAIM, "ZF-001").kid
    assert received.signing != received.tls


def test_the_claim_itself_is_nowhere_in_the_request(asked: Request) -> None:
    token = signed(asked)
    payload = jws.parse(token, "recorder-request+jws").payload_bytes
    for part in CLAIM.split("-"):
        assert part.encode() not in payload
    assert SECRET not in payload


def forge(asked: Request, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The same request with another payload, signed by the same claim."""
    payload = jws.parse(signed(asked), "recorder-request+jws").payload()
    change(payload)
    return jws.sign(payload, enrolment.claim_signer(CLAIM, "ZF-001"), "recorder-request+jws")


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.pop("serial"),
        lambda p: p.update(extra=1),
        lambda p: p.update(v=2),
        lambda p: p.update(device="zf-001"),
        lambda p: p.update(device="ZF-002"),
        lambda p: p.update(serial="../../etc"),
        lambda p: p.update(serial=""),
        lambda p: p.update(model="a\nb"),
        lambda p: p.update(model="x" * 65),
        lambda p: p.update(facts={"storage_bytes": -1}),
        lambda p: p.update(facts={f"f{n}": n for n in range(17)}),
        lambda p: p.update(facts={"Not a name": 1}),
        lambda p: p.update(facts=[]),
        lambda p: p.update(tls=p["signing"]),
        lambda p: p.update(tls="-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"),
        lambda p: p.update(tls="x" * 20_000),
        lambda p: p.update(commit="00"),
        lambda p: p.update(claim=dict(EcSigner(ec.generate_private_key(ec.SECP256R1())).jwk)),
        lambda p: p.update(claim={"crv": "P-256", "kty": "EC", "x": "AA", "y": "AA"}),
    ],
)
def test_a_request_that_is_not_whole_or_not_its_own_is_refused(
    asked: Request, change: Callable[[dict[str, Any]], None]
) -> None:
    with pytest.raises(EnrolmentError):
        enrolment.read_request(forge(asked, change))


def test_one_changed_byte_of_a_request_is_noticed(asked: Request) -> None:
    token = signed(asked)
    for at in range(0, len(token), 97):
        changed = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        with pytest.raises(EnrolmentError):
            enrolment.read_request(changed)


def test_a_request_of_more_than_16_kib_is_not_read() -> None:
    with pytest.raises(EnrolmentError, match="16384"):
        enrolment.read_request(b"a" * 16_385)


@given(st.binary(max_size=400))
def test_garbage_is_no_request(content: bytes) -> None:
    with pytest.raises(EnrolmentError):
        enrolment.read_request(content)


@pytest.mark.parametrize("kind", ["P-384", "RSA", "other name", "broken signature"])
def test_a_key_that_is_not_proved_is_not_asked_for(kind: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    whole = x509.load_pem_x509_csr(request_pem(key).encode()).public_bytes(Encoding.DER)
    broken = x509.load_der_x509_csr(whole.replace(b"ZF-001", b"ZF-002"))
    made = {
        "P-384": lambda: request_pem(ec.generate_private_key(ec.SECP384R1())),
        "RSA": lambda: request_pem(rsa.generate_private_key(65_537, 2_048)),
        "other name": lambda: request_pem(key, "ZF-002"),
        "broken signature": lambda: broken.public_bytes(Encoding.PEM).decode(),
    }
    name = "ZF-002" if kind == "broken signature" else "ZF-001"
    with pytest.raises(EnrolmentError):
        enrolment.requested_key(made[kind]().encode(), name)


# The digits.


@pytest.fixture(scope="module")
def bureau() -> PinnedBureau:
    return PinnedBureau()


@pytest.mark.rule("H8")
def test_another_key_another_ca_another_nonce_or_challenge_shows_in_the_digits(
    asked: Request, bureau: PinnedBureau
) -> None:
    token = signed(asked)
    right = enrolment.digits_of(token, bureau.ca, nonce=NONCE, challenge=b"c" * 32)
    assert enrolment.is_digits(right)
    assert len(right) == 7
    swapped = dataclasses.replace(asked, tls=request_pem(ec.generate_private_key(ec.SECP256R1())))
    others = {
        enrolment.digits_of(signed(swapped), bureau.ca, nonce=NONCE, challenge=b"c" * 32),
        enrolment.digits_of(token, PinnedBureau().ca, nonce=NONCE, challenge=b"c" * 32),
        enrolment.digits_of(token, bureau.ca, nonce=b"m" * 32, challenge=b"c" * 32),
        enrolment.digits_of(token, bureau.ca, nonce=NONCE, challenge=b"d" * 32),
        enrolment.digits_of(token, bureau.ca),
    }
    # One in a million is the same by chance, two of them never are.
    assert len(others - {right}) >= 4


def test_the_digits_are_spread_evenly(bureau: PinnedBureau) -> None:
    shown = {enrolment.digits_of(str(n).encode(), bureau.ca) for n in range(2_000)}
    assert len(shown) > 1_990


@pytest.mark.parametrize("text", ["123456", "123 456"])
def test_digits_are_typed_with_or_without_the_space(text: str) -> None:
    assert enrolment.is_digits(text)
    assert enrolment.plain_digits(text) == "123456"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "1234567",
        "12 3456",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "123456\n",
        "abcdef",
    ],
)
def test_what_is_no_six_digits_is_none(text: str) -> None:
    assert not enrolment.is_digits(text)


# The bundle.

FILES = {
    "device.toml": b"device_id = 1",
    "certs/ca.pem": b"ca",
    "certs/signing.pem": b"signing",
    "certs/tls.pem": b"tls",
    "bureau/root.json": b"root",
    "bureau/rulebook.json": b"rulebook",
    "announce/zh-cn/audio.flac": bytes(1_000),
    "announce/zh-cn/text.txt": "为保护您的合法权益".encode(),
    "announce/zh-cn/meta.json": b"{}",
}


def bundle(**changes: Any) -> Bundle:
    whole: dict[str, Any] = {
        "device": "ZF-001",
        "request_sha256": "ab" * 32,
        "issued": "2026-11-21T03:00:00.000000Z",
        "files": FILES,
        **changes,
    }
    return Bundle(**whole)


def pack(bureau: PinnedBureau, one: Bundle) -> bytes:
    return enrolment.pack(one, bureau.receipt_signer, bureau.receipt_certificate)


def unpack(bureau: PinnedBureau, content: bytes) -> Bundle:
    return enrolment.unpack(content, bureau.ca, device="ZF-001", request_sha256="ab" * 32)


def test_a_bundle_brings_every_file_as_it_was(bureau: PinnedBureau) -> None:
    assert unpack(bureau, pack(bureau, bundle())).files == FILES


@pytest.mark.parametrize(
    "path",
    [
        "../device.toml",
        "/etc/passwd",
        "keys/signing.pem",
        "bureau/rulebook.floor",
        "announce/../../x/text.txt",
        "announce/zh-cn/other.txt",
        "announce/ZH/text.txt",
        "store/device.jws",
        "device.toml\n",
        "",
    ],
)
def test_no_bundle_names_any_other_file(bureau: PinnedBureau, path: str) -> None:
    assert not enrolment.is_bundle_path(path)
    with pytest.raises(EnrolmentError):
        pack(bureau, bundle(files={**FILES, path: b""}))


def test_a_bundle_that_lacks_a_file_is_not_made(bureau: PinnedBureau) -> None:
    for path in ("device.toml", "certs/ca.pem", "bureau/rulebook.json"):
        with pytest.raises(EnrolmentError):
            pack(bureau, bundle(files={name: held for name, held in FILES.items() if name != path}))


@pytest.mark.parametrize("change", [{"device": "ZF-002"}, {"request_sha256": "cd" * 32}])
def test_an_answer_to_somebody_else_is_refused(
    bureau: PinnedBureau, change: dict[str, str]
) -> None:
    with pytest.raises(EnrolmentError):
        unpack(bureau, pack(bureau, bundle(**change)))


def test_an_answer_of_another_bureau_is_refused(bureau: PinnedBureau) -> None:
    with pytest.raises(EnrolmentError):
        unpack(bureau, pack(PinnedBureau(), bundle()))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["files"].pop("announce/zh-cn/text.txt"),
        lambda p: p["files"].update({"keys/signing.pem": "AAAA"}),
        lambda p: p["files"].update({"device.toml": base64.b64encode(b"other").decode()}),
        lambda p: p["files"].update({"device.toml": "***"}),
        lambda p: p["files"].update({"device.toml": 7}),
        lambda p: p.update(files=[]),
        lambda p: p.update(manifest=p["manifest"][:-4] + "AAAA"),
        lambda p: p.update(manifest=7),
        lambda p: p.update(more=1),
    ],
)
def test_a_bundle_that_was_changed_is_refused(
    bureau: PinnedBureau, change: Callable[[dict[str, Any]], None]
) -> None:
    packed = json.loads(pack(bureau, bundle()))
    change(packed)
    with pytest.raises(EnrolmentError):
        unpack(bureau, canonical.dumps(packed))


@given(st.binary(max_size=300))
def test_garbage_is_no_bundle(content: bytes) -> None:
    with pytest.raises(EnrolmentError):
        enrolment.unpack(content, TEST_CA.ca, device="ZF-001", request_sha256="ab" * 32)


TEST_CA = PinnedBureau()

# The frames.


def test_a_frame_tells_its_length_and_has_a_bound() -> None:
    framed = enrolment.frame(b"abc")
    assert framed == b"\0\0\0\3abc"
    assert enrolment.frame_length(framed[:4], most=3) == 3
    for header in (b"\0\0\0\0", b"\0\0\0\4", b"\xff\xff\xff\xff"):
        with pytest.raises(EnrolmentError):
            enrolment.frame_length(header, most=3)


def test_a_refusal_has_a_code_and_a_sentence() -> None:
    assert enrolment.refusal_of(enrolment.refusal("claim_late", "x" * 2_000)) == (
        "claim_late",
        "x" * 512,
    )
    for content in (b"", b"[]", b"{}", b'{"code":"A b","detail":""}', b'{"code":1,"detail":2}'):
        with pytest.raises(EvidenceError):
            enrolment.refusal_of(content)
