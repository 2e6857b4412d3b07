"""Compact JWS with ES256: the example of the RFC, another implementation, all that is refused."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as other
from joserfc.jwk import ECKey

from evidence import canonical, jws
from evidence.errors import LimitError, MalformedError, SignatureError
from evidence.keys import EcSigner, from_jwk, thumbprint, to_jwk
from tests.kits.records import forging
from tests.kits.records.signers import SeededSigner

# RFC 7515, appendix A.3.
RFC_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_INPUT = (
    b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    b"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
RFC_SIGNATURE = (
    b"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
SIGNER = SeededSigner("jws")
TYP = jws.TYP_RECORD


def line(**payload: object) -> bytes:
    return jws.sign({"i": 1, **payload}, SIGNER, TYP)


def test_the_example_of_rfc_7515_has_high_s_and_only_its_twin_is_accepted() -> None:
    key = from_jwk(RFC_JWK)
    with pytest.raises(SignatureError):
        jws.check_signature(key, RFC_INPUT, jws.decode(RFC_SIGNATURE))
    twin = forging.with_high_s(RFC_INPUT + b"." + RFC_SIGNATURE).rpartition(b".")[2]
    jws.check_signature(key, RFC_INPUT, jws.decode(twin))


def test_a_line_verifies_in_joserfc() -> None:
    key = ECKey.import_key(dict(SIGNER.jwk))
    found = other.deserialize_compact(line(t="告知"), key, algorithms=["ES256"])
    assert json.loads(found.payload) == {"i": 1, "t": "告知"}
    assert found.headers() == {"alg": "ES256", "kid": SIGNER.kid, "typ": TYP}


def test_a_line_of_joserfc_verifies_here_once_its_s_is_low() -> None:
    key = ECKey.generate_key("P-256", private=True)
    public = from_jwk({name: key.as_dict(private=False)[name] for name in ("crv", "kty", "x", "y")})
    header = {"alg": "ES256", "kid": thumbprint(to_jwk(public)), "typ": TYP}
    made = other.serialize_compact(header, b'{"a":1}', key).encode()
    for spelling in (made, forging.with_high_s(made)):
        try:
            parsed = jws.parse(spelling, TYP)
            parsed.verify(public)
        except SignatureError:
            continue
        assert parsed.payload() == {"a": 1}
        return
    pytest.fail("one of the two twins has a low s")


def test_the_thumbprint_is_that_of_joserfc() -> None:
    assert ECKey.import_key(dict(RFC_JWK)).thumbprint() == thumbprint(RFC_JWK)


@given(st.integers(0, 20))
def test_every_signature_has_a_low_s(number: int) -> None:
    signer = EcSigner(ec.generate_private_key(ec.SECP256R1()))
    signature = signer.sign(str(number).encode())
    assert int.from_bytes(signature[32:], "big") <= jws.P256_ORDER // 2
    jws.check_signature(from_jwk(signer.jwk), str(number).encode(), signature)


@given(st.binary(max_size=80))
def test_base64url_is_that_of_the_standard_library_without_padding(content: bytes) -> None:
    text = jws.encode(content)
    assert text == base64.urlsafe_b64encode(content).rstrip(b"=")
    assert jws.decode(text) == content


@given(st.binary(max_size=30))
def test_only_one_spelling_of_base64url_is_read(text: bytes) -> None:
    try:
        content = jws.decode(text)
    except MalformedError:
        return
    assert jws.encode(content) == text


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"..",
        b"a.b",
        b"a.b.c.d",
        line() + b"=",
        line() + b"\n",
        line().replace(b"-", b"+").replace(b"_", b"/") + b"+",
        forging.with_loose_bits(line()),
        forging.with_header(line(), alg="none"),
        forging.with_header(line(), alg="HS256"),
        forging.with_header(line(), typ=jws.TYP_CHAIN_KEY),
        forging.with_header(line(), crit=["exp"]),
        forging.with_header(line(), kid=7),
        line()[:-4],
    ],
)
def test_another_profile_is_refused(bad: bytes) -> None:
    with pytest.raises(MalformedError):
        jws.parse(bad, TYP)


def test_a_payload_with_a_key_twice_is_refused() -> None:
    bad = forging.with_payload(line(), b'{"i":1,"i":1}')
    with pytest.raises(MalformedError):
        jws.parse(bad, TYP).payload()


def test_a_long_line_is_refused_unread() -> None:
    with pytest.raises(LimitError):
        jws.parse(b"a" * 100, TYP, limit=99)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_survives(position: int, mask: int) -> None:
    honest = line(t="tick")
    content = bytearray(honest)
    content[position % len(content)] ^= mask
    with pytest.raises((MalformedError, SignatureError)):
        jws.parse(bytes(content), TYP).verify(from_jwk(SIGNER.jwk))


def test_the_high_twin_of_a_signature_is_refused() -> None:
    with pytest.raises(SignatureError):
        jws.parse(forging.with_high_s(line()), TYP).verify(from_jwk(SIGNER.jwk))


def test_the_header_is_canonical_json() -> None:
    header = jws.decode(line().split(b".")[0])
    assert header == canonical.dumps(json.loads(header))
