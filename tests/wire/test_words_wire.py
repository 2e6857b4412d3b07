"""The bureau's word from the clerk's command to the recorder and back, over a real Mosquitto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.vault import messages as m
from evidence.assignment import Standing
from evidence.digests import sha256_hex
from evidence.store.signers import file_signer
from provisioning.cli import app
from tests.kits.bureau.enrolment import DEVICE_ID, Enrolled, enrol
from tests.kits.device.vault import RunningVault, records
from tests.kits.device.words import policy, token
from tests.kits.wire.desk import RunningDock, wait_until
from tests.kits.wire.peer import Mosquitto, free_port, real_utc_ns
from tests.kits.wire.towns import RunningDesk, hurried


@dataclass
class Town:
    """A bureau whose broker and desk run, and a recorder whose vault runs."""

    enrolled: Enrolled
    vault: RunningVault

    def open_desk(self) -> None:
        self.desk = RunningDesk(self.enrolled.bureau)
        self.office = self.desk.office

    def close_desk(self) -> None:
        self.desk.close()

    def clerk(self, *words: str) -> Any:
        """A command of ``provision policy``; what it printed as JSON."""
        arguments = ["policy", *words, "--bureau", str(self.enrolled.bureau), "--json"]
        done = CliRunner().invoke(app, arguments, obj=real_utc_ns)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def publish(self, *changes: str) -> None:
        self.clerk("edit", *changes)
        for signatory in ("clerk", "head"):
            self.clerk("sign", "--as", signatory)
        self.clerk("publish")

    def standing(self) -> dict[str, Any]:
        """What ``policy show --devices`` says of the recorder."""
        (row,) = self.clerk("show", "--devices")["devices"]
        return dict(row)

    def said(self, kind: str) -> tuple[int, str]:
        """What the desk keeps of its answers."""
        path = self.enrolled.bureau / "registry" / "words" / f"{DEVICE_ID}.json"
        held = json.loads(path.read_text()).get(kind) if path.exists() else None
        return (held["number"], held["state"]) if held else (0, "")

    def assign(self, number: int, **fields: Any) -> bytes:
        """Provisioning hands the recorder to somebody."""
        content = token(self.enrolled, number, **fields)
        row = self.enrolled.bureau / "registry" / "assignments" / DEVICE_ID
        row.mkdir(parents=True, exist_ok=True)
        (row / f"{number:06d}.jws").write_bytes(content)
        return content

    def provisions(self) -> list[tuple[str, int]]:
        log = records(self.enrolled.device.paths.device_log)
        return [(one["step"], one["version"]) for one in log if one["t"] == "provision"]

    def version_of(self, sid: str) -> int:
        journal = self.enrolled.journal(sid)
        return int(records(journal)[0]["rulebook"]["version"])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    port = free_port()
    quick = hurried(enrol(tmp_path, port=port, numbers={"release.keep_days": 30}))
    broker = Mosquitto(quick.bureau / "broker" / "mosquitto.conf", port)
    with RunningVault(quick) as vault:
        town = Town(quick, vault)
        town.open_desk()
        yield town
        town.close_desk()
    broker.stop()


def test_a_rulebook_published_during_a_recording_is_adopted_after_it_and_the_clerk_sees_so(
    town: Town,
) -> None:
    device = town.enrolled.device
    with RunningDock(device):
        wait_until(lambda: town.said("rulebook") == (1, "adopted"), "the one of enrolment is known")
        recorder = town.vault.recorder()
        recorder.attach()
        first = recorder.open().sid
        recorder.segment(0)
        town.publish("segment.seconds=4")
        wait_until(lambda: town.said("rulebook") == (2, "staged"), "put aside")
        assert town.standing()["state"] == "staged"
        assert town.standing()["current"] is False
        recorder.segment(1)
    recorder.close()
    recorder.wait(m.WordAdopted)
    recorder.hang_up()
    again = town.vault.recorder()
    assert again.attach().segment_seconds == 4
    second = again.open().sid
    again.segment(0)
    again.close()
    with RunningDock(device):
        wait_until(lambda: town.standing()["current"] is True, "adopted, says the clerk's list")
        wait_until(lambda: town.standing()["version"] == 2, "and the signed log says so too")
    assert [town.version_of(sid) for sid in (first, second)] == [1, 2]
    assert town.provisions() == [("rulebook", 2)]
    assert town.standing()["state"] == "adopted"


@pytest.mark.rule("A1")
@pytest.mark.rule("M1")
def test_an_assignment_reaches_a_recorder_that_comes_to_the_cradle_later(town: Town) -> None:
    content = town.assign(2, custodian="O-7")
    wait_until(lambda: town.office.words.find("roster", DEVICE_ID) is not None, "it is in force")
    with RunningDock(town.enrolled.device):
        wait_until(lambda: town.said("assignment") == (2, "adopted"), "adopted")
        assert town.enrolled.device.paths.assignment.read_bytes() == content
        # Published while it is docked: it comes at once.
        town.assign(3, standing=Standing.FROZEN, because="repair")
        wait_until(lambda: town.said("assignment") == (3, "adopted"), "frozen")
    assert town.vault.recorder().attach().refused == "custody"
    assert town.provisions() == [("assignment", 2), ("assignment", 3)]


def test_the_broker_keeps_a_word_while_the_desk_is_closed(town: Town) -> None:
    town.publish("segment.seconds=5")
    content = town.office.words
    wait_until(lambda: (word := content.find("policy", DEVICE_ID)) and word.number == 2, "packed")
    Event().wait(0.5)
    town.close_desk()
    with RunningDock(town.enrolled.device):
        wait_until(lambda: ("rulebook", 2) in town.provisions(), "adopted without a desk")
        town.open_desk()
        wait_until(lambda: town.said("rulebook") == (2, "adopted"), "and answered when it is back")


def test_what_a_hostile_broker_says_is_refused_over_the_wire_and_on_record(town: Town) -> None:
    device = town.enrolled.device
    forged = {
        "policy": policy(town.enrolled, 9, signers=[_stranger(town), _stranger(town)]),
        "roster": token(town.enrolled, 9, signer=_stranger(town)),
    }
    with RunningDock(device):
        wait_until(lambda: town.said("rulebook") == (1, "adopted"), "at peace")
        for kind, content in forged.items():
            slip(town, kind, content)
        # Told again what is in force: the refusal of a forgery may have come while it was carried.
        wait_until(lambda: town.said("rulebook") == (1, "adopted"), "at peace again")
    assert _refusals(town) == {"policy_rulebook", "assignment_signature"}
    assert town.provisions() == []
    assert device.paths.rulebook_floor.read_text() == "1\n"


def slip(town: Town, kind: str, content: bytes) -> None:
    """Have the desk carry something that nobody at the bureau has signed, until it is refused."""
    words = town.office.words
    real = words.find
    word = real("policy", DEVICE_ID)
    assert word is not None
    fake = replace(word, number=9, content=content, sha256=sha256_hex(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "find", lambda asked, dev: fake if asked == kind else real(asked, dev))
        expected = "policy_rulebook" if kind == "policy" else "assignment_signature"
        wait_until(lambda: expected in _refusals(town), f"the forged {kind} is refused")


def _stranger(town: Town) -> Any:
    return file_signer(town.enrolled.device.paths.signing_key)


def _refusals(town: Town) -> set[str]:
    log = records(town.enrolled.device.paths.device_log)
    return {str(one["code"]) for one in log if one["t"] == "refusal"}
