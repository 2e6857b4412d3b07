"""The power can go at any byte: the next start leaves a session that verifies, nothing lost."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.vault import messages as m
from evidence import journal, manifest
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.moments import utc_text
from evidence.store.folder import read_folder
from evidence.verify import Severity, verify
from tests.conftest import CampaignSize
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, ask_dock, records
from tests.kits.records import plans

HOUR_NS = 3_600 * 1_000_000_000

pytestmark = pytest.mark.rule("E8")


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    return enrol(tmp_path_factory.mktemp("c"))


@dataclass(frozen=True)
class Snapshot:
    """The store of a device whose session was closed, and the session's id."""

    store: Path
    sid: str


@pytest.fixture(scope="module")
def snapshot(enrolled: Enrolled, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A session of two segments under ticks, with a check, a plan, a still and marks; closed."""
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.ask(m.StorePreflight(trigger="power_up", checks=[]), m.PreflightStored)
        term = {"begins": utc_text(vault.clock.utc_ns() - HOUR_NS)}
        term["expires"] = utc_text(vault.clock.utc_ns() + HOUR_NS)
        plan = plans.a_plan("REC-001", **term)
        token = plans.signed_by(enrolled.bureau, plan)
        ask_dock(enrolled, m.SubmitPlan(content=token))
        sid = recorder.open(plan_id=plan.plan_id).sid
        press = {"button": "record", "gesture": "press", "at_ns": 1}
        recorder.ask(m.StoreEvent(kind="button", fields=press, id="r:1"), m.Recorded)
        recorder.segment(0, fragments=30)
        still = recorder.dice.randbytes(20_000)
        recorder.ask(m.StorePhoto(pts_ns=7, part=0, parts=1, content=still), m.Recorded)
        recorder.ask(m.StoreEvent(kind="mark", fields={"code": "sign", "at_ns": 1}), m.Recorded)
        recorder.begin(1)
        for _ in range(4):
            recorder.feed(1, 70_000)
            recorder.wait(m.Durable)
        recorder.end(1)
        recorder.close()
    kept = tmp_path_factory.mktemp("s") / "store"
    enrolled.device.paths.store.rename(kept)
    return Snapshot(kept, sid)


def cut(snapshot: Snapshot, enrolled: Enrolled, dice: random.Random) -> bytes:
    """Lay the store as a power cut may have left it; returns the journal that was left.

    What a record signs was on the medium before the record was, so a file is never shorter than
    the last record that is left says; beyond that it may end anywhere.
    """
    store = enrolled.device.paths.store
    if store.exists():
        shutil.rmtree(store)  # noqa: TID251 - the test's own folder
    shutil.copytree(snapshot.store, store)
    folder = store / "sessions" / snapshot.sid
    for path in store.rglob("*"):
        path.chmod(0o750 if path.is_dir() else 0o640)
    whole = (folder / JOURNAL_NAME).read_bytes()
    left = whole[: dice.choice([dice.randrange(len(whole) + 1), end_of_line(whole, dice)])]
    (folder / JOURNAL_NAME).write_bytes(left)
    if len(left) < len(whole):
        forget_session(store / DEVICE_LOG_NAME, dice)
    for path in folder.glob("*.age"):
        least = signed_length(left, path.name, path.stat().st_size)
        path.write_bytes(path.read_bytes()[: dice.randint(least, path.stat().st_size)])
    return left


def end_of_line(content: bytes, dice: random.Random) -> int:
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    return dice.choice(ends)


def forget_session(path: Path, dice: random.Random) -> None:
    """The device log's last line comes after the journal's: cut it off, whole or torn."""
    content = path.read_bytes()
    start = content.rindex(b"\n", 0, -1) + 1
    path.write_bytes(
        content[: dice.choice([start, start + 1, dice.randrange(start, len(content))])]
    )


def signed_length(left: bytes, name: str, size: int) -> int:
    """How much of a file the records that are left vouch for."""
    least = 0
    for record in journal.payloads(left):
        if record["t"] == "tick" and record["file"] == name:
            least = max(least, record["length"])
        elif name in {file.name for file in manifest.files_in(record)}:
            least = size
    return least


def test_a_cut_at_any_byte_leaves_a_session_that_verifies(
    enrolled: Enrolled, snapshot: Snapshot, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    ca = ca_of(enrolled.bureau)
    for turn in range(campaign_size(ci=40, full=1_000)):
        left = cut(snapshot, enrolled, dice)
        with RunningVault(enrolled, boot_id=f"boot-{turn}"):
            pass
        folder = enrolled.session(snapshot.sid)
        shutil.copy(enrolled.device.paths.device_log, folder / DEVICE_LOG_NAME)
        content = (folder / JOURNAL_NAME).read_bytes()
        assert content.startswith(left), "recovery only ever appends"
        if not journal.payloads(left):
            assert records(enrolled.device.paths.device_log)[-1]["t"] == "aborted"
            continue
        verdict = verify(read_folder(folder), ca)
        broken = [finding for finding in verdict.findings if finding.severity is Severity.BROKEN]
        assert broken == [], f"cut {turn}: {len(left)} bytes of the journal were left"
        assert verdict.closed is not None
