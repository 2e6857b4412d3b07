"""Every root document of a bureau, one after the other.

Owns finding them and saying which keys could sign when. Refuses nothing that the CA signed: whether
one may follow another was judged when it was made, and is judged again by every recorder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import rulebook
from evidence.rulebook import Root
from provisioning.errors import LedgerError
from provisioning.layout import BureauFolder


def read_roots(folder: BureauFolder, ca: x509.Certificate) -> dict[int, Root]:
    """Version → root: those that were kept, and the one in force.

    Raises:
        OSError: One cannot be read.
        RulebookError: One is not the bureau's.
    """
    paths = [*sorted(folder.root_version(1).parent.glob("*.json")), folder.root]
    read = (rulebook.read_root(path.read_bytes(), ca) for path in paths)
    return {root.version: root for root in read}


def keys_of(roots: Mapping[int, Root]) -> dict[str, ec.EllipticCurvePublicKey]:
    """Every key that ever signed rulebooks and ledger lines, by thumbprint."""
    return {kid: key for root in roots.values() for kid, key in root.keys.items()}


def check_signers(
    lines: Iterable[tuple[Mapping[str, Any], str]], roots: Mapping[int, Root]
) -> None:
    """Whether each line of the ledger is signed by a key of the root in force at that line.

    A key that was replaced signs nothing after the line that says so, which either may sign.

    Args:
        lines: Payload and thumbprint of the signer, in order.
        roots: Every root of the bureau.

    Raises:
        LedgerError: A line is signed by a key that did not count any more, or not yet.
    """
    version = min(roots)
    for payload, kid in lines:
        allowed = set(roots[version].keys)
        if payload.get("t") == "root":
            version = payload["version"]
            if version not in roots:
                raise LedgerError(f"root version {version} is not in this bureau")
            allowed |= set(roots[version].keys)
        if kid not in allowed:
            raise LedgerError(f"line {payload.get('i')} is signed by a key that did not count then")
