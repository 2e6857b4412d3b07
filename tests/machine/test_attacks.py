"""Nothing recorded is changed or gone, whoever attacks it on the booted machine.

The attacks are those of ``tests/attacks``; here each runs in the sandbox of a real unit, user,
capabilities, seccomp and mounts included, on the ext4 of the card, while the recorder works.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scripts.bench_pi.machine.day import Day
from tests.attacks.attacks import ATTACKS
from tests.machine.conftest import in_the_machine

pytestmark = in_the_machine
STORE = "/var/lib/recorder/store"
HERE = Path(__file__).parent
IDENTITIES = {
    "officer": "officer",
    "recorder": "recorder-session.service",
    "dock": "recorder-dock.service",
    "vault": "recorder-vault.service",
    "service root": "root",
    "enrolment as root": "recorder-enrol.service",
}
TRIES = 6
NAMES = {attack.__name__ for attack in ATTACKS}


@pytest.fixture(scope="module")
def session(day: Day) -> Iterator[str]:
    """The folder of a recording that goes on while all attack it."""
    machine = day.machine
    for source, name in ((HERE.parent / "attacks", "attacks.py"), (HERE, "attack_judge.py")):
        content = (source / name).read_bytes()
        assert machine.run("sh", "-c", f"cat >/opt/bench/{name}", stdin=content).code == 0
    sid = day.press_record()
    folder = f"{STORE}/sessions/{sid}"
    machine.wait_until(lambda: len(films(day, folder)) > 1, "a second segment", pause=1)
    yield folder
    day.stop(sid)
    assert [one["reason"] for one in day.journal(sid) if one["t"] == "close"] == ["officer"]


def films(day: Day, folder: str) -> list[str]:
    return day.machine.sh(f"find {folder} -name '*.mp4.age' | sort").split()


def has_more(day: Day, folder: str, known: int) -> bool:
    return len(films(day, folder)) > known


def is_open(day: Day, path: str) -> bool:
    """Whether the kernel lets it grow, and nothing else."""
    flags = day.machine.sh(f"lsattr {path}").split()[0]
    return "a" in flags and "i" not in flags


def attacked(day: Day, identity: str, target: str) -> dict[str, Any]:
    words = ("/usr/bin/python3", "/opt/bench/attack_judge.py", identity, target, STORE)
    done = day.machine.run(*words, seconds=240)
    assert done.code == 0, done.err.decode()
    found: dict[str, Any] = json.loads(done.text)
    return found


def attacked_while_open(day: Day, identity: str, folder: str) -> dict[str, Any]:
    """Attack the segment that is being written, from its first second on; it lasts for ten."""
    for _ in range(TRIES):
        known = len(films(day, folder))
        day.machine.wait_until(partial(has_more, day, folder, known), "a new segment")
        path = films(day, folder)[-1]
        found = attacked(day, identity, path)
        if is_open(day, path) or found["harm"] or found["gone"]:
            return found
    raise AssertionError(f"the segment was sealed before the attacks were over, {TRIES} times")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("which", ["sealed", "open"])
@pytest.mark.parametrize("identity", IDENTITIES)
def test_nothing_recorded_is_changed_or_gone_on_the_machine(
    day: Day, session: str, identity: str, which: str
) -> None:
    if which == "open":
        found = attacked_while_open(day, IDENTITIES[identity], session)
    else:
        found = attacked(day, IDENTITIES[identity], films(day, session)[0])
    through = [name for name, how in found["refused"].items() if how == "went through"]
    sys.stdout.write(
        f"\n{identity} on a segment that is {which}: {found['tried']} attacks, harm"
        f" {found['harm']}, changed or gone {found['gone']} of {found['files']} files with"
        f" {found['bytes']} bytes; went through without harm: {through}\n"
    )
    assert set(found["refused"]) == NAMES
    assert len(NAMES) >= 30
    assert (found["harm"], found["gone"]) == ([], [])
    assert day.services() == dict.fromkeys(("locker", "vault", "session", "dock"), "active")
