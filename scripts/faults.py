"""The fault table: each part, each way to fail, each phase of a recording.

Owns what befalls each part as the session's loop sees it, and why a cell is empty or a fact is told
elsewhere. Refuses outcomes: those are played (``fault_trial``), tested and written down
(``fault_table``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final

from agent.session import events as e
from agent.session.states import CAPTURING, Phase
from agent.vault.messages import CheckResult
from scripts.fault_trial import VERIFIED, Trial
from scripts.session_table import FOREIGN, HELD, LATER, RULE, STATUS, S, clip_ended, heard


@unique
class Kind(StrEnum):
    """What can happen to a part."""

    FAILS = "fails"
    HANGS = "hangs"
    LIES = "lies"
    RETURNS = "returns"


@unique
class Fact(StrEnum):
    """What must be true of a fault beside that the session goes on or closes with its reason."""

    HEARD = "heard"
    SEEN = "seen"
    SIGNED = "signed"


PARTS: Final = (
    "camera",
    "microphone",
    "speaker",
    "buttons",
    "lamp",
    "battery",
    "gauge",
    "storage",
    "space",
    "clock",
    "key",
    "dock contact",
    "vault process",
    "recorder process",
)
"""The rows."""

EVERY: Final = frozenset(Phase)
IDLING: Final = frozenset({Phase.STARTING, Phase.IDLE})
OPEN: Final = frozenset({Phase.ANNOUNCING, Phase.RECORDING, Phase.CONFIRMING})
_AWAY_SECONDS: Final = 32


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One part's one way to fail.

    Attributes:
        part: Which part.
        kind: Which way.
        what: What happens in the world, and who notices it how.
        befall: What reaches the loop.
        nowhere: Phase → why it cannot happen there, or is not noticed there.
        but: Fact and phase → why the loop does not bring the fact about, and who does.
    """

    part: str
    kind: Kind
    what: str
    befall: Callable[[Trial], None]
    nowhere: Mapping[Phase, str] = field(default_factory=dict)
    but: Mapping[tuple[Fact, Phase], str] = field(default_factory=dict)


def _at(phases: Iterable[Phase], because: str) -> dict[Phase, str]:
    return dict.fromkeys(phases, because)


def _but(fact: Fact, phases: Iterable[Phase], because: str) -> dict[tuple[Fact, Phase], str]:
    return {(fact, phase): because for phase in phases}


def _nothing(trial: Trial) -> None:
    del trial


def _check(name: str, detail: str, state: str = "warn") -> CheckResult:
    return CheckResult(name=name, state=state, detail=detail, value=None)


def _looked_at(*checks: CheckResult) -> Callable[[Trial], None]:
    """By the check before use while nothing is recorded, every 10 s while something is."""

    def befall(trial: Trial) -> None:
        if trial.session.phase in CAPTURING:
            trial.strike(e.Watched(checks))
        else:
            trial.strike(e.PreflightReady("idle", checks), e.PreflightStored("idle", checks))
        trial.wait(2)

    return befall


def _failed(part: str, code: str, detail: str) -> Callable[[Trial], None]:
    def befall(trial: Trial) -> None:
        trial.strike(e.PartFailed(part, code, detail))
        trial.wait(2)

    return befall


def _then(
    first: Callable[[Trial], None], second: Callable[[Trial], None]
) -> Callable[[Trial], None]:
    """``first`` has happened; ``second`` is looked at."""

    def befall(trial: Trial) -> None:
        first(trial)
        trial.forget()
        second(trial)

    return befall


def _recovered(part: str) -> Callable[[Trial], None]:
    def befall(trial: Trial) -> None:
        trial.strike(e.PartRecovered(part))
        trial.wait(2)

    return befall


