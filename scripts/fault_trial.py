"""One fault in one phase, played against the machine of a recording.

Owns the phases' beginnings, the passing of time around a fault, and what came of it, less what
would have come without the fault. Refuses to know a part: what strikes is in ``faults``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from agent.indicator import pattern
from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import step
from agent.session.states import CAPTURING, Phase, Session
from agent.voice.catalog import text
from hw.types import LampPattern
from scripts.session_table import GOOD, HELD, LATER, RULE, S, clip_ended, heard

VERIFIED: Final = clip_ended(hearing=heard())
_PRESS_NS: Final = S
_BEGINNINGS: Final[dict[Phase, tuple[e.Event, ...]]] = {
    Phase.STARTING: (e.Ticked(S // 2),),
    Phase.IDLE: (
        e.VaultAttached(None, (RULE,)),
        e.PreflightReady("power_up", (GOOD,)),
        e.PreflightStored("power_up", (GOOD,)),
        e.BatteryRead(50, 3_700, charging=False, minutes=90, at_ns=S // 2),
        e.Ticked(S // 2),
    ),
    Phase.OPENING: (e.RecordPressed(_PRESS_NS),),
    Phase.ANNOUNCING: (
        e.SessionOpened(HELD),
        e.FirstFrame(_PRESS_NS),
        e.MediaAdvanced(2 * S),
        e.MediaTaken(),
        e.Ticked(2 * S),
    ),
    Phase.RECORDING: (VERIFIED, e.MediaAdvanced(5 * S), e.Ticked(5 * S)),
    Phase.CONFIRMING: (e.RecordHeld(5 * S, 8 * S),),
    Phase.STOPPING: (e.RecordPressed(9 * S),),
}
"""What leads from the phase before to this one; beginning with an empty process."""
_BEGUN_NS: Final = dict(zip(Phase, (S, S, 3 * S // 2, 3 * S, 6 * S, 8 * S, 9 * S), strict=True))
"""When the fault strikes."""


def at(phase: Phase) -> Session:
    """A recorder in ``phase``, all well."""
    session = Session()
    for one, events in _BEGINNINGS.items():
        for event in events:
            session, _ = step(session, event)
        if one is phase:
            break
    if session.phase is not phase:
        raise AssertionError(f"{session.phase} instead of {phase}")
    return session


@dataclass
class Trial:
    """A recorder that something befalls, or, as the ``control``, that nothing does.

    Attributes:
        session: What is known now.
        before: The phase in which the fault strikes.
        control: Whether the faults are left out.
        now_ns: What time it is.
        effects: What was to be done so far.
        lamps: Every pattern that the lamp has shown, in order.
    """

    session: Session
    before: Phase
    control: bool = False
    now_ns: int = 0
    effects: list[f.Effect] = field(default_factory=list)
    lamps: list[LampPattern] = field(default_factory=list)

    @classmethod
    def begin(cls, phase: Phase, *, control: bool = False) -> Trial:
        """One in ``phase``."""
        return cls(at(phase), phase, control, _BEGUN_NS[phase])

    def strike(self, *events: e.Event) -> None:
        """The fault, as it reaches the loop."""
        if not self.control:
            self.go(*events)

    def go(self, *events: e.Event) -> None:
        """What happens with and without the fault."""
        for event in events:
            self.session, effects = step(self.session, event)
            self.effects.extend(effects)
            self._look()

    def well(self, *events: e.Event) -> None:
        """What happens instead, where nothing is amiss."""
        if self.control:
            self.go(*events)

    def wait(self, seconds: float, *, beating: bool = True) -> None:
        """Let time pass; while a session is open, media reach the medium unless told otherwise."""
        until_ns = self.now_ns + round(seconds * S)
        while self.now_ns < until_ns:
            self.now_ns += S // 2
            if (beating or self.control) and self.session.phase in CAPTURING and self.session.sid:
                self.go(e.MediaAdvanced(self.now_ns))
            self.go(e.Ticked(self.now_ns))

    def reboot(self) -> None:
        """The process dies; the next one finds what the vault holds."""
        if self.control:
            return
        held = LATER if self.session.sid is not None else None
        # What a press asked for, the vault has done before anybody could come back.
        held = HELD if self.before is Phase.OPENING else held
        self.session = Session(phase=Phase.STARTING)
        self.go(e.VaultAttached(held, (RULE,)))

    def forget(self) -> None:
        """What came so far is not what is looked for."""
        self.effects.clear()
        self.lamps.clear()

    def shown(self) -> LampPattern:
        """The lamp now."""
        return pattern(self.session, self.now_ns, warm=True)

    def _look(self) -> None:
        shown = self.shown()
        if self.lamps[-1:] != [shown]:
            self.lamps.append(shown)


@dataclass(frozen=True)
class Outcome:
    """What a fault leads to, beyond what would have happened anyway.

    Attributes:
        before: The phase it struck in.
        after: The phase a while later.
        expected: The phase a while later without it.
        reason: Why the recording is closed, if it is for the fault.
        said: The sentences to the officer, in Chinese.
        beeps: How many tones answer.
        lamps: What the lamp shows that it would not have shown.
        lamp: What it shows in the end.
        lamp_expected: What it would have shown in the end.
        signed: What is signed, by session or device log.
    """

    before: Phase
    after: Phase
    expected: Phase
    reason: str | None
    said: tuple[str, ...]
    beeps: int
    lamps: tuple[LampPattern, ...]
    lamp: LampPattern
    lamp_expected: LampPattern
    signed: tuple[str, ...]


def play(phase: Phase, befall: Callable[[Trial], None]) -> Outcome:
    """Let ``befall`` happen in ``phase``, beside a control."""
    trial, control = Trial.begin(phase), Trial.begin(phase, control=True)
    befall(trial)
    befall(control)
    extra = list(_beyond(trial.effects, control.effects))
    closes = [one.reason for one in extra if isinstance(one, f.CloseVaultSession)]
    return Outcome(
        before=phase,
        after=trial.session.phase,
        expected=control.session.phase,
        reason=closes[-1] if closes else trial.session.trouble,
        said=tuple(text(one.words) for one in extra if isinstance(one, f.Say) and one.words),
        beeps=sum(one.times for one in extra if isinstance(one, f.Beep)),
        lamps=tuple(shown for shown in trial.lamps if shown not in control.lamps),
        lamp=trial.shown(),
        lamp_expected=control.shown(),
        signed=tuple(_once(_signed(extra))),
    )


def _beyond(effects: Iterable[f.Effect], expected: Iterable[f.Effect]) -> Iterable[f.Effect]:
    left = Counter(map(repr, expected))
    for effect in effects:
        if left[repr(effect)] > 0:
            left[repr(effect)] -= 1
        else:
            yield effect


def _signed(effects: Iterable[f.Effect]) -> Iterable[str]:
    for effect in effects:
        match effect:
            case f.StoreEvent(kind, fields):
                yield " ".join((kind, *_told(kind, fields)))
            case f.NoteFault(part, code, _, state):
                yield f"device log: fault {part} {code} {state}"
            case f.NotePress(button, gesture, _):
                yield f"device log: press {button} {gesture}"
            case f.StorePreflight(trigger, checks):
                found = [f"{one.name} {one.detail.partition(':')[0]}" for one in checks]
                yield f"device log: preflight {trigger}, {', '.join(found)}"
            case _:
                pass


def _told(kind: str, fields: object) -> tuple[str, ...]:
    keys = {
        "fault": ("part", "code", "state"),
        "disclosure": ("verdict", "reason"),
        "gap": ("track", "cause"),
        "button": ("button", "gesture"),
        "battery": ("percent",),
        "prompt": ("prompt",),
        "mark": ("code",),
    }.get(kind, ())
    assert isinstance(fields, dict)
    return tuple(str(fields[key]) for key in keys if fields[key] is not None)


def _once(lines: Iterable[str]) -> Iterable[str]:
    """The same line twice is said once, with its count."""
    for line, times in Counter(lines).items():
        yield line if times == 1 else f"{line} (x{times})"
