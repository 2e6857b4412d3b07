"""The bureau's root document, and the three keys that it is replaced with.

Owns the offline keys' files and the first document. Refuses to make a key for a root that is
signed already: what was taken away on removable media is not made a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evidence import rulebook
from evidence.canonical import JsonObject
from evidence.keys import EcSigner, Jwk
from evidence.moments import utc_text
from evidence.store.durable import make_folder
from evidence.store.signers import load_key_file, make_key_file
from provisioning.authority.keyring import Keyring, KeyRole
from provisioning.authority.root.passphrases import KEYS, Passphrases
from provisioning.layout import BureauFolder
from provisioning.plan import Step, once_step

THRESHOLD: Final = 2
"""Signatures that a rulebook takes, and that a new root takes of the offline keys."""
_YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_ROOT_YEARS: Final = 10


@dataclass(frozen=True, slots=True)
class OfflineKeys:
    """The offline keys in the bureau's folder, opened when they are needed and once.

    Attributes:
        folder: The bureau's.
        passphrases: Asked for.
    """

    folder: BureauFolder
    passphrases: Passphrases
    _opened: dict[int, EcSigner] = field(default_factory=dict)

    def make(self, number: int, path: Path) -> None:
        """Make one; takes about 0.15 s.

        Raises:
            FileExistsError: There is one; keys are never overwritten.
        """
        make_folder(path.parent, mode=0o700)
        self._opened[number] = EcSigner(make_key_file(path, self.passphrases(number)))

    def signer(self, number: int) -> EcSigner:
        """What signs with key 1, 2 or 3.

        Raises:
            PassphraseError: The passphrase does not open it.
            KeyUnusableError: It is not there, or not usable.
        """
        if number not in self._opened:
            key = load_key_file(self.folder.root_key(number), lambda _: self.passphrases(number))
            self._opened[number] = EcSigner(key)
        return self._opened[number]


def document(
    version: int, jwks: Sequence[Jwk], offline: Sequence[Jwk] | None, *, at_ns: int
) -> JsonObject:
    """A root document, unsigned.

    Args:
        version: Grows by 1.
        jwks: Who signs rulebooks: clerk and head.
        offline: Who signs the next root; None: the CA alone.
        at_ns: UTC in nanoseconds.
    """
    payload: JsonObject = {
        "type": "root",
        "version": version,
        "threshold": THRESHOLD,
        "keys": [dict(jwk) for jwk in jwks],
        "not_before": utc_text(at_ns),
        "expires": utc_text(at_ns + _ROOT_YEARS * _YEAR_NS),
    }
    if offline is not None:
        payload["authority"] = {"threshold": THRESHOLD, "keys": [dict(jwk) for jwk in offline]}
    return payload


def first_steps(
    folder: BureauFolder, ring: Keyring, passphrases: Passphrases | None, *, at_ns: int
) -> list[Step]:
    """The offline keys, and the first root document, signed by the CA and by all three."""
    offline = None if passphrases is None else OfflineKeys(folder, passphrases)

    def sign() -> bytes:
        jwks = [ring.signer(role).jwk for role in (KeyRole.CLERK, KeyRole.HEAD)]
        signers = [offline.signer(number) for number in _numbers()] if offline else []
        theirs = [signer.jwk for signer in signers] if offline else None
        payload = document(1, jwks, theirs, at_ns=at_ns)
        return rulebook.sign_root(payload, ring.signer(KeyRole.CA), *signers)

    made = [_key_step(folder, offline, number) for number in _numbers()] if offline else []
    return [*made, once_step("签名根文件（双签名门限）", folder.root, sign)]


def _key_step(folder: BureauFolder, offline: OfflineKeys, number: int) -> Step:
    path = folder.root_key(number)
    return Step(
        f"离线根密钥 {number}（口令保护）",
        lambda: path.exists() or folder.root.exists(),
        lambda: offline.make(number, path),
    )


def _numbers() -> range:
    return range(1, KEYS + 1)
