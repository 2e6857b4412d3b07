"""Everything that a recorder which was taken in is given.

Owns gathering it from the bureau's folder and signing the list. Refuses clips that the rulebook
does not name, or that were changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from evidence import keys
from evidence.enrolment import Bundle, pack
from evidence.moments import utc_text
from evidence.rulebook import Announcement
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import Bureau
from provisioning.custody.registry import Certified, Entry
from provisioning.enrolment.claims import Claim
from provisioning.enrolment.settings import settings_text
from provisioning.errors import BureauError
from provisioning.policy import clips

_CLIPS_KEPT: Final = 4
_Stamp = tuple[int, int, int]


def bundle_for(
    bureau: Bureau, entry: Entry, claim: Claim, request_sha256: str, *, at_ns: int
) -> bytes:
    """The signed answer to one request.

    Args:
        bureau: Whose.
        entry: The device, as it was taken in.
        claim: What its ``device.toml`` will say.
        request_sha256: What is answered.
        at_ns: UTC in nanoseconds.

    Raises:
        ClipError: A clip is missing, or not the one that the rulebook names.
        BureauError: The receipt certificate cannot be read.
    """
    bundle = Bundle(
        device=entry.device,
        request_sha256=request_sha256,
        issued=utc_text(at_ns),
        files=_files(bureau, entry, claim),
    )
    path = bureau.folder.certificate("receipt")
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BureauError(f"{path} is no certificate: {error}") from error
    return pack(bundle, bureau.signer(KeyRole.RECEIPT), certificate)


def _files(bureau: Bureau, entry: Entry, claim: Claim) -> dict[str, bytes]:
    folder = bureau.folder
    return {
        "device.toml": settings_text(bureau.settings, entry.device, claim.options),
        "certs/ca.pem": bureau.ca.public_bytes(Encoding.PEM),
        "certs/signing.pem": _pem(entry.signing),
        "certs/tls.pem": _pem(entry.tls),
        "bureau/root.json": folder.root.read_bytes(),
        "bureau/rulebook.json": folder.rulebook.read_bytes(),
        **_assignment(bureau, entry.device),
        **_clips(bureau),
    }


def _assignment(bureau: Bureau, device: str) -> Mapping[str, bytes]:
    """The word in force, where the device has been handed to somebody already."""
    words = sorted(bureau.folder.assignments(device).glob("*.jws"))
    return {"bureau/assignment.jws": words[-1].read_bytes()} if words else {}


def _clips(bureau: Bureau) -> Mapping[str, bytes]:
    announce, named = bureau.folder.announce, bureau.rulebook.announcements
    paths = [announce / one.id / name for one in named for name in clips.NAMES]
    stamps = tuple(_stamp(path) for path in paths)
    return _checked(announce, named, stamps)


@lru_cache(_CLIPS_KEPT)
def _checked(
    announce: Path, named: tuple[Announcement, ...], stamps: tuple[_Stamp | None, ...]
) -> Mapping[str, bytes]:
    """The clips, decoded and compared once for as long as no file of them changes."""
    del stamps
    clips.check_clips(announce, named)
    return {
        f"announce/{one.id}/{name}": (announce / one.id / name).read_bytes()
        for one in named
        for name in clips.NAMES
    }


def _stamp(path: Path) -> _Stamp | None:
    try:
        held = path.stat()
    except OSError:
        return None
    return held.st_mtime_ns, held.st_ino, held.st_size


def _pem(held: Certified) -> bytes:
    return keys.read_certificate(held.x5c).public_bytes(Encoding.PEM)
