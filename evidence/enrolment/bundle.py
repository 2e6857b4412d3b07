"""What the bureau answers: all that a recorder needs, named by a signed list.

Owns the list, the names that may stand in it and the one form in which list and files travel, on a
wire as on a stick. Refuses any other name, a file without its digest, and an answer to another
request: what is unpacked was signed for this device and these keys.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509

from evidence import canonical, jws
from evidence import schema as s
from evidence.bureau_word import read_word, signed_word
from evidence.digests import sha256_hex
from evidence.errors import EnrolmentError, EvidenceError

MAX_BUNDLE_BYTES: Final = 24 * 1024 * 1024
MAX_MANIFEST_BYTES: Final = 64 * 1024

_VERSION: Final = 1
_MOST_FILES: Final = 64
_FIXED: Final = frozenset(
    {
        "device.toml",
        "certs/ca.pem",
        "certs/signing.pem",
        "certs/tls.pem",
        "bureau/root.json",
        "bureau/rulebook.json",
    }
)
_OPTIONAL: Final = frozenset({"bureau/assignment.jws"})
_CLIP = re.compile(r"announce/[a-z0-9][a-z0-9_.:-]{0,63}/(audio\.flac|text\.txt|meta\.json)")


def is_bundle_path(text: object) -> bool:
    """Whether ``text`` names a file that a bundle may bring."""
    return isinstance(text, str) and (
        text in _FIXED or text in _OPTIONAL or _CLIP.fullmatch(text) is not None
    )


def _files(value: object, path: str) -> None:
    if not isinstance(value, dict) or len(value) > _MOST_FILES:
        raise s.refuse(path, f"at most {_MOST_FILES} files")
    if not value.keys() >= _FIXED or not all(map(is_bundle_path, value)):
        raise s.refuse(path, "the names of a recorder's files and no other")
    for name, held in value.items():
        s.sha256(held, f"{path}.{name}")


_MANIFEST: Final[s.Schema] = {
    "v": s.integer(_VERSION, _VERSION),
    "device": s.device,
    "request_sha256": s.sha256,
    "issued": s.utc,
    "files": _files,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The bureau's answer to one request.

    Attributes:
        device: Device id.
        request_sha256: Of the request it answers.
        issued: UTC.
        files: Content by its path in the device folder.
    """

    device: str
    request_sha256: str
    issued: str
    files: Mapping[str, bytes]


def pack(bundle: Bundle, signer: jws.Signer, certificate: x509.Certificate) -> bytes:
    """List and files as they travel, the list signed by the bureau's receipt key.

    Raises:
        EnrolmentError: A name is none of a recorder's, or it is too large.
    """
    manifest = {
        "v": _VERSION,
        "device": bundle.device,
        "request_sha256": bundle.request_sha256,
        "issued": bundle.issued,
        "files": {path: sha256_hex(content) for path, content in bundle.files.items()},
    }
    _check(_MANIFEST, manifest)
    token = signed_word(manifest, jws.TYP_ENROLMENT, signer, certificate)
    files = {path: base64.b64encode(held).decode() for path, held in bundle.files.items()}
    packed = canonical.dumps({"manifest": token.decode(), "files": files})
    if len(packed) > MAX_BUNDLE_BYTES or len(token) > MAX_MANIFEST_BYTES:
        raise EnrolmentError(f"a bundle has at most {MAX_BUNDLE_BYTES} bytes, not {len(packed)}")
    return packed


def unpack(content: bytes, ca: x509.Certificate, *, device: str, request_sha256: str) -> Bundle:
    """Verify and read a bundle.

    Args:
        content: As received.
        ca: The CA that the device was given, not one that came with it.
        device: Who reads.
        request_sha256: What it asked.

    Raises:
        EnrolmentError: It is too large, not this bureau's, for another device or request, or a
            file is missing, unnamed or changed.
    """
    try:
        packed = canonical.loads(content, limit=MAX_BUNDLE_BYTES)
        s.check_fields({"manifest": s.string, "files": s.anything}, packed, "bundle")
        token = packed["manifest"].encode()
        manifest = read_word(token, jws.TYP_ENROLMENT, ca, limit=MAX_MANIFEST_BYTES)
    except EvidenceError as error:
        raise EnrolmentError(error.detail) from error
    _check(_MANIFEST, manifest)
    if manifest["device"] != device:
        raise EnrolmentError(f"the answer is for {manifest['device']}")
    if manifest["request_sha256"] != request_sha256:
        raise EnrolmentError("the answer is to another request")
    return Bundle(
        device=device,
        request_sha256=request_sha256,
        issued=manifest["issued"],
        files=_unpacked(packed["files"], manifest["files"]),
    )


def _unpacked(packed: object, named: Mapping[str, str]) -> dict[str, bytes]:
    if not isinstance(packed, dict) or packed.keys() != named.keys():
        raise EnrolmentError("the files are not those that the bureau's list names")
    files = {path: _decoded(text, path) for path, text in packed.items()}
    for path, held in files.items():
        if sha256_hex(held) != named[path]:
            raise EnrolmentError(f"{path} is not the file that the bureau's list names")
    return files


def _decoded(text: object, path: str) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "?", validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnrolmentError(f"{path} is not base64") from error


def _check(schema: s.Schema, value: dict[str, Any]) -> None:
    try:
        s.check_fields(schema, value, "manifest")
    except EvidenceError as error:
        raise EnrolmentError(error.detail) from error