NOT_LOOKED_YET: Final = {
    Phase.STARTING: "the check before use runs as soon as the vault is there: see idle",
    Phase.OPENING: "it is looked at every 10 s once the session is open: see recording",
    Phase.STOPPING: "the recording is over; the next check before use finds it: see idle",
}
GOOD_NEWS: Final = _but(
    Fact.HEARD, {Phase.IDLE}, "of the check every ten minutes only trouble is spoken"
)
LOG_ONLY: Final = "the vault signs it in the device log itself"

# --- camera and microphone

_CAMERA_GONE: Final = _failed("camera", "camera", "the cable is off")
_FROZEN: Final = _check("camera", "frozen: two stills are the same, dot for dot")
_DEAD: Final = _check("microphone", "dead: there is no sound in the samples")
_MICROPHONE_GONE: Final = _failed("microphone", "microphone", "the cable is off")


def _senses() -> Iterable[Fault]:
    for part, gone, lie, lies in (
        ("camera", _CAMERA_GONE, _FROZEN, "shows the same picture over and over, or a black one"),
        ("microphone", _MICROPHONE_GONE, _DEAD, "delivers samples without any sound"),
    ):
        yield Fault(
            part=part,
            kind=Kind.FAILS,
            what="its cable is torn off; the driver says so, the other sense goes on",
            befall=gone,
        )
        yield Fault(
            part=part,
            kind=Kind.HANGS,
            what="it delivers nothing and says nothing; capture misses it within a second or two",
            befall=_failed(part, part, "nothing has come for a while"),
        )
        yield Fault(
            part=part,
            kind=Kind.LIES,
            what=f"it {lies}; the check before use, and while recording the look every 10 s",
            befall=_looked_at(lie),
            nowhere=NOT_LOOKED_YET,
        )
        yield Fault(
            part=part,
            kind=Kind.RETURNS,
            what="it delivers again",
            befall=_then(gone, _recovered(part)),
        )


# --- speaker

_SPEAKER_GONE: Final = e.PartFailed("speaker", "speaker", "the driver does not begin a sound")
_UNHEARD: Final = clip_ended(hearing=heard(heard=False, complete=False))
_UNPLAYED: Final = clip_ended(reason="speaker")


def _announce(trial: Trial) -> None:
    """Come to where the announcement plays: by admission, or because a new party has come."""
    if trial.session.phase is Phase.OPENING:
        trial.go(e.SessionOpened(HELD), e.MediaAdvanced(trial.now_ns), e.MediaTaken())
    elif trial.session.phase in {Phase.RECORDING, Phase.CONFIRMING}:
        trial.go(e.MarkHeld(trial.now_ns))


def _speaker_fails(trial: Trial) -> None:
    trial.strike(_SPEAKER_GONE)
    if trial.session.phase is Phase.ANNOUNCING:
        trial.strike(_UNPLAYED, _UNPLAYED, _UNPLAYED)
        trial.well(VERIFIED)
    trial.wait(2)


def _speaker_hangs(trial: Trial) -> None:
    trial.strike(_SPEAKER_GONE)
    if trial.session.phase is Phase.ANNOUNCING:
        trial.well(VERIFIED)
        trial.wait(60)
    trial.wait(2)


def _speaker_lies(trial: Trial) -> None:
    if trial.session.phase is Phase.IDLE:
        _looked_at(_check("speaker", "unheard: the microphone did not hear the self-test"))(trial)
        return
    _announce(trial)
    trial.strike(_UNHEARD, _UNHEARD, _UNHEARD)
    trial.well(VERIFIED)
    trial.wait(6)


def _speaker_back(trial: Trial) -> None:
    trial.strike(e.PartRecovered("speaker"))
    if trial.before in OPEN:
        if trial.session.speech.value == "silent":
            trial.go(e.MarkHeld(trial.now_ns))
        trial.go(VERIFIED)
    trial.wait(2)


_AMBER: Final = _but(
    Fact.SEEN, {Phase.OPENING}, "the lamp turns amber once the recording is on the medium"
)


