"""The golden sessions are judged as they were, and are made as they were."""

from __future__ import annotations

import pytest

from tests.kits.records import vectors

KEPT = vectors.read()


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_golden_session_is_judged_as_ever(name: str) -> None:
    verdict = vectors.judged(vectors.folder_of(name, KEPT))
    assert vectors.expectation(verdict) == KEPT[name].verdict


def test_a_re_run_of_the_script_gives_no_difference() -> None:
    kept = {
        str(path.relative_to(vectors.FOLDER)): path.read_bytes()
        for path in vectors.FOLDER.rglob("*")
        if path.is_file()
    }
    assert vectors.files(vectors.make()) == kept
    assert sum(map(len, kept.values())) < 300_000
