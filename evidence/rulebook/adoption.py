"""Whether a recorder may adopt a policy that came to it.

Owns the judgement, the same on the recorder, which adopts, and at the bureau, which asks before it
sends. Refuses what is older than what was held, what is another bureau's or another recorder's, and
a clip that is not the one the rulebook names. Touches nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from evidence import canonical
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, RulebookError
from evidence.moments import utc_ns
from evidence.rulebook.book import Announcement, Rulebook, read_rulebook
from evidence.rulebook.carried import Carried, CarriedClip, unpack
from evidence.rulebook.root import Root, check_rotation, read_root

Decode = Callable[[bytes, Announcement], bytes]
"""FLAC to samples, signed 16 bit little endian, mono; ``EvidenceError`` where it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the recorder goes by now.

    Attributes:
        root: The root document's envelope.
        rulebook: The rulebook's envelope.
        floor: The lowest version still accepted.
    """

    root: bytes
    rulebook: bytes
    floor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoptable:
    """A policy that may be adopted.

    Attributes:
        carried: As it came.
        root: Its root document, verified.
        book: Its rulebook, verified.
        held: Whether root and rulebook are, byte for byte, what is held.
    """

    carried: Carried
    root: Root
    book: Rulebook
    held: bool


def judge(
    message: bytes,
    held: Held,
    ca: x509.Certificate,
    *,
    device: str,
    now: str | None,
    decode: Decode,
) -> Adoptable:
    """Verify a policy message.

    Args:
        message: As received.
        held: What is in force.
        ca: The pinned bureau CA.
        device: Who asks.
        now: UTC; None where nobody can tell how wrong the clock is: no term is judged then.
        decode: Decodes a clip.

    Raises:
        RulebookError: With its code: ``policy_size``, ``policy_malformed``, ``policy_root``,
            ``policy_rulebook``, ``policy_older``, ``policy_changed``, ``policy_device``,
            ``policy_expired`` or ``policy_clip``.
    """
    carried = unpack(message)
    root = _root(held.root, carried.root, ca)
    book = _book(carried.rulebook, root)
    _check_version(book, carried, held, ca)
    if not book.is_for(device):
        raise RulebookError(f"the rulebook is not addressed to {device}", code="policy_device")
    same = carried.root == held.root and carried.rulebook == held.rulebook
    if now is not None and not same:
        _check_term(book, root, now)
    _check_clips(carried, book, decode)
    return Adoptable(carried=carried, root=root, book=book, held=same)


def _root(held: bytes, carried: bytes, ca: x509.Certificate) -> Root:
    try:
        return read_root(held, ca) if carried == held else check_rotation(held, carried, ca)
    except EvidenceError as error:
        raise RulebookError(error.detail, code="policy_root") from error


def _book(envelope: bytes, root: Root) -> Rulebook:
    try:
        return read_rulebook(envelope, root)
    except EvidenceError as error:
        raise RulebookError(error.detail, code="policy_rulebook") from error


def _check_version(book: Rulebook, carried: Carried, held: Held, ca: x509.Certificate) -> None:
    lowest = max(held.floor, _version(held, ca))
    if book.version < lowest:
        raise RulebookError(
            f"version {book.version} is older than version {lowest}, which was seen",
            code="policy_older",
        )
    if book.version == _version(held, ca) and carried.rulebook != held.rulebook:
        raise RulebookError(
            f"version {book.version} was another rulebook before", code="policy_changed"
        )


def _version(held: Held, ca: x509.Certificate) -> int:
    """The version held; 0 where what is held does not verify: the floor alone counts then."""
    try:
        return read_rulebook(held.rulebook, read_root(held.root, ca)).version
    except EvidenceError:
        return 0


def _check_term(book: Rulebook, root: Root, now: str) -> None:
    for name, expires in (("rulebook", book.expires), ("root document", root.expires)):
        if utc_ns(expires) <= utc_ns(now):
            raise RulebookError(f"the {name} expired on {expires}", code="policy_expired")


def _check_clips(carried: Carried, book: Rulebook, decode: Decode) -> None:
    named = {one.id: one for one in book.announcements}
    came = {clip.id: clip for clip in carried.clips}
    if named.keys() != came.keys():
        wrong = ", ".join(sorted(named.keys() ^ came.keys()))
        raise RulebookError(f"missing, or not asked for: clip {wrong}", code="policy_clip")
    for name, clip in came.items():
        _check_clip(clip, named[name], decode)


def _check_clip(clip: CarriedClip, named: Announcement, decode: Decode) -> None:
    try:
        meta = canonical.loads(clip.meta, limit=64 * 1024)
        pcm = decode(clip.audio, named)
    except EvidenceError as error:
        raise RulebookError(f"clip {clip.id}: {error.detail}", code="policy_clip") from error
    claimed = {
        "id": named.id,
        "lang": named.lang,
        "text_sha256": named.text_sha256,
        "pcm_sha256": named.pcm_sha256,
        "samples": named.samples,
        "rate": named.rate,
    }
    facts = (meta == claimed, sha256_hex(clip.text) == named.text_sha256)
    sound = sha256_hex(pcm) == named.pcm_sha256 and len(pcm) == 2 * named.samples
    if not (all(facts) and sound):
        raise RulebookError(f"clip {clip.id} is not the one the rulebook names", code="policy_clip")
