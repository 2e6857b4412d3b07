"""The physical world, moved by verbs.

Owns what a hand, a wall socket, an accident or the weather can do to a recorder. The same verbs
work on a world in this process and, over its control socket, on the world's own process. Refuses
to look inside the recorder: all it knows is what anybody in the room could see and hear.

From a terminal: ``python -m hw.fake.world --socket PATH`` runs a world until it is ended, and
``python -m hw.fake.world press record --socket PATH`` moves it; ``--help`` lists the verbs.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from threading import Event
from typing import Self

from hw.fake.accidents import Accidents
from hw.fake.clock import PacedClock, SystemClock
from hw.fake.link import LocalLink, SocketLink
from hw.fake.state import (
    Sound,
    WorldState,
    pressed_field,
)
from hw.types import ButtonName, LampPattern

_TAP_SECONDS = 0.12
_BOUNCE_SECONDS = 0.001


class FakeWorld(Accidents):
    """A hand in the world.

    Args:
        link: The world.
        clock: Paces what takes time, such as holding a button.
    """

    @classmethod
    def here(cls, clock: PacedClock | None = None, state: WorldState | None = None) -> Self:
        """A world of its own in this process; boards are opened on its ``link``.

        Args:
            clock: Stamps what happens; give boards the same one. The machine's where there is none.
            state: How the world is at first.
        """
        clock = clock or SystemClock()
        return cls(LocalLink(clock.monotonic_ns, state), clock)

    @classmethod
    def at(cls, socket: Path) -> Self:
        """The world that listens at ``socket``; raises ``MissingPartFault`` without one."""
        return cls(SocketLink(socket), SystemClock())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the world."""
        self.link.close()

    def state(self) -> WorldState:
        """Show everything that is true of the world now."""
        return self.link.state()

    # Fingers.

    def press(self, button: ButtonName) -> None:
        """Press a button shortly, as a finger does."""
        self.hold(button, _TAP_SECONDS)

    def hold(self, button: ButtonName, seconds: float) -> None:
        """Hold a button for some seconds."""
        self.push(button)
        self._pass(seconds)
        self.let_go(button)

    def push(self, button: ButtonName) -> None:
        """Push a button down and leave the finger there."""
        self.link.change(**{pressed_field(button): True})

    def let_go(self, button: ButtonName) -> None:
        """Take the finger off a button."""
        self.link.change(**{pressed_field(button): False})

    def bounce(self, button: ButtonName, times: int) -> None:
        """Press a button whose contact bounces that many times on the way down."""
        for _ in range(times):
            self.hold(button, _BOUNCE_SECONDS)
            self._pass(_BOUNCE_SECONDS)
        self.press(button)

    # Cradle and battery.

    def dock(self) -> None:
        """Put the recorder on the cradle, where it also charges."""
        self.link.change(docked=True, battery_charging=True)

    def undock(self) -> None:
        """Take the recorder from the cradle."""
        self.link.change(docked=False, battery_charging=False)

    def rattle(self, times: int) -> None:
        """Put the recorder on the cradle so loosely that the contact opens that many times."""
        for _ in range(times):
            self.dock()
            self._pass(_BOUNCE_SECONDS)
            self.undock()
            self._pass(_BOUNCE_SECONDS)
        self.dock()

    def drain_battery(self, percent: int) -> None:
        """Drain the battery down to a percentage."""
        self.link.change(battery_percent=percent, battery_charging=False)

    def charge(self, percent: int = 100) -> None:
        """Charge the battery up to a percentage."""
        self.link.change(battery_percent=percent, battery_charging=True)

    def pull_power(self) -> None:
        """Make the next boot a new one; end the recorder's processes before, with SIGKILL."""
        self.link.change(
            boot_id=str(uuid.uuid4()),
            booted_at_ns=self._clock.monotonic_ns(),
            record_pressed=False,
            mark_pressed=False,
            photo_pressed=False,
            power_pressed=False,
            lamp=LampPattern.STARTING.value,
            camera_light=False,
        )

    # The medium.

    def fill_disk(self, free_bytes: int = 0) -> None:
        """Fill the medium until only so many bytes are free."""
        self.link.change(free_bytes=free_bytes)

    def free_disk(self) -> None:
        """Take away what filled the medium."""
        self.link.change(free_bytes=None)

    # The scene.

    def moving_scene(self) -> None:
        """Let a street pass by."""
        self.link.change(scene="moving")

    def still_scene(self) -> None:
        """Look at something that does not move."""
        self.link.change(scene="still")

    def show_film(self, path: Path) -> None:
        """Look at a film or at a folder of pictures."""
        self.link.change(scene=str(path.absolute()))

    # Sound.

    def play_to_microphone(self, path: Path) -> None:
        """Let the room sound like a file, over and over, instead of like noise."""
        self.link.change(microphone_file=str(path.absolute()))

    def talk(self, *, on: bool = True) -> None:
        """Let somebody near the recorder talk, or fall silent."""
        self.link.change(talking=on)

    def clap(self, *, on: bool = True) -> None:
        """Clap once a second: a flash in one frame and a beep at that frame's instant."""
        self.link.change(clapping=on)

    # What can be seen and heard.

    def lamp(self) -> LampPattern | None:
        """Look at the status lamp; a dark one shows nothing."""
        return self.state().lamp_seen()

    def camera_light(self) -> bool:
        """Look at the camera's wired light."""
        return self.state().camera_light

    def heard(self) -> tuple[Sound, ...]:
        """Tell what the loudspeaker has played last, oldest first."""
        return self.state().sounds

    def _pass(self, seconds: float) -> None:
        self._clock.wait(Event(), seconds)


if __name__ == "__main__":
    from hw.fake.terminal import run

    run()
