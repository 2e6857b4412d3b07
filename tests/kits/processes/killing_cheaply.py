"""The clerk of ``tests.kits.processes.killing``, whose keys' passphrases cost nothing to guess."""

from __future__ import annotations

from evidence.store import protected_key
from tests.kits.processes import killing


def main() -> None:
    """Serve commands; what a guess costs is a fact of ``tests/unit/evidence/test_signers.py``."""
    vars(protected_key).update(_N=2**4, _P=1)
    killing.serve()


if __name__ == "__main__":
    main()
