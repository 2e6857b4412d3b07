"""What the loop knows about a recording.

Owns the phases and the one immutable value that holds every fact the machine decides by. Refuses
deciding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, unique

from agent.session.events import NO_CONDUCT
from agent.vault.messages import (
    AnnouncementRule,
    CheckResult,
    Conduct,
    PlanChoice,
    PreviousSession,
)
from evidence.bounds import UNSTATED


@unique
class Phase(StrEnum):
    """Where a recording stands: the rows of the table."""

    STARTING = "starting"
    """The process has begun; the vault has not answered yet."""
    IDLE = "idle"
    """Nothing is recorded."""
    OPENING = "opening"
    """Pressed: capture runs, the vault has not admitted the session yet."""
    ANNOUNCING = "announcing"
    """Recording; the announcement is about to play, or plays."""
    RECORDING = "recording"
    """Recording; the announcement is over."""
    CONFIRMING = "confirming"
    """Recording; a hold asks for the end, a press within 5 s confirms it."""
    STOPPING = "stopping"
    """Capture has ended; the vault is closing the session."""


CAPTURING = frozenset({Phase.OPENING, Phase.ANNOUNCING, Phase.RECORDING, Phase.CONFIRMING})
"""Phases in which camera and microphone run."""


@unique
class Speech(Enum):
    """How far the announcement is."""

    SILENT = "silent"
    """Nothing is to be said now."""
    AWAITED = "awaited"
    """It plays as soon as the vault has taken the first key frame and audio packet."""
    PLAYING = "playing"
    """The loudspeaker has it, or the ear has not answered yet."""


@unique
class Task(StrEnum):
    """What the officer is asked for, once the announcement is over; the code of its prompt."""

    ATTEST = "attest"
    """The announcement was not heard: say it yourself and press MARK."""
    SIGN = "sign"
    """Film the sign or the door and press MARK (S0§12)."""
    STATEMENT = "statement"
    """Say the arrival statement (C5 to C7)."""
    BEGIN = "begin"
    """Press MARK when it begins: a hearing is opened some time after the press (S1 Annex)."""
    REASON = "interruption"
    """Say why the recording was interrupted (S4§11)."""
    CAUSE = "cause"
    """Choose why the recording before was ended (S1§12, S4§11)."""


@unique
class Stage(Enum):
    """How far a task is."""

    SPOKEN = "spoken"
    """Its prompt is being spoken."""
    MARK = "mark"
    """A press of MARK is awaited."""
    WINDOW = "window"
    """The officer speaks."""
    HEARING = "hearing"
    """What he said is being looked at."""


@dataclass(frozen=True, slots=True)
class Menu:
    """Choices that are read out one after the other; a press of MARK takes the one that is.

    Attributes:
        options: Codes of the marks that they become.
        index: The one that is read, or was read last.
        moved_ns: When its turn came; 0 for the first.
        spoken: Whether it has been read.
        since_ns: Since when it is being read, or its press is awaited; 0 until the next tick.
    """

    options: tuple[str, ...]
    index: int = 0
    moved_ns: int = 0
    spoken: bool = False
    since_ns: int = 0

    @property
    def option(self) -> str:
        """The one that is read."""
        return self.options[self.index]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the officer is asked for now.

    Attributes:
        task: What for.
        stage: How far it is.
        since_ns: When the stage began; 0 until the next tick.
        from_ns: When the officer began to speak, once he has ended.
        to_ns: When he ended.
        again: Whether he is asked for the second time, because nothing was heard.
        menu: What he can choose from; None where he answers by one press or by speaking.
    """

    task: Task
    stage: Stage = Stage.SPOKEN
    since_ns: int = 0
    from_ns: int = 0
    to_ns: int = 0
    again: bool = False
    menu: Menu | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The session plan that the next recording belongs to.

    Attributes:
        plans: What can be chosen, by number.
        offered: Index in ``plans`` of the one spoken last, their count for "no plan"; None while
            none is offered.
        offered_ns: When.
        chosen: The plan of the next recording, or of the present one.
    """

    plans: tuple[PlanChoice, ...] = ()
    offered: int | None = None
    offered_ns: int = 0
    chosen: PlanChoice | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """The check before use, as far as it is known.

    Attributes:
        checks: The last one's results.
        refused: What would refuse a start now, if anything would.
        running: Whether one is under way.
        overtaken: Whether the next one is due at once: a press came before the last one was done,
            or the medium was caught at a lie since.
        quiet_ns: Since when nothing was checked, or the check runs; 0 until the next idle tick.
    """

    checks: tuple[CheckResult, ...] = ()
    refused: str | None = None
    running: bool = False
    overtaken: bool = False
    quiet_ns: int = 0


@dataclass(frozen=True, slots=True)
class Power:
    """The battery, by its last reading.

    Attributes:
        percent: 0 to 100.
        charging: Whether it is being charged.
        minutes: Recording that it is good for; None where nobody can tell.
        critical: How many readings in a row were too low to go on.
    """

    percent: int = 100
    charging: bool = False
    minutes: int | None = None
    critical: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that does not work now."""

    part: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The facts. A process begins with none of them.

    Attributes:
        phase: See ``Phase``.
        attached: Whether the vault is connected.
        away_ns: Since when it is not, while nothing is recorded; 0 until the next tick.
        rules: What a session announces, in the rulebook's order.
        conduct: What the rulebook has the officer asked.
        choice: The session plan.
        checkup: The check before use.
        power: The battery.
        docked: Whether the recorder sits on the cradle.
        quitting: Whether the process ends with the recording.
        switching_off: Whether the recorder is switched off once nothing is recorded.
        off_since_ns: Since when that is being said; 0 until it is.
        faults: Parts that do not work now.
        trouble: Stable code of what went wrong with the last session or start.
        sid: The session's id, once the vault has opened it.
        pressed_ns: When the press that began it happened; None where another process felt it.
        began_ns: When this process began to record it; 0 until it is known.
        first_frame_ns: Capture time of its first picture in this process; 0 before it.
        lost_from_ns: End of the last frame before a gap whose end is not known yet.
        speech: See ``Speech``.
        speech_ns: Since when the announcement waits, or plays; 0 until the next tick.
        clip: Index of the clip that plays.
        attempt: Which attempt at it, from 1.
        again: Whether all of it is to be played once more afterwards.
        unverified: Whether a clip of the last round was not proved to be heard whole.
        told_ns: When the last round of the announcement ended; 0 before the first.
        agenda: What the officer is still to be asked for, in this order.
        asking: What he is asked for now.
        resumes: Why the recording that this one resumes ended; empty where it resumes none.
        previous: The session before this one, where it was interrupted or ended a moment ago.
        begins: Where the rules have it begin (``evidence.bounds``).
        ends: Where they have it end.
        endings: What the officer can say of its end, while he is asked whether it ends.
        secrecy: The highest class of secrecy that he marked; empty while none was.
        unchecked: Whether the press came before any check before use: the first one that is done
            all the same is told in the session.
        asked_ns: When the officer asked how the recorder stands; 0 once it was spoken.
        photos: Presses whose still is not taken yet.
        blind_ns: Since when there is neither picture nor sound; 0 while there is either.
        confirm_until_ns: Until when a press ends the recording.
        confirms_off: Whether that press is the power button's, and switches off afterwards.
        closing: Why it ends.
        closing_ns: Since when; 0 until the next tick.
        close_asked: Whether the vault was asked to close it.
        pressed_again_ns: A press while the session was closing, which begins the next one.
        storage: The vault's last word about space in this session.
        intact: Whether the medium keeps what it takes, by its last proof in this session.
        close_percent: The battery ends the recording here.
        heartbeat_ns: When media last reached the medium; 0 while none did.
        watched_ns: When the parts that may lie were looked at last; 0 until the next tick.
    """

    phase: Phase = Phase.STARTING
    attached: bool = False
    away_ns: int = 0
    rules: tuple[AnnouncementRule, ...] = ()
    conduct: Conduct = NO_CONDUCT
    choice: Choice = Choice()
    checkup: Checkup = Checkup()
    power: Power = Power()
    docked: bool = False
    quitting: bool = False
    switching_off: bool = False
    off_since_ns: int = 0
    faults: tuple[Fault, ...] = ()
    trouble: str | None = None

    sid: str | None = None
    pressed_ns: int | None = None
    began_ns: int = 0
    first_frame_ns: int = 0
    lost_from_ns: int | None = None
    speech: Speech = Speech.SILENT
    speech_ns: int = 0
    clip: int = 0
    attempt: int = 1
    again: bool = False
    unverified: bool = False
    told_ns: int = 0
    agenda: tuple[Task, ...] = ()
    asking: Asking | None = None
    resumes: str = ""
    previous: PreviousSession | None = None
    begins: str = UNSTATED
    ends: str = UNSTATED
    endings: Menu | None = None
    secrecy: str = ""
    unchecked: bool = False
    asked_ns: int = 0
    photos: tuple[int, ...] = ()
    blind_ns: int = 0
    confirm_until_ns: int = 0
    confirms_off: bool = False
    closing: str = ""
    closing_ns: int = 0
    close_asked: bool = False
    pressed_again_ns: int | None = None
    storage: str = "ok"
    intact: bool = True
    close_percent: int = 0
    heartbeat_ns: int = 0
    watched_ns: int = 0


def without_recording(session: Session, phase: Phase) -> Session:
    """Only what outlives a recording, in ``phase``."""
    return Session(
        phase=phase,
        attached=session.attached,
        rules=session.rules,
        conduct=session.conduct,
        choice=session.choice,
        checkup=session.checkup,
        power=session.power,
        docked=session.docked,
        quitting=session.quitting,
        faults=session.faults,
        trouble=session.trouble,
    )
