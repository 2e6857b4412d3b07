"""Capture: from camera and microphone to segments of fragmented MP4.

Drivers push H.264 packets and sound into one bounded queue; the mux thread gives sound its times
from a model of the microphone's crystal, encodes it as AAC, brings both tracks into the order of
their times and writes segments: whole fragments go to a ``SegmentSink``, never to a file. Nothing
is lost or repeated where one segment ends and the next begins; whatever is missing for 20 ms or
more becomes a ``Gap``; sound that may as well have been made on the other side of a loss becomes a
``Doubt``. What the vault may not have is remembered and can be sent again.
"""

from agent.capture.errors import CaptureError, MuxError
from agent.capture.media import (
    CaptureListener,
    CaptureRules,
    Cause,
    Doubt,
    Gap,
    Health,
    Latency,
    Progress,
    SegmentSink,
    Started,
    Track,
)
from agent.capture.recorder import Capture

__all__ = [
    "Capture",
    "CaptureError",
    "CaptureListener",
    "CaptureRules",
    "Cause",
    "Doubt",
    "Gap",
    "Health",
    "Latency",
    "MuxError",
    "Progress",
    "SegmentSink",
    "Started",
    "Track",
]
