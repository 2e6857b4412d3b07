"""Faults of what is on the body: buttons, lamp, battery and gauge, clock, dock contact, case.

Owns what befalls them. Refuses outcomes: those are played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from agent.session import events as e
from agent.session.states import Phase
from scripts.fault_trial import Trial
from scripts.faults.fault import (
    EVERY,
    GOOD_NEWS,
    IDLING,
    NOT_LOOKED_YET,
    OPEN,
    Fact,
    Fault,
    Kind,
    at_phases,
    but,
    check,
    failed,
    looked_at,
    nothing,
    recovered,
    then,
)
from scripts.session_table import HELD, RULE, S, clip_ended

# --- buttons


def _jam(trial: Trial) -> None:
    """The record button is down from now on."""
    now_ns, before = trial.now_ns, trial.session.phase
    if before is Phase.STOPPING:
        now_ns += 2 * S
    trial.strike(e.RecordPressed(now_ns))
    if before in IDLING:
        trial.strike(e.VaultAttached(None, (RULE,)), e.SessionOpened(HELD))
        trial.strike(e.MediaAdvanced(now_ns), e.MediaTaken())
    elif before is Phase.CONFIRMING:
        trial.strike(e.SessionClosed("s1", "officer"))
    elif before is Phase.STOPPING:
        trial.go(e.SessionClosed("s1", "officer"))
        trial.strike(e.SessionOpened(HELD))
    trial.strike(
        e.RecordHolding(now_ns, 1, now_ns + S),
        e.RecordHolding(now_ns, 2, now_ns + 2 * S),
        e.RecordHeld(now_ns, now_ns + 3 * S),
    )
    trial.wait(10)


def buttons() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="buttons",
        kind=Kind.FAILS,
        what="nothing is felt of it",
        befall=nothing,
        nowhere=at_phases(EVERY, "nobody can tell a dead button from one that is not pressed"),
    )
    yield Fault(
        part="buttons",
        kind=Kind.HANGS,
        what="the record button is jammed down: a press, then a hold that nobody confirms; it may"
        " begin a recording, and ends none but the one whose end was asked for",
        befall=_jam,
        but={
            **but(Fact.HEARD, IDLING, "the recording that it begins announces itself"),
            **but(Fact.HEARD, {Phase.OPENING}, "the announcement follows at once"),
            **but(
                Fact.SEEN,
                {Phase.OPENING, Phase.ANNOUNCING, Phase.RECORDING},
                "nothing is wrong with the recording: the check before use finds a jammed button",
            ),
        },
    )
    yield Fault(
        part="buttons",
        kind=Kind.LIES,
        what="its edges are lost, or bounce",
        befall=nothing,
        nowhere=at_phases(
            EVERY, "the level is read ten times a second: the press comes 0.1 s later"
        ),
    )
    yield Fault(
        part="buttons",
        kind=Kind.RETURNS,
        what="it is let go",
        befall=nothing,
        nowhere=at_phases(EVERY, "letting go after a hold is no gesture; the next press is one"),
    )


# --- lamp

_DARK: Final = check("lamp", "dark: it is dark where it was told capturing")
_STUCK: Final = check("lamp", "stuck: it shows ready where it was told capturing")
_LIT: Final = check("lamp", "ok: it shows capturing, as told", "ok")


def lamp() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="lamp",
        kind=Kind.FAILS,
        what="it burns out; the wired light of the camera shines on",
        befall=looked_at(_DARK),
        nowhere=NOT_LOOKED_YET,
    )
    yield Fault(
        part="lamp",
        kind=Kind.HANGS,
        what="-",
        befall=nothing,
        nowhere=at_phases(EVERY, "a lamp on a wire makes nobody wait; one that is stuck lies"),
    )
    yield Fault(
        part="lamp",
        kind=Kind.LIES,
        what="it goes on showing what it showed; read back and compared",
        befall=looked_at(_STUCK),
        nowhere=NOT_LOOKED_YET,
    )
    yield Fault(
        part="lamp",
        kind=Kind.RETURNS,
        what="it shows what it is told",
        befall=then(looked_at(_DARK), looked_at(_LIT)),
        nowhere=NOT_LOOKED_YET,
        but=GOOD_NEWS,
    )


# --- battery and gauge


def _reading(percent: int, millivolts: int, *, charging: bool = False) -> Callable[[Trial], None]:
    def befall(trial: Trial) -> None:
        for _ in range(2):
            trial.wait(2)
            read_ns = trial.now_ns
            trial.strike(
                e.BatteryRead(percent, millivolts, charging=charging, minutes=3, at_ns=read_ns)
            )

    return befall


def _runs_empty(trial: Trial) -> None:
    _reading(2, 3_300)(trial)
    if trial.before in OPEN:
        trial.strike(clip_ended(reason="stopped"), e.SessionClosed("s1", "battery"))


_UNSIGNED_READING: Final = {
    **but(Fact.SIGNED, IDLING, "the check before use signs the reading"),
    **but(Fact.SIGNED, {Phase.STOPPING}, "the recording is over; the next check signs it"),
}
_UNSPOKEN_READING: Final = but(
    Fact.HEARD,
    {Phase.OPENING, Phase.STOPPING},
    "this lasts a moment; what the battery is good for is spoken with the status",
)
_LATER_LOW: Final = but(
    Fact.SEEN, {Phase.OPENING}, "the lamp says so once the recording is on the medium"
)


def power() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="battery",
        kind=Kind.FAILS,
        what="it runs empty: two readings of 2 % from a cell of 3.3 V",
        befall=_runs_empty,
        but={**_UNSIGNED_READING, **_UNSPOKEN_READING, **_LATER_LOW},
    )
    for kind, because in (
        (Kind.HANGS, "a cell does not hang; power that is gone is every process dying at once"),
        (Kind.LIES, "a cell does not lie; its gauge does"),
    ):
        yield Fault(
            part="battery", kind=kind, what="-", befall=nothing, nowhere=at_phases(EVERY, because)
        )
    yield Fault(
        part="battery",
        kind=Kind.RETURNS,
        what="it is charged",
        befall=then(_reading(8, 3_400), _reading(9, 3_900, charging=True)),
        but={**_UNSIGNED_READING, **_UNSPOKEN_READING},
    )
    silent = failed("battery", "battery", "the fuel gauge does not answer")
    yield Fault(part="gauge", kind=Kind.FAILS, what="it does not answer the bus", befall=silent)
    yield Fault(
        part="gauge",
        kind=Kind.HANGS,
        what="who reads it waits; asked beside the loop, given up after 2 s",
        befall=failed("battery", "hung", "the fuel gauge does not answer"),
    )
    yield Fault(
        part="gauge",
        kind=Kind.LIES,
        what="it says 2 % while the cell has 4.0 V: no recording ends for it",
        befall=_reading(2, 4_000),
        but={**_UNSIGNED_READING, **_UNSPOKEN_READING, **_LATER_LOW},
    )
    yield Fault(
        part="gauge",
        kind=Kind.RETURNS,
        what="it answers again",
        befall=then(silent, recovered("battery")),
    )


# --- clock

_UNSURE: Final = check("clock", "unsure: 2000-01-01 08:00:00 by none, no bound")
_STANDS: Final = check("clock", "stepped: the clock moved by -10.0 s")
_STEPPED: Final = check("clock", "stepped: the clock moved by -3600.0 s")
_SURE: Final = check("clock", "ok: within 50 ms", "ok")


def clock() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    for kind, what, found in (
        (Kind.FAILS, "its cell is empty: a day long past, and nobody vouches for it", _UNSURE),
        (Kind.HANGS, "it stands still; the clock that never steps goes on", _STANDS),
        (Kind.LIES, "it is put wrong by an hour; the vault signs `clock_step` too", _STEPPED),
    ):
        yield Fault(
            part="clock",
            kind=kind,
            what=what,
            befall=looked_at(found),
            nowhere=NOT_LOOKED_YET,
        )
    yield Fault(
        part="clock",
        kind=Kind.RETURNS,
        what="it is set right",
        befall=then(looked_at(_UNSURE), looked_at(_SURE)),
        nowhere=NOT_LOOKED_YET,
        but=GOOD_NEWS,
    )


# --- dock contact


def _docked(*states: str) -> Callable[[Trial], None]:
    def befall(trial: Trial) -> None:
        trial.strike(*(e.DockChanged(docked=one == "on") for one in states))
        trial.wait(2)

    return befall


def dock() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    busy = EVERY - {Phase.IDLE}
    unheard = {
        **but(Fact.HEARD, busy, "the cradle changes nothing about a recording"),
        **but(Fact.HEARD, {Phase.STARTING}, "nothing is spoken before the recorder is ready"),
    }
    unseen = but(Fact.SEEN, busy - IDLING, "the lamp shows the recording")
    signed = but(Fact.SIGNED, EVERY, "the vault signs `dock` in the device log")
    yield Fault(
        part="dock contact",
        kind=Kind.FAILS,
        what="the cradle is not felt",
        befall=nothing,
        nowhere=at_phases(
            EVERY,
            "an empty cradle feels the same; neither 已放入采集站 nor the dock's lamp comes, and"
            " the check before use counts the backlog",
        ),
    )
    yield Fault(
        part="dock contact",
        kind=Kind.HANGS,
        what="it is shorted: the cradle is always felt; a press records all the same",
        befall=_docked("on"),
        but={**unheard, **unseen, **signed},
    )
    yield Fault(
        part="dock contact",
        kind=Kind.LIES,
        what="it rattles: on, off and on again",
        befall=_docked("on", "off", "on"),
        but={**unheard, **unseen, **signed},
    )
    yield Fault(
        part="dock contact",
        kind=Kind.RETURNS,
        what="the short is gone",
        befall=then(_docked("on"), _docked("off")),
        but={**unheard, **signed},
    )


# --- case

_LIFTED: Final = failed("case", "open", "nothing presses the switch under the lid")


def case() -> Iterable[Fault]:
    """Every kind, and what befalls."""
    yield Fault(
        part="case",
        kind=Kind.FAILS,
        what="the lid is lifted, or the switch's wire breaks; the vault signs `tamper` too, and the"
        " next recording waits for the bureau",
        befall=_LIFTED,
    )
    yield Fault(
        part="case",
        kind=Kind.HANGS,
        what="-",
        befall=nothing,
        nowhere=at_phases(EVERY, "a switch on a wire makes nobody wait"),
    )
    yield Fault(
        part="case",
        kind=Kind.LIES,
        what="it is held down while the lid is off",
        befall=nothing,
        nowhere=at_phases(
            EVERY, "nobody can tell; a part that was swapped is found by its serial number"
        ),
    )
    yield Fault(
        part="case",
        kind=Kind.RETURNS,
        what="the lid is put back; the use stays stopped",
        befall=then(_LIFTED, recovered("case")),
    )
