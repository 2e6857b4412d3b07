"""A recorder's life, made by the real vault, dock and desk; then its card is in a thief's hand.

``live`` records five sessions: two, of which a crash of the vault tore the second, a docking, two
more, a docking, and one that the bureau has not seen. ``Thief`` has the card, an image of it from
before the last docking, and every chain key that ever signed: what an attack takes of that, its
module says.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509

from agent.settings import load_device
from agent.vault import messages as m
from evidence import ids, journal
from evidence.canonical import JsonObject
from evidence.journal import NEWLINE
from evidence.jws import Signer
from evidence.keys import ChainKey
from evidence.store.card import read_card
from evidence.store.signers import file_signer
from evidence.verify import CardVerdict, verify_card
from hw.types import PartName
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.cradle import dock, open_bureau
from tests.kits.device.vault import RunningVault, TestRecorder, ask_dock
from tests.kits.device.words import policy, token

GAP = {"track": "audio", "from_ns": 1_000, "to_ns": 2_000, "cause": "overflow"}


@dataclass
class Keys:
    """Every chain key that signed, in order, by its thumbprint: a test keeps what a vault forgets.

    Attributes:
        former: Thumbprint → the key.
        live: The keys that would sign next, by the chain's object.
    """

    former: dict[str, Signer] = field(default_factory=dict)
    chains: list[ChainKey] = field(default_factory=list)


@contextmanager
def stolen_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    """Look over the vault's shoulder while it signs."""
    taken = Keys()
    evolve, begin = ChainKey.evolve, ChainKey.__init__

    def remember(key: ChainKey) -> None:
        taken.former[key.kid] = key._now  # noqa: SLF001 - what a thief reads out of memory
        evolve(key)

    def found(key: ChainKey) -> None:
        begin(key)
        taken.chains.append(key)

    with monkeypatch.context() as patched:
        patched.setattr(ChainKey, "evolve", remember)
        patched.setattr(ChainKey, "__init__", found)
        yield taken


@dataclass(frozen=True)
class Thief:
    """What a thief holds.

    Attributes:
        card: The device's folder as it was taken.
        before: The same folder as it was before the last docking.
        bureau: The bureau's folder as it stands.
        keys: Chain keys.
        sids: The sessions, oldest first.
    """

    card: Path
    before: Path
    bureau: Path
    keys: Keys
    sids: tuple[str, ...]

    @property
    def ca(self) -> x509.Certificate:
        return ca_of(self.bureau)

    def copy(self, to: Path) -> Thief:
        """His own copy of everything, to do with as he likes."""
        for name in ("card", "before", "bureau"):
            image(getattr(self, name), to / name)
        return Thief(to / "card", to / "before", to / "bureau", self.keys, self.sids)

    # What lies on the card.

    @property
    def log(self) -> Path:
        return self.card / "store" / ids.DEVICE_LOG_NAME

    def session(self, number: int) -> Path:
        """The folder of a session, from 1."""
        return self.card / "store" / "sessions" / self.sids[number - 1]

    def journal(self, number: int) -> Path:
        return self.session(number) / ids.JOURNAL_NAME

    def receipt(self, number: int, kind: str = "stored") -> Path:
        return self.card / "store" / "receipts" / f"{self.sids[number - 1]}.{kind}.jws"

    def device_key(self) -> Signer:
        """The device's signing key: a file on this card."""
        return file_signer(self.card / "keys" / "signing.pem")

    def judge(self) -> CardVerdict:
        """What the device's own chain says."""
        return verify_card(read_card(self.card), self.ca)

    def found(self) -> set[str]:
        """Codes of what its own chain finds broken."""
        return {one.code for one in self.judge().broken}

    def enrolled(self) -> Enrolled:
        return Enrolled(self.bureau, load_device(self.card))

    def docked(self, *, body: tuple[PartName, ...] = ()) -> set[str]:
        """Start the recorder with this card, dock it, and ask what the desk found.

        Args:
            body: Parts that are not those of the card's own recorder.
        """
        enrolled = self.enrolled()
        with open_bureau(self.bureau) as bureau:
            with RunningVault(enrolled) as vault:
                if body:
                    for part in body:
                        vault.world.swap_part(part)
                    vault.restart(keep_world=True)
                dock(enrolled.device, bureau)
            return bureau.found(enrolled.device.settings.device_id)


def image(folder: Path, to: Path) -> None:
    """Copy a folder, as a card is copied: sockets are no files."""
    shutil.copytree(folder, to, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))


def lines(path: Path) -> list[bytes]:
    """The lines of a chain's file."""
    return list(journal.split(path.read_bytes()).complete)


def write(path: Path, content: list[bytes]) -> None:
    """Write a chain's file."""
    path.write_bytes(b"".join(line + NEWLINE for line in content))


def payload(line: bytes) -> JsonObject:
    """What a line says; empty for one that is no record."""
    found = journal.payloads(line + NEWLINE)
    return found[0] if found else {}


def places(content: list[bytes], t: str) -> list[int]:
    """Positions of the records of one type."""
    return [number for number, line in enumerate(content) if payload(line).get("t") == t]


def live(folder: Path, taken: Keys) -> Thief:
    """A recorder's life, up to the theft."""
    enrolled = enrol(folder, numbers={"release.keep_days": 30})
    before = folder / "before"
    with open_bureau(enrolled.bureau) as bureau, RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sids = [_recorded(recorder), _crashed(vault)]
        recorder = vault.recorder_again()
        dock(enrolled.device, bureau)
        image(enrolled.device.paths.folder, before)
        assert ask_dock(enrolled, m.SubmitWord(kind="roster", content=token(enrolled, 2))).state
        assert ask_dock(enrolled, m.SubmitWord(kind="policy", content=policy(enrolled, 2))).state
        sids += [_recorded(recorder), _recorded(recorder)]
        dock(enrolled.device, bureau)
        sids.append(_recorded(recorder))
        recorder.channel.send(m.NotePress(button="mark", gesture="tap", at_ns=1))
        recorder.ask(m.AskStatus(), m.Status)
        assert bureau.found(enrolled.device.settings.device_id) == set()
    return Thief(enrolled.device.paths.folder, before, enrolled.bureau, taken, tuple(sids))


def _recorded(recorder: TestRecorder, segments: int = 3) -> str:
    sid = recorder.open().sid
    for number in range(segments):
        recorder.segment(number, fragments=3, size=9_000)
        if number == 0:
            recorder.ask(m.StoreEvent(kind="gap", fields=GAP, id=None), m.Recorded)
    recorder.close()
    return sid


def _crashed(vault: RunningVault) -> str:
    recorder = vault.recorder_again()
    sid = recorder.open().sid
    recorder.segment(0, size=9_000)
    recorder.begin(1)
    recorder.feed(1, 70_000)
    vault.die()
    vault.restart()
    recorder = vault.recorder()
    vault._recorders.reverse()  # noqa: SLF001 - the new one is the one that is attached
    active = recorder.attach_again()
    recorder.progress = m.Progress(last_pts_ns=active.video_end_ns)
    recorder.segment(active.next_segment, size=9_000)
    recorder.close()
    return sid
