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
from provisioning.authority.founding import init_bureau
from provisioning.authority.wishes import Founding
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from tests.kits.bureau.two_ends import TwoEnds
from tests.kits.media.clip import write_clip
from tests.kits.processes.cuts import Cutter, KilledError

pytestmark = pytest.mark.slow

NAME = "ZF-001"
MOST = 400


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bureau")
    wish = Founding(name="某县统计局", announce=write_clip(folder / "clips" / "zh-cn"))
    init_bureau(folder / "bureau", wish, clock=SystemClock().utc_ns)
    return folder / "bureau"


@pytest.fixture
def fresh(founded: Path, tmp_path: Path) -> Callable[[int], TwoEnds]:
    """A copy of the bureau with nobody enrolled, for each cut."""

    def make(number: int) -> TwoEnds:
        folder = tmp_path / str(number)
        shutil.copytree(founded, folder / "bureau")
        return TwoEnds(folder / "bureau", folder, SystemClock().utc_ns)

    return make


def cut_at(cutter: Cutter, at: int, work: Callable[[], object]) -> bool:
    """Whether the cut came before the work was done."""
    cutter.arm(at)
    try:
        work()
    except KilledError:
        return True
    finally:
        cutter.arm(0)
    return False


def every_cut(cutter: Cutter, work: Callable[[int], Callable[[], object]]) -> int:
    """Cut at the first step, the second … until the work gets through; returns how many."""
    for at in range(1, MOST):
        if not cut_at(cutter, at, work(at)):
            return at - 1
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
    cutter = Cutter(monkeypatch)

    def work(at: int) -> Callable[[], object]:
        ends = fresh(at)

        def seed() -> None:
            try:
                ends.expect(NAME)
            except KilledError:
                cutter.arm(0)
                ends.expect(NAME)
                assert ends.expect(NAME).changed == 0
                ends.answer(NAME, ends.ask(NAME))
                ends.take(NAME)
                check_whole(ends)
                raise

        return seed

    assert every_cut(cutter, work) >= 10


def test_a_request_is_completed_by_the_next_run_and_keys_stay(
    fresh: Callable[[int], TwoEnds], monkeypatch: pytest.MonkeyPatch
) -> None:
    cutter = Cutter(monkeypatch)

    def work(at: int) -> Callable[[], object]:
        ends = fresh(at)
        ends.expect(NAME)

        def ask() -> None:
            try:
                ends.ask(NAME)
            except KilledError:
                cutter.arm(0)
                keys = [path.read_bytes() for path in ends.device(NAME).glob("keys/*.pem")]
                ends.answer(NAME, ends.ask(NAME))
                after = [path.read_bytes() for path in ends.device(NAME).glob("keys/*.pem")]
                assert set(keys) <= set(after)
                ends.take(NAME)
                check_whole(ends)
                raise

        return ask

    assert every_cut(cutter, work) >= 15


def test_an_admission_is_completed_by_the_next_run_and_issued_once(
    fresh: Callable[[int], TwoEnds], monkeypatch: pytest.MonkeyPatch
) -> None:
    cutter = Cutter(monkeypatch)

    def work(at: int) -> Callable[[], object]:
        ends = fresh(at)
        ends.expect(NAME)
        digits = ends.ask(NAME)

        def answer() -> None:
            try:
                ends.answer(NAME, digits)
            except KilledError:
                cutter.arm(0)
                ends.answer(NAME, digits)
                ends.take(NAME)
                check_whole(ends)
                raise

        return answer

    assert every_cut(cutter, work) >= 15


def test_taking_is_completed_by_the_next_run_and_not_before_it_is_whole(
    fresh: Callable[[int], TwoEnds], monkeypatch: pytest.MonkeyPatch
) -> None:
    cutter = Cutter(monkeypatch)
    ends = fresh(0)
    ends.expect(NAME)
    ends.answer(NAME, ends.ask(NAME))
    asked = ends.device(NAME)

    def work(at: int) -> Callable[[], object]:
        one = TwoEnds(ends.bureau, ends.folder / f"{at}", ends.clock)
        shutil.copytree(asked, one.device(NAME))
        one.stick = ends.stick

        def take() -> None:
            try:
                one.take(NAME)
            except KilledError:
                cutter.arm(0)
                unfinished = needs_enrolment(one.device(NAME))
                assert one.take(NAME) is (Outcome.ENROLLED if unfinished else Outcome.UNCHANGED)
                check_whole(one)
                raise

        return take

    assert every_cut(cutter, work) >= 25
