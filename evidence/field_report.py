"""A report of a field test (现场检测报告): what a tester and a recorder found out together.

Owns the report's fields, its digest, and the signature by which the recorder vouches for it: a
compact JWS by the device's signing key, whose certificate travels along. Refuses judgement: which
steps there are, and what passes, is the recorder's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509

from evidence import canonical, jws, keys
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, MalformedError, SignatureError
from evidence.moments import TimeSource

TYP_FIELD_TEST: Final = "recorder-field-test+jws"
VERSION: Final = 1
MAX_REPORT_BYTES: Final = 1024 * 1024
_MOST_STEPS: Final = 64
_MOST_MEASURES: Final = 64


def _measure(value: object, path: str) -> None:
    """An integer with its unit in its name, a text, or true or false."""
    if isinstance(value, bool):
        return
    check = s.integer(-(2**53), 2**53) if isinstance(value, int) else s.text
    check(value, path)


def _measures(value: object, path: str) -> None:
    if not isinstance(value, dict) or len(value) > _MOST_MEASURES:
        raise s.refuse(path, f"an object of at most {_MOST_MEASURES} measures")
    for name, held in value.items():
        s.code(name, path)
        _measure(held, f"{path}.{name}")


_PART: Final[s.Schema] = {"name": s.code, "model": s.text, "serial": s.optional(s.text)}
_STEP: Final[s.Schema] = {
    "step": s.code,
    "state": s.one_of("passed", "failed", "skipped"),
    "cause": s.optional(s.code),
    "detail": s.text,
    "measures": _measures,
}
_REPORT: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "dev": s.device,
    "board": s.code,
    "firmware": s.text,
    "boot_id": s.text,
    "began": s.utc,
    "ended": s.utc,
    "parts": s.many(s.fields(_PART), most=16),
    "steps": s.many(s.fields(_STEP), most=_MOST_STEPS),
}
_STATEMENT: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "dev": s.device,
    "sha256": s.sha256,
    "boot_id": s.text,
    "utc": s.utc,
    "utc_q": s.fields({"source": s.one_of(*TimeSource), "error_ms": s.optional(s.natural)}),
    "log": s.sha256,
}


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report that a recorder of this bureau has signed.

    Attributes:
        report: As it was made.
        statement: What the recorder signed: ``sha256`` of the report, ``utc`` and its quality, and
            ``log``, the digest of the device log's line on it.
    """

    report: JsonObject
    statement: JsonObject


def digest(report: JsonObject) -> str:
    """What is signed of a report.

    Raises:
        EvidenceError: It is no report.
    """
    s.check_fields(_REPORT, report, "report")
    return sha256_hex(canonical.dumps(report))


def state_report(statement: JsonObject, signer: jws.Signer, x5c: list[str]) -> bytes:
    """Sign ``statement`` by the device's signing key.

    Raises:
        EvidenceError: It is no statement on a report.
    """
    s.check_fields(_STATEMENT, statement, "statement")
    return jws.sign(statement, signer, TYP_FIELD_TEST, x5c)


def bundle(report: JsonObject, token: bytes) -> bytes:
    """The file: the report and its signature."""
    return canonical.dumps({"report": report, "signature": token.decode("ascii")})


def read_report(content: bytes, ca: x509.Certificate) -> SignedReport:
    """Verify and read such a file.

    Args:
        content: The file.
        ca: The pinned bureau CA.

    Raises:
        SignatureError: No recorder of this bureau signed it, or what it signed is another report.
        EvidenceError: It is no such file.
    """
    whole = canonical.loads(content, limit=MAX_REPORT_BYTES)
    if whole.keys() != {"report", "signature"} or not isinstance(whole["signature"], str):
        raise MalformedError("a file of a field test has report and signature")
    report = whole["report"]
    signed = digest(report)
    statement = _statement(whole["signature"], report["dev"], ca)
    if statement["sha256"] != signed:
        raise SignatureError("the report is not the one that was signed")
    return SignedReport(report, statement)


def _statement(token: str, device: str, ca: x509.Certificate) -> JsonObject:
    parsed = jws.parse(token.encode("ascii", "replace"), TYP_FIELD_TEST)
    x5c: Any = parsed.header.get("x5c")
    try:
        leaf = keys.reach(x5c if isinstance(x5c, list) else [], ca, keys.EKU_DEVICE_SIGNING)
        key = keys.public_key_of(leaf)
        parsed.verify(key)
        named = keys.device_of(leaf)
    except EvidenceError as error:
        raise SignatureError(error.detail) from error
    if parsed.kid != keys.thumbprint(keys.to_jwk(key)):
        raise SignatureError("the kid names another key than the certificate")
    statement = parsed.payload()
    s.check_fields(_STATEMENT, statement, "statement")
    if not named == statement["dev"] == device:
        raise SignatureError(f"the report is of {device}, signed by {named}")
    return statement
