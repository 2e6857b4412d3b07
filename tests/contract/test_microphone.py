"""What every microphone does."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from hw.errors import MicrophoneFault
from hw.fake.world import FakeWorld
from hw.ports import Microphone
from hw.types import AudioBlock
from tests.contract.bodies import Body, Collected

RATE = 48_000


@pytest.fixture
def microphone(body: Body) -> Microphone:
    return body.recorder.microphone


def _blocks(sink: Collected[AudioBlock | MicrophoneFault], count: int) -> list[AudioBlock]:
    return [block for block in sink.wait_for(count) if isinstance(block, AudioBlock)]


def test_blocks_are_mono_16_bit_at_48000(microphone: Microphone) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(sink)
    for block in _blocks(sink, 5):
        assert block.rate == RATE
        assert len(block.samples) % 2 == 0
        assert 0 < len(block.samples) // 2 <= RATE // 10
        assert (block.overflowed, block.lost_samples) == (False, 0)


def test_no_block_arrives_before_its_samples_can_have_sounded(
    body: Body, microphone: Microphone
) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    began_ns = body.recorder.clock.monotonic_ns()
    microphone.start(sink)
    blocks = _blocks(sink, 15)
    samples = 0
    arrived_ns = began_ns
    for block in blocks:
        samples += len(block.samples) // 2
        assert block.arrived_ns >= arrived_ns
        assert block.arrived_ns >= began_ns + samples * 1_000_000_000 * 0.999 / RATE
        arrived_ns = block.arrived_ns


def test_stopping_twice_is_fine_and_nothing_comes_after(microphone: Microphone) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(sink)
    sink.wait_for(2)
    microphone.stop()
    microphone.stop()
    delivered = len(sink.items)
    other: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(other)
    other.wait_for(2)
    assert len(sink.items) == delivered


def test_a_known_loss_is_said_with_the_block_after_it(
    microphone: Microphone, world: FakeWorld
) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(sink)
    sink.wait_for(2)
    world.lose_samples(1_000)
    lossy = [b for b in _blocks(sink, 8) if b.overflowed]
    assert [block.lost_samples for block in lossy] == [1_000]


def test_a_missing_microphone_refuses_to_start(microphone: Microphone, world: FakeWorld) -> None:
    world.break_microphone()
    with pytest.raises(MicrophoneFault):
        microphone.start(Collected[object]())


def test_a_microphone_that_breaks_says_so_once_and_then_nothing(
    microphone: Microphone, world: FakeWorld
) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(sink)
    sink.wait_for(2)
    world.break_microphone()
    sink.wait_until(lambda: isinstance(sink.items[-1], MicrophoneFault))
    microphone.stop()
    assert sum(isinstance(item, MicrophoneFault) for item in sink.items) == 1


def test_it_never_hears_perfect_silence(microphone: Microphone) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(sink)
    heard = b"".join(block.samples for block in _blocks(sink, 5))
    assert np.frombuffer(heard, "<i2").std() > 0


def _level(sink: Collected[AudioBlock | MicrophoneFault]) -> float:
    """Of the blocks that come from now on."""
    first = len(sink.items) + 2
    sink.wait_for(first + 5)
    heard = [b.samples for b in sink.items[first:] if isinstance(b, AudioBlock)]
    return float(np.frombuffer(b"".join(heard), "<i2").std())


def test_a_microphone_that_is_muffled_or_deaf_still_delivers(
    microphone: Microphone, world: FakeWorld
) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(sink)
    open_air = _level(sink)
    world.muffle_microphone()
    muffled = _level(sink)
    world.deafen_microphone()
    deaf = _level(sink)
    world.mend_microphone()
    assert (0 < muffled < open_air / 5, deaf) == (True, 0)
    assert _level(sink) > open_air / 2


def test_a_microphone_that_hangs_says_nothing_and_can_be_stopped(
    microphone: Microphone, world: FakeWorld
) -> None:
    sink: Collected[AudioBlock | MicrophoneFault] = Collected()
    microphone.start(sink)
    sink.wait_for(2)
    world.hang_microphone()
    threading.Event().wait(0.1)
    delivered = len(sink.items)
    threading.Event().wait(0.1)
    assert len(sink.items) == delivered
    world.mend_microphone()
    sink.wait_for(delivered + 2)
    world.hang_microphone()
    microphone.stop()
