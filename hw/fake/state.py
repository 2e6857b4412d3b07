"""The physical world around one recorder, as one immutable value.

Owns what can be true of the world and the check of every change. Refuses time, threads and parts: a
change is a pure function from one state to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Annotated

import msgspec

from hw.errors import WorldFault
from hw.types import ButtonName, LampPattern, PartName

SOUNDS_KEPT = 32
"""How many played sounds the world remembers."""

_Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
_Count = Annotated[int, msgspec.Meta(ge=0)]
_Text = Annotated[str, msgspec.Meta(max_length=512)]


@unique
class CameraCondition(StrEnum):
    """How the camera is."""

    WORKING = "working"
    GONE = "gone"
    FROZEN = "frozen"
    """It delivers the same picture over and over."""
    STALLED = "stalled"
    """It delivers nothing and says nothing; who asks for a still waits."""


@unique
class MicrophoneCondition(StrEnum):
    """How the microphone is."""

    WORKING = "working"
    GONE = "gone"
    HUNG = "hung"
    """It delivers nothing and says nothing."""
    DEAF = "deaf"
    """It delivers samples without any sound."""
    MUFFLED = "muffled"
    """Something covers its hole."""


@unique
class SpeakerCondition(StrEnum):
    """How the loudspeaker is."""

    WORKING = "working"
    COVERED = "covered"
    GONE = "gone"
    HUNG = "hung"
    """A clip never ends, and is not heard."""
    MUTE = "mute"
    """It counts what it plays, and nothing is heard."""


@unique
class GaugeCondition(StrEnum):
    """How the fuel gauge is, apart from whether it answers."""

    WORKING = "working"
    HUNG = "hung"
    """Who reads it waits."""


@unique
class MediumCondition(StrEnum):
    """How the store's medium is."""

    WORKING = "working"
    GONE = "gone"
    HUNG = "hung"
    """What is written never arrives; who waits for it waits."""
    LYING = "lying"
    """It says that it has written, and has not, as counterfeit cards do."""


@unique
class ButtonCondition(StrEnum):
    """How a button is."""

    WORKING = "working"
    DEAD = "dead"
    """Nothing is felt."""
    JAMMED = "jammed"
    """It is down, finger or not."""
    NUMB = "numb"
    """Its edges are lost; the level is right."""


@unique
class LampCondition(StrEnum):
    """How the status lamp is."""

    WORKING = "working"
    DARK = "dark"
    STUCK = "stuck"
    """It goes on showing what it showed."""


@unique
class KeyCondition(StrEnum):
    """How the signing key is."""

    WORKING = "working"
    GONE = "gone"
    HUNG = "hung"
    """Who waits for a signature waits."""
    FOREIGN = "foreign"
    """It signs with another key than its own."""


@unique
class ContactCondition(StrEnum):
    """How the cradle's contact is."""

    WORKING = "working"
    DEAD = "dead"
    """The cradle is never felt."""
    JAMMED = "jammed"
    """The cradle is always felt."""


