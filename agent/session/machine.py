"""What may happen next: the pure, total table of a recording.

Owns one row per phase × event; a row that changes nothing says why. Refuses everything else: no
clock, no thread, no file, and no event that has no row. The moves themselves stand in ``opening``,
``speaking``, ``ending`` and ``noting``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from agent.session import ending, noting, opening, speaking
from agent.session import events as e
from agent.session.effects import Effect
from agent.session.states import Phase, Session

Move = Callable[[Session, Any], tuple[Session, tuple[Effect, ...]]]


@dataclass(frozen=True, slots=True)
class Ignored:
    """The event changes nothing, and ``because`` says why."""

    because: str


Row = Move | Ignored

STARTING, IDLE, OPENING = Phase.STARTING, Phase.IDLE, Phase.OPENING
ANNOUNCING, RECORDING = Phase.ANNOUNCING, Phase.RECORDING
CONFIRMING, STOPPING = Phase.CONFIRMING, Phase.STOPPING

_NO_SESSION = Ignored("nothing is recorded")
_LATER = Ignored("the tap or the hold that follows says what is meant")
_ENDED = Ignored("the recording has ended; only its closing is awaited")
_UNASKED = Ignored("no question of this process is open")
_NOTHING_SENT = Ignored("no media has gone to the vault yet")
_NOTHING_AWAITED = Ignored("nothing waits for it")
_SILENT = Ignored("nothing is being announced")
_BOUNCE = Ignored("it belongs to the press that asked for the end")

TABLE: Final[Mapping[type, Mapping[Phase, Row]]] = {
    e.RecordPressed: {
        STARTING: opening.start,
        IDLE: opening.start,
        OPENING: _LATER,
        ANNOUNCING: _LATER,
        RECORDING: _LATER,
        CONFIRMING: ending.confirm,
        STOPPING: noting.note_record,
    },
    e.RecordTapped: {
        STARTING: _NO_SESSION,
        IDLE: _NO_SESSION,
        OPENING: noting.record_status,
        ANNOUNCING: noting.record_status,
        RECORDING: noting.record_status,
        CONFIRMING: _BOUNCE,
        STOPPING: _BOUNCE,
    },
    e.RecordHeld: {
        STARTING: _NO_SESSION,
        IDLE: _NO_SESSION,
        OPENING: Ignored("the vault has not admitted the session that would end"),
        ANNOUNCING: ending.ask,
        RECORDING: ending.ask,
        CONFIRMING: _BOUNCE,
        STOPPING: _BOUNCE,
    },
    e.MarkTapped: {
        STARTING: noting.note_mark,
        IDLE: noting.note_mark,
        OPENING: noting.record_mark,
        ANNOUNCING: noting.record_mark,
        RECORDING: noting.record_mark,
        CONFIRMING: noting.record_mark,
        STOPPING: noting.note_mark,
    },
    e.MarkHeld: {
        STARTING: noting.note_mark_hold,
        IDLE: noting.note_mark_hold,
        OPENING: Ignored("the announcement follows anyway"),
        ANNOUNCING: ending.announce_again,
        RECORDING: ending.announce_again,
        CONFIRMING: ending.announce_again,
        STOPPING: noting.note_mark_hold,
    },
    e.PhotoPressed: {
        STARTING: noting.note_photo,
        IDLE: noting.note_photo,
        OPENING: noting.record_photo,
        ANNOUNCING: noting.record_photo,
        RECORDING: noting.record_photo,
        CONFIRMING: noting.record_photo,
        STOPPING: noting.note_photo,
    },
    e.VaultAttached: {
        STARTING: opening.attached_idle,
        IDLE: opening.attached_idle,
        OPENING: opening.attached_opening,
        ANNOUNCING: opening.attached_capturing,
        RECORDING: opening.attached_capturing,
        CONFIRMING: opening.attached_capturing,
        STOPPING: ending.attached_stopping,
    },
    e.VaultLost: {
        STARTING: Ignored("it is being sought already"),
        IDLE: opening.vault_lost,
        OPENING: opening.vault_lost,
        ANNOUNCING: opening.vault_lost,
        RECORDING: opening.vault_lost,
        CONFIRMING: opening.vault_lost,
        STOPPING: opening.vault_lost,
    },
    e.SessionOpened: {
        STARTING: _UNASKED,
        IDLE: _UNASKED,
        OPENING: opening.opened,
        ANNOUNCING: _UNASKED,
        RECORDING: _UNASKED,
        CONFIRMING: _UNASKED,
        STOPPING: _UNASKED,
    },
    e.SessionRefused: {
        STARTING: opening.turned_away,
        IDLE: opening.turned_away,
        OPENING: opening.refused,
        ANNOUNCING: _UNASKED,
        RECORDING: _UNASKED,
        CONFIRMING: _UNASKED,
        STOPPING: _UNASKED,
    },
    e.MediaTaken: {
        STARTING: _NO_SESSION,
        IDLE: _NO_SESSION,
        OPENING: _NOTHING_SENT,
        ANNOUNCING: speaking.media_taken,
        RECORDING: _NOTHING_AWAITED,
        CONFIRMING: speaking.media_taken,
        STOPPING: _ENDED,
    },
    e.MediaAdvanced: {
        STARTING: _NO_SESSION,
        IDLE: _NO_SESSION,
        OPENING: _NOTHING_SENT,
        ANNOUNCING: noting.media_advanced,
        RECORDING: noting.media_advanced,
        CONFIRMING: noting.media_advanced,
        STOPPING: _ENDED,
    },
    e.SessionClosed: {
        STARTING: _NO_SESSION,
        IDLE: _NO_SESSION,
        OPENING: Ignored("it speaks of the session before"),
        ANNOUNCING: ending.closed_by_vault,
        RECORDING: ending.closed_by_vault,
        CONFIRMING: ending.closed_by_vault,
        STOPPING: ending.closed,
    },
    e.StorageChanged: dict.fromkeys(Phase, noting.storage_changed),
    e.FirstFrame: {
        STARTING: _NO_SESSION,
        IDLE: _NO_SESSION,
        OPENING: noting.first_frame,
        ANNOUNCING: noting.first_frame,
        RECORDING: noting.first_frame,
        CONFIRMING: noting.first_frame,
        STOPPING: _ENDED,
    },
    e.PartFailed: {
        STARTING: noting.note_failed,
        IDLE: noting.note_failed,
        OPENING: noting.note_failed,
        ANNOUNCING: noting.part_failed,
        RECORDING: noting.part_failed,
        CONFIRMING: noting.part_failed,
        STOPPING: noting.note_failed,
    },
    e.PartRecovered: {
        STARTING: noting.note_recovered,
        IDLE: noting.note_recovered,
        OPENING: noting.note_recovered,
        ANNOUNCING: noting.part_recovered,
        RECORDING: noting.part_recovered,
        CONFIRMING: noting.part_recovered,
        STOPPING: noting.note_recovered,
    },
    e.ClipEnded: {
        STARTING: _SILENT,
        IDLE: _SILENT,
        OPENING: Ignored("it speaks of the session before"),
        ANNOUNCING: speaking.clip_ended,
        RECORDING: _SILENT,
        CONFIRMING: speaking.clip_ended,
        STOPPING: ending.clip_ended,
    },
    e.Ticked: {
        STARTING: _NOTHING_AWAITED,
        IDLE: _NOTHING_AWAITED,
        OPENING: Ignored("the vault's answer is awaited without a limit: capture runs"),
        ANNOUNCING: speaking.wait_for_media,
        RECORDING: _NOTHING_AWAITED,
        CONFIRMING: ending.wait_for_confirmation,
        STOPPING: Ignored("the vault's closing is awaited without a limit"),
    },
    e.BatteryRead: {
        STARTING: noting.note_battery,
        IDLE: noting.note_battery,
        OPENING: noting.battery_read,
        ANNOUNCING: noting.battery_read,
        RECORDING: noting.battery_read,
        CONFIRMING: noting.battery_read,
        STOPPING: noting.note_battery,
    },
    e.Terminated: {
        STARTING: ending.quit_now,
        IDLE: ending.quit_now,
        OPENING: ending.quit_opening,
        ANNOUNCING: ending.shut_down,
        RECORDING: ending.shut_down,
        CONFIRMING: ending.shut_down,
        STOPPING: ending.quit_after_closing,
    },
}
"""Event → phase → what happens."""


def step(session: Session, event: e.Event) -> tuple[Session, tuple[Effect, ...]]:
    """What the recording is after ``event``, and what is to be done, in that order.

    Pure: the same arguments give the same result, and nothing else happens.
    """
    row = TABLE[type(event)][session.phase]
    if isinstance(row, Ignored):
        return session, ()
    if callable(row):
        return row(session, event)
    assert_never(row)
