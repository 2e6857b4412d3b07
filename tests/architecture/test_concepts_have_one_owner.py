"""Time, durability and release each have one owner; ruff's banned calls and this test say the same.

ruff sees ``os.unlink``; this sees ``Path.unlink``, aliases, references and ``getattr`` as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.architecture.source_tree import strangers, used_by

if TYPE_CHECKING:
    from pathlib import Path

RELEASE: Final = frozenset(
    {
        *("os.remove", "os.removedirs", "os.rmdir", "os.unlink", "shutil.rmtree"),
        *(".unlink", ".rmdir", ".rmtree", ".removedirs", "$rm", "$shred"),
    }
)
DURABILITY: Final = frozenset(
    {
        *("os.fsync", "os.fdatasync", "os.sync", "os.rename", "os.renames", "os.replace"),
        *("shutil.move", "Path.replace", ".rename", "$mv", "$sync"),
    }
)
SHORTENING: Final = frozenset({"os.truncate", "os.ftruncate", ".truncate", "$truncate"})
CLOCK: Final = frozenset(
    {
        *("time.time", "time.time_ns", "time.sleep", "time.monotonic", "time.monotonic_ns"),
        *("time.clock_gettime", "time.clock_gettime_ns", "time.perf_counter"),
        *("time.perf_counter_ns", "time.localtime", "time.gmtime"),
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
        *("datetime.date.today", ".utcnow"),
    }
)

ON_THE_DEVICE: Final = ("agent", "hw")
RELEASER: Final = frozenset({"agent/vault/custody.py"})
DURABLE: Final = frozenset({"evidence/store/durable.py"})
# The room kept for the last ten minutes is given back by shortening its file, never a recording.
# The catalog empties a table of its index before it is rebuilt from the journals.
SHORTENER: Final = frozenset({"agent/vault/store/catalog.py", "agent/vault/store/medium.py"})
CLOCKS: Final = frozenset(
    {
        *("hw/fake/clock.py", "hw/pi/clock.py"),
        # Composition roots of the two sides without a body: they hand a callable down.
        *("bureau/main.py", "provisioning/main.py"),
    }
)


@pytest.mark.rule("G1")
def test_on_the_device_custody_alone_releases() -> None:
    assert strangers(RELEASE, RELEASER, *ON_THE_DEVICE) == {}


def test_nobody_releases_behind_custody_but_the_owner_of_atomic_files() -> None:
    assert strangers(RELEASE, RELEASER | DURABLE) == {}


@pytest.mark.rule("G1")
def test_on_the_device_nothing_but_the_kept_room_is_shortened() -> None:
    assert strangers(SHORTENING, SHORTENER, *ON_THE_DEVICE) == {}


def test_durable_alone_syncs_renames_and_replaces() -> None:
    assert strangers(DURABILITY, DURABLE) == {}


def test_clocks_alone_tell_time_and_sleep() -> None:
    assert strangers(CLOCK, CLOCKS) == {}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("import os as o; o.unlink('x')", RELEASE),
        ("from os import unlink as forget; forget('x')", RELEASE),
        ("import os; forget = os.remove", RELEASE),
        ("from pathlib import Path; Path('x').unlink()", RELEASE),
        ("from pathlib import Path; forget = Path.unlink", RELEASE),
        ("import os; getattr(os, 'unlink')('x')", RELEASE),
        ("import shutil; shutil.rmtree('x')", RELEASE),
        ("import subprocess; subprocess.run(['/bin/rm', 'x'], check=True)", RELEASE),
        ("from pathlib import Path; Path('x').replace('y')", DURABILITY),
        ("from pathlib import Path; Path('x').rename('y')", DURABILITY),
        ("import os; os.fsync(1)", DURABILITY),
        ("open('x', 'r+').truncate(0)", SHORTENING),
        ("import time as t; t.time()", CLOCK),
        ("from time import monotonic", CLOCK),
        ("import datetime; datetime.datetime.now()", CLOCK),
        ("from datetime import datetime as d; d.now()", CLOCK),
    ],
)
def test_a_planted_stranger_is_seen(tmp_path: Path, line: str, names: frozenset[str]) -> None:
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "planted.py").write_text(line, encoding="utf-8")
    found = strangers(names, RELEASER | DURABLE | CLOCKS, "agent", root=tmp_path)
    assert list(found) == ["agent/planted.py"]


def test_replacing_in_a_text_or_a_date_is_no_renaming(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("'a'.replace('b', 'c'); moment.replace(tzinfo=None)", encoding="utf-8")
    assert used_by(module, DURABILITY) == []
