"""The ear answers what the microphone delivered, and nothing where it delivered nothing."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest

from agent.capture.media import SECOND_NS
from agent.disclosure.ear import Ear
from hw.fake.clock import JumpingClock
from hw.fake.talker import talk
from hw.types import Clip

SPOKEN = Path(__file__).parents[4] / "provisioning" / "files" / "announce" / "zh-CN" / "audio.flac"
BLOCK = 960
BLOCK_NS = BLOCK * SECOND_NS // 48_000
LOUD = np.full(BLOCK, 1_000, "<i2").tobytes()


@pytest.fixture(scope="module")
def clip() -> Clip:
    with av.open(str(SPOKEN)) as file:
        samples = b"".join(bytes(f.planes[0])[: f.samples * 2] for f in file.decode(audio=0))
    return Clip(clip_id="zh-cn", samples=samples, rate=48_000)


@pytest.fixture
def ear() -> Ear:
    made = Ear(JumpingClock(monotonic_ns=200 * SECOND_NS))
    made.attend(100)
    return made


def play(ear: Ear, sound: bytes, from_ns: int, *, level: float = 0.3) -> int:
    """Let the ear hear ``sound`` from ``from_ns`` on, with a second of quiet on either side."""
    random = np.random.default_rng(7)
    quiet = np.zeros(48_000)
    heard = np.concatenate((quiet, np.frombuffer(sound, "<i2") * level, quiet))
    heard += random.standard_normal(heard.size) * 20
    samples = heard.astype("<i2").tobytes()
    for index in range(len(samples) // (2 * BLOCK)):
        block = samples[2 * BLOCK * index : 2 * BLOCK * (index + 1)]
        ear.heard(block, from_ns - SECOND_NS + index * BLOCK_NS)
    return from_ns + len(sound) // 2 * SECOND_NS // 48_000


def test_a_clip_that_sounded_is_heard_where_it_began(ear: Ear, clip: Clip) -> None:
    from_ns = 210 * SECOND_NS
    to_ns = play(ear, clip.samples, from_ns + 120_000_000)
    heard = ear.check(clip, from_ns, to_ns)
    assert heard is not None
    assert heard.hearing.complete
    assert heard.hearing.delay_ns == pytest.approx(120_000_000, abs=2_000_000)


class Busy(JumpingClock):
    """A machine that is behind: while somebody waits a second, it gets through so much sound."""

    def __init__(self, speed: float) -> None:
        super().__init__(monotonic_ns=200 * SECOND_NS)
        self.ear = Ear(self)
        self.ear.attend(100)
        self._speed = speed
        self._heard_ns = self.monotonic_ns()

    def wait(self, event: Event, seconds: float) -> bool:
        began_ns = self._heard_ns
        self._heard_ns += round(seconds * self._speed * SECOND_NS)
        for at_ns in range(began_ns - began_ns % BLOCK_NS, self._heard_ns - BLOCK_NS, BLOCK_NS):
            self.ear.heard(LOUD, at_ns)
        return super().wait(event, seconds)


@pytest.mark.parametrize(("speed", "waited"), [(3.0, 2.5), (0.9, 8), (0.5, 10), (0.0, 2.5)])
def test_sound_is_waited_for_as_long_as_more_of_it_comes(speed: float, waited: float) -> None:
    busy = Busy(speed)
    began_ns = busy.monotonic_ns()
    busy.advance(7.0)
    voiced = busy.ear.window(began_ns, began_ns + 7 * SECOND_NS)
    seconds = (busy.monotonic_ns() - began_ns) / SECOND_NS - 7.0
    assert seconds == pytest.approx(waited, abs=0.3)
    assert (voiced is None) == (speed == 0)


def test_level_is_told_against_the_self_test(ear: Ear, clip: Clip) -> None:
    from_ns = 210 * SECOND_NS
    to_ns = play(ear, clip.samples, from_ns)
    first = ear.test(clip, from_ns, to_ns)
    assert first is not None
    assert first.level_relative_mdb is None
    from_ns = 230 * SECOND_NS
    to_ns = play(ear, clip.samples, from_ns, level=0.15)
    for _ in range(2):
        # A weak self-test does not become the usual one.
        weaker = ear.test(clip, from_ns, to_ns)
        assert weaker is not None
        assert weaker.level_relative_mdb == pytest.approx(-6_000, abs=200)


def test_other_sound_is_not_the_clip(ear: Ear, clip: Clip) -> None:
    from_ns = 210 * SECOND_NS
    speech = talk(from_ns, 9 * 48_000).astype("<i2").tobytes()
    to_ns = play(ear, speech, from_ns, level=1.0)
    heard = ear.check(clip, from_ns, to_ns)
    assert heard is not None
    assert not heard.hearing.heard


def test_no_sound_is_no_answer_and_nobody_waits_for_ever(clip: Clip) -> None:
    clock = JumpingClock(monotonic_ns=200 * SECOND_NS)
    ear = Ear(clock)
    assert ear.check(clip, 190 * SECOND_NS, 199 * SECOND_NS) is None
    assert ear.window(190 * SECOND_NS, 199 * SECOND_NS) is None
    assert ear.level(2) is None
    assert clock.monotonic_ns() < 208 * SECOND_NS


def test_a_clip_too_short_to_be_recognised_has_no_answer(ear: Ear) -> None:
    short = Clip(clip_id="short", samples=bytes(9_600), rate=48_000)
    assert ear.check(short, 210 * SECOND_NS, 211 * SECOND_NS) is None


def test_a_window_in_which_somebody_speaks_has_voice(ear: Ear) -> None:
    from_ns = 210 * SECOND_NS
    to_ns = play(ear, talk(from_ns, 12 * 48_000).astype("<i2").tobytes(), from_ns, level=1.0)
    voiced = ear.window(from_ns, to_ns)
    assert voiced is not None
    assert voiced > 8_000


def test_a_window_in_which_nobody_speaks_has_none(ear: Ear) -> None:
    from_ns = 210 * SECOND_NS
    to_ns = play(ear, bytes(96_000 * 5), from_ns)
    assert ear.window(from_ns, to_ns) == 0


class BusyClock(JumpingClock):
    """A machine that is ``behind_ns`` late with what its microphone hears."""

    ear: Ear
    behind_ns = 0

    def wait(self, event: Event, seconds: float) -> bool:
        waited = super().wait(event, seconds)
        self.ear.heard(LOUD, self.monotonic_ns() - self.behind_ns)
        return waited


@pytest.mark.parametrize(("behind_ms", "hears"), [(1_400, True), (3_600, False)])
def test_a_microphone_is_not_silent_because_its_machine_is_busy(
    behind_ms: int, *, hears: bool
) -> None:
    clock = BusyClock(monotonic_ns=200 * SECOND_NS)
    clock.ear, clock.behind_ns = Ear(clock), behind_ms * 1_000_000
    clock.wait(Event(), 0)
    assert (clock.ear.level(1) is not None) is hears


def test_level_is_that_of_what_sounds_now(ear: Ear) -> None:
    end_ns = play(ear, bytes(96_000), 198 * SECOND_NS) + SECOND_NS
    level = ear.level(2)
    assert end_ns == 200 * SECOND_NS
    assert level is not None
    assert -71_000 < level < -68_000
