"""A session plan (执法计划): what the bureau sends officers out to do, before they go.

Owns the plan's fields, signing it, reading one that was reached from the pinned CA, and the
particulars that are sealed inside it. Refuses names in clear: a device learns a number, an activity
and ids; matter, party, place and who the officers are is one age file that only the bureau opens.
Refuses the choice of a plan and its keeping: the officer chooses, ``agent.vault`` keeps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509

from evidence import canonical, jws
from evidence import schema as s
from evidence.activities import ACTIVITY_CODE
from evidence.bureau_word import read_word, signed_word
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, LimitError, PlanError, RecordError, SignatureError
from evidence.moments import utc_ns

VERSION: Final = 1
PLAN_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Also the name of the plan's file: nothing in it that a path would read."""
OFFICER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""ASCII alone, so that nobody's name stands on the card in clear by mistake."""
CERTIFICATE_NUMBER: Final = re.compile(r"(?=(?:.*[0-9]){4})[\u4e00-\u9fffA-Z0-9()-]{4,32}")
"""An officer's certificate number: four digits or more, and what provinces put around them."""

MOST_NUMBER: Final = 99
MOST_DEVICES: Final = 64
MOST_OFFICERS: Final = 16
MOST_ITEMS: Final = 20
LONGEST_NS: Final = 31 * 86_400 * 1_000_000_000
"""A plan is for a piece of work, not for good: 31 days at most."""
MAX_PARTICULARS_BYTES: Final = 8 * 1024
MAX_SEALED_BYTES: Final = 12 * 1024
"""The particulars, age's header for two recipients, and what it adds to each 64 KiB."""
MAX_PLAN_BYTES: Final = 32 * 1024
"""A whole plan: base64url twice over the sealed part, and a certificate."""

