"""``init`` is killed at every call that makes something durable, and finds no room at any of them.

The next run of the same command completes what was begun: nothing is doubled, no key is made
twice, nothing half-written stays.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioning.authority.founding import Founding, init_bureau
from provisioning.authority.root import passphrases
from provisioning.authority.safekeeping.backup import back_up
from provisioning.bureau_folder import open_bureau
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import read_lines
from provisioning.errors import DiskError
from provisioning.plan import Report
from tests.kits.cards.small import memory_disk
from tests.kits.processes.killing import Clerk

Again = Callable[[Path], Report]
_LATER_NS = 1_890_000_000_000_000_000
_PAGE = 4_096


@pytest.fixture(scope="module")
def clerk() -> Iterator[Clerk]:
    with Clerk("tests.kits.processes.killing_cheaply") as one:
        yield one


@pytest.fixture
def again(announcements: Path, words: tuple[str, ...]) -> Again:
    """The same command a while later, in this process."""
    wish = Founding(
        name="某县统计局", announce=announcements, root_passphrases=passphrases.given(words)
    )
    return lambda bureau: init_bureau(bureau, wish, clock=lambda: _LATER_NS)


def keys_in(bureau: Path) -> dict[Path, bytes]:
    """Every private key and identity that is there whole, under its name."""
    return {
        path: path.read_bytes()
        for pattern in ("ca/key.pem", "keys/**/*.pem", "broker/*.key.pem", "identities/*.age")
        for path in bureau.glob(pattern)
    }


def check_whole(bureau: Path, kinds: list[str]) -> None:
    opened = open_bureau(bureau)
    assert [line.payload["t"] for line in read_lines(opened)] == kinds
    assert audit(opened, at_ns=1_900_000_000_000_000_000).discrepancies == ()
    assert not [path for path in bureau.rglob("*.new") if path.is_file()]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_init_is_killed_at_every_step(
    clerk: Clerk, tmp_path: Path, typed: Path, announcements: Path, again: Again
) -> None:
    made = 0
    for cut in itertools.count(1):
        bureau = tmp_path / f"cut{cut}"
        words: list[str | Path] = ["init", "--bureau", bureau, "--name", "某县统计局"]
        words += ["--announce", announcements, "--root-passphrases", typed, "--json"]
        first = clerk.run(words, cut=cut)
        if not first.killed:
            assert first.code == 0, first.output
            break
        before = keys_in(bureau)
        again(bureau)
        after = keys_in(bureau)
        assert before.items() <= after.items(), f"a key was made twice after step {cut}"
        assert len(after) == 11
        unchanged = again(bureau)
        assert unchanged.changed == 0, (cut, unchanged.outcomes)
        check_whole(bureau, ["founded", "rulebook"])
        made = max(made, len(before))
        shutil.rmtree(bureau)  # noqa: TID251 - the test's own
    assert cut > 100
    assert made == 11


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_roots_replacement_is_killed_at_every_step(
    clerk: Clerk, rooted: Path, tmp_path: Path, typed: Path
) -> None:
    for cut in itertools.count(1):
        bureau = tmp_path / f"cut{cut}"
        shutil.copytree(rooted, bureau)
        words: list[str | Path] = ["root", "rotate", "--replace-clerk", "--replace-root", "1"]
        words += ["--bureau", bureau, "--root-passphrases", typed, "--json"]
        first = clerk.run(words, cut=cut)
        if not first.killed:
            assert first.code == 0, first.output
            break
        before = set(keys_in(bureau).values())
        if open_or_none(bureau) != 2:
            again = clerk.run(words)
            assert again.code == 0, f"after a kill at step {cut}: {again.output}"
        assert before <= set(keys_in(bureau).values())
        assert open_or_none(bureau) == 2
        check_whole(bureau, ["founded", "rulebook", "root", "rulebook"])
        shutil.rmtree(bureau)  # noqa: TID251 - the test's own
    assert cut > 30


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_restoration_is_killed_at_every_tenth_step(
    clerk: Clerk, rooted: Path, tmp_path: Path, clock: Callable[[], int]
) -> None:
    back_up(rooted, tmp_path / "saved.age", None, clock=clock)
    escrow = rooted / "identities" / "escrow.age"
    for cut in itertools.count(1, 10):
        bureau = tmp_path / f"cut{cut}"
        words: list[str | Path] = ["restore", tmp_path / "saved.age", "--identity", escrow]
        words += ["--bureau", bureau, "--json"]
        first = clerk.run(words, cut=cut)
        if not first.killed:
            assert first.code == 0, first.output
            break
        if not bureau.exists():
            again = clerk.run(words)
            assert again.code == 0, f"after a kill at step {cut}: {again.output}"
        check_whole(bureau, ["founded", "rulebook"])
        assert not (tmp_path / f"cut{cut}.restoring").exists()
    assert cut > 50


def open_or_none(bureau: Path) -> int | None:
    """Version of its root, or None while it cannot be worked with."""
    try:
        return open_bureau(bureau).root.version
    except Exception:  # noqa: BLE001 - whatever it is, the next run mends it
        return None


def found_or_said(found: Callable[..., Report], bureau: Path, words: tuple[str, ...]) -> str | None:
    """None where it could be founded, or what was said where the disk was full."""
    try:
        found(bureau, root_passphrases=passphrases.given(words))
    except DiskError as error:
        return error.diagnosis()
    return None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of two pages."""
    with memory_disk(tmp_path / "m", 2 * _PAGE) as disk:
        yield disk


def test_a_disk_that_is_full_at_any_step_is_named_and_a_larger_one_completes(
    small_disk: Path, found: Callable[..., Report], words: tuple[str, ...]
) -> None:
    refused = 0
    for pages in itertools.count(2):
        size = f"remount,size={pages * _PAGE}"
        subprocess.run(["mount", "-o", size, str(small_disk)], check=True)
        before = keys_in(small_disk / "bureau")
        said = found_or_said(found, small_disk / "bureau", words)
        assert before.items() <= keys_in(small_disk / "bureau").items()
        if said is None:
            break
        assert "请腾出空间后重新运行同一条命令" in said
        refused += 1
    assert refused > 20
    assert found(small_disk / "bureau").changed == 0
    check_whole(small_disk / "bureau", ["founded", "rulebook"])
