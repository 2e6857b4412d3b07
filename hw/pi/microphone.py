"""The microphone of a Raspberry Pi, through sounddevice and ALSA.

Owns the stream, which is open from the start (the first callback can take two seconds), the stamp
of every block in the callback, and when each sample can have sounded: nothing from before ``start``
is handed on. Refuses PortAudio's own times, which are only hints, and to resample.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CDLL
from ctypes.util import find_library
from typing import Protocol

from hw.errors import MicrophoneFault, MissingPartFault
from hw.pi.libraries import Foreign, library
from hw.pi.tap import Tap
from hw.ports import AudioSink, Clock, Microphone
from hw.types import AudioBlock

RATE = 48_000
BLOCK_SAMPLES = 960
LATENCY_SECONDS = 1.0
"""What may wait for a callback that comes late: a busy board lost sound with 0.2 s."""
_PORTIONS = round(LATENCY_SECONDS * RATE / BLOCK_SAMPLES)
_SECOND_NS = 1_000_000_000
_SAMPLE_BYTES = 2
_BUCKET_NS = 5 * _SECOND_NS
_SETTLE_NS = _SECOND_NS // 2
"""Until the lateness of a stream's blocks is known."""
_MARGIN_NS = 2_000_000
"""How much earlier than ever before a block may yet arrive."""


class Stream(Protocol):
    """What is needed of a running ``sounddevice.RawInputStream``."""

    @property
    def active(self) -> bool:
        """Whether it delivers."""

    def close(self) -> None:
        """Stop delivering and let go of the device."""


OnBlock = Callable[[bytes, bool], None]
"""Called with the samples of a block, and whether some were lost just before it."""
OpenStream = Callable[[OnBlock, Callable[[], None]], Stream]
"""Opens the device and lets it run; the second callback is called when its stream ends."""


class PiMicrophone(Microphone):
    """A microphone whose stream is open as long as the device is there.

    Args:
        open_stream: Opens the device, see ``alsa_stream``.
        clock: Stamps the blocks.
    """

    def __init__(self, open_stream: OpenStream, clock: Clock) -> None:
        self._open_stream = open_stream
        self._clock = clock
        self._tap: Tap[AudioBlock | MicrophoneFault] = Tap()
        self._arrivals = Arrivals()
        self._not_before_ns: int | None = 0
        self._stream: Stream | None = None
        self._warm()

    def start(self, sink: AudioSink) -> None:
        """Deliver blocks that were heard from now on.

        Raises:
            MicrophoneFault: It cannot be opened, or is already started.
        """
        if self._tap.is_open():
            raise MicrophoneFault("microphone", "it is already started; stop it first")
        if self._stream is None or not self._stream.active:
            self._reopen()
        self._not_before_ns = self._clock.monotonic_ns()
        self._tap.open(sink)

    def stop(self) -> None:
        """Stop delivering; the stream stays open."""
        self._tap.close()

    def close(self) -> None:
        """Let go of the device."""
        self._tap.close()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _warm(self) -> None:
        """Open the device if it is there; ``start`` says when it is not."""
        try:
            self._reopen()
        except MicrophoneFault:
            self._stream = None

    def _reopen(self) -> None:
        self.close()
        self._arrivals = Arrivals()
        self._stream = self._open_stream(self._hear, self._ended)

    def _hear(self, samples: bytes, overflowed: bool) -> None:  # noqa: FBT001 - see OnBlock
        """Called from PortAudio's thread."""
        arrived_ns = self._clock.monotonic_ns()
        began_ns = self._arrivals.began_ns(arrived_ns, len(samples) // _SAMPLE_BYTES)
        if not self._tap.is_open():
            return
        if self._not_before_ns is not None:
            if not self._arrivals.settled or began_ns < self._not_before_ns + _MARGIN_NS:
                return
            self._not_before_ns = None
            overflowed = False
        self._tap.push(
            AudioBlock(samples=samples, rate=RATE, arrived_ns=arrived_ns, overflowed=overflowed)
        )

    def _ended(self) -> None:
        if self._tap.is_open():
            self._tap.end(MicrophoneFault("microphone", "its stream ended: it was disconnected"))


class Arrivals:
    """When the samples of a stream can have sounded, from when its blocks arrived.

    A block is never early: the least of (arrival - samples so far ÷ rate) over the last seconds is
    when the stream's first sample sounded, by the clock of now.

    Attributes:
        settled: Whether enough blocks came to know how late they are.
    """

    def __init__(self) -> None:
        self.settled = False
        self._samples = 0
        self._first_ns: int | None = None
        self._bucket_ends_ns = 0
        self._least_ns: list[int] = []

    def began_ns(self, arrived_ns: int, samples: int) -> int:
        """Take in a block and tell when its first sample sounded at the latest."""
        before = self._samples * _SECOND_NS // RATE
        self._samples += samples
        origin_ns = arrived_ns - self._samples * _SECOND_NS // RATE
        if self._first_ns is None:
            self._first_ns = arrived_ns
        self.settled = arrived_ns - self._first_ns >= _SETTLE_NS
        if arrived_ns >= self._bucket_ends_ns:
            self._bucket_ends_ns = arrived_ns + _BUCKET_NS
            self._least_ns = [*self._least_ns[-1:], origin_ns]
        self._least_ns[-1] = min(self._least_ns[-1], origin_ns)
        return min(self._least_ns) + before


def alsa_stream(card: str) -> OpenStream:
    """How to open an ALSA device by sounddevice: mono, 16 bit, 48,000 samples each second.

    Args:
        card: Part of PortAudio's name of it.

    Raises:
        MissingPartFault: sounddevice is not installed, or PortAudio with ALSA.
    """
    sounddevice = library("sounddevice")
    _call_for_each_block()

    def open_stream(on_block: OnBlock, ended: Callable[[], None]) -> Stream:
        def heard(samples: Foreign, _count: int, _time: object, status: Foreign) -> None:
            on_block(bytes(samples), bool(status.input_overflow))

        try:
            stream = sounddevice.RawInputStream(
                samplerate=RATE,
                blocksize=BLOCK_SAMPLES,
                device=card,
                channels=1,
                dtype="int16",
                latency=LATENCY_SECONDS,
                callback=heard,
                finished_callback=ended,
            )
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise MicrophoneFault(
                "microphone",
                f"no card {card} records 48000 Hz ({error}); is the overlay loaded"
                " (dtoverlay=recorder), does arecord -l show it?",
            ) from error
        running: Stream = stream
        return running

    return open_stream


def _call_for_each_block() -> None:
    """Divide what may wait into blocks, by PortAudio's extension for ALSA.

    It divides by four on its own, and a quarter of a second that comes at once says little about
    when each of its samples sounded.

    Raises:
        MissingPartFault: This PortAudio has not been built for ALSA.
    """
    try:
        CDLL(find_library("portaudio")).PaAlsa_SetNumPeriods(_PORTIONS)
    except AttributeError as error:
        raise MissingPartFault(
            "microphone", "PortAudio has no ALSA in it; next: apt install libportaudio2"
        ) from error
