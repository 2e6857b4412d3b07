"""One recorder's life for all attacks; each thief gets a copy of its own. Twenty for the honest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.device.offline import Thief, live, stolen_keys

HONEST_LIVES = 20
"""At full size; one in every other run."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each honest life."""
    if "life_number" in metafunc.fixturenames:
        full = metafunc.config.getoption("campaign_scale") == "full"
        metafunc.parametrize("life_number", range(HONEST_LIVES if full else 1))


@pytest.fixture(scope="session")
def lived() -> Iterator[Counter[str]]:
    """What happened in all honest lives, told at the end."""
    whole: Counter[str] = Counter()
    yield whole
    print(f"\nhonest lives: {dict(sorted(whole.items()))}")  # noqa: T201 - figures of a campaign


@pytest.fixture(scope="session")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thief]:
    """The card as it was taken, and what else a thief may hold."""
    with pytest.MonkeyPatch.context() as monkeypatch, stolen_keys(monkeypatch) as keys:
        yield live(tmp_path_factory.mktemp("o"), keys)


@pytest.fixture
def thief(taken: Thief, tmp_path: Path) -> Thief:
    """A thief with a copy of his own."""
    return taken.copy(tmp_path)
