"""The bureau's signed policy (本单位办法) and the root document that says who may sign it.

Owns the envelope, the threshold of signatures, the version floor and the meaning of every key.
Refuses unknown keys, and values beyond what the law leaves to a bureau: an announcement always
plays, nothing is released without a receipt, segments last 2 to 60 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import canonical, jws, keys
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, RecordError, RulebookError, SignatureError
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.moments import utc_ns

MOST_SIGNERS: Final = 16
EVERY_DEVICE: Final = "*"

_ENVELOPE: s.Schema = {
    "payload": s.string,
    "signatures": s.many(
        s.fields({"protected": s.token, "signature": s.token}),
        least=1,
        most=MOST_SIGNERS,
    ),
}
_VALIDITY: s.Schema = {"version": s.integer(1), "not_before": s.utc, "expires": s.utc}
_ROOT: s.Schema = {
    **_VALIDITY,
    "type": s.one_of("root"),
    "threshold": s.integer(1, MOST_SIGNERS),
    "keys": s.many(s.jwk, least=1, most=MOST_SIGNERS),
}
_RULEBOOK: s.Schema = {
    **_VALIDITY,
    "type": s.one_of("rulebook"),
    "to": s.many(s.text, least=1, most=10_000),
    "policy": s.anything,
}
_ANNOUNCEMENT: s.Schema = {
    "id": s.code,
    "lang": s.text,
    "text": s.text,
    "text_sha256": s.sha256,
    "pcm_sha256": s.sha256,
    "samples": s.integer(1),
    "rate": s.integer(8_000, 48_000),
}

POLICY: Final[s.Schema] = {
    "bureau.id": s.code,
    "bureau.name": s.text,
    "disclosure.announcements": s.many(s.fields(_ANNOUNCEMENT), least=1, most=8),
    "segment.seconds": s.integer(2, 60),
    "seal.recipients": s.many(
        s.fields({"role": s.one_of("bureau", "escrow"), "age": s.text}), least=2, most=2
    ),
    "release.keep_days": s.integer(0, 3_650),
    "storage.warn_minutes": s.integer(1),
    "storage.refuse_minutes": s.integer(1),
    "storage.alarm_minutes": s.integer(1),
    "storage.close_minutes": s.integer(1),
    "upload.deadline_hours": s.integer(1, 24 * 31),
}
"""Every key a rulebook has, and no other."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One announcement a session plays, in the rulebook's order.

    Attributes:
        id: Folder of the clip.
        lang: BCP 47 tag.
        text: What is said, byte for byte.
        text_sha256: Of the UTF-8 text.
        pcm_sha256: Of the decoded samples, signed 16 bit little endian, mono.
        samples: How many.
        rate: Samples each second.
    """

    id: str
    lang: str
    text: str
    text_sha256: str
    pcm_sha256: str
    samples: int
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Who may sign rulebooks: ``threshold`` of ``keys`` (thumbprint → key)."""

    version: int
    threshold: int
    keys: Mapping[str, ec.EllipticCurvePublicKey]
    not_before: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """A verified rulebook.

    Attributes:
        version: Never lower than the device's floor.
        sha256: Digest of the envelope's bytes; the ``open`` record pins it.
        to: Device ids, or ``*``.
        not_before: UTC.
        expires: UTC; an expired rulebook warns, it never stops a recording.
        policy: Flat dotted keys, all of ``POLICY``.
    """

    version: int
    sha256: str
    to: tuple[str, ...]
    not_before: str
    expires: str
    policy: Mapping[str, Any]

    @property
    def announcements(self) -> tuple[Announcement, ...]:
        """What a session says, in order."""
        return tuple(Announcement(**item) for item in self.policy["disclosure.announcements"])

    @property
    def recipients(self) -> dict[str, str]:
        """Role (``bureau``, ``escrow``) → age recipient."""
        return {item["role"]: item["age"] for item in self.policy["seal.recipients"]}

    def number(self, key: str) -> int:
        """The integer under ``key``."""
        return int(self.policy[key])

    def is_for(self, device: str) -> bool:
        """Whether the rulebook is addressed to ``device``."""
        return EVERY_DEVICE in self.to or device in self.to


def sign_envelope(payload: JsonObject, signers: Sequence[jws.Signer], typ: str) -> bytes:
    """Sign ``payload`` by each signer: JWS JSON general serialization (RFC 7515 §7.2.1)."""
    body = jws.encode(canonical.dumps(payload))
    signatures = []
    for signer in signers:
        protected = jws.protected_header(typ, signer.kid)
        signature = jws.encode(signer.sign(protected + b"." + body)).decode()
        signatures.append({"protected": protected.decode(), "signature": signature})
    return canonical.dumps({"payload": body.decode(), "signatures": signatures})


def sign_root(payload: JsonObject, ca_signer: jws.Signer) -> bytes:
    """Sign a root document by the bureau's CA key.

    Raises:
        RulebookError: The payload is not a root document.
    """
    _check(_ROOT, payload)
    return sign_envelope(payload, [ca_signer], jws.TYP_ROOT)


