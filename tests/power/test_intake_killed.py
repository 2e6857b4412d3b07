"""The desk's process is killed at every step that makes something durable."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evidence import wire
from evidence.digests import CHUNK_BYTES, sha256_hex
from evidence.receipt import read_receipt
from tests.conftest import CampaignSize
from tests.kits.bureau.intake import IntakeRig, Pusher, files_of
from tests.kits.processes.cuts import Cutter, KilledError
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

SIZE = 2 * CHUNK_BYTES + 77


def take_of(recorder: Recorder) -> Take:
    take = Take(recorder, plan=False)
    take.announce()
    take.segment(size=SIZE)
    take.close()
    return take


def begin(folder: Path) -> tuple[IntakeRig, Pusher, Take]:
    rig = IntakeRig(folder)
    rig.enrol("REC-0001")
    pusher = Pusher(rig, Recorder(rig.bureau))
    return rig, pusher, take_of(pusher.recorder)


def require_all_is_well(rig: IntakeRig, take: Take) -> None:
    assert rig.state(take.sid) == "stored"
    assert rig.ledger.quarantined() == []
    for name, content in files_of(take):
        assert rig.archive.file("REC-0001", take.sid, name).read_bytes() == content
    assert rig.archive.log("REC-0001").read_bytes() == bytes(take.recorder.log)
    tokens = [issued.read() for issued in rig.book.all()]
    receipts = [read_receipt(token, rig.bureau.ca) for token in tokens]
    assert [one.kind for one in receipts] == ["committed", "stored"]
    assert receipts[1].prev_receipt_sha256 == sha256_hex(tokens[0])
    assert rig.ledger.serials() == {1, 2}


def acknowledged(rig: IntakeRig, pusher: Pusher, take: Take) -> set[int]:
    """Offsets of the segment that a device was told are on the disk."""
    _, content = files_of(take)[-1]
    fid = pusher.fid(content)
    answers = (
        wire.decode_response(part.payload) for part in rig.outgoing if part.topic.endswith("/rsp")
    )
    return {offset for one in answers if fid in one.topic for offset in one.acknowledged}


@pytest.mark.rule("H9")
def test_a_desk_killed_at_any_step_loses_nothing_it_acknowledged_and_ends_in_one_receipt(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    campaign_size: CampaignSize,
    campaign_seed: int,
) -> None:
    cutter = Cutter(monkeypatch)
    rig, pusher, take = begin(tmp_path / "uncut")
    cutter.arm(0)
    pusher.push(take)
    steps = cutter.count
    require_all_is_well(rig, take)
    rig.close()
    chosen = random.Random(campaign_seed).sample(range(1, steps + 1), campaign_size(12, steps))
    for at in sorted(chosen):
        cutter.arm(0)
        rig, pusher, take = begin(tmp_path / str(at))
        cutter.arm(at)
        with pytest.raises(KilledError):
            pusher.push(take)
        cutter.arm(0)
        rig.restart()
        told = acknowledged(rig, pusher, take)
        pusher.push_log()
        pusher.push_file(take, *files_of(take)[0])
        name, content = files_of(take)[-1]
        opened = pusher.init(take, name, content)
        held = {o for o in range(0, SIZE, CHUNK_BYTES) if any(a <= o < b for a, b in opened.have)}
        assert opened.done or told <= held, f"step {at} of {steps}"
        pusher.push(take)
        require_all_is_well(rig, take)
        rig.close()


def test_a_desk_killed_again_while_it_recovers_recovers_the_next_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    campaign_size: CampaignSize,
    campaign_seed: int,
) -> None:
    cutter = Cutter(monkeypatch)
    dice = random.Random(campaign_seed)
    for trial in range(campaign_size(4, 200)):
        cutter.arm(0)
        rig, pusher, take = begin(tmp_path / str(trial))
        for _ in range(4):
            cutter.arm(dice.randrange(1, 80))
            try:
                pusher.push(take)
            except KilledError:
                rig.close()
            try:
                rig.restart()
            except KilledError:
                rig.close()
                cutter.arm(0)
                rig.start()
        cutter.arm(0)
        rig.restart()
        pusher.push(take)
        require_all_is_well(rig, take)
        rig.close()
