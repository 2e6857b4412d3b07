"""Who signed a line, reached from the pinned CA.

Owns the keys of one chain as it is followed: the device's signing key from its certificate, the
chain key from the statement, and each next one from the record that announces it. Refuses to trust
what a damaged line says; it may still lead on, which ``Standing.UNCHECKED`` says openly.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum, auto, unique

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import jws, keys, records
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.keys import EKU_DEVICE_SIGNING
from evidence.verify.lines import Draft

_ENTRIES = frozenset({"open", "resume", "start"})
_Known = tuple[str, ec.EllipticCurvePublicKey]
_Keys = dict[str, ec.EllipticCurvePublicKey]

_STATEMENT: s.Schema = {
    "v": s.integer(records.VERSION, records.VERSION),
    "dev": s.device,
    "boot_id": s.text,
    "start_id": s.text,
    "counter": s.natural,
    "chain": s.one_of("session", "device"),
    "jwk": s.jwk,
}


@unique
class Standing(Enum):
    """What a line's signature is worth."""

    SIGNED = auto()
    UNCHECKED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line is refused: a code of ``findings.CODES`` and the detail."""

    code: str
    detail: str


class Authority:
    """The keys of one chain.

    Args:
        ca: The pinned bureau CA.
        kind: ``session`` or ``device``: what the statements have to be for.
        evolves_always: Whether every record announces the next key.
    """

    def __init__(self, ca: x509.Certificate, kind: str, *, evolves_always: bool) -> None:
        self._ca = ca
        self._kind = kind
        self._evolves_always = evolves_always
        self._current: _Keys = {}
        self._certified: _Known | None = None
        self._anchored = True
        self.device: str | None = None
        self.certificate: x509.Certificate | None = None
        self.statement: JsonObject | None = None

    def lose_sight(self) -> None:
        """A line is missing or unreadable: the key of the next one may be unknown."""
        self._anchored = False

    def vouches(self, draft: Draft) -> bool:
        """Whether ``judge`` would not refuse the line; learns nothing."""
        return copy.copy(self).judge(draft)[0] is not Standing.REFUSED

    def judge(self, draft: Draft) -> tuple[Standing, Refusal | None]:
        """Check one line and learn the keys of the lines after it."""
        parsed, payload = draft.parsed, draft.payload
        if parsed is None or payload is None:
            self.lose_sight()
            return Standing.REFUSED, None
        before = self._current
        refusal = self._enter(payload) if _type_of(payload) in _ENTRIES else None
        standing = Standing.REFUSED
        if refusal is None:
            standing, refusal = self._check(parsed, attests=_type_of(payload) == "attest")
        self._learn_next(payload, standing, before)
        return standing, refusal

    def _enter(self, payload: JsonObject) -> Refusal | None:
        """A record that brings certificate and statement: ``open``, ``resume`` or ``start``."""
        said = _parse_statement(payload.get("chainkey"))
        refusal = self._certify(payload.get("x5c"), said)
        stated = _read_key(said.payload.get("jwk")) if said.payload is not None else None
        self._current = _keys(stated)
        self._anchored = stated is not None
        return refusal

    def _certify(self, x5c: object, said: _Said) -> Refusal | None:
        """Reach the device's key from the CA and have it vouch for the chain key."""
        try:
            leaf = keys.reach(x5c if isinstance(x5c, list) else [], self._ca, EKU_DEVICE_SIGNING)
            device = keys.device_of(leaf)
            key = keys.public_key_of(leaf)
        except EvidenceError as error:
            return Refusal("certificate", error.detail)
        if self.device is not None and device != self.device:
            return Refusal("wrong_device", f"certified for {device}, not {self.device}")
        certified = (keys.thumbprint(keys.to_jwk(key)), key)
        refusal = self._check_statement(said, certified, device)
        if refusal is None:
            self.device, self.certificate, self.statement = device, leaf, said.payload
            self._certified = certified
        return refusal

    def _check_statement(self, said: _Said, certified: _Known, device: str) -> Refusal | None:
        if said.parsed is None or said.payload is None:
            return Refusal("statement", f"the chain key statement is unreadable: {said.problem}")
        try:
            said.parsed.verify(certified[1])
            s.check_fields(_STATEMENT, said.payload, "statement")
        except EvidenceError as error:
            return Refusal("statement", error.detail)
        if said.parsed.kid != certified[0]:
            return Refusal("statement", "its kid names another key than the certificate")
        if said.payload["chain"] != self._kind:
            return Refusal("statement", f"it is for a {said.payload['chain']} chain")
        if said.payload["dev"] != device:
            return Refusal("wrong_device", f"the chain key is stated for {said.payload['dev']}")
        return None

    def _check(self, parsed: jws.Jws, *, attests: bool) -> tuple[Standing, Refusal | None]:
        known = self._current
        if attests:
            known = _keys(self._certified)
        key = known.get(parsed.kid)
        if key is None:
            if not known or not (self._anchored or attests):
                return Standing.UNCHECKED, None
            return Standing.REFUSED, Refusal("signature", "signed by another key than the chain's")
        try:
            parsed.verify(key)
        except EvidenceError as error:
            return Standing.REFUSED, Refusal("signature", error.detail)
        if not attests:
            self._anchored = True
        return Standing.SIGNED, None

    def _learn_next(self, payload: JsonObject, standing: Standing, before: _Keys) -> None:
        evolves = self._evolves_always or _type_of(payload) in records.EVOLVING
        announced = _read_key(payload.get("next")) if evolves else None
        if standing is Standing.REFUSED:
            # Damaged: the next line may be under the key it announces, or still under the old one.
            self._anchored = False
            self._current = {**before, **self._current, **_keys(announced)}
        elif evolves:
            self._current = _keys(announced)


@dataclass(frozen=True, slots=True)
class _Said:
    """A chain key statement, parsed but not verified."""

    parsed: jws.Jws | None
    payload: JsonObject | None
    problem: str = ""


def _parse_statement(token: object) -> _Said:
    try:
        parsed = jws.parse(token.encode() if isinstance(token, str) else b"", jws.TYP_CHAIN_KEY)
        return _Said(parsed, parsed.payload())
    except (EvidenceError, UnicodeEncodeError) as error:
        return _Said(None, None, str(error))


def _type_of(payload: JsonObject) -> str:
    t = payload.get("t")
    return t if isinstance(t, str) else ""


def _keys(known: _Known | None) -> _Keys:
    return {} if known is None else dict([known])


def _read_key(jwk: object) -> _Known | None:
    try:
        key = keys.from_jwk(jwk)
    except EvidenceError:
        # Not a key: the lines after it stay unchecked, and the record that holds it is refused.
        return None
    return keys.thumbprint(keys.to_jwk(key)), key
