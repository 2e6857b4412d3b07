"""The AAC encoder, which lives through the whole session.

Owns encoding (AAC-LC, 48 kHz, mono) and the template that gives every segment the same audio
track. Refuses time: a packet says only at which sample of the stream it begins.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags

from agent.capture.media import AUDIO_FRAME, AUDIO_RATE

BITS_PER_SECOND: Final = 64_000
_SEARCH: Final = {"aac_coder": "fast"}
"""For a voice at this rate as near to what was said as ffmpeg's own choice, for half its work."""
_FULL_SCALE: Final = np.float32(32_768)


class AacEncoder:
    """An encoder; the first packet it makes is priming and begins at sample -1024."""

    def __init__(self) -> None:
        self._nowhere = av.open("/dev/null", "w", format="null")
        self._stream = self._nowhere.add_stream("aac", rate=AUDIO_RATE, layout="mono")
        self._stream.bit_rate = BITS_PER_SECOND
        self._stream.codec_context.options = _SEARCH
        # Without global headers the file's head would lack the decoder's parameters.
        self._stream.codec_context.flags |= Flags.global_header
        self._nowhere.start_encoding()
        self._index = 0

    @property
    def template(self) -> AudioStream:
        """What a segment's audio track is made from."""
        return self._stream

    def encode(self, samples: bytes) -> list[tuple[int, bytes]]:
        """Encode the next 1,024 samples.

        Args:
            samples: Signed 16 bit little endian, mono.

        Returns:
            The packets that came out, each with the index of its first sample.
        """
        wave = np.frombuffer(samples, "<i2").astype(np.float32) / _FULL_SCALE
        frame = av.AudioFrame.from_ndarray(wave[None, :], format="fltp", layout="mono")
        frame.sample_rate = AUDIO_RATE
        frame.time_base = Fraction(1, AUDIO_RATE)
        frame.pts = self._index
        self._index += AUDIO_FRAME
        return self._out(frame)

    def drain(self) -> list[tuple[int, bytes]]:
        """What is still inside; nothing can be encoded after it."""
        return self._out(None)

    def close(self) -> None:
        """Let go of the encoder; what it still holds was never asked for."""
        self._nowhere.close()

    def _out(self, frame: av.AudioFrame | None) -> list[tuple[int, bytes]]:
        return [(packet.pts or 0, bytes(packet)) for packet in self._stream.encode(frame)]
