"""A software update: what the bureau signs before its recorders run it.

Owns the manifest, the same on the recorder and at the bureau: which files, which release it makes,
from which release on, within which term; signed like a rulebook, by ``threshold`` of the root
document's keys. Refuses files that the manifest does not name, an older release, and a manifest
whose files together are larger than a recorder has room for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from evidence import canonical, jws
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.digests import CHUNK_BYTES
from evidence.errors import EvidenceError, RulebookError, WireError
from evidence.moments import utc_ns
from evidence.rulebook import Root, sign_envelope
from evidence.rulebook.envelope import VALIDITY, check_document, open_envelope

TYP_UPDATE: Final = "recorder-update+jws"
MANIFEST_NAME: Final = "update.json"
MOST_FILES: Final = 500
MOST_BYTES: Final = 512 * 1024 * 1024
"""All files of an update together."""
PIECE_BYTES: Final = CHUNK_BYTES
"""What travels in one message over the dock."""
MOST_UNPACKED_BYTES: Final = 1024 * 1024 * 1024

_NAME: Final = re.compile(
    r"(?:wheels/[A-Za-z0-9_.+-]+\.whl|overlay(?:/[A-Za-z0-9_@+-][A-Za-z0-9_.@+-]*)+)"
)
_MOST_PLACE_BYTES: Final = 512
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_RELEASE: Final = re.compile(r"[0-9][A-Za-z0-9.+-]{0,63}")


def _is_digest_or_empty(value: object) -> bool:
    return isinstance(value, str) and (value == "" or bool(_DIGEST.fullmatch(value)))


def is_update_file(value: object) -> bool:
    """Whether a name may stand in a manifest: a wheel, or a file of the overlay."""
    return isinstance(value, str) and len(value) <= 255 and bool(_NAME.fullmatch(value))  # noqa: PLR2004 - as file systems have it


_PLACE: Final[s.Schema] = {
    "update": s.satisfying(_is_digest_or_empty, "a digest or nothing"),
    "file": s.satisfying(_is_digest_or_empty, "a digest or nothing"),
    "index": s.integer(0, MOST_BYTES // PIECE_BYTES),
}
_FILE: Final[s.Schema] = {
    "name": s.satisfying(is_update_file, "wheels/….whl or overlay/…"),
    "size": s.integer(0, MOST_BYTES),
    "sha256": s.sha256,
}
_UPDATE: Final[s.Schema] = {
    **VALIDITY,
    "type": s.one_of("update"),
    "release": s.matching(_RELEASE, "a release's name"),
    "least_version": s.natural,
    "files": s.many(s.fields(_FILE), least=1, most=MOST_FILES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFile:
    """One file of an update.

    Attributes:
        name: ``wheels/….whl`` or ``overlay/…``.
        size: Bytes.
        sha256: Hex digest.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A manifest that was verified.

    Attributes:
        version: Its number; a recorder never goes back to a lower one.
        release: Name for people, and of its folder.
        least_version: What the recorder must run already; 0 for any.
        not_before: RFC 3339.
        expires: RFC 3339.
        files: What belongs to it, and nothing else.
    """

    version: int
    release: str
    least_version: int
    not_before: str
    expires: str
    files: tuple[UpdateFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A piece of an update, or the wish for it.

    Attributes:
        update: Digest of the signed manifest; empty where it is not known yet.
        file: Digest of the file; empty for the manifest itself.
        index: Which piece of ``PIECE_BYTES``.
    """

    update: str
    file: str
    index: int


def encode_wish(place: Place) -> bytes:
    """The payload of ``…/update/want``."""
    return canonical.dumps(asdict(place))


def decode_wish(payload: bytes) -> Place:
    """Read the payload of ``…/update/want``.

    Raises:
        WireError: Not well formed.
    """
    return _place(payload)


def encode_piece(place: Place, content: bytes) -> bytes:
    """The payload of ``…/update``: where it belongs, a newline, the bytes."""
    return encode_wish(place) + b"\n" + content


def decode_piece(payload: bytes) -> tuple[Place, bytes]:
    """Read the payload of ``…/update``.

    Raises:
        WireError: Not well formed, or more than a piece.
    """
    head, _, content = payload.partition(b"\n")
    if len(content) > PIECE_BYTES:
        raise WireError(f"{len(content)} bytes are more than a piece of an update")
    return _place(head), content


def sign_update(payload: JsonObject, signers: Sequence[jws.Signer]) -> bytes:
    """Sign a manifest by clerk and head.

    Raises:
        RulebookError: ``update_malformed``: the payload is not a manifest.
    """
    _check(payload)
    return sign_envelope(payload, signers, TYP_UPDATE)


def read_update(envelope: bytes, root: Root) -> Update:
    """Verify and read a manifest.

    Raises:
        RulebookError: ``update_signature``: too few valid signatures of the root's keys;
            ``update_malformed``: signed, but not a manifest.
    """
    try:
        payload = open_envelope(envelope, root.keys, root.threshold, TYP_UPDATE)
    except RulebookError as error:
        raise RulebookError(error.detail, code="update_signature") from error
    _check(payload)
    return Update(
        version=payload["version"],
        release=payload["release"],
        least_version=payload["least_version"],
        not_before=payload["not_before"],
        expires=payload["expires"],
        files=tuple(UpdateFile(**one) for one in payload["files"]),
    )


def check_adoptable(update: Update, *, running: int, floor: int, now: str | None) -> None:
    """Check that a recorder may go over to ``update``.

    Args:
        update: Verified.
        running: Version that runs now; 0 where none was ever installed this way.
        floor: The highest version that was ever confirmed here.
        now: UTC; None where nobody can tell how wrong the clock is: no term is judged then.

    Raises:
        RulebookError: ``update_older``, ``update_base``, ``update_early`` or ``update_expired``.
    """
    if update.version <= max(running, floor):
        raise RulebookError(
            f"version {update.version} does not follow version {max(running, floor)}",
            code="update_older",
        )
    if running < update.least_version:
        raise RulebookError(
            f"it needs version {update.least_version}, version {running} runs", code="update_base"
        )
    if now is None:
        return
    if utc_ns(now) < utc_ns(update.not_before):
        raise RulebookError(f"it holds from {update.not_before} on", code="update_early")
    if utc_ns(now) >= utc_ns(update.expires):
        raise RulebookError(f"it held until {update.expires}", code="update_expired")


def _place(text: bytes) -> Place:
    try:
        fields = canonical.loads(text, limit=_MOST_PLACE_BYTES)
        s.check_fields(_PLACE, fields, "place")
    except EvidenceError as error:
        raise WireError(error.detail) from error
    return Place(**fields)


def _check(payload: JsonObject) -> None:
    try:
        check_document(_UPDATE, payload)
    except RulebookError as error:
        raise RulebookError(error.detail, code="update_malformed") from error
    names = [one["name"] for one in payload["files"]]
    if len(set(names)) != len(names):
        raise RulebookError("two files have the same name", code="update_malformed")
    if sum(one["size"] for one in payload["files"]) > MOST_BYTES:
        raise RulebookError(f"more than {MOST_BYTES} bytes", code="update_malformed")
