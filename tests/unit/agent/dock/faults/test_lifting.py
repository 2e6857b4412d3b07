"""An officer who lifts the recorder in the middle of a push."""

from evidence.digests import CHUNK_BYTES
from tests.kits.device.dock import Rig, is_chunk


def lift_after(rig: Rig, number: int) -> list[str]:
    """Have it lifted at chunk ``number``; returns where chunks are published."""
    chunks: list[str] = []

    def lift(topic: str, _payload: bytes) -> None:
        if is_chunk(topic):
            chunks.append(topic)
            if len(chunks) == number:
                rig.contact.move(docked=False)

    rig.network.on_publish = lift
    return chunks


def test_lifting_stops_at_once_in_the_middle_of_a_file(rig: Rig) -> None:
    rig.card.add_session(20 * CHUNK_BYTES)
    chunks = lift_after(rig, 4)
    rig.run()
    assert rig.states() == ["docked", "undocked"]
    assert len(chunks) <= 6
    assert not rig.network.links[-1].is_open


def test_push_goes_on_after_the_next_docking(rig: Rig) -> None:
    rig.card.add_session(20 * CHUNK_BYTES)
    lift_after(rig, 8)
    rig.run()
    rig.stop.clear()
    rig.overseer.give(60)
    rig.contact.move(docked=True)
    rig.run()
    assert rig.missing() == []
    assert rig.states() == ["docked", "undocked", "docked"]


def test_nothing_is_sent_off_the_cradle(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.contact.is_docked = False
    rig.run()
    assert rig.network.links == []
    assert rig.vault.notes == []
