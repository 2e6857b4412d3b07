"""Taking the answer: proving all of it, then writing it.

Owns both, in this order. Refuses an answer of which any part was not reached from the CA of the
seed or does not fit this recorder's own keys, and a folder that is another recorder's: nothing is
written then. Each file is replaced whole; the rulebook's floor is last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from agent.enrolment import own_keys
from agent.enrolment.errors import EnrolmentRefusedError
from agent.enrolment.seed import Seed
from agent.settings import FILE_NAME, Paths, Settings
from evidence import assignment, enrolment, keys, rulebook
from evidence.errors import AssignmentError, EnrolmentError, EvidenceError
from evidence.rulebook import Rulebook
from evidence.store.durable import make_folder, replace_file

_CLIP_FILES: Final = ("audio.flac", "text.txt", "meta.json")


def is_enrolled(paths: Paths) -> bool:
    """Whether all has been taken: the floor is written last."""
    return paths.rulebook_floor.exists() and (paths.folder / FILE_NAME).exists()


def check_folder(paths: Paths, seed: Seed) -> None:
    """Check that the folder is fresh, or this recorder's of this bureau.

    Raises:
        EnrolmentRefusedError: ``foreign``: it is another recorder's, or another bureau's.
    """
    settings = _settings(paths)
    if settings is not None and settings.device_id != seed.device:
        raise EnrolmentRefusedError(f"the folder is {settings.device_id}'s", code="foreign")
    if paths.ca.exists() and paths.ca.read_bytes() != _pem(seed.authority()):
        raise EnrolmentRefusedError("the folder is of another bureau", code="foreign")


def take(content: bytes, request_sha256: str, paths: Paths, seed: Seed) -> None:
    """Prove a bundle and write what it brings.

    Args:
        content: As received.
        request_sha256: Of the request it has to answer.
        paths: The device folder.
        seed: By whose CA it is judged.

    Raises:
        EnrolmentRefusedError: ``answer``: a part of it proves nothing; nothing was written.
    """
    try:
        bundle = enrolment.unpack(
            content, seed.authority(), device=seed.device, request_sha256=request_sha256
        )
        book = _prove(bundle.files, paths, seed)
    except (EvidenceError, ValueError) as error:
        raise EnrolmentRefusedError(str(error), code="answer") from error
    for path, held in _wanted(bundle.files, paths, seed):
        make_folder(path.parent)
        if not path.exists() or path.read_bytes() != held:
            replace_file(path, held)
    replace_file(paths.rulebook_floor, f"{book.version}\n".encode())


def _prove(files: Mapping[str, bytes], paths: Paths, seed: Seed) -> Rulebook:
    ca = seed.authority()
    if x509.load_pem_x509_certificate(files["certs/ca.pem"]) != ca:
        raise EnrolmentError("the answer brings another CA than the seed's")
    certificates = (
        ("certs/signing.pem", keys.EKU_DEVICE_SIGNING, paths.signing_key),
        ("certs/tls.pem", ExtendedKeyUsageOID.CLIENT_AUTH, paths.tls_key),
    )
    for name, purpose, key in certificates:
        if _reached(files[name], ca, purpose) != (seed.device, own_keys.public_key(key)):
            raise EnrolmentError(f"{name} is for another key or recorder")
    settings = msgspec.toml.decode(files[FILE_NAME], type=Settings, strict=True)
    if (settings.device_id, settings.board) != (seed.device, seed.board):
        raise EnrolmentError("the settings are another recorder's")
    if "bureau/assignment.jws" in files:
        assignment.read(files["bureau/assignment.jws"], ca, device=seed.device)
    root = rulebook.read_root(files["bureau/root.json"], ca)
    book = rulebook.read_rulebook(files["bureau/rulebook.json"], root)
    _prove_clips(files, book, seed.device)
    return book


def _reached(
    content: bytes, ca: x509.Certificate, purpose: x509.ObjectIdentifier
) -> tuple[str, ec.EllipticCurvePublicKey]:
    """Device and key of a certificate that this CA issued for ``purpose``."""
    text = keys.certificate_text(x509.load_pem_x509_certificate(content))
    leaf = keys.reach([text], ca, purpose)
    return keys.device_of(leaf), keys.public_key_of(leaf)


def _prove_clips(files: Mapping[str, bytes], book: Rulebook, device: str) -> None:
    if not book.is_for(device):
        raise EnrolmentError(f"the rulebook is not addressed to {device}")
    named = {f"announce/{one.id}/{name}" for one in book.announcements for name in _CLIP_FILES}
    brought = {path for path in files if path.startswith("announce/")}
    if brought != named:
        raise EnrolmentError("the announcements are not those that the rulebook names")


def _wanted(files: Mapping[str, bytes], paths: Paths, seed: Seed) -> Iterator[tuple[Path, bytes]]:
    """What is to be written; settings that are there stay, and so does a later assignment."""
    for name, held in sorted(files.items()):
        path = paths.folder / name
        kept = path == paths.folder / FILE_NAME and path.exists()
        if not kept and not (path == paths.assignment and _is_older(held, path, seed)):
            yield path, held


def _is_older(brought: bytes, path: Path, seed: Seed) -> bool:
    if not path.exists():
        return False
    ca = seed.authority()
    try:
        there = assignment.read(path.read_bytes(), ca, device=seed.device).number
    except AssignmentError:
        return False
    return assignment.read(brought, ca, device=seed.device).number < there


def _settings(paths: Paths) -> Settings | None:
    path = paths.folder / FILE_NAME
    if not path.exists():
        return None
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Settings, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EnrolmentRefusedError(f"{path}: {error}", code="foreign") from error


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
