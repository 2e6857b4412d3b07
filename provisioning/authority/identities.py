"""The two identities that can open what the bureau's recorders seal.

Owns ``bureau.age``, which the desk works with, and ``escrow.age``, which is kept elsewhere. Refuses
to make either a second time once a rulebook names it: another identity would open nothing.
"""

from __future__ import annotations

from typing import Final

import pyrage

from evidence.moments import utc_text
from evidence.store.durable import create_file, make_folder
from provisioning.layout import BureauFolder
from provisioning.plan import Step

_TITLES: Final = {"bureau": "本单位解密身份", "escrow": "托管解密身份"}


def steps(folder: BureauFolder, *, at_ns: int) -> list[Step]:
    """Both identities, as ``age-keygen`` writes them: ``age -d -i`` reads them."""
    return [_step(folder, role, at_ns) for role in _TITLES]


def recipients(folder: BureauFolder) -> dict[str, str]:
    """Role → what is sealed to."""
    return {role: _recipient(folder, role) for role in _TITLES}


def _step(folder: BureauFolder, role: str, at_ns: int) -> Step:
    path = folder.identity(role)

    def do() -> None:
        identity = pyrage.x25519.Identity.generate()
        lines = (f"# created: {utc_text(at_ns)}", f"# public key: {identity.to_public()}", identity)
        make_folder(path.parent, mode=0o700)
        create_file(path, "".join(f"{line}\n" for line in lines).encode(), mode=0o600)

    return Step(_TITLES[role], lambda: path.exists() or folder.rulebook.exists(), do)


def _recipient(folder: BureauFolder, role: str) -> str:
    lines = folder.identity(role).read_text().splitlines()
    secret = next(line for line in lines if not line.startswith("#"))
    return str(pyrage.x25519.Identity.from_str(secret).to_public())
