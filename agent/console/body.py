"""The fake body, as seen and touched by somebody who stands before it.

Owns reading what can be seen and heard of it, and a finger for each key. Refuses the recorder's
processes: all it has is the world's socket, the vault's public answer and the folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from agent.console.records import Records
from agent.disclosure.clips import TEXT_NAME
from agent.settings import Device
from agent.status import look_at
from agent.vault.store.medium import Medium
from agent.voice import catalog
from evidence.moments import utc_text
from hw.errors import StorageFault
from hw.fake.clock import SystemClock, WorldClock
from hw.fake.gauges import FakeStorage
from hw.fake.room import RATE, Room
from hw.fake.state import MicrophoneCondition, Sound, WorldState
from hw.fake.world import FakeWorld
from hw.types import ButtonName, LampPattern
from hw.unlocked import UnlockedFiles

RECORD_HOLD_SECONDS: Final = 3.3
MARK_HOLD_SECONDS: Final = 1.8
LOW_PERCENT: Final = 5
_LISTENED: Final = RATE // 10
_FULL_SCALE: Final = 32_768
_PROMPTS: Final = 12
_RECORDS: Final = 40
_SILENT: Final = frozenset(
    {MicrophoneCondition.GONE, MicrophoneCondition.HUNG, MicrophoneCondition.DEAF}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is seen and heard now.

    Attributes:
        running: Whether the vault answers.
        recording: Whether a session is open.
        pending: Sessions that wait for the bureau.
        lamp: What the status lamp shows; None where it is dark.
        camera_light: Whether the camera's wired light is on.
        docked: On the cradle.
        battery_percent: How full it is.
        charging: Whether it charges.
        free_minutes: Room for so much recording; None where the medium does not answer.
        level_mdb: How loud it is at the microphone, the loudspeaker aside, thousandths of dBFS;
            None where the microphone is gone.
        utc: The device's wall clock.
        clock_source: Where its time came from.
        prompts: What the loudspeaker said last, as text, oldest first.
        records: What was signed last, oldest first.
    """

    running: bool
    recording: bool
    pending: int
    lamp: LampPattern | None
    camera_light: bool
    docked: bool
    battery_percent: int
    charging: bool
    free_minutes: int | None
    level_mdb: int | None
    utc: str
    clock_source: str
    prompts: tuple[str, ...]
    records: tuple[str, ...]


class Body:
    """One recorder's fake body.

    Args:
        device: The recorder.
        world: The world around it.
        bits_per_second: Expected rate of a recording.
    """

    def __init__(self, device: Device, world: FakeWorld, bits_per_second: int) -> None:
        self._device = device
        self._world = world
        self._clock = WorldClock(SystemClock(), world.link)
        self._room = Room()
        self._records = Records(device.paths)
        self._bits_per_second = bits_per_second
        self._medium = Medium(
            device.paths,
            UnlockedFiles(),
            FakeStorage(world.link, device.paths.store),
            floor_bytes=device.settings.storage_floor_bytes,
            reserve_bytes=device.settings.reserve_bytes,
        )

    @property
    def device_id(self) -> str:
        """Which recorder it is."""
        return self._device.settings.device_id

    def look(self) -> View:
        """See and hear all of it.

        Raises:
            HardwareFault: The world has ended.
        """
        state = self._world.state()
        status = look_at(self._device)
        return View(
            running=status.running,
            recording=status.recording,
            pending=len(status.pending),
            lamp=state.lamp_seen(),
            camera_light=state.camera_light,
            docked=state.docked,
            battery_percent=state.battery_percent,
            charging=state.battery_charging,
            free_minutes=self._free_minutes(),
            level_mdb=self._level(state),
            utc=utc_text(self._clock.utc_ns()),
            clock_source=state.clock_source,
            prompts=tuple(self._said(sound) for sound in state.sounds[-_PROMPTS:]),
            records=self._records.last(_RECORDS),
        )

    # Fingers. Each takes as long as it takes in life.

    def fingers(self) -> Mapping[str, Callable[[], None]]:
        """What can be done to it, by the name of the key's action."""
        world = self._world
        return {
            "record": lambda: world.press(ButtonName.RECORD),
            "hold_record": lambda: world.hold(ButtonName.RECORD, RECORD_HOLD_SECONDS),
            "mark": lambda: world.press(ButtonName.MARK),
            "hold_mark": lambda: world.hold(ButtonName.MARK, MARK_HOLD_SECONDS),
            "photo": lambda: world.press(ButtonName.PHOTO),
            "hold_photo": lambda: world.hold(ButtonName.PHOTO, MARK_HOLD_SECONDS),
            "dock": self._dock,
            "talk": lambda: world.talk(on=not world.state().talking),
            "cover": self._cover,
            "battery": self._battery,
        }

    def _dock(self) -> None:
        if self._world.state().docked:
            self._world.undock()
        else:
            self._world.dock()

    def _cover(self) -> None:
        if self._world.state().camera_covered:
            self._world.uncover_camera()
        else:
            self._world.cover_camera()

    def _battery(self) -> None:
        if self._world.state().battery_percent > LOW_PERCENT:
            self._world.drain_battery(LOW_PERCENT)
        else:
            self._world.charge()

    # What has to be worked out.

    def _free_minutes(self) -> int | None:
        try:
            return self._medium.space(self._bits_per_second).minutes
        except StorageFault:
            return None

    def _level(self, state: WorldState) -> int | None:
        if state.microphone in _SILENT:
            return None
        wave = self._room.listen(
            self._clock.monotonic_ns(),
            _LISTENED,
            clapping=state.clapping,
            talking=state.talking,
            file=state.microphone_file,
        )
        loud = float(np.sqrt(np.mean(np.square(wave.astype(np.float64)))))
        return round(20_000 * math.log10(max(loud, 1.0) / _FULL_SCALE))

    def _said(self, sound: Sound) -> str:
        """A prompt's text, or that of an announcement; a dash where it was broken off."""
        text = catalog.text_of(sound.clip_id)
        told = self._device.paths.announce / sound.clip_id / TEXT_NAME
        if text == sound.clip_id and "/" not in sound.clip_id and told.is_file():
            text = told.read_text("utf-8").strip()
        return text if sound.frames_played >= sound.frames else f"{text}——"
