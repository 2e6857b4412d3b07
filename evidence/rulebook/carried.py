"""What travels when a bureau's policy goes to its recorders: root, rulebook and clips in one.

Owns the message, on the wire and on a removable medium alike, and its bounds. Refuses judgement:
``adoption`` says whether a recorder may take it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evidence import canonical
from evidence import schema as s
from evidence.errors import EvidenceError, LimitError, RulebookError
from evidence.limits import MAX_RULEBOOK_BYTES

MAX_POLICY_BYTES: Final = 1_000_000
"""What fits one message from the dock to the vault; a packet through the broker is larger."""
MAX_CARRIED_BYTES: Final = 16 * 1024 * 1024
"""What a removable medium may carry: several long announcements."""
MOST_CLIPS: Final = 8

_FIELDS: Final[s.Schema] = {
    "root": s.string,
    "rulebook": s.string,
    "clips": s.many(
        s.fields({"id": s.code, "meta": s.string, "text": s.string, "audio": s.string}),
        least=1,
        most=MOST_CLIPS,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedClip:
    """One announcement's three files.

    Attributes:
        id: Its folder.
        meta: ``meta.json``.
        text: ``text.txt``.
        audio: ``audio.flac``.
    """

    id: str
    meta: bytes
    text: bytes
    audio: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A policy on its way: two signed envelopes, and the clips that the rulebook names."""

    root: bytes
    rulebook: bytes
    clips: tuple[CarriedClip, ...]


def pack(root: bytes, rulebook: bytes, clips: Sequence[CarriedClip]) -> bytes:
    """The message, canonical; over the network it goes up to ``MAX_POLICY_BYTES``.

    Raises:
        RulebookError: ``policy_size``: it is larger than even a medium carries.
    """
    message = canonical.dumps(
        {
            "root": root.decode(),
            "rulebook": rulebook.decode(),
            "clips": [
                {
                    "id": clip.id,
                    "meta": clip.meta.decode(),
                    "text": clip.text.decode(),
                    "audio": base64.b64encode(clip.audio).decode(),
                }
                for clip in clips
            ],
        }
    )
    if len(message) > MAX_CARRIED_BYTES:
        raise RulebookError(
            f"{len(message)} bytes where a medium carries {MAX_CARRIED_BYTES}", code="policy_size"
        )
    return message


def unpack(message: bytes) -> Carried:
    """Read the message.

    Raises:
        RulebookError: ``policy_size``, or ``policy_malformed``: it is not what ``pack`` makes.
    """
    try:
        fields = canonical.loads(message, limit=MAX_CARRIED_BYTES)
        s.check_fields(_FIELDS, fields, "policy")
        clips = tuple(_clip(one) for one in fields["clips"])
        spelled = canonical.dumps(fields)
        root, book = fields["root"].encode(), fields["rulebook"].encode()
    except LimitError as error:
        raise RulebookError(error.detail, code="policy_size") from error
    except (EvidenceError, UnicodeEncodeError, binascii.Error) as error:
        raise RulebookError(f"not a policy message: {error}", code="policy_malformed") from error
    if spelled != message:
        raise RulebookError("the message is not spelled canonically", code="policy_malformed")
    if max(len(root), len(book)) > MAX_RULEBOOK_BYTES:
        raise RulebookError("root document or rulebook are too large", code="policy_size")
    if len({clip.id for clip in clips}) != len(clips):
        raise RulebookError("two clips have the same id", code="policy_malformed")
    return Carried(root=root, rulebook=book, clips=clips)


def _clip(fields: dict[str, str]) -> CarriedClip:
    return CarriedClip(
        id=fields["id"],
        meta=fields["meta"].encode(),
        text=fields["text"].encode(),
        audio=base64.b64decode(fields["audio"].encode("ascii"), validate=True),
    )
