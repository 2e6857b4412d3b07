"""Whoever attacks by the bureau's words: a dock at a vault, and a bureau not the device's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault
from tests.kits.device.words import Dock


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    """Another bureau, with a device of the same number."""
    return enrol(tmp_path_factory.mktemp("f"))


@pytest.fixture(scope="module")
def dock(enrolled: Enrolled) -> Iterator[Dock]:
    """For a whole file, whose ``enrolled`` is the file's as well."""
    with RunningVault(enrolled):
        yield (dock := Dock(enrolled))
        dock.hang_up()
