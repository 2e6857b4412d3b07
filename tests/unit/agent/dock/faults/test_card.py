"""Files on the card that are damaged or cannot be read."""

from pathlib import Path

import pytest

from evidence.digests import CHUNK_BYTES, sha256_hex
from evidence.wire import ChunkTopic, DeviceTopic, ReasonCode
from tests.kits.device.dock import Rig
from tests.kits.device.scripted_desk import Says


def test_file_damaged_on_the_card_is_named_and_the_others_arrive(rig: Rig) -> None:
    bad = rig.card.add_session(2 * CHUNK_BYTES)
    rig.card.add_session(CHUNK_BYTES)
    path = Path(bad.folder) / "000000.mp4.age"
    path.write_bytes(b"\0" + path.read_bytes()[1:])

    def check(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and sha256_hex(payload) != topic.sha256:
            name = rig.desk.named(topic)
            return rig.desk.say(name, ReasonCode.RESEND)
        return None

    rig.desk.override = check
    rig.run()
    assert rig.missing() == [(bad.sid, "000000.mp4.age")]
    assert "is not what was sealed" in rig.vault.notes[-1][1]


@pytest.mark.parametrize("harm", ["gone", "short", "journal"])
def test_file_that_cannot_be_read_does_not_hold_up_the_others(rig: Rig, harm: str) -> None:
    bad = rig.card.add_session(2 * CHUNK_BYTES)
    good = rig.card.add_session(CHUNK_BYTES)
    path = Path(bad.folder) / ("journal.jws" if harm == "journal" else "000000.mp4.age")
    if harm == "short":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    rig.run()
    assert {sid for sid, _ in rig.missing()} == {bad.sid}
    assert ("stored", good.sid) in rig.vault.taken
    assert "failed" in rig.states()
