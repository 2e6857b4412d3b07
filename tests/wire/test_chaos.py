"""Broker, desk and dock are killed and frozen at random instants while a backlog is pushed.

The three are processes of their own, started again at once when they are gone; the vault lives. An
event counts only when the push was not over at that instant.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
from cryptography import x509

from agent.vault import messages as m
from evidence.digests import CHUNK_BYTES
from evidence.errors import WireError
from evidence.receipt import read_receipt
from evidence.wire import ChunkTopic, parse_topic
from tests.conftest import CampaignSize
from tests.kits.bureau.enrolment import DEVICE_ID, Enrolled, enrol
from tests.kits.device.vault import RunningVault, ask_dock, records
from tests.kits.processes.victim import Victim
from tests.kits.wire.peer import free_port
from tests.kits.wire.towns import hurry

WINDOW = 8 * 1_024 * 1_024
SEGMENT_BYTES = 12_000_000
SESSIONS_A_ROUND = 4
SEGMENTS_A_SESSION = 2
EVENTS_A_ROUND = 4
FLOW_BYTES = 1_000
"""Of the list of what was published: a handful of messages."""
ROUND_SECONDS = 120.0
HURRIED = {"connect_timeout_ms": 3_000, "chunk_timeout_ms": 2_000, "backoff_most_ms": 1_000}


@dataclass(frozen=True)
class Harm:
    """What was done to whom."""

    victim: str
    kind: str


@dataclass
class Stage:
    """Everything that runs."""

    enrolled: Enrolled
    vault: RunningVault
    victims: list[Victim]
    published: Path
    harms: list[Harm] = field(default_factory=list)

    def is_pushing(self) -> bool:
        answer = ask_dock(self.enrolled, m.ListPending())
        assert isinstance(answer, m.Pending)
        return bool(answer.sessions)

    def record_backlog(self, dice: random.Random) -> None:
        recorder = self.vault.recorder_again()
        for _ in range(SESSIONS_A_ROUND):
            recorder.open()
            for number in range(SEGMENTS_A_SESSION):
                size = dice.randrange(100_000, SEGMENT_BYTES)
                recorder.segment(number, fragments=-(-size // 400_000), size=400_000)
            recorder.close()

    def harm(self, dice: random.Random) -> None:
        """Kill or freeze one of the three, now."""
        victim = dice.choice(self.victims)
        kind = dice.choice(["kill", "freeze"])
        self.harms.append(Harm(victim.name, kind))
        if kind == "kill":
            victim.kill()
        else:
            victim.freeze()
            self.let_pass(dice.choice([0.05, 0.5, 2.5]))
            victim.thaw()

    def let_pass(self, seconds: float) -> None:
        """Time passes, and whoever has ended by itself is started again."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            Event().wait(min(left, 0.02))
            for victim in self.victims:
                victim.tend()

    def wait_for_flow(self) -> None:
        """Wait until something more was published, or the push is over."""
        before = self.published.stat().st_size
        until = time.monotonic() + ROUND_SECONDS
        while self.published.stat().st_size < before + FLOW_BYTES and self.is_pushing():
            assert time.monotonic() < until, f"nothing moves after {self.harms[-1:]}"
            self.let_pass(0.02)

    def finish(self) -> None:
        """Wait until the vault holds every receipt."""
        until = time.monotonic() + ROUND_SECONDS
        while self.is_pushing():
            assert time.monotonic() < until, f"not over after {self.harms[-EVENTS_A_ROUND:]}"
            self.let_pass(0.1)


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("c")
    port = free_port()
    # Kept on the card after the receipt, so that the bytes can be compared.
    enrolled = enrol(folder, port=port, numbers={"release.keep_days": 30})
    hurry(enrolled.device.paths.folder / "device.toml", HURRIED)
    published = folder / "published"
    published.touch()
    bureau = str(enrolled.bureau)
    commands = {
        "broker": ["/usr/sbin/mosquitto", "-c", f"{bureau}/broker/mosquitto.conf"],
        "desk": [sys.executable, "-m", "bureau.main", "desk", "--bureau", bureau],
        "dock": [
            sys.executable,
            "-m",
            "tests.kits.wire.counting_dock",
            str(enrolled.device.paths.folder),
            str(published),
        ],
    }
    with ExitStack() as stack:
        vault = stack.enter_context(RunningVault(enrolled))
        vault.recorder().attach()
        victims = [
            stack.enter_context(Victim(name, command, folder / f"{name}.log"))
            for name, command in commands.items()
        ]
        yield Stage(enrolled, vault, victims, published)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.rule("H9")