_AGE: Final = b"age-encryption.org/v1\n"
_officer = s.matching(OFFICER_ID, "an officer's id (letters, digits, - and _)")
_PLAN: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "plan_id": s.matching(PLAN_ID, "a plan's id"),
    "number": s.integer(1, MOST_NUMBER),
    "to": s.many(s.device, least=1, most=MOST_DEVICES),
    "activity": s.matching(ACTIVITY_CODE, "an activity code"),
    "officers": s.many(_officer, least=1, most=MOST_OFFICERS),
    "begins": s.utc,
    "expires": s.utc,
    "sealed": s.token,
    "sealed_sha256": s.sha256,
}
_PARTICULARS: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "plan_id": s.matching(PLAN_ID, "a plan's id"),
    "matter": s.text,
    "party": s.text,
    "place": s.text,
    "officers": s.many(
        s.fields(
            {
                "id": _officer,
                "name": s.text,
                "certificate": s.matching(CERTIFICATE_NUMBER, "a certificate number"),
            }
        ),
        least=1,
        most=MOST_OFFICERS,
    ),
    "items": s.many(s.text, most=MOST_ITEMS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan, as a device may read it.

    Attributes:
        plan_id: The bureau's id of it.
        number: 1 to 99: how it is called on the device; unique there on each day.
        to: Devices that may carry it out.
        activity: Activity code (``evidence.activities``).
        officers: Ids of the officers, all different.
        begins: From when it can be chosen, RFC 3339 in UTC with microseconds.
        expires: Until when.
        sealed: One age file, to the bureau and to escrow: ``plan.json.age`` of a session.
    """

    plan_id: str
    number: int
    to: tuple[str, ...]
    activity: str
    officers: tuple[str, ...]
    begins: str
    expires: str
    sealed: bytes

    @property
    def sealed_sha256(self) -> str:
        """Hex digest of ``sealed``: what the ``open`` record of a session names."""
        return sha256_hex(self.sealed)

    def is_over(self, now: str) -> bool:
        """Whether it has expired at ``now`` (UTC text, which sorts as text)."""
        return now >= self.expires

    def is_in_force(self, now: str) -> bool:
        """Whether it can be chosen at ``now`` (UTC text)."""
        return self.begins <= now and not self.is_over(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """One officer of a plan: id, name, certificate number (S2§13)."""

    id: str
    name: str
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What a plan says under seal.

    Attributes:
        plan_id: The plan it belongs to.
        matter: What it is about (执法事项、案由).
        party: Who is inspected (执法对象).
        place: Where.
        officers: Who goes, all different in id and certificate number.
        items: What is to be checked, in order.
    """

    plan_id: str
    matter: str
    party: str
    place: str
    officers: tuple[Officer, ...]
    items: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The bytes to be sealed.

        Raises:
            PlanError: ``plan_particulars``: a field is empty, wrong or too long, or an officer
                stands twice.
        """
        content = canonical.dumps(
            {
                "v": VERSION,
                "plan_id": self.plan_id,
                "matter": self.matter,
                "party": self.party,
                "place": self.place,
                "officers": [
                    {"id": one.id, "name": one.name, "certificate": one.certificate}
                    for one in self.officers
                ],
                "items": list(self.items),
            }
        )
        read_particulars(content)
        return content


def read_particulars(content: bytes) -> Particulars:
    """Read what was sealed in a plan.

    Raises:
        PlanError: ``plan_particulars``: it is not that.
    """
    try:
        value = canonical.loads(content, limit=MAX_PARTICULARS_BYTES)
        s.check_fields(_PARTICULARS, value, "plan")
    except EvidenceError as error:
        raise PlanError(error.detail, code="plan_particulars") from error
    officers = tuple(Officer(**one) for one in value["officers"])
    _check_people(value, officers)
    return Particulars(
        plan_id=value["plan_id"],
        matter=value["matter"],
        party=value["party"],
        place=value["place"],
        officers=officers,
        items=tuple(value["items"]),
    )


def make(plan: Plan, signer: jws.Signer, certificate: x509.Certificate) -> bytes:
    """Sign ``plan`` with the bureau's receipt key; the certificate travels in the header.

    Raises:
        PlanError: A field is not what a plan has.
    """
    payload: JsonObject = {
        "v": VERSION,
        "plan_id": plan.plan_id,
        "number": plan.number,
        "to": list(plan.to),
        "activity": plan.activity,
        "officers": list(plan.officers),
        "begins": plan.begins,
        "expires": plan.expires,
        "sealed": jws.encode(plan.sealed).decode(),
        "sealed_sha256": plan.sealed_sha256,
    }
    _from_payload(payload)
    token = signed_word(payload, jws.TYP_PLAN, signer, certificate)
    if len(token) > MAX_PLAN_BYTES:
        raise PlanError(f"a plan of {len(token)} bytes is too large", code="plan_size")
    return token


def read(
    token: bytes, ca: x509.Certificate, *, device: str | None = None, now: str | None = None
) -> Plan:
    """Verify and read a plan.

    Args:
        token: As received.
        ca: The pinned bureau CA.
        device: Who reads; None where the plan need not be for anybody in particular (the bureau).
        now: UTC text; None where the clock is not to be believed or an old plan is looked at.

    Raises:
        PlanError: With its code: ``plan_size``, ``plan_malformed``, ``plan_signature`` (nobody of
            this bureau signed it), ``plan_device`` (it is for others), ``plan_expired``.
    """
    payload = _verified(token, ca)
    plan = _from_payload(payload)
    if device is not None and device not in plan.to:
        raise PlanError(f"plan {plan.plan_id} is not for {device}", code="plan_device")
    if now is not None and plan.is_over(now):
        raise PlanError(f"plan {plan.plan_id} expired {plan.expires}", code="plan_expired")
    return plan


def _verified(token: bytes, ca: x509.Certificate) -> JsonObject:
    """The payload of a plan that the bureau signed."""
    try:
        return read_word(token, jws.TYP_PLAN, ca, limit=MAX_PLAN_BYTES)
    except LimitError as error:
        raise PlanError(error.detail, code="plan_size") from error
    except SignatureError as error:
        raise PlanError(error.detail, code="plan_signature") from error
    except EvidenceError as error:
        raise PlanError(error.detail) from error


def _from_payload(payload: JsonObject) -> Plan:
    try:
        s.check_fields(_PLAN, payload, "plan")
        sealed = jws.decode(payload["sealed"].encode())
    except (RecordError, EvidenceError) as error:
        raise PlanError(error.detail) from error
    _check_sealed(sealed, payload["sealed_sha256"])
    _check_sense(payload)
    return Plan(
        plan_id=payload["plan_id"],
        number=payload["number"],
        to=tuple(payload["to"]),
        activity=payload["activity"],
        officers=tuple(payload["officers"]),
        begins=payload["begins"],
        expires=payload["expires"],
        sealed=sealed,
    )


def _check_sealed(sealed: bytes, sha256: str) -> None:
    if len(sealed) > MAX_SEALED_BYTES or not sealed.startswith(_AGE):
        raise PlanError(f"what is sealed is no age file of at most {MAX_SEALED_BYTES} bytes")
    if sha256_hex(sealed) != sha256:
        raise PlanError("what is sealed and its digest differ")


def _check_sense(payload: Mapping[str, Any]) -> None:
    for name in ("to", "officers"):
        if len(set(payload[name])) != len(payload[name]):
            raise PlanError(f"the plan names one of its {name} twice")
    lasts_ns = utc_ns(payload["expires"]) - utc_ns(payload["begins"])
    if not 0 < lasts_ns <= LONGEST_NS:
        raise PlanError("a plan expires after it begins, within 31 days")


def _check_people(value: Mapping[str, Any], officers: tuple[Officer, ...]) -> None:
    said = [value["matter"], value["party"], value["place"], *value["items"]]
    if not all(text.strip() for text in [*said, *(one.name for one in officers)]):
        raise PlanError("matter, party, place, names and items say something", "plan_particulars")
    for what in ("id", "certificate"):
        if len({getattr(one, what) for one in officers}) != len(officers):
            raise PlanError(f"two officers have the same {what}", code="plan_particulars")
