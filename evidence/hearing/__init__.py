"""Was the announcement heard?

The recorder's microphone hears its own loudspeaker. This package says, from the approved clip and
what the microphone captured, whether the clip sounded, which parts of it are missing, when it came
and how loud. The device and the bureau run the same code, so that a signed answer can be computed
again from the opened recording.

It proves that the approved recording sounded at the microphone. Nobody can prove that a person
understood it, and nothing here says so.
"""

from evidence.hearing.listening import HEARD_SCORE, Hearing, listen
from evidence.hearing.reference import Reference
from evidence.hearing.sound import RATE, level_mdb, to_16k
from evidence.hearing.voice import voiced_ms

__all__ = (
    "HEARD_SCORE",
    "RATE",
    "Hearing",
    "Reference",
    "level_mdb",
    "listen",
    "to_16k",
    "voiced_ms",
)