def test_kills_and_freezes_lose_nothing_and_cost_at_most_a_window_each(
    stage: Stage, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    wanted = campaign_size(ci=12, full=120)
    while len(stage.harms) < wanted:
        stage.record_backlog(dice)
        for _ in range(EVENTS_A_ROUND):
            stage.wait_for_flow()
            stage.let_pass(dice.uniform(0.0, 0.2))
            if stage.is_pushing():
                stage.harm(dice)
        stage.finish()
    judge(stage)


def judge(stage: Stage) -> None:
    """Every file is in the archive as it was sealed, every receipt holds, nothing went twice."""
    paths = stage.enrolled.device.paths
    archive = stage.enrolled.bureau / "archive" / DEVICE_ID
    content = 0
    for path in sorted(paths.sessions.glob("*/*")):
        held = archive / path.parent.name / path.name
        assert held.read_bytes() == path.read_bytes(), held
        content += path.stat().st_size
    sids = {path.name for path in paths.sessions.iterdir()}
    taken = {(r["sid"], r["kind"]) for r in records(paths.device_log) if r["t"] == "receipt"}
    assert taken == {(sid, kind) for sid in sids for kind in ("committed", "stored")}
    ca = x509.load_pem_x509_certificate(paths.ca.read_bytes())
    for sid in sids:
        assert read_receipt((paths.receipts / f"{sid}.stored.jws").read_bytes(), ca).sid == sid
    assert not list((stage.enrolled.bureau / "quarantine").rglob("*.reason"))
    costs = lost_by_connection(stage.published)
    report(stage, content, costs)
    assert max(costs.values(), default=0) <= WINDOW
    assert sum(costs.values()) <= len(stage.harms) * WINDOW


def lost_by_connection(published: Path) -> dict[int, int]:
    """Bytes of chunks that had to be sent again, by the connection on which they were lost.

    That is what was under way when it ended: whatever ended it cost no more than that.
    """
    carried: dict[tuple[str, int], int] = {}
    lost: dict[int, int] = {}
    connection = 0
    for line in published.read_text().splitlines():
        topic, size = line.split(" ")
        if topic == "connect":
            connection += 1
            continue
        try:
            parsed = parse_topic(topic)
        except WireError:
            continue
        if isinstance(parsed, ChunkTopic):
            before = carried.get((parsed.fid, parsed.offset))
            if before is not None:
                lost[before] = lost.get(before, 0) + int(size)
            carried[parsed.fid, parsed.offset] = connection
    return lost


def report(stage: Stage, content: int, costs: dict[int, int]) -> None:
    """What a full campaign is cited with."""
    kills = sum(harm.kind == "kill" for harm in stage.harms)
    by_name = {v.name: sum(h.victim == v.name for h in stage.harms) for v in stage.victims}
    worst = max(costs.values(), default=0)
    print(  # noqa: T201
        f"{kills} kills and {len(stage.harms) - kills} freezes {by_name}; "
        f"{content / 1e6:.0f} MB pushed, {sum(costs.values()) / 1e6:.1f} MB of it twice "
        f"({sum(costs.values()) / CHUNK_BYTES / len(stage.harms):.1f} chunks per event, "
        f"at most {worst / 1e6:.2f} MB at a time)"
    )
