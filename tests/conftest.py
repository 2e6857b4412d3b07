"""What every test may ask for, and which tests run when.

A *campaign* is one test body at two sizes: a small seeded sample in every run, the full size on
request. It asks for its size with ``campaign_size`` and for its randomness with ``campaign_seed``::

    def test_kill_at_any_point_loses_no_acknowledged_byte(campaign_size, campaign_seed):
        dice = random.Random(campaign_seed)
        for kill in range(campaign_size(ci=6, full=300)):
            ...

``pytest tests/power --campaign-scale=full`` (``make campaign-kill``) runs the campaigns there, and
nothing else, at full size. A test that is too long for every day even as a sample is marked
``campaign`` and has only that one size. Tests of the real body are marked ``pi`` and run with
``--board=pi``.

``scripts/test`` runs three workers. What plays in real time with real processes stays together on
two of them, one test after the other: it waits more than it works.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterable

pytest.register_assert_rewrite("tests.kits")  # a failure there is told as fully as in a test

DEFAULT_SEED: Final = 20210715
"""The day the amended Administrative Penalty Law came into force; any fixed number would do."""


REAL_TIME: Final = frozenset({"story", "power", "wire", "hostile"})
"""Folders whose tests play in real time."""
LONG_STORIES: Final = frozenset({"test_officers_day.py", "test_fault_table.py"})
"""About half of that time."""
_LANES: Final = ("real time", "long stories")


class CampaignSize(Protocol):
    """Chooses the size of a campaign."""

    def __call__(self, ci: int, full: int) -> int:
        """``ci`` in every run, ``full`` with ``--campaign-scale=full``."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("recorder")
    group.addoption(
        "--campaign-scale",
        choices=("sample", "full"),
        default="sample",
        help="sample: campaigns run small among the other tests; full: only campaigns, full size",
    )
    group.addoption(
        "--campaign-seed",
        type=int,
        default=DEFAULT_SEED,
        help=f"seed of every campaign (default {DEFAULT_SEED})",
    )
    group.addoption(
        "--board",
        choices=("fake", "machine", "pi"),
        default="fake",
        help="the body that contract and field tests run against",
    )


class Lanes(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each worker a whole file, or a whole lane of what plays in real time."""

    def _split_scope(self, nodeid: str) -> str:
        return _lane(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    return Lanes(config, log)


def _lane(nodeid: str) -> str:
    """Which tests stay on one worker with this one."""
    file = PurePosixPath(nodeid.partition("::")[0])
    if not REAL_TIME & set(file.parts):
        return str(file)
    return "long stories" if file.name in LONG_STORIES else "real time"


def pytest_report_header(config: pytest.Config) -> str:
    scale = config.getoption("campaign_scale")
    return f"campaigns: {scale}, seed {config.getoption('campaign_seed')}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    full = config.getoption("campaign_scale") == "full"
    on_pi = config.getoption("board") == "pi"
    # The long lanes begin at once; within them, and behind them, the order stays random.
    items.sort(key=lambda item: _lane(item.nodeid) not in _LANES)
    kept = [item for item in items if _runs(item, full=full, on_pi=on_pi)]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=_others(items, kept))
        items[:] = kept


def _runs(item: pytest.Item, *, full: bool, on_pi: bool) -> bool:
    if item.get_closest_marker("pi") is not None and not on_pi:
        return False
    marked = item.get_closest_marker("campaign") is not None
    if full:
        return marked or "campaign_size" in getattr(item, "fixturenames", ())
    return not marked


def _others(items: Iterable[pytest.Item], kept: list[pytest.Item]) -> list[pytest.Item]:
    known = set(kept)
    return [item for item in items if item not in known]


@pytest.fixture
def campaign_size(request: pytest.FixtureRequest) -> CampaignSize:
    full_scale = request.config.getoption("campaign_scale") == "full"

    def choose(ci: int, full: int) -> int:
        return full if full_scale else ci

    return choose


@pytest.fixture
def campaign_seed(request: pytest.FixtureRequest) -> int:
    """A seed of this test's own, the same in every run with the same ``--campaign-seed``."""
    seed = f"{request.config.getoption('campaign_seed')}:{request.node.nodeid}"
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")


@pytest.fixture
def board_kind(request: pytest.FixtureRequest) -> str:
    """``fake``, ``machine`` or ``pi``: the body under test."""
    return str(request.config.getoption("board"))
