"""Stills and the battery in a session."""

from __future__ import annotations

import pytest

from agent.session import effects as f
from agent.session import events as e
from agent.session.moves.photographing import MOST_AWAITED
from agent.session.states import Phase, Session
from agent.voice import sentences
from scripts.session_table import HELD, S
from tests.kits.device.officer import (
    confirming,
    gestures,
    idle,
    recording,
    run,
    said,
    stopping,
    stored,
)

LOW = (2, 3_300)


def _reading(
    percent: int, at_s: int, *, millivolts: int = 3_300, charging: bool = False
) -> e.Event:
    return e.BatteryRead(percent, millivolts, charging=charging, minutes=3, at_ns=at_s * S)


@pytest.mark.rule("D9")
def test_a_still_is_taken_beside_the_loop_sealed_by_the_vault_and_spoken() -> None:
    session, effects = run(recording(), e.PhotoPressed(9 * S))
    assert gestures(effects) == ["photo press"]
    assert effects[1:] == [f.TakePhoto(9 * S), f.Beep(1)]
    session, effects = run(session, e.PhotoTaken(9 * S, 10 * S, b"jpeg"))
    assert effects == [f.SendPhoto(10 * S, b"jpeg")]
    _, effects = run(session, e.PhotoStored())
    assert said(effects) == [sentences.photo_taken()]


def test_a_still_that_fails_is_a_signed_fault_and_spoken() -> None:
    session, _ = run(recording(), e.PhotoPressed(9 * S))
    session, effects = run(session, e.PhotoFailed(9 * S, "camera", "no picture"))
    assert [(one["part"], one["code"]) for one in stored(effects, "fault")] == [("photo", "camera")]
    assert said(effects) == [sentences.photo_failed()]
    assert session.photos == ()


def test_a_still_the_vault_would_not_take_is_a_signed_fault_too() -> None:
    _, effects = run(recording(), e.PhotoFailed(None, "storage", "no room"))
    assert [one["code"] for one in stored(effects, "fault")] == ["storage"]


def test_a_camera_that_hangs_with_a_still_is_noticed() -> None:
    session, _ = run(recording(), e.PhotoPressed(9 * S))
    session, effects = run(session, e.Ticked(17 * S))
    assert [one["code"] for one in stored(effects, "fault")] == ["hung"]
    _, effects = run(session, e.PhotoTaken(9 * S, 10 * S, b"jpeg"))
    assert effects == [], "it was given up"


def test_more_presses_than_the_camera_can_serve_are_refused_aloud() -> None:
    presses = [e.PhotoPressed((9 + n) * S) for n in range(MOST_AWAITED + 1)]
    session, effects = run(recording(), *presses)
    assert len(session.photos) == MOST_AWAITED
    assert gestures(effects) == ["photo press"] * (MOST_AWAITED + 1)
    assert [one["code"] for one in stored(effects, "fault")] == ["busy"]


def test_a_still_of_the_session_before_reaches_no_other_session() -> None:
    session, _ = run(recording(), e.PhotoPressed(9 * S))
    done, _ = run(session, e.SessionClosed("s1", "storage"), e.RecordPressed(20 * S))
    _, effects = run(done, e.SessionOpened(HELD), e.PhotoTaken(9 * S, 10 * S, b"jpeg"))
    assert not any(isinstance(effect, f.SendPhoto) for effect in effects)


def test_the_end_waits_for_a_still_that_is_on_its_way() -> None:
    session, _ = run(confirming(), e.PhotoPressed(12 * S))
    closing, effects = run(session, e.RecordPressed(13 * S))
    assert f.CloseVaultSession("officer") not in effects
    _, effects = run(closing, e.PhotoTaken(12 * S, 12 * S, b"jpeg"))
    assert effects == [f.SendPhoto(12 * S, b"jpeg"), f.CloseVaultSession("officer")]


def test_but_not_for_ever() -> None:
    session, _ = run(confirming(), e.PhotoPressed(12 * S))
    closing, _ = run(session, e.RecordPressed(13 * S))
    _, effects = run(closing, e.Ticked(21 * S))
    assert effects[-1] == f.CloseVaultSession("officer")


@pytest.mark.rule("E2")
def test_a_battery_that_is_nearly_empty_ends_the_recording_in_order() -> None:
    session, effects = run(recording(), _reading(3, 20))
    assert session.phase is Phase.RECORDING, "one reading alone may be wrong"
    session, effects = run(session, _reading(3, 25))
    assert session.phase is Phase.STOPPING
    assert f.CloseVaultSession("battery") in effects
    assert len(stored(effects, "battery")) == 1
    assert said(effects) == [sentences.closing("battery")]
    assert effects.index(f.HushPrompts()) < effects.index(f.Say(sentences.closing("battery")))


@pytest.mark.parametrize(
    "readings",
    [
        (_reading(3, 20), _reading(50, 25, millivolts=3_700), _reading(3, 30)),
        (_reading(0, 20, millivolts=4_000), _reading(0, 25, millivolts=4_000)),
        (_reading(2, 20, charging=True), _reading(2, 25, charging=True)),
    ],
)
def test_a_gauge_that_lies_or_a_charger_ends_nothing(readings: tuple[e.Event, ...]) -> None:
    session, _ = run(recording(), *readings)
    assert session.phase is Phase.RECORDING


def test_a_press_with_an_empty_battery_records_to_the_last_percent() -> None:
    empty, _ = run(idle(), _reading(2, 1))
    session, _ = run(recording(empty), _reading(2, 20), _reading(2, 25))
    assert session.phase is Phase.RECORDING
    session, _ = run(session, _reading(1, 30))
    assert session.phase is Phase.STOPPING


def test_a_reading_in_session_is_signed() -> None:
    _, effects = run(recording(), _reading(50, 20, millivolts=3_700))
    reading = {"percent": 50, "millivolts": 3_700, "charging": False}
    assert stored(effects, "battery") == [reading]


def test_a_stopping_recorder_only_notes_the_reading() -> None:
    session, effects = run(stopping(), _reading(3, 20), _reading(3, 25))
    assert (session.power.percent, effects) == (3, [])


def test_a_process_that_begins_knows_nothing_of_the_battery() -> None:
    assert Session().power.minutes is None
