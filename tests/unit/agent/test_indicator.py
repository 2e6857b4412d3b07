"""The status lamp shows facts, worst first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.indicator import HEARTBEAT_NS, pattern
from agent.session.states import Checkup, Fault, Phase, Power, Session
from hw.types import LampPattern

S = 1_000_000_000
IDLE = Session(phase=Phase.IDLE, attached=True)
RECORDING = Session(phase=Phase.RECORDING, attached=True, heartbeat_ns=10 * S)
CAMERA = (Fault("camera", "camera", "gone"),)
SPEAKER = (Fault("speaker", "speaker", "gone"),)


@pytest.mark.parametrize(
    ("session", "shown"),
    [
        (Session(), LampPattern.STARTING),
        (IDLE, LampPattern.READY),
        (replace(IDLE, trouble="session_lost"), LampPattern.FAULT),
        (replace(IDLE, trouble="storage"), LampPattern.LOW),
        (replace(IDLE, power=Power(percent=5)), LampPattern.LOW),
        (replace(IDLE, power=Power(percent=5, charging=True)), LampPattern.READY),
        (replace(IDLE, checkup=Checkup(refused="storage")), LampPattern.LOW),
        (replace(IDLE, checkup=Checkup(refused="no_key")), LampPattern.FAULT),
        (replace(IDLE, docked=True), LampPattern.DOCKED),
        (replace(IDLE, docked=True, power=Power(percent=5)), LampPattern.DOCKED),
        (replace(IDLE, docked=True, faults=CAMERA), LampPattern.FAULT),
        (replace(IDLE, faults=CAMERA), LampPattern.FAULT),
        (Session(phase=Phase.OPENING), LampPattern.STARTING),
        (RECORDING, LampPattern.CAPTURING),
        (replace(RECORDING, unverified=True), LampPattern.UNVERIFIED),
        (replace(RECORDING, faults=SPEAKER), LampPattern.UNVERIFIED),
        (replace(RECORDING, docked=True), LampPattern.CAPTURING),
        (replace(RECORDING, storage="alarm"), LampPattern.LOW),
        (replace(RECORDING, storage="warn"), LampPattern.CAPTURING),
        (replace(RECORDING, faults=CAMERA, unverified=True), LampPattern.FAULT),
    ],
)
def test_the_lamp_shows_what_matters_most(session: Session, shown: LampPattern) -> None:
    assert pattern(session, 11 * S, warm=True) is shown


@pytest.mark.rule("C10")
def test_red_comes_from_the_medium_and_not_from_the_button() -> None:
    pressed = Session(phase=Phase.RECORDING, attached=True)
    assert pattern(pressed, 11 * S, warm=True) is not LampPattern.CAPTURING


def test_a_writer_without_heartbeat_is_a_fault() -> None:
    late = RECORDING.heartbeat_ns + HEARTBEAT_NS + 1
    assert pattern(RECORDING, late, warm=True) is LampPattern.FAULT


def test_green_waits_until_a_press_would_record_at_once() -> None:
    assert pattern(IDLE, 11 * S, warm=False) is LampPattern.STARTING