def sign_rulebook(payload: JsonObject, signers: Sequence[jws.Signer]) -> bytes:
    """Sign a rulebook by clerk and head.

    Raises:
        RulebookError: The payload is not a rulebook, or its policy breaks a bound.
    """
    _check_rulebook(payload)
    return sign_envelope(payload, signers, jws.TYP_RULEBOOK)


def read_root(envelope: bytes, ca: x509.Certificate) -> Root:
    """Verify and read a root document against the pinned CA.

    Raises:
        RulebookError: Not a root document, or not signed by the CA.
    """
    ca_key = keys.public_key_of(ca)
    signer = {keys.thumbprint(keys.to_jwk(ca_key)): ca_key}
    payload = _open(envelope, signer, 1, jws.TYP_ROOT)
    _check(_ROOT, payload)
    try:
        known = {keys.thumbprint(jwk): keys.from_jwk(jwk) for jwk in payload["keys"]}
    except EvidenceError as error:
        raise RulebookError(f"a root key is unusable: {error.detail}") from error
    if len(known) != len(payload["keys"]) or payload["threshold"] > len(known):
        raise RulebookError("root keys must differ and be at least as many as the threshold")
    return Root(
        version=payload["version"],
        threshold=payload["threshold"],
        keys=known,
        not_before=payload["not_before"],
        expires=payload["expires"],
    )


def read_rulebook(envelope: bytes, root: Root, *, floor: int = 1) -> Rulebook:
    """Verify and read a rulebook.

    Args:
        envelope: As received.
        root: From ``read_root``.
        floor: The lowest version still accepted: one below it is a rollback.

    Raises:
        RulebookError: Too few signatures, an unknown key, a broken bound, or a version below the
            floor.
    """
    payload = _open(envelope, root.keys, root.threshold, jws.TYP_RULEBOOK)
    _check_rulebook(payload)
    if payload["version"] < floor:
        raise RulebookError(f"version {payload['version']} is older than the floor {floor}")
    return Rulebook(
        version=payload["version"],
        sha256=sha256_hex(envelope),
        to=tuple(payload["to"]),
        not_before=payload["not_before"],
        expires=payload["expires"],
        policy=payload["policy"],
    )


def _open(
    envelope: bytes,
    known: Mapping[str, ec.EllipticCurvePublicKey],
    threshold: int,
    typ: str,
) -> JsonObject:
    """The payload, once ``threshold`` different known keys have signed it."""
    try:
        outer = canonical.loads(envelope, limit=MAX_RULEBOOK_BYTES)
        s.check_fields(_ENVELOPE, outer, "envelope")
        body = outer["payload"].encode()
        valid = {_valid_signer(item, body, known, typ) for item in outer["signatures"]} - {None}
        payload = canonical.loads(jws.decode(body), limit=MAX_RULEBOOK_BYTES)
    except EvidenceError as error:
        raise RulebookError(error.detail) from error
    if len(valid) < threshold:
        raise RulebookError(f"{len(valid)} valid signatures where {threshold} are needed")
    return payload


def _valid_signer(
    item: Mapping[str, str],
    body: bytes,
    known: Mapping[str, ec.EllipticCurvePublicKey],
    typ: str,
) -> str | None:
    """The thumbprint that validly signed, or None: a foreign signature adds nothing."""
    protected = item["protected"].encode()
    header = canonical.loads(jws.decode(protected), limit=MAX_RULEBOOK_BYTES)
    jws.check_header(header, typ)
    key = known.get(header["kid"])
    if key is None:
        return None
    try:
        jws.check_signature(key, protected + b"." + body, jws.decode(item["signature"].encode()))
    except SignatureError:
        return None
    return str(header["kid"])


def _check_rulebook(payload: JsonObject) -> None:
    _check(_RULEBOOK, payload)
    policy = payload["policy"]
    _check(POLICY, policy)
    if {item["role"] for item in policy["seal.recipients"]} != {"bureau", "escrow"}:
        raise RulebookError("a session is sealed to the bureau and to escrow, both")
    for announcement in policy["disclosure.announcements"]:
        if not announcement["text"].strip():
            raise RulebookError("an announcement says something")
        if sha256_hex(announcement["text"].encode()) != announcement["text_sha256"]:
            raise RulebookError("an announcement's text and its digest differ")


def _check(schema: s.Schema, payload: Mapping[str, Any]) -> None:
    try:
        s.check_fields(schema, payload, "policy" if schema is POLICY else "document")
    except RecordError as error:
        raise RulebookError(error.detail) from error
    _check_validity(schema, payload)


def _check_validity(schema: s.Schema, payload: Mapping[str, Any]) -> None:
    if "expires" not in schema:
        return
    if utc_ns(payload["not_before"]) >= utc_ns(payload["expires"]):
        raise RulebookError("a document expires after it begins")
