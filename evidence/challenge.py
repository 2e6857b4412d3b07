"""The challenge at the dock (询问、应答): what a recorder holds, said under two keys.

Owns the bureau's challenge, the recorder's answer, and reading each. A challenge is a word of the
bureau with a nonce of its own. The answer is signed by the device's signing key and carries one
line of the device log, signed by the live chain key: that line names the nonce, the digest of what
the recorder says it holds and, by its place in the chain, the head and the length of the log.
Refuses memory and judgement: what the bureau saw before, and what differs, is for ``bureau``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from cryptography import x509

from evidence import canonical, digests, jws, keys, records
from evidence import schema as s
from evidence.bureau_word import read_word, signed_word
from evidence.canonical import JsonObject
from evidence.errors import ChallengeError, EvidenceError
from evidence.limits import MAX_ANSWER_BYTES

VERSION: Final = 1
MAX_CHALLENGE_BYTES: Final = 8 * 1024
MOST_SESSIONS: Final = 1_000
"""Sessions that an answer names; ``held`` says how many there are."""
NONCE_BYTES: Final = 32

_CHALLENGE: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "dev": s.device,
    "nonce": s.sha256,
    "sent": s.utc,
}
_SESSION: Final[s.Schema] = {
    "sid": s.session,
    "counter": s.natural,
    "records": s.natural,
    "size": s.natural,
    "head": s.sha256,
}
_HOLDING: Final[s.Schema] = {
    "boot_id": s.text,
    "start_id": s.text,
    "counter": s.natural,
    "count": s.natural,
    "held": s.natural,
    "sessions": s.many(s.fields(_SESSION), most=MOST_SESSIONS),
}
_ANSWER: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "dev": s.device,
    "nonce": s.sha256,
    "line": s.token,
    "holding": s.fields(_HOLDING),
    "time_nonce": s.sha256,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the bureau asks with.

    Attributes:
        dev: Device id.
        nonce: 32 random bytes, hex.
        sent: UTC at the bureau.
    """

    dev: str
    nonce: str
    sent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSession:
    """One session on the medium, open or closed.

    Attributes:
        sid: Session id.
        counter: Its device counter.
        records: Records of its journal, torn lines not counted.
        size: Bytes of its journal.
        head: Hex SHA-256 of its last record's line.
    """

    sid: str
    counter: int
    records: int
    size: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a recorder says it holds.

    Attributes:
        boot_id: The kernel's boot id.
        start_id: Random id of this start of the vault.
        counter: Device counter of the last session entered in the log.
        count: Lifetime number of the last countable fact.
        held: Session folders on the medium.
        sessions: As many of them as an answer names: those that wait for the bureau first.
    """

    boot_id: str
    start_id: str
    counter: int
    count: int
    held: int
    sessions: tuple[HeldSession, ...]

    def sha256(self) -> str:
        """Digest that the log's line names."""
        return digests.sha256_hex(canonical.dumps(_plain(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a recorder answered.

    Attributes:
        dev: Device id, by its certificate.
        nonce: The challenge's.
        line: The line of the device log that names nonce and holding. Its signature is the chain
            key's: whoever holds the log up to there can check it.
        record: What the line says.
        holding: See ``Holding``.
        time_nonce: What the bureau's time has to name.
    """

    dev: str
    nonce: str
    line: bytes
    record: JsonObject
    holding: Holding
    time_nonce: str


def sign_challenge(
    challenge: Challenge, signer: jws.Signer, certificate: x509.Certificate
) -> bytes:
    """Sign ``challenge`` with the bureau's receipt key."""
    payload = {"v": VERSION, **asdict(challenge)}
    s.check_fields(_CHALLENGE, payload, "challenge")
    return signed_word(payload, jws.TYP_CHALLENGE, signer, certificate)


def read_challenge(token: bytes, ca: x509.Certificate, *, device: str) -> Challenge:
    """Verify and read a challenge.

    Raises:
        ChallengeError: Not the bureau's, not for ``device``, or not a challenge.
    """
    try:
        payload = read_word(token, jws.TYP_CHALLENGE, ca, limit=MAX_CHALLENGE_BYTES)
        s.check_fields(_CHALLENGE, payload, "challenge")
    except EvidenceError as error:
        raise ChallengeError(error.detail) from error
    if payload["dev"] != device:
        raise ChallengeError(f"the challenge is for {payload['dev']}")
    return Challenge(**{name: held for name, held in payload.items() if name != "v"})


def sign_answer(answer: Answer, signer: jws.Signer, x5c: Sequence[str]) -> bytes:
    """Sign ``answer`` with the device's signing key; its certificate travels in the header."""
    payload: JsonObject = {
        "v": VERSION,
        "dev": answer.dev,
        "nonce": answer.nonce,
        "line": answer.line.decode("ascii"),
        "holding": _plain(answer.holding),
        "time_nonce": answer.time_nonce,
    }
    s.check_fields(_ANSWER, payload, "answer")
    return jws.sign(payload, signer, jws.TYP_ANSWER, list(x5c))


def read_answer(token: bytes, ca: x509.Certificate, *, device: str) -> Answer:
    """Verify an answer's outer signature and that its parts name one another.

    The signature of ``line`` is checked where the log is: the chain key follows from it.

    Raises:
        ChallengeError: Not by the signing key of ``device``, or it contradicts itself.
    """
    try:
        payload = _reached(token, ca, device)
        s.check_fields(_ANSWER, payload, "answer")
        line = payload["line"].encode("ascii")
        record = jws.parse(line, jws.TYP_RECORD).payload()
        records.check_device_record(record)
    except EvidenceError as error:
        raise ChallengeError(error.detail) from error
    holding = _holding(payload["holding"])
    said = (payload["dev"], record["dev"], record["t"])
    if said != (device, device, "challenge"):
        raise ChallengeError("the answer is another device's, or holds another record")
    if (record["nonce"], record["holding"]) != (payload["nonce"], holding.sha256()):
        raise ChallengeError("the line in the log names another nonce or another holding")
    return Answer(
        dev=device,
        nonce=payload["nonce"],
        line=line,
        record=record,
        holding=holding,
        time_nonce=payload["time_nonce"],
    )


def _reached(token: bytes, ca: x509.Certificate, device: str) -> JsonObject:
    parsed = jws.parse(token, jws.TYP_ANSWER, limit=MAX_ANSWER_BYTES)
    x5c = parsed.header.get("x5c")
    leaf = keys.reach(x5c if isinstance(x5c, list) else [], ca, keys.EKU_DEVICE_SIGNING)
    key = keys.public_key_of(leaf)
    if keys.device_of(leaf) != device or parsed.kid != keys.thumbprint(keys.to_jwk(key)):
        raise ChallengeError("the answer is signed by another device's key")
    parsed.verify(key)
    return parsed.payload()


def _plain(holding: Holding) -> JsonObject:
    return {
        **{name: getattr(holding, name) for name in _HOLDING if name != "sessions"},
        "sessions": [asdict(one) for one in holding.sessions],
    }


def _holding(payload: JsonObject) -> Holding:
    return Holding(
        **{name: payload[name] for name in _HOLDING if name != "sessions"},
        sessions=tuple(HeldSession(**one) for one in payload["sessions"]),
    )