class Sound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the loudspeaker has played.

    Attributes:
        clip_id: The clip.
        frames_played: Samples that sounded.
        frames: Samples the clip has.
        underruns: How often the loudspeaker ran dry.
        began_ns: Device time when it began, nanoseconds.
    """

    clip_id: _Text
    frames_played: _Count
    frames: _Count
    underruns: _Count
    began_ns: int


class WorldState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be felt or seen.

    Attributes:
        boot_id: Of the boot that a power cut made; None means the machine's own.
        booted_at_ns: The machine's CLOCK_BOOTTIME that is the recorder's zero.
        record_pressed: Whether a finger is on the record button; the other buttons alike.
        docked: Whether the recorder sits on the cradle.
        contact: How the cradle's contact is.
        case_open: Whether the recorder's case is open.
        swapped: Parts that are others than those the recorder was made with.
        record_button: How the record button is; the other buttons alike.
        battery_percent: How full the battery is, 0 to 100.
        battery_says: What the fuel gauge says instead of that; None means the truth.
        gauge: How the fuel gauge is.
        battery_charging: Whether the battery is charging.
        battery_answers: Whether the fuel gauge answers at all.
        free_bytes: The most that the store's medium admits to have free; None means the truth.
        storage_writable: False for a medium that has turned read-only.
        medium: How the store's medium is.
        key: How the signing key is.
        clock_offset_ns: How far the wall clock is off.
        clock_source: See ``hw.types.ClockQuality``.
        clock_error_ms: See ``hw.types.ClockQuality``.
        clock_stands_at_ns: Where the wall clock stands still, before the offset; None: it runs.
        camera: How the camera is.
        frames_dropped: Frames that the camera has dropped so far.
        camera_covered: Whether something black is before the lens.
        camera_smeared: Whether there is grease on the lens.
        scene: ``moving``, ``still``, or the path of a film or of a folder of pictures.
        microphone: How the microphone is.
        microphone_ppm: How fast its crystal is, parts per million.
        microphone_file: A sound file that stands in for the room's noise; None means noise.
        samples_lost: Microphone samples lost so far, with the driver knowing.
        samples_vanished: Microphone samples lost so far, with the driver not knowing.
        speaker: How the loudspeaker is.
        speaker_starved: How often the loudspeaker was not given its sound in time so far.
        talking: Whether somebody near the recorder talks.
        clapping: Whether somebody claps once a second: a flash in one frame and a beep at its
            instant.
        lamp: What the status lamp is told, by the recorder.
        lamp_condition: How the status lamp is.
        lamp_stuck_at: What a lamp that is stuck goes on showing.
        camera_light: Whether the wired light of the camera is on, told by the camera.
        sounds: What the loudspeaker has played last, told by the loudspeaker.
    """

    boot_id: _Text | None = None
    booted_at_ns: _Count = 0
    record_pressed: bool = False
    mark_pressed: bool = False
    photo_pressed: bool = False
    power_pressed: bool = False
    docked: bool = False
    contact: ContactCondition = ContactCondition.WORKING
    case_open: bool = False
    swapped: tuple[PartName, ...] = ()
    record_button: ButtonCondition = ButtonCondition.WORKING
    mark_button: ButtonCondition = ButtonCondition.WORKING
    photo_button: ButtonCondition = ButtonCondition.WORKING
    power_button: ButtonCondition = ButtonCondition.WORKING
    battery_percent: _Percent = 90
    battery_says: _Percent | None = None
    gauge: GaugeCondition = GaugeCondition.WORKING
    battery_charging: bool = False
    battery_answers: bool = True
    free_bytes: _Count | None = None
    storage_writable: bool = True
    medium: MediumCondition = MediumCondition.WORKING
    key: KeyCondition = KeyCondition.WORKING
    clock_offset_ns: int = 0
    clock_source: _Text = "ntp"
    clock_error_ms: _Count | None = 50
    clock_stands_at_ns: int | None = None
    camera: CameraCondition = CameraCondition.WORKING
    frames_dropped: _Count = 0
    camera_covered: bool = False
    camera_smeared: bool = False
    scene: _Text = "moving"
    microphone: MicrophoneCondition = MicrophoneCondition.WORKING
    microphone_ppm: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] = 0
    microphone_file: _Text | None = None
    samples_lost: _Count = 0
    samples_vanished: _Count = 0
    speaker: SpeakerCondition = SpeakerCondition.WORKING
    speaker_starved: _Count = 0
    talking: bool = False
    clapping: bool = False
    lamp: _Text = LampPattern.STARTING.value
    lamp_condition: LampCondition = LampCondition.WORKING
    lamp_stuck_at: _Text = LampPattern.STARTING.value
    camera_light: bool = False
    sounds: tuple[Sound, ...] = ()

    def pressed(self, button: ButtonName) -> bool:
        """Whether a finger is on ``button``."""
        return bool(getattr(self, pressed_field(button)))

    def button(self, button: ButtonName) -> ButtonCondition:
        """How ``button`` is."""
        return ButtonCondition(getattr(self, button_field(button)))

    def felt(self, button: ButtonName) -> bool:
        """The level that the recorder reads at ``button``."""
        match self.button(button):
            case ButtonCondition.DEAD:
                return False
            case ButtonCondition.JAMMED:
                return True
            case _:
                return self.pressed(button)

    def contact_closed(self) -> bool:
        """Whether the recorder feels the cradle."""
        match self.contact:
            case ContactCondition.DEAD:
                return False
            case ContactCondition.JAMMED:
                return True
            case _:
                return self.docked

    def lamp_seen(self) -> LampPattern | None:
        """What the status lamp shows; None where it is dark."""
        match self.lamp_condition:
            case LampCondition.DARK:
                return None
            case LampCondition.STUCK:
                return LampPattern(self.lamp_stuck_at)
            case _:
                return LampPattern(self.lamp)


def pressed_field(button: ButtonName) -> str:
    """The state's field that holds the level of ``button``."""
    return f"{button.value}_pressed"


def button_field(button: ButtonName) -> str:
    """The state's field that holds the condition of ``button``."""
    return f"{button.value}_button"


def changed(state: WorldState, change: Mapping[str, object]) -> WorldState:
    """The world after ``change``, a mapping of fields to their new values.

    Raises:
        WorldFault: A field is unknown or its value is not possible.
    """
    try:
        after = msgspec.convert({**msgspec.to_builtins(state), **change}, WorldState)
    except msgspec.ValidationError as refusal:
        raise WorldFault("world", f"this cannot be: {refusal}") from refusal
    if len(after.sounds) > SOUNDS_KEPT:
        return msgspec.structs.replace(after, sounds=after.sounds[-SOUNDS_KEPT:])
    return after
