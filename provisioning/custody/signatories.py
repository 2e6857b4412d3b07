"""Whose key signed a line of the ledger: the clerk's or the head's, of which root document.

Owns reading every root document this bureau ever had. Refuses a document that the CA did not sign.
A root names the clerk first and the head second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from evidence import rulebook
from evidence.errors import EvidenceError
from evidence.rulebook import Root
from provisioning.bureau_folder import Bureau
from provisioning.custody.ledger import Line
from provisioning.custody.lines import Kind
from provisioning.custody.rules import Signatory
from provisioning.errors import LedgerError

_ORDER: Final = (Signatory.CLERK, Signatory.HEAD)


@dataclass(frozen=True, slots=True)
class Signatories:
    """Everybody who could ever sign a line.

    Attributes:
        roots: By version.
    """

    roots: Mapping[int, Root]

    @property
    def keys(self) -> dict[str, ec.EllipticCurvePublicKey]:
        """Thumbprint → key, of every root document."""
        return dict(chain.from_iterable(root.keys.items() for root in self.roots.values()))

    def of(self, kid: str) -> Signatory | None:
        """Whose key it is, in the latest document that names it."""
        for version in sorted(self.roots, reverse=True):
            held = list(self.roots[version].keys)
            if kid in held:
                place = held.index(kid)
                return _ORDER[place] if place < len(_ORDER) else None
        return None


class Succession:
    """Which keys may sign, line by line as roots follow each other.

    A root that exchanges keys is announced by an old one and settled by a rulebook of the new
    ones: in between a rotation may have been cut short, and both may sign.

    Args:
        signatories: Everybody.
    """

    def __init__(self, signatories: Signatories) -> None:
        self._roots = signatories.roots
        self._announced = 1
        self._settled = 1

    def take(self, line: Line) -> bool:
        """Go on by one line; whether its key may sign it, replaced ones may not."""
        held = any(
            number >= self._settled and line.kid in root.keys
            for number, root in self._roots.items()
        )
        if line.payload["t"] == Kind.ROOT:
            self._announced = line.payload["version"]
        elif line.payload["t"] == Kind.RULEBOOK:
            self._settled = self._announced
        return held


def signatories_of(bureau: Bureau) -> Signatories:
    """Read every root document.

    Raises:
        LedgerError: One that was kept does not verify.
    """
    roots = {bureau.root.version: bureau.root}
    for path in sorted(bureau.folder.root_version(1).parent.glob("*.json")):
        try:
            root = rulebook.read_root(path.read_bytes(), bureau.ca)
        except (OSError, EvidenceError) as error:
            raise LedgerError(f"{path} is no root document of this bureau: {error}") from error
        roots.setdefault(root.version, root)
    return Signatories(roots)
