"""The recorder's side of the check before use.

Owns gathering the facts of battery, camera, microphone, loudspeaker, lamp, buttons and case, each
with its bound, and handing them to the judges. Refuses to hang with a part, to disturb a recording,
and to keep what it found: the vault signs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import Final, Protocol

from agent.disclosure.ear import Heard
from agent.preflight import battery, buttons, camera, case, clock, lamp, microphone, speaker, view
from agent.preflight.bounded import Bounded
from agent.preflight.endurance import Endurance
from agent.preflight.picture import Sight, compare
from agent.preflight.results import OK, Trouble, code_of
from agent.vault.messages import CheckResult
from evidence.moments import TimeSource
from hw.ports import RecorderBoard
from hw.types import ButtonName, LampReading

_log = logging.getLogger(__name__)

BATTERY_SECONDS: Final = 2.0
CAMERA_SECONDS: Final = 8.0
SPEAKER_SECONDS: Final = 30.0
"""What sounds already is waited for, then the prompt is said and listened for."""
LAMP_SECONDS: Final = 2.0
BUTTON_SECONDS: Final = 1.0
CASE_SECONDS: Final = 1.0
STEP_NS: Final = 2_000_000_000
"""A wall clock that moved so much against the one that never steps was set, or stands."""
LATELY_NS: Final = 30_000_000_000
"""What the clock did before that was in no recording that is watched now."""
PRESS_SECONDS: Final = 5.0
"""No gesture holds a button for longer."""
_LISTEN_SECONDS: Final = 1.0
_NEXT_STILL_SECONDS: Final = 0.5
_SLOW_STILL_SECONDS: Final = 2.5
"""At one picture a second the next still may show the same picture."""
_LOOK_SECONDS: Final = 0.1
_SECOND_NS: Final = 1_000_000_000


class Listener(Protocol):
    """What the check asks of the ear."""

    def level(self, seconds: float) -> int | None:
        """How loud the last ``seconds`` were, thousandths of dBFS; None without sound."""


class Speaking(Protocol):
    """What the check asks of the voice."""

    def self_test(self) -> Heard | None:
        """Say a short prompt and listen for it."""


class Preflight:
    """Checks one recorder. Blocks for some seconds: never call it from the session's loop.

    Args:
        board: The recorder's ports.
        ear: Hears the room; microphone and capture have to be warm.
        voice: Says the prompt of the self-test.
        endurance: Knows how long a battery lasts.
    """

    def __init__(
        self, board: RecorderBoard, ear: Listener, voice: Speaking, endurance: Endurance
    ) -> None:
        self._board = board
        self._clock = board.clock
        self._ear = ear
        self._voice = voice
        self._endurance = endurance
        self._bounded = Bounded(board.clock)
        self._looked: tuple[int, int] | None = None

    def run(self, trigger: str) -> list[CheckResult]:
        """Check everything, the self-test of the loudspeaker included; takes 5 to 50 s.

        The view is among the results only where the camera gave two good pictures.

        Args:
            trigger: What made somebody ask, for the log.
        """
        began_ns = self._clock.monotonic_ns()
        resting = self._pressed()
        found = [
            self._battery(),
            *self.look(),
            self._microphone(),
            self._speaker(),
            self._lamp(),
            self._buttons(resting, began_ns),
            self._case(),
        ]
        said = ", ".join(f"{check.name} {code_of(check)}" for check in found)
        _log.info("preflight (%s): %s", trigger, said)
        return found

    def look(self) -> list[CheckResult]:
        """The camera and its view alone: also while recording, without disturbing it (C1)."""
        seen = self._bounded.ask("camera", self._see, CAMERA_SECONDS)
        if isinstance(seen, Trouble):
            return [camera.check(camera.CameraFacts(luma=None, trouble=seen))]
        sees = camera.check(camera.CameraFacts(luma=seen.luma, differing=seen.differing))
        if sees.state != "ok":
            return [sees]
        return [sees, view.check(view.ViewFacts(luma=seen.luma, sharpness=seen.sharpness))]

    def watch(self) -> list[CheckResult]:
        """What may lie while something is recorded, and disturbs no recording; takes 1 to 14 s.

        The camera without its view, the microphone, the lamp and the clock.
        """
        found = [self.look()[0], self._microphone(), self._lamp(), self._time()]
        amiss = [f"{check.name} {code_of(check)}" for check in found if check.state != OK]
        if amiss:
            _log.warning("while recording: %s", ", ".join(amiss))
        return found

    def _time(self) -> CheckResult:
        """The clock by its own word, and against the one that never steps, since the last look."""
        utc_ns, now_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
        quality = self._clock.quality()
        before, self._looked = self._looked, (now_ns, utc_ns - now_ns)
        lately = before is not None and now_ns - before[0] <= LATELY_NS
        step_ns = utc_ns - now_ns - before[1] if before is not None and lately else 0
        facts = clock.ClockFacts(
            utc_ns=utc_ns,
            source=TimeSource(quality.source),
            error_ms=quality.error_ms,
            trouble=_stepped(step_ns) if abs(step_ns) > STEP_NS else None,
        )
        return clock.check(facts)

    def _see(self) -> Sight:
        still = self._board.camera.still
        first = still()
        sight = self._next_sight(first, _NEXT_STILL_SECONDS, still)
        return sight if sight.differing else self._next_sight(first, _SLOW_STILL_SECONDS, still)

    def _next_sight(self, first: bytes, seconds: float, still: Callable[[], bytes]) -> Sight:
        self._clock.wait(Event(), seconds)
        return compare(first, still())

    def _battery(self) -> CheckResult:
        full = self._endurance.full()
        reading = self._bounded.ask("battery", self._board.battery.read, BATTERY_SECONDS)
        if isinstance(reading, Trouble):
            return battery.check(
                battery.BatteryFacts(
                    percent=None, minutes_full=full.minutes, source=full.source, trouble=reading
                )
            )
        return battery.check(
            battery.BatteryFacts(
                percent=reading.percent,
                millivolts=reading.millivolts,
                charging=reading.charging,
                minutes_full=full.minutes,
                source=full.source,
            )
        )

    def _microphone(self) -> CheckResult:
        level = self._ear.level(_LISTEN_SECONDS)
        return microphone.check(microphone.MicrophoneFacts(level_mdb=level))

    def _speaker(self) -> CheckResult:
        heard = self._bounded.ask("speaker", self._voice.self_test, SPEAKER_SECONDS)
        if isinstance(heard, Trouble):
            return speaker.check(speaker.SpeakerFacts(heard=None, trouble=heard))
        if heard is None:
            listened = self._ear.level(_LISTEN_SECONDS) is not None
            return speaker.check(speaker.SpeakerFacts(heard=None, listened=listened))
        return speaker.check(
            speaker.SpeakerFacts(
                heard=heard.hearing.heard,
                complete=heard.hearing.complete,
                level_relative_mdb=heard.level_relative_mdb,
            )
        )

    def _lamp(self) -> CheckResult:
        read = self._bounded.ask("lamp", self._agreed_lamp, LAMP_SECONDS)
        if isinstance(read, Trouble):
            told = lamp.LampFacts(asked=None, lit=None, trouble=read)
        else:
            told = lamp.LampFacts(asked=read.asked, lit=read.lit)
        return lamp.check(told)

    def _agreed_lamp(self) -> LampReading:
        """The lamp once it shows what it was told, or as it is after a second."""
        until_ns = self._clock.monotonic_ns() + _SECOND_NS
        while (read := self._board.lamp.read_back()).lit is not read.asked:
            if self._clock.monotonic_ns() >= until_ns:
                break
            self._clock.wait(Event(), _LOOK_SECONDS)
        return read

    def _buttons(self, resting: frozenset[ButtonName] | Trouble, began_ns: int) -> CheckResult:
        down = resting
        until_ns = began_ns + round(PRESS_SECONDS * _SECOND_NS)
        while not isinstance(down, Trouble) and down:
            left_ns = until_ns - self._clock.monotonic_ns()
            now = self._pressed()
            down = now if isinstance(now, Trouble) else down & now
            if left_ns <= 0:
                break
            self._clock.wait(Event(), _LOOK_SECONDS)
        looked_ms = (self._clock.monotonic_ns() - began_ns) // 1_000_000
        if isinstance(down, Trouble):
            return buttons.check(buttons.ButtonFacts(down=(), looked_ms=looked_ms, trouble=down))
        return buttons.check(buttons.ButtonFacts(down=tuple(sorted(down)), looked_ms=looked_ms))

    def _case(self) -> CheckResult:
        is_open = self._bounded.ask("case", self._board.case.is_open, CASE_SECONDS)
        if isinstance(is_open, Trouble):
            return case.check(case.CaseFacts(is_open=False, trouble=is_open))
        return case.check(case.CaseFacts(is_open=is_open))

    def _pressed(self) -> frozenset[ButtonName] | Trouble:
        return self._bounded.ask("buttons", self._read_buttons, BUTTON_SECONDS)

    def _read_buttons(self) -> frozenset[ButtonName]:
        parts = self._board.buttons.items()
        return frozenset(name for name, button in parts if button.pressed())


def _stepped(step_ns: int) -> Trouble:
    return Trouble("stepped", f"the clock moved by {step_ns / 1e9:+.1f} s")
