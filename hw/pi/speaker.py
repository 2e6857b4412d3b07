"""The loudspeaker of a Raspberry Pi, through PyAudio.

Owns the one thread that writes to it, which lives as long as the process, and the count of what
has sounded. Refuses two sounds at once, and to end PyAudio while the microphone's stream runs on
the same PortAudio.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hw.errors import SpeakerFault
from hw.pi.libraries import Foreign, library
from hw.ports import Clock, Playback, Speaker
from hw.types import Clip

RATE = 48_000
_PERIOD_FRAMES = 12_000
"""What the device takes at a time, a quarter of a second, and it holds at least twice as much: with
the 20 ms of PyAudio's own choice, and with 60 ms, a busy board ran dry within a sentence. It is
given as much at a time: each call waits for the interpreter, which others keep busy."""
_SILENT_FRAMES = 2 * _PERIOD_FRAMES
_SAMPLE_BYTES = 2
_SECOND_NS = 1_000_000_000
_LOOK_SECONDS = 0.02

Samples = NDArray[np.int16]


class Stream(Protocol):
    """An opened loudspeaker: mono, 16 bit, 48,000 samples each second."""

    def start(self) -> None:
        """Begin to sound."""

    def write(self, samples: bytes) -> None:
        """Return when there is room for ``samples`` and they are on their way.

        Raises:
            OSError: It is gone.
        """

    def waiting(self) -> int:
        """How many samples that it was given have not sounded yet.

        Raises:
            OSError: It is gone.
        """

    def stop(self) -> None:
        """Be silent at once: what is waiting does not sound."""

    def close(self) -> None:
        """Let go of the device."""


class PiSpeaker(Speaker):
    """A loudspeaker with one playback thread.

    Args:
        open_stream: Opens the device, see ``pyaudio_stream``; raises ``SpeakerFault``.
        clock: Bounds the waits.
    """

    def __init__(self, open_stream: Callable[[], Stream], clock: Clock) -> None:
        self._open_stream = open_stream
        self._clock = clock
        self._stream: Stream | None = None
        self._playing: PiPlayback | None = None
        self._clips: SimpleQueue[PiPlayback | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    def play(self, clip: Clip) -> Playback:
        """Start playing ``clip``.

        Raises:
            SpeakerFault: The loudspeaker cannot be opened or still plays, or the clip is empty.
        """
        if self._playing is not None and not self._playing.ended.is_set():
            raise SpeakerFault("speaker", "it is still playing; wait for the end first")
        if not clip.samples:
            raise SpeakerFault("speaker", f"clip {clip.clip_id} is empty")
        if self._stream is None:
            self._stream = self._open_stream()
        self._playing = PiPlayback(clip, self._clock)
        self._clips.put(self._playing)
        return self._playing

    def close(self) -> None:
        """Play to the end, then end the thread and let go of the device."""
        self._clips.put(None)
        self._thread.join()
        if self._stream is not None:
            self._stream.close()

    def _run(self) -> None:
        while (playback := self._clips.get()) is not None:
            stream = self._stream
            try:
                if stream is not None:
                    playback.sound(stream)
            except OSError:
                # It is gone: frames_played says how far it came, the next clip opens it anew.
                self._stream = None
            finally:
                playback.ended.set()


class PiPlayback(Playback):
    """A clip on its way out.

    Attributes:
        ended: Set when nothing more will sound.
    """

    def __init__(self, clip: Clip, clock: Clock) -> None:
        self.ended = Event()
        self._clip = clip
        self._clock = clock
        self._frames = len(clip.samples) // _SAMPLE_BYTES
        self._played = 0
        self._underruns = 0

    def wait(self, seconds: float) -> bool:
        """Wait for the end; True when it has ended."""
        return self._clock.wait(self.ended, seconds)

    def frames_played(self) -> int:
        """Samples of the clip, at its own rate, that have sounded."""
        return self._played

    def underruns(self) -> int:
        """How often the loudspeaker ran dry."""
        return self._underruns

    def sound(self, stream: Stream) -> None:
        """Let all of it sound; raises ``OSError`` where the loudspeaker is gone."""
        samples = _at_rate(self._clip)
        stream.start()
        ends_ns = self._clock.monotonic_ns() + samples.size * _SECOND_NS // RATE
        # The device tells by periods how far it is: silence follows, so that nothing old does.
        given = np.concatenate([samples, np.zeros(_SILENT_FRAMES, np.int16)])
        for start in range(0, given.size, _PERIOD_FRAMES):
            waiting = stream.waiting()
            self._underruns += 0 < start < samples.size and not waiting
            self._played = min(self._frames, (start - waiting) * self._clip.rate // RATE)
            stream.write(given[start : start + _PERIOD_FRAMES].tobytes())
        # A sound server may say that all has sounded while it still sounds.
        self._clock.wait(Event(), (ends_ns - self._clock.monotonic_ns()) / _SECOND_NS)
        while stream.waiting() > _SILENT_FRAMES:
            self._clock.wait(Event(), _LOOK_SECONDS)
        stream.stop()
        self._played = self._frames


def _at_rate(clip: Clip) -> Samples:
    """The clip at the loudspeaker's rate: the wires of an I2S microphone beside it share it."""
    samples = np.frombuffer(clip.samples, "<i2")
    if clip.rate == RATE:
        return samples.astype(np.int16)
    moments = np.arange(samples.size * RATE // clip.rate) * (clip.rate / RATE)
    wave: Samples = np.rint(np.interp(moments, np.arange(samples.size), samples)).astype(np.int16)
    return wave


def pyaudio_stream(card: str) -> Callable[[], Stream]:
    """How to open an ALSA device by PyAudio.

    Args:
        card: Part of PortAudio's name of it; the system's own choice may be a screen's loudspeaker.

    Raises:
        MissingPartFault: PyAudio is not installed.
    """
    pyaudio = library("pyaudio")
    audio = pyaudio.PyAudio()

    def open_stream() -> Stream:
        try:
            stream = audio.open(
                rate=RATE,
                channels=1,
                format=pyaudio.paInt16,
                output=True,
                start=False,
                frames_per_buffer=_PERIOD_FRAMES,
                output_device_index=_output(audio, card),
            )
        except OSError as error:
            raise SpeakerFault(
                "speaker",
                f"no card {card} plays 48000 Hz ({error}); is the overlay loaded"
                " (dtoverlay=recorder), does aplay -l show it?",
            ) from error
        return BlockingStream(stream)

    return open_stream


def _output(audio: Foreign, card: str) -> int:
    """PortAudio's number of the first device of that card that plays."""
    for number in range(audio.get_device_count()):
        device = audio.get_device_info_by_index(number)
        if card in device["name"] and device["maxOutputChannels"] > 0:
            return number
    raise OSError(f"PortAudio knows no output named {card}")


class BlockingStream(Stream):
    """PyAudio's blocking stream.

    What has not sounded is told by the room that is left: PyAudio closes a stream whose underflow
    it raises, and the rest of the clip with it.

    Args:
        stream: For output, opened, not started.
    """

    def __init__(self, stream: Blocking) -> None:
        self._stream = stream
        self._room = 0

    def start(self) -> None:
        """Begin to sound."""
        self._stream.start_stream()
        self._room = self._stream.get_write_available()

    def write(self, samples: bytes) -> None:
        """As in ``Stream``."""
        self._stream.write(samples, exception_on_underflow=False)

    def waiting(self) -> int:
        """None, however shortly it ran dry; all, as long as it has not begun."""
        return max(0, self._room - self._stream.get_write_available())

    def stop(self) -> None:
        """As in ``Stream``: over ALSA, PortAudio waits for nothing, whatever its manual says."""
        self._stream.stop_stream()

    def close(self) -> None:
        """Let go of the device; PyAudio itself stays."""
        self._stream.close()


class Blocking(Protocol):
    """What is used of ``pyaudio.PyAudio.Stream``, which has no types."""

    def start_stream(self) -> None:
        """Begin."""

    def stop_stream(self) -> None:
        """End, over ALSA at once."""

    def close(self) -> None:
        """Let go of the device."""

    def get_write_available(self) -> int:
        """Samples that it would take now; all of its room again after it ran dry."""

    def write(self, frames: bytes, *, exception_on_underflow: bool) -> None:
        """Wait for room and take ``frames``."""
