"""Whatever recorder and dock say during a session, nothing on the medium shrinks or goes."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from agent.vault import messages as m
from evidence.ids import DEVICE_LOG_NAME
from evidence.store.folder import read_folder
from evidence.verify import Severity, verify
from tests.conftest import CampaignSize
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, dock_channel

pytestmark = pytest.mark.rule("G2", "G1")


def a_text(dice: random.Random) -> str:
    return dice.choice(["", "x", "officer", "../..", "记录", "a" * 5_000, "erase", "docked"])


def a_number(dice: random.Random) -> int:
    return dice.choice([-1, 0, 1, 2, 31, 2**40, 2**62])


def some_bytes(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice([0, 1, 700, 70_000]))


MAKERS: dict[type, Callable[[random.Random], Any]] = {
    m.Attach: lambda _: m.Attach(),
    m.OpenSession: lambda d: m.OpenSession(
        activity=a_text(d),
        officer=a_text(d),
        plan_id=a_text(d),
        bits_per_second=d.choice([1, 1_000_000, 2**40]),
    ),
    m.BeginSegment: lambda d: m.BeginSegment(number=a_number(d), init=some_bytes(d)),
    m.Fragment: lambda d: m.Fragment(
        number=a_number(d), content=some_bytes(d), progress=m.Progress(frames=d.randrange(99))
    ),
    m.EndSegment: lambda d: m.EndSegment(number=a_number(d), progress=m.Progress()),
    m.StoreEvent: lambda d: m.StoreEvent(
        kind=d.choice(["button", "mark", "photo", "erase", "gap", ""]),
        fields={a_text(d): a_number(d), "code": "x", "at_ns": a_number(d)},
        id=d.choice([None, "a:1", "", "UPPER"]),
    ),
    m.NotePress: lambda d: m.NotePress(button=a_text(d), gesture="hold", at_ns=a_number(d)),
    m.NoteFault: lambda d: m.NoteFault(part="camera", code="x", detail=a_text(d), state=a_text(d)),
    m.StorePhoto: lambda d: m.StorePhoto(
        pts_ns=a_number(d), part=d.randrange(2), parts=d.randrange(4), content=some_bytes(d)
    ),
    m.StorePreflight: lambda d: m.StorePreflight(
        trigger=d.choice(["asked", "never"]),
        checks=[m.CheckResult(name=a_text(d), state="ok", detail=a_text(d), value=a_number(d))],
    ),
    m.AskStatus: lambda _: m.AskStatus(),
    m.AskFacts: lambda d: m.AskFacts(sid=d.choice([None, a_text(d)]), records=abs(a_number(d))),
    m.SignReport: lambda d: m.SignReport(sha256=a_text(d), passed=1, failed=0, skipped=0),
    m.ListPending: lambda _: m.ListPending(),
    m.SubmitReceipt: lambda d: m.SubmitReceipt(content=some_bytes(d)),
    m.SubmitPlan: lambda d: m.SubmitPlan(content=some_bytes(d)),
    m.SubmitWord: lambda d: m.SubmitWord(
        kind=d.choice(["roster", "policy"]), content=some_bytes(d)
    ),
    m.SubmitChallenge: lambda d: m.SubmitChallenge(content=some_bytes(d)),
    m.SubmitTime: lambda d: m.SubmitTime(content=some_bytes(d)),
    m.SubmitPiece: lambda d: m.SubmitPiece(
        update=a_text(d),
        file=d.choice(["", a_text(d)]),
        number=a_number(d),
        content=some_bytes(d),
    ),
    m.NoteDock: lambda d: m.NoteDock(state=a_text(d), detail=a_text(d)),
}


def sizes(store: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in store.rglob("*") if path.is_file()}


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path, numbers={"release.keep_days": 0})


def test_every_message_but_the_end_is_tried() -> None:
    known = {*get_args(m.FromRecorder), *get_args(m.FromDock), *get_args(m.FromTester)}
    assert known - MAKERS.keys() == {m.CloseSession}


def test_nothing_shrinks_and_nothing_goes_during_a_session(
    enrolled: Enrolled, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    kinds = sorted(MAKERS, key=lambda one: one.__name__)
    store = enrolled.device.paths.store
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.segment(0)
        before = sizes(store)
        for _ in range(campaign_size(ci=120, full=5_000)):
            kind = dice.choice(kinds)
            message = MAKERS[kind](dice)
            if kind in get_args(m.FromDock):
                channel = dock_channel(enrolled)
                channel.send(message)
                channel.receive()
                channel.close()
            else:
                try:
                    recorder.channel.send(message)
                    recorder.ask(m.AskStatus(), m.Status)
                except (AssertionError, OSError):
                    # It broke the protocol; a recorder that does so is cut off and may come back.
                    recorder.hang_up()
                    recorder = vault.recorder()
                    assert recorder.attach_again().sid == sid
            now = sizes(store)
            assert [path for path, size in before.items() if now.get(path, -1) < size] == []
            before = now
        # The last message may still cut the recorder off: what is signed is refused a little later.
        recorder.hang_up()
        recorder = vault.recorder()
        assert recorder.attach_again().sid == sid
        recorder.close()
    folder = store / "sessions" / sid
    (folder / DEVICE_LOG_NAME).write_bytes(enrolled.device.paths.device_log.read_bytes())
    verdict = verify(read_folder(folder), ca_of(enrolled.bureau))
    assert verdict.of(Severity.BROKEN) == []
