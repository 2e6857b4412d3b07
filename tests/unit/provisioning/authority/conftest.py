"""Founding with offline root keys, and a token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.store import protected_key
from provisioning.authority.root import passphrases
from provisioning.plan import Report
from tests.kits.bureau.roots import FIRST
from tests.kits.bureau.token import SoftToken, soft_token


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a guess costs is a fact of ``tests/unit/evidence/test_signers.py``."""
    monkeypatch.setattr(protected_key, "_N", 2**4)
    monkeypatch.setattr(protected_key, "_P", 1)


@pytest.fixture
def words() -> tuple[str, ...]:
    """The passphrases of the three root keys."""
    return FIRST


@pytest.fixture
def typed(tmp_path: Path, words: tuple[str, ...]) -> Path:
    """Those passphrases in a file."""
    path = tmp_path / "passphrases"
    path.write_text("".join(f"{line}\n" for line in words))
    path.chmod(0o600)
    return path


@pytest.fixture
def rooted(tmp_path: Path, found: Callable[..., Report]) -> Path:
    """A bureau with offline root keys."""
    path = tmp_path / "rooted"
    found(path, root_passphrases=passphrases.given(FIRST))
    return path


@pytest.fixture(name="soft_token")
def token_of_this_process() -> SoftToken:
    return soft_token()
