"""What camera, microphone, voice, ear, battery and time do.

Owns the rows of everything that happens to the recorder itself, the end of its process included.
Refuses to end a recording for one part that fails.
"""

from __future__ import annotations

from typing import Final

from agent.session.moves import (
    asking,
    checking,
    ending,
    noting,
    photographing,
    powering,
    speaking,
    switching,
    watching,
)
from agent.session.table.rows import (
    BEFORE,
    ENDED,
    NO_SESSION,
    NO_STILL,
    NOBODY_ASKED,
    SILENT,
    Rows,
)

PREFLIGHT_READY: Final = Rows(
    starting=checking.ready,
    idle=checking.ready,
    opening=checking.overtaken,
    announcing=checking.overtaken,
    recording=checking.overtaken,
    confirming=checking.overtaken,
    stopping=checking.overtaken,
)
WATCHED: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=BEFORE,
    announcing=watching.watched,
    recording=watching.watched,
    confirming=watching.watched,
    stopping=ENDED,
)
FIRST_FRAME: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=noting.first_frame,
    announcing=noting.first_frame,
    recording=noting.first_frame,
    confirming=noting.first_frame,
    stopping=ENDED,
)
PART_FAILED: Final = Rows(
    starting=noting.note_failed,
    idle=noting.note_failed,
    opening=noting.note_failed,
    announcing=noting.part_failed,
    recording=noting.part_failed,
    confirming=noting.part_failed,
    stopping=noting.note_failed,
)
PART_RECOVERED: Final = Rows(
    starting=noting.note_recovered,
    idle=noting.note_recovered,
    opening=noting.note_recovered,
    announcing=noting.part_recovered,
    recording=noting.part_recovered,
    confirming=noting.part_recovered,
    stopping=noting.note_recovered,
)
PHOTO_TAKEN: Final = Rows(
    starting=NO_STILL,
    idle=NO_STILL,
    opening=photographing.taken,
    announcing=photographing.taken,
    recording=photographing.taken,
    confirming=photographing.taken,
    stopping=ending.photo_taken,
)
PHOTO_FAILED: Final = Rows(
    starting=NO_STILL,
    idle=photographing.refused,
    opening=photographing.failed,
    announcing=photographing.failed,
    recording=photographing.failed,
    confirming=photographing.failed,
    stopping=ending.photo_failed,
)
CLIP_ENDED: Final = Rows(
    starting=SILENT,
    idle=SILENT,
    opening=BEFORE,
    announcing=speaking.clip_ended,
    recording=SILENT,
    confirming=speaking.clip_ended,
    stopping=ending.clip_ended,
)
SPOKEN: Final = Rows(
    starting=switching.spoken,
    idle=switching.spoken,
    opening=NOBODY_ASKED,
    announcing=NOBODY_ASKED,
    recording=asking.spoken,
    confirming=ending.read_out,
    stopping=NOBODY_ASKED,
)
WINDOW_HEARD: Final = Rows(
    starting=NOBODY_ASKED,
    idle=NOBODY_ASKED,
    opening=BEFORE,
    announcing=NOBODY_ASKED,
    recording=asking.heard,
    confirming=asking.heard,
    stopping=NOBODY_ASKED,
)
TICKED: Final = Rows(
    starting=watching.starting,
    idle=watching.idle,
    opening=watching.opening,
    announcing=watching.announcing,
    recording=watching.recording,
    confirming=watching.confirming,
    stopping=switching.closing,
)
BATTERY_READ: Final = Rows(
    starting=powering.hear_reading,
    idle=powering.judge_idle,
    opening=powering.sign_reading,
    announcing=powering.judge_reading,
    recording=powering.judge_reading,
    confirming=powering.judge_reading,
    stopping=powering.take_reading,
)
TERMINATED: Final = Rows(
    starting=ending.quit_now,
    idle=ending.quit_now,
    opening=ending.quit_opening,
    announcing=ending.shut_down,
    recording=ending.shut_down,
    confirming=ending.shut_down,
    stopping=ending.quit_after_closing,
)
