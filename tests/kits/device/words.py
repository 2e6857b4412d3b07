"""The bureau's words for a device of ``tests.kits.bureau.enrolment``, in order or forged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509

from agent.channel import Channel
from agent.vault import messages as m
from evidence import assignment, canonical, jws, rulebook
from evidence.assignment import Assignment, Standing
from evidence.canonical import JsonObject
from evidence.jws import Signer
from evidence.moments import utc_text
from evidence.rulebook.carried import CarriedClip, pack
from evidence.store.signers import file_signer
from hw.fake.clock import SystemClock
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import SECONDS, dock_channel

DAY_NS = 86_400 * 1_000_000_000


def key(enrolled: Enrolled, name: str) -> Signer:
    """A key of the bureau: ``rulebook-1`` (clerk), ``rulebook-2`` (head), ``receipt``."""
    return file_signer(enrolled.bureau / "keys" / f"{name}.pem")


def clerks(enrolled: Enrolled) -> list[Signer]:
    """Clerk and head."""
    return [key(enrolled, "rulebook-1"), key(enrolled, "rulebook-2")]


def now() -> str:
    return utc_text(SystemClock().utc_ns())


def day(number: int) -> str:
    """So many days from now."""
    return utc_text(SystemClock().utc_ns() + number * DAY_NS)


def certificate(enrolled: Enrolled, path: Path | None = None) -> x509.Certificate:
    """The receipt key's certificate, or the one at ``path``."""
    path = path or enrolled.bureau / "certs" / "receipt.pem"
    return x509.load_pem_x509_certificate(path.read_bytes())


def token(enrolled: Enrolled, number: int, **fields: Any) -> bytes:
    """An assignment of the device, signed by the bureau's receipt key."""
    signer = fields.pop("signer", None) or key(enrolled, "receipt")
    shown = certificate(enrolled, fields.pop("certificate", None))
    whole: dict[str, Any] = {
        "device": enrolled.device.settings.device_id,
        "number": number,
        "standing": Standing.ASSIGNED,
        "custodian": "O-1",
        "keeper": "K-1",
        "leader": "L-1",
        "approval": "a-2",
        "issued": now(),
        **fields,
    }
    return assignment.make(Assignment(**whole), signer, shown)


def document(enrolled: Enrolled, version: int, **changes: Any) -> JsonObject:
    """The device's rulebook as the bureau would sign its next version.

    Args:
        enrolled: Bureau and device.
        version: Of the rulebook.
        changes: Policy keys, dots written as ``__``; ``to``, ``not_before`` and ``expires`` of the
            document itself.
    """
    held = canonical.loads(enrolled.device.paths.rulebook.read_bytes(), limit=1_000_000)
    payload = canonical.loads(jws.decode(held["payload"].encode()), limit=1_000_000)
    payload["version"] = version
    for name, value in changes.items():
        if name in ("to", "not_before", "expires", "type"):
            payload[name] = value
        else:
            payload["policy"][name.replace("__", ".")] = value
    return payload


def signed(payload: JsonObject, signers: Sequence[Signer], typ: str = jws.TYP_RULEBOOK) -> bytes:
    """An envelope around anything: what it says is not looked at."""
    return rulebook.sign_envelope(payload, list(signers), typ)


def clips(folder: Path) -> list[CarriedClip]:
    """The clips of an ``announce`` folder, as they travel."""
    return [
        CarriedClip(
            id=json.loads((one / "meta.json").read_text())["id"],
            meta=(one / "meta.json").read_bytes(),
            text=(one / "text.txt").read_bytes(),
            audio=(one / "audio.flac").read_bytes(),
        )
        for one in sorted(folder.glob("*/"))
    ]


def policy(
    enrolled: Enrolled,
    version: int = 2,
    *,
    signers: Sequence[Signer] | None = None,
    root: bytes | None = None,
    book: bytes | None = None,
    change: Callable[[CarriedClip], CarriedClip] = lambda clip: clip,
    also: Sequence[CarriedClip] = (),
    **changes: Any,
) -> bytes:
    """A policy message, by the book where nothing else is said.

    Args:
        enrolled: Bureau and device.
        version: Of the rulebook.
        signers: Who signs; clerk and head if not told.
        root: Another root document.
        book: Another rulebook.
        change: What becomes of each clip.
        also: More clips.
        changes: See ``document``.
    """
    paths = enrolled.device.paths
    envelope = book or signed(document(enrolled, version, **changes), signers or clerks(enrolled))
    carried = [change(clip) for clip in clips(paths.announce)]
    return pack(root or paths.root.read_bytes(), envelope, [*carried, *also])


def resound(clip: CarriedClip, audio: bytes) -> CarriedClip:
    """The clip with another sound."""
    return replace(clip, audio=audio)


class Dock:
    """The dock's end of the vault's socket."""

    def __init__(self, enrolled: Enrolled) -> None:
        self._channel: Channel[m.ToDock, Any] = dock_channel(enrolled)
        self._channel._socket.settimeout(SECONDS)  # noqa: SLF001 - a silent vault fails the test

    def send(self, kind: str, content: bytes) -> None:
        """Submit, and wait for no answer."""
        self._channel.send(m.SubmitWord(kind=kind, content=content))  # type: ignore[arg-type]

    def submit(self, kind: str, content: bytes) -> m.WordTaken | m.Refused:
        self.send(kind, content)
        answer = self._channel.receive()
        assert isinstance(answer, m.WordTaken | m.Refused), answer
        return answer

    def hang_up(self) -> None:
        self._channel.close()
