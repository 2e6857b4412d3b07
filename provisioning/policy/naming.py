"""What a clerk calls a policy: a version, ``now``, ``draft``, a text's name, or a file.

Owns finding it. Refuses a name that is none of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from evidence.errors import RulebookError
from evidence.rulebook import effective, read_rulebook
from provisioning.bureau_folder import Bureau
from provisioning.custody.signatories import signatories_of
from provisioning.policy import fixtures
from provisioning.policy.draft import begin, require
from provisioning.policy.errors import PolicyRefusedError
from provisioning.policy.files import read_file

NOW: Final = "now"
DRAFT: Final = "draft"


def stated(name: str) -> Mapping[str, Any]:
    """What a text or a file states.

    Raises:
        PolicyRefusedError: ``no_version``: there is no such file.
        PolicyError: It is no policy file.
    """
    if name in fixtures.NAMES:
        return fixtures.read_fixture(name)
    path = Path(name)
    if not path.is_file():
        raise PolicyRefusedError(f"{name!r}", code="no_version")
    return read_file(path)


def policy_of(bureau: Bureau, name: str) -> Mapping[str, Any]:
    """The whole policy of that name, defaults included.

    Raises:
        PolicyRefusedError: ``no_version``, ``no_draft``.
        PolicyError: A file is no policy.
        RulebookError: A version that was kept does not verify.
    """
    if name == NOW:
        return bureau.rulebook.policy
    if name == DRAFT:
        return effective(require(bureau).policy)
    if name.isdecimal():
        return _version(bureau, int(name))
    return effective(begin(bureau, stated(name)).policy)


def _version(bureau: Bureau, number: int) -> Mapping[str, Any]:
    path = bureau.folder.rulebook_version(number)
    if not path.is_file():
        raise PolicyRefusedError(f"version {number}", code="no_version")
    envelope = path.read_bytes()
    # The root of its time: one that was replaced since may have had other keys.
    for root in signatories_of(bureau).roots.values():
        try:
            return read_rulebook(envelope, root).policy
        except RulebookError:
            continue
    raise PolicyRefusedError(f"version {number} does not verify", code="no_version")