def _speaker() -> Iterable[Fault]:
    yield Fault(
        part="speaker",
        kind=Kind.FAILS,
        what="its cable is torn off; found with the next sound, and what is said is not heard:"
        " lamp and record tell it",
        befall=_speaker_fails,
        but=_AMBER,
    )
    yield Fault(
        part="speaker",
        kind=Kind.HANGS,
        what="a sound never ends and no end of it is reported; given up 2 s after its time by the"
        " voice, 15 s after it by the loop",
        befall=_speaker_hangs,
        but=_AMBER,
    )
    yield Fault(
        part="speaker",
        kind=Kind.LIES,
        what="it counts what it plays and nothing sounds; the microphone does not hear the"
        " announcement, nor the self-test before use",
        befall=_speaker_lies,
        nowhere={
            Phase.STARTING: NOT_LOOKED_YET[Phase.STARTING],
            Phase.STOPPING: "nothing is announced any more; the next check finds it: see idle",
        },
    )
    yield Fault(
        part="speaker",
        kind=Kind.RETURNS,
        what="it sounds again; the next announcement is heard",
        befall=_then(lambda trial: trial.strike(_SPEAKER_GONE), _speaker_back),
    )


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


def _buttons() -> Iterable[Fault]:
    yield Fault(
        part="buttons",
        kind=Kind.FAILS,
        what="nothing is felt of it",
        befall=_nothing,
        nowhere=_at(EVERY, "nobody can tell a dead button from one that is not pressed"),
    )
    yield Fault(
        part="buttons",
        kind=Kind.HANGS,
        what="the record button is jammed down: a press, then a hold that nobody confirms; it may"
        " begin a recording, and ends none but the one whose end was asked for",
        befall=_jam,
        but={
            **_but(Fact.HEARD, IDLING, "the recording that it begins announces itself"),
            **_but(Fact.HEARD, {Phase.OPENING}, "the announcement follows at once"),
            **_but(
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
        befall=_nothing,
        nowhere=_at(EVERY, "the level is read ten times a second: the press comes 0.1 s later"),
    )
    yield Fault(
        part="buttons",
        kind=Kind.RETURNS,
        what="it is let go",
        befall=_nothing,
        nowhere=_at(EVERY, "letting go after a hold is no gesture; the next press is one"),
    )


# --- lamp

_DARK: Final = _check("lamp", "dark: it is dark where it was told capturing")
_STUCK: Final = _check("lamp", "stuck: it shows ready where it was told capturing")
_LIT: Final = _check("lamp", "ok: it shows capturing, as told", "ok")


def _lamp() -> Iterable[Fault]:
    yield Fault(
        part="lamp",
        kind=Kind.FAILS,
        what="it burns out; the wired light of the camera shines on",
        befall=_looked_at(_DARK),
        nowhere=NOT_LOOKED_YET,
    )
    yield Fault(
        part="lamp",
        kind=Kind.HANGS,
        what="-",
        befall=_nothing,
        nowhere=_at(EVERY, "a lamp on a wire makes nobody wait; one that is stuck lies"),
    )
    yield Fault(
        part="lamp",
        kind=Kind.LIES,
        what="it goes on showing what it showed; read back and compared",
        befall=_looked_at(_STUCK),
        nowhere=NOT_LOOKED_YET,
    )
    yield Fault(
        part="lamp",
        kind=Kind.RETURNS,
        what="it shows what it is told",
        befall=_then(_looked_at(_DARK), _looked_at(_LIT)),
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
    **_but(Fact.SIGNED, IDLING, "the check before use signs the reading"),
    **_but(Fact.SIGNED, {Phase.STOPPING}, "the recording is over; the next check signs it"),
}
_UNSPOKEN_READING: Final = _but(
    Fact.HEARD,
    {Phase.OPENING, Phase.STOPPING},
    "this lasts a moment; what the battery is good for is spoken with the status",
)
_LATER_LOW: Final = _but(
    Fact.SEEN, {Phase.OPENING}, "the lamp says so once the recording is on the medium"
)


def _power() -> Iterable[Fault]:
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
            part="battery", kind=kind, what="-", befall=_nothing, nowhere=_at(EVERY, because)
        )
    yield Fault(
        part="battery",
        kind=Kind.RETURNS,
        what="it is charged",
        befall=_then(_reading(8, 3_400), _reading(9, 3_900, charging=True)),
        but={**_UNSIGNED_READING, **_UNSPOKEN_READING},
    )
    silent = _failed("battery", "battery", "the fuel gauge does not answer")
    yield Fault(part="gauge", kind=Kind.FAILS, what="it does not answer the bus", befall=silent)
    yield Fault(
        part="gauge",
        kind=Kind.HANGS,
        what="who reads it waits; asked beside the loop, given up after 2 s",
        befall=_failed("battery", "hung", "the fuel gauge does not answer"),
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
        befall=_then(silent, _recovered("battery")),
    )


# --- the medium

_NO_STORE: Final = _check("storage", "failed: the medium does not answer", "refuse")
_HUNG_STORE: Final = _check("storage", "hung: the medium did not answer within 5 s", "refuse")
_COUNTERFEIT: Final = _check("storage", "differs: what is read is not what was written", "refuse")
_ADMITTED: Final = (e.SessionOpened(HELD), e.MediaAdvanced(2 * S), e.MediaTaken())
_STORE: Final = _check("storage", "ok: 4 ms", "ok")


def _vault_away(trial: Trial) -> None:
    trial.strike(e.VaultLost())
    trial.well(*((e.VaultAttached(None, (RULE,)),) if trial.before is Phase.STARTING else ()))
    if trial.before is Phase.OPENING:
        trial.well(*_ADMITTED, VERIFIED)
    elif trial.before is Phase.STOPPING:
        trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(_AWAY_SECONDS if trial.before is Phase.STARTING else 14, beating=False)


def _vault_back(trial: Trial) -> None:
    """It holds what it held: the session, where one was open."""
    holding = trial.before in OPEN | {Phase.STOPPING}
    trial.strike(e.VaultAttached(LATER if holding else None, (RULE,)))
    if trial.before in OPEN:
        trial.strike(e.MediaTaken())
    elif trial.before is Phase.OPENING:
        trial.strike(*_ADMITTED)
    elif trial.before is Phase.STOPPING:
        trial.strike(e.SessionClosed("s1", "officer"))
    trial.wait(1)


def _no_answer(trial: Trial) -> None:
    """Connected, and nothing comes of what is asked."""
    if trial.before is Phase.STARTING:
        trial.well(e.VaultAttached(None, (RULE,)))
    elif trial.before is Phase.IDLE:
        trial.go(e.PhotoPressed(trial.now_ns))
        trial.well(e.StatusTold(STATUS))
    elif trial.before is Phase.OPENING:
        trial.well(*_ADMITTED, VERIFIED)
    elif trial.before is Phase.STOPPING:
        trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(_AWAY_SECONDS if trial.before is Phase.STARTING else 14, beating=False)


def _storage_hangs(trial: Trial) -> None:
    (_looked_at(_HUNG_STORE) if trial.before is Phase.IDLE else _no_answer)(trial)


def _storage_lies(trial: Trial) -> None:
    if trial.before is Phase.IDLE:
        _looked_at(_COUNTERFEIT)(trial)
        return
    trial.strike(e.StorageChanged("ok", 200, intact=False))
    trial.wait(2)


def _storage_back(trial: Trial) -> None:
    if trial.before is Phase.IDLE:
        _looked_at(_STORE)(trial)
    elif trial.before in OPEN:
        trial.wait(1)
    else:
        _answered(trial)


def _answered(trial: Trial) -> None:
    """The answer that was awaited comes after all."""
    if trial.before is Phase.STARTING:
        trial.strike(e.VaultAttached(None, (RULE,)))
    elif trial.before is Phase.IDLE:
        trial.strike(e.StatusTold(STATUS))
    elif trial.before is Phase.OPENING:
        trial.strike(*_ADMITTED)
    elif trial.before is Phase.STOPPING:
        trial.strike(e.SessionClosed("s1", "officer"))
    trial.wait(1)


def _space_runs_out(trial: Trial) -> None:
    if trial.before is Phase.IDLE:
        _looked_at(_check("space", "storage: 3 minutes", "refuse"))(trial)
    elif trial.before is Phase.OPENING:
        trial.strike(e.SessionRefused("storage", "3 minutes are left"))
    else:
        trial.strike(e.StorageChanged("alarm", 9), e.StorageChanged("close", 1))
        trial.strike(e.SessionClosed("s1", "storage"))
        if trial.before is Phase.STOPPING:
            trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(2)


def _space_unknown(trial: Trial) -> None:
    trial.strike(e.StorageChanged("unknown", 0))
    trial.wait(2)


def _space_back(trial: Trial) -> None:
    trial.strike(e.StorageChanged("ok", 200))
    trial.wait(2)


def _medium() -> Iterable[Fault]:
    yield Fault(
        part="storage",
        kind=Kind.FAILS,
        what="it does not answer or turns read-only: the vault ends and cannot come back; capture"
        " goes on, what is not on the medium is told, and after a minute without it the vault"
        " closes the session as interrupted",
        befall=_vault_away,
    )
    yield Fault(
        part="storage",
        kind=Kind.HANGS,
        what="who writes to it waits: no acknowledgement comes; lamp after 3 s, voice after 6 s",
        befall=_storage_hangs,
    )
    yield Fault(
        part="storage",
        kind=Kind.LIES,
        what="a counterfeit card: it says that it has written, and has not; read back by the check"
        " before use, which refuses, and while recording 10 s after the start and every minute",
        befall=_storage_lies,
        nowhere={
            **NOT_LOOKED_YET,
            Phase.OPENING: "it is proved once the session is open: see recording",
            Phase.STOPPING: "the recording is over; the next check finds it, at once where the"
            " recording has: see idle",
        },
        but=_but(Fact.SIGNED, OPEN, "the vault signs `fault` storage differs itself"),
    )
    yield Fault(
        part="storage",
        kind=Kind.RETURNS,
        what="it takes what is written again",
        befall=_then(_storage_hangs, _storage_back),
        but=GOOD_NEWS,
    )
    yield Fault(
        part="space",
        kind=Kind.FAILS,
        what="the medium fills up: refused below the rulebook's minutes, closed by the vault at"
        " its last",
        befall=_space_runs_out,
        nowhere={Phase.STARTING: "the vault says it when it is there: see idle"},
        but={
            **_but(Fact.SIGNED, OPEN, "the vault signs `storage` and `close` itself"),
            **_but(Fact.SIGNED, {Phase.STOPPING}, "the vault signs `close` itself"),
        },
    )
    yield Fault(
        part="space",
        kind=Kind.HANGS,
        what="-",
        befall=_nothing,
        nowhere=_at(EVERY, "asking for the room that is left hangs with the medium: storage"),
    )
    yield Fault(
        part="space",
        kind=Kind.LIES,
        what="the medium says nothing of its room, or that it takes nothing, and takes all the"
        " same: no session ends for it",
        befall=_space_unknown,
        nowhere={
            **_at({Phase.STARTING}, "the vault says it when it is there"),
            **_at(
                {Phase.IDLE, Phase.OPENING, Phase.STOPPING},
                "the room is watched while a session is open; the check before use reads it",
            ),
        },
        but=_but(Fact.SIGNED, OPEN, "the vault signs `storage` itself"),
    )
    yield Fault(
        part="space",
        kind=Kind.RETURNS,
        what="there is room again",
        befall=_then(_space_unknown, _space_back),
        nowhere={
            **_at({Phase.STARTING}, "the vault says it when it is there"),
            **_at(
                {Phase.IDLE, Phase.OPENING, Phase.STOPPING},
                "the room is watched while a session is open; the check before use reads it",
            ),
        },
        but={
            **_but(Fact.HEARD, OPEN, "only what is scarce is spoken; the status tells the room"),
            **_but(Fact.SIGNED, OPEN, "the vault signs `storage` itself"),
        },
    )


# --- clock and key

_UNSURE: Final = _check("clock", "unsure: 2000-01-01 08:00:00 by none, no bound")
_STANDS: Final = _check("clock", "stepped: the clock moved by -10.0 s")
_STEPPED: Final = _check("clock", "stepped: the clock moved by -3600.0 s")
_SURE: Final = _check("clock", "ok: within 50 ms", "ok")


def _clock() -> Iterable[Fault]:
    for kind, what, check in (
        (Kind.FAILS, "its cell is empty: a day long past, and nobody vouches for it", _UNSURE),
        (Kind.HANGS, "it stands still; the clock that never steps goes on", _STANDS),
        (Kind.LIES, "it is put wrong by an hour; the vault signs `clock_step` too", _STEPPED),
    ):
        yield Fault(
            part="clock",
            kind=kind,
            what=what,
            befall=_looked_at(check),
            nowhere=NOT_LOOKED_YET,
        )
    yield Fault(
        part="clock",
        kind=Kind.RETURNS,
        what="it is set right",
        befall=_then(_looked_at(_UNSURE), _looked_at(_SURE)),
        nowhere=NOT_LOOKED_YET,
        but=GOOD_NEWS,
    )


CHAINED: Final = _at(
    OPEN,
    "a session's lines are signed by its chain key; the signing key attests open and close only:"
    " see opening and stopping",
)
_NO_KEY: Final = _check("key", "failed: the key does not sign", "refuse")
_HUNG_KEY: Final = _check("key", "hung: the key did not answer within 2 s", "refuse")
_WRONG_KEY: Final = _check("key", "wrong: another key signs", "refuse")
_KEY: Final = _check("key", "ok: 3 ms", "ok")


def _key_befalls(check: CheckResult, *, hangs: bool) -> Callable[[Trial], None]:
    def befall(trial: Trial) -> None:
        if trial.before is Phase.IDLE:
            _looked_at(check)(trial)
        elif trial.before is Phase.OPENING and not hangs:
            trial.strike(e.SessionRefused("no_key", "the key does not sign"))
            trial.wait(2)
        elif trial.before is Phase.STOPPING and not hangs:
            _vault_away(trial)
        else:
            _no_answer(trial)

    return befall


def _key_back(trial: Trial) -> None:
    (_looked_at(_KEY) if trial.before is Phase.IDLE else _answered)(trial)


def _key() -> Iterable[Fault]:
    yield Fault(
        part="key",
        kind=Kind.FAILS,
        what="it does not sign: a start is refused; at the close the vault ends and tries again",
        befall=_key_befalls(_NO_KEY, hangs=False),
        nowhere=CHAINED,
    )
    yield Fault(
        part="key",
        kind=Kind.HANGS,
        what="who waits for a signature waits",
        befall=_key_befalls(_HUNG_KEY, hangs=True),
        nowhere=CHAINED,
    )
    yield Fault(
        part="key",
        kind=Kind.LIES,
        what="another key signs; what it signs is verified before it is believed",
        befall=_key_befalls(_WRONG_KEY, hangs=False),
        nowhere=CHAINED,
    )
    yield Fault(
        part="key",
        kind=Kind.RETURNS,
        what="it signs again",
        befall=_then(_key_befalls(_HUNG_KEY, hangs=True), _key_back),
        nowhere=CHAINED,
        but=GOOD_NEWS,
    )


# --- dock contact


def _docked(*states: str) -> Callable[[Trial], None]:
    def befall(trial: Trial) -> None:
        trial.strike(*(e.DockChanged(docked=one == "on") for one in states))
        trial.wait(2)

    return befall


def _dock() -> Iterable[Fault]:
    busy = EVERY - {Phase.IDLE}
    unheard = {
        **_but(Fact.HEARD, busy, "the cradle changes nothing about a recording"),
        **_but(Fact.HEARD, {Phase.STARTING}, "nothing is spoken before the recorder is ready"),
    }
    unseen = _but(Fact.SEEN, busy - IDLING, "the lamp shows the recording")
    signed = _but(Fact.SIGNED, EVERY, "the vault signs `dock` in the device log")
    yield Fault(
        part="dock contact",
        kind=Kind.FAILS,
        what="the cradle is not felt",
        befall=_nothing,
        nowhere=_at(
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
        befall=_then(_docked("on"), _docked("off")),
        but={**unheard, **signed},
    )


# --- the processes


def _vault_lies(trial: Trial) -> None:
    trial.strike(e.VaultLost(), e.VaultAttached(FOREIGN, (RULE,)))
    trial.strike(e.SessionClosed("s2", "superseded"))
    if trial.before is Phase.STOPPING:
        trial.well(e.SessionClosed("s1", "officer"))
    trial.wait(2)


def _reboots(trial: Trial) -> None:
    trial.reboot()
    if trial.before not in IDLING:
        trial.strike(e.FirstFrame(trial.now_ns), e.MediaAdvanced(trial.now_ns), e.MediaTaken())
    else:
        ready = _check("camera", "ok: two stills", "ok")
        trial.strike(e.PreflightReady("power_up", (ready,)))
    trial.wait(2)


def _processes() -> Iterable[Fault]:
    yield Fault(
        part="vault process",
        kind=Kind.FAILS,
        what="it dies; started again it is back within a second, here it stays away",
        befall=_vault_away,
    )
    yield Fault(
        part="vault process",
        kind=Kind.HANGS,
        what="it is connected and answers nothing; its watchdog ends it",
        befall=_no_answer,
        but={
            **_but(Fact.SIGNED, {Phase.IDLE}, "the vault signs its next start"),
            **_but(Fact.SEEN, {Phase.IDLE}, "its watchdog ends it: then it fails"),
        },
    )
    yield Fault(
        part="vault process",
        kind=Kind.LIES,
        what="it comes back with another session than the one that is recorded",
        befall=_vault_lies,
        nowhere=_at(
            {Phase.STARTING, Phase.IDLE, Phase.OPENING},
            "a session that it holds there is the recorder's own, of the process before",
        ),
        but=_but(Fact.SIGNED, OPEN | {Phase.STOPPING}, "the vault has signed how it closed it"),
    )
    yield Fault(
        part="vault process",
        kind=Kind.RETURNS,
        what="it is back, with what it held; the party is told again",
        befall=_then(_vault_away, _vault_back),
    )
    yield Fault(
        part="recorder process",
        kind=Kind.FAILS,
        what="it dies and is started again; it finds what the vault holds, and the vault signs the"
        " fault `recorder`",
        befall=_reboots,
        but={
            **_but(Fact.SEEN, {Phase.IDLE}, "it is green again as soon as it is ready"),
            **_but(Fact.SIGNED, {Phase.OPENING}, "the vault has the `open` that the press asked"),
        },
    )
    for kind, because in (
        (Kind.HANGS, "a loop that stands still pets no watchdog: it is ended, then it fails"),
        (Kind.LIES, "what it says of media is compared with the media by vault and verifier"),
        (Kind.RETURNS, "it returns by being started again: see fails"),
    ):
        yield Fault(
            part="recorder process",
            kind=kind,
            what="-",
            befall=_nothing,
            nowhere=_at(EVERY, because),
        )


FAULTS: Final[tuple[Fault, ...]] = (
    *_senses(),
    *_speaker(),
    *_buttons(),
    *_lamp(),
    *_power(),
    *_medium(),
    *_clock(),
    *_key(),
    *_dock(),
    *_processes(),
)
"""Every part × every kind."""
