"""Nothing recorded is changed or gone, whoever attacks it on the booted machine.

The attacks are those of ``tests/attacks``; here each runs in the sandbox of a real unit, user,
capabilities, seccomp and mounts included, on the ext4 of the card, while the recorder works.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
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
SEGMENT_SECONDS = 10
NAMES = {attack.__name__ for attack in ATTACKS}


@pytest.fixture(scope="module")
def segments(day: Day) -> Iterator[dict[str, str]]:
    """A sealed segment and an open one: the vault that writes it is held still meanwhile."""
    machine = day.machine
    for source, name in ((HERE.parent / "attacks", "attacks.py"), (HERE, "attack_judge.py")):
        content = (source / name).read_bytes()
        assert machine.run("sh", "-c", f"cat >/opt/bench/{name}", stdin=content).code == 0
    sid = day.press_record()
    folder = f"{STORE}/sessions/{sid}"
    sealed, growing = f"{folder}/000000.mp4.age", f"{folder}/000001.mp4.age"
    machine.wait_until(lambda: machine.run("ls", growing).code == 0, "a second segment", pause=1)
    Event().wait(SEGMENT_SECONDS / 2)
    machine.sh("systemctl service-watchdogs no; systemctl kill --signal=STOP recorder-vault")
    try:
        flags = machine.sh(f"lsattr {sealed} {growing}").split()[::2]
        assert "i" in flags[0], flags
        assert ("a" in flags[1], "i" in flags[1]) == (True, False), flags
        yield {"sealed": sealed, "open": growing}
    finally:
        machine.sh("systemctl service-watchdogs yes; systemctl kill --signal=CONT recorder-vault")
        day.begin_work()


def attacked(day: Day, identity: str, target: str) -> dict[str, Any]:
    words = ("/usr/bin/python3", "/opt/bench/attack_judge.py", identity, target, STORE)
    done = day.machine.run(*words, seconds=240)
    assert done.code == 0, done.err.decode()
    found: dict[str, Any] = json.loads(done.text)
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("which", ["sealed", "open"])
@pytest.mark.parametrize("identity", IDENTITIES)
def test_nothing_recorded_is_changed_or_gone_on_the_machine(
    day: Day, segments: dict[str, str], identity: str, which: str
) -> None:
    found = attacked(day, IDENTITIES[identity], segments[which])
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
