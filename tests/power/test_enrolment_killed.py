"""A power cut or kill -9 at every step by which enrolling becomes durable, on either end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.enrolment.enrol import Outcome, needs_enrolment
from agent.settings import load_device
from evidence.store.signers import load_key_file
from hw.fake.clock import SystemClock
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from tests.kits.bureau.enrolment import founded
from tests.kits.bureau.two_ends import TwoEnds
from tests.kits.processes.cuts import Cutter, KilledError

pytestmark = pytest.mark.slow

NAME = "ZF-001"
MOST = 400


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return founded(tmp_path_factory.mktemp("bureau"))


@pytest.fixture
def fresh(bureau: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], TwoEnds]:
    """A copy of the bureau with nobody enrolled, for each cut."""

    def make(number: int) -> TwoEnds:
        # A short name: the device's sockets lie below it.
        folder = tmp_path_factory.mktemp(str(number))
        shutil.copytree(bureau, folder / "bureau")
        return TwoEnds(folder / "bureau", folder, SystemClock().utc_ns)

    return make


Deeds = tuple[Callable[[], object], Callable[[], None]]
"""What is cut, and what must hold after the cut: the next run completes it."""


def every_cut(monkeypatch: pytest.MonkeyPatch, stage: Callable[[int], Deeds]) -> int:
    """Cut at the first step, the second … until the work gets through; returns how many."""
    cutter = Cutter(monkeypatch)
    for at in range(1, MOST):
        work, complete = stage(at)
        cutter.arm(at)
        try:
            work()
        except KilledError:
            cutter.arm(0)
            complete()
        else:
            return at - 1
        finally:
            cutter.arm(0)
    raise AssertionError(f"still not through after {MOST} steps")


def check_whole(ends: TwoEnds) -> None:
    """The recorder starts, and nothing was done twice."""
    paths = load_device(ends.device(NAME)).paths
    for path in (paths.signing_key, paths.tls_key):
        load_key_file(path)
    assert not needs_enrolment(ends.device(NAME))
    bureau = open_bureau(ends.bureau)
    lines = ledger.read(bureau.folder.ledger, bureau.root.keys)
    kinds = [line["t"] for line in lines if line.get("device") == NAME]
    assert kinds.count("enrolled") == 1
    assert kinds.count("seeded") == 1


def test_seeding_is_completed_by_the_next_run(
    fresh: Callable[[int], TwoEnds], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(at: int) -> Deeds:
        ends = fresh(at)

        def complete() -> None:
            ends.expect(NAME)
            assert ends.expect(NAME).changed == 0
            ends.answer(NAME, ends.ask(NAME))
            ends.take(NAME)
            check_whole(ends)

        return lambda: ends.expect(NAME), complete

    assert every_cut(monkeypatch, stage) >= 10


def test_a_request_is_completed_by_the_next_run_and_keys_stay(
    fresh: Callable[[int], TwoEnds], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(at: int) -> Deeds:
        ends = fresh(at)
        ends.expect(NAME)

        def complete() -> None:
            keys = [path.read_bytes() for path in ends.device(NAME).glob("keys/*.pem")]
            ends.answer(NAME, ends.ask(NAME))
            after = [path.read_bytes() for path in ends.device(NAME).glob("keys/*.pem")]
            assert set(keys) <= set(after)
            ends.take(NAME)
            check_whole(ends)

        return lambda: ends.ask(NAME), complete

    assert every_cut(monkeypatch, stage) >= 15


def test_an_admission_is_completed_by_the_next_run_and_issued_once(
    fresh: Callable[[int], TwoEnds], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(at: int) -> Deeds:
        ends = fresh(at)
        ends.expect(NAME)
        digits = ends.ask(NAME)

        def complete() -> None:
            ends.answer(NAME, digits)
            ends.take(NAME)
            check_whole(ends)

        return lambda: ends.answer(NAME, digits), complete

    assert every_cut(monkeypatch, stage) >= 15


def test_taking_is_completed_by_the_next_run_and_not_before_it_is_whole(
    fresh: Callable[[int], TwoEnds], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = fresh(0)
    ends.expect(NAME)
    ends.answer(NAME, ends.ask(NAME))
    asked = ends.device(NAME)

    def stage(at: int) -> Deeds:
        one = TwoEnds(ends.bureau, ends.folder / f"{at}", ends.clock)
        shutil.copytree(asked, one.device(NAME))
        one.stick = ends.stick

        def complete() -> None:
            unfinished = needs_enrolment(one.device(NAME))
            assert one.take(NAME) is (Outcome.ENROLLED if unfinished else Outcome.UNCHANGED)
            check_whole(one)

        return lambda: one.take(NAME), complete

    assert every_cut(monkeypatch, stage) >= 25
