"""What can befall each part: it fails, it hangs, it lies, and it comes back.

Owns the verbs of ``FakeWorld`` that a part suffers. Refuses whatever no part of that kind does: a
lamp on a wire cannot hang, and nobody can tell a dead button from one that is not pressed.
"""

from __future__ import annotations

from typing import Final

from evidence.moments import TimeSource
from hw.errors import WorldFault
from hw.fake.link import WorldLink
from hw.fake.state import (
    ButtonCondition,
    CameraCondition,
    ContactCondition,
    GaugeCondition,
    KeyCondition,
    LampCondition,
    MediumCondition,
    MicrophoneCondition,
    SpeakerCondition,
    button_field,
)
from hw.ports import Clock
from hw.types import ButtonName, PartName

_RTC_RESET_NS: Final = 946_684_800_000_000_000  # 2000-01-01, where most clock chips begin
_NTP_ERROR_MS: Final = 50


class Accidents:
    """What a part can suffer.

    Args:
        link: The world.
        clock: The machine's, or the one that jumps.
    """

    def __init__(self, link: WorldLink, clock: Clock) -> None:
        self.link = link
        self._clock = clock

    # Buttons.

    def kill_button(self, button: ButtonName) -> None:
        """Break a button so that nothing is felt of it."""
        self.link.change(**{button_field(button): ButtonCondition.DEAD.value})

    def jam_button(self, button: ButtonName) -> None:
        """Jam a button down."""
        self.link.change(**{button_field(button): ButtonCondition.JAMMED.value})

    def numb_button(self, button: ButtonName) -> None:
        """Let a button's edges get lost; its level stays right."""
        self.link.change(**{button_field(button): ButtonCondition.NUMB.value})

    def mend_button(self, button: ButtonName) -> None:
        """Make a button work again."""
        self.link.change(**{button_field(button): ButtonCondition.WORKING.value})

    # The cradle's contact.

    def kill_contact(self) -> None:
        """Break the cradle's contact so that the cradle is never felt."""
        self.link.change(contact=ContactCondition.DEAD.value)

    def jam_contact(self) -> None:
        """Short the cradle's contact so that the cradle is always felt."""
        self.link.change(contact=ContactCondition.JAMMED.value)

    def mend_contact(self) -> None:
        """Make the cradle's contact work again."""
        self.link.change(contact=ContactCondition.WORKING.value)

    # The fuel gauge.

    def break_gauge(self) -> None:
        """Silence the fuel gauge."""
        self.link.change(battery_answers=False)

    def hang_gauge(self) -> None:
        """Let who reads the fuel gauge wait."""
        self.link.change(gauge=GaugeCondition.HUNG.value)

    def misread_battery(self, percent: int) -> None:
        """Let the fuel gauge say a percentage that is not true."""
        self.link.change(battery_says=percent)

    def mend_gauge(self) -> None:
        """Let the fuel gauge answer again, and tell the truth."""
        self.link.change(
            battery_answers=True, battery_says=None, gauge=GaugeCondition.WORKING.value
        )

    # The store's medium.

    def break_disk(self) -> None:
        """Let the medium not answer any more."""
        self.link.change(medium=MediumCondition.GONE.value)

    def hang_disk(self) -> None:
        """Let who writes to the medium wait."""
        self.link.change(medium=MediumCondition.HUNG.value)

    def counterfeit_disk(self) -> None:
        """Let the medium say that it has written what it has not."""
        self.link.change(medium=MediumCondition.LYING.value)

    def protect_disk(self) -> None:
        """Make the medium read-only, as a dying card does."""
        self.link.change(storage_writable=False)

    def unprotect_disk(self) -> None:
        """Make the medium writable again."""
        self.link.change(storage_writable=True)

    def mend_disk(self) -> None:
        """Make the medium work again."""
        self.link.change(medium=MediumCondition.WORKING.value)

    # The signing key.

    def break_key(self) -> None:
        """Let the signing key not answer any more."""
        self.link.change(key=KeyCondition.GONE.value)

    def hang_key(self) -> None:
        """Let who waits for a signature wait."""
        self.link.change(key=KeyCondition.HUNG.value)

    def swap_key(self) -> None:
        """Let another key sign than the one that is named."""
        self.link.change(key=KeyCondition.FOREIGN.value)

    def mend_key(self) -> None:
        """Make the signing key work again."""
        self.link.change(key=KeyCondition.WORKING.value)

    # Camera.

    def break_camera(self) -> None:
        """Tear the camera's cable off."""
        self.link.change(camera=CameraCondition.GONE.value)

    def stall_camera(self) -> None:
        """Let the camera deliver nothing and say nothing."""
        self.link.change(camera=CameraCondition.STALLED.value)

    def freeze_camera(self) -> None:
        """Let the camera deliver the same picture over and over."""
        self.link.change(camera=CameraCondition.FROZEN.value)

    def drop_frames(self, count: int = 1) -> None:
        """Let the camera drop its next frames."""
        self.link.change(frames_dropped=self.link.state().frames_dropped + count)

    def cover_camera(self) -> None:
        """Put a hand before the lens."""
        self.link.change(camera_covered=True)

    def uncover_camera(self) -> None:
        """Take the hand away."""
        self.link.change(camera_covered=False)

    def smear_camera(self) -> None:
        """Smear grease on the lens."""
        self.link.change(camera_smeared=True)

    def wipe_camera(self) -> None:
        """Wipe the lens."""
        self.link.change(camera_smeared=False)

    def mend_camera(self) -> None:
        """Make the camera work again."""
        self.link.change(camera=CameraCondition.WORKING.value)

    # Microphone.

    def break_microphone(self) -> None:
        """Tear the microphone's cable off."""
        self.link.change(microphone=MicrophoneCondition.GONE.value)

    def hang_microphone(self) -> None:
        """Let the microphone deliver nothing and say nothing."""
        self.link.change(microphone=MicrophoneCondition.HUNG.value)

    def deafen_microphone(self) -> None:
        """Let the microphone deliver samples without any sound."""
        self.link.change(microphone=MicrophoneCondition.DEAF.value)

    def muffle_microphone(self) -> None:
        """Put a coat over the microphone."""
        self.link.change(microphone=MicrophoneCondition.MUFFLED.value)

    def lose_samples(self, count: int) -> None:
        """Let the microphone's driver lose samples and say so."""
        self.link.change(samples_lost=self.link.state().samples_lost + count)

    def vanish_samples(self, count: int) -> None:
        """Let samples of the microphone vanish without anybody saying so."""
        self.link.change(samples_vanished=self.link.state().samples_vanished + count)

    def tune_microphone(self, ppm: int) -> None:
        """Give the microphone a crystal that is so many millionths fast."""
        self.link.change(microphone_ppm=ppm)

    def mend_microphone(self) -> None:
        """Make the microphone work again, uncovered."""
        self.link.change(microphone=MicrophoneCondition.WORKING.value)

    # Loudspeaker.

    def break_speaker(self) -> None:
        """Tear the loudspeaker's cable off."""
        self.link.change(speaker=SpeakerCondition.GONE.value)

    def hang_speaker(self) -> None:
        """Let no clip ever end, and none be heard."""
        self.link.change(speaker=SpeakerCondition.HUNG.value)

    def mute_speaker(self) -> None:
        """Let the loudspeaker count what it plays, and nothing be heard."""
        self.link.change(speaker=SpeakerCondition.MUTE.value)

    def starve_speaker(self, times: int = 1) -> None:
        """Let the loudspeaker run dry so often: the machine is too busy to feed it."""
        self.link.change(speaker_starved=self.link.state().speaker_starved + times)

    def cover_speaker(self) -> None:
        """Press a thumb on the loudspeaker."""
        self.link.change(speaker=SpeakerCondition.COVERED.value)

    def mend_speaker(self) -> None:
        """Make the loudspeaker work again, uncovered."""
        self.link.change(speaker=SpeakerCondition.WORKING.value)

    # Wall clock.

    def lose_rtc(self) -> None:
        """Let the battery of the clock run dry: a day long past, and nobody vouches for it."""
        self.link.change(
            clock_offset_ns=_RTC_RESET_NS - self._clock.utc_ns(),
            clock_source=TimeSource.NONE.value,
            clock_error_ms=None,
        )

    def stop_clock(self) -> None:
        """Let the wall clock stand still."""
        self.link.change(clock_stands_at_ns=self._clock.utc_ns())

    def skew_clock(self, seconds: float) -> None:
        """Put the wall clock wrong by so many seconds."""
        self.link.change(clock_offset_ns=round(seconds * 1e9))

    def set_clock_quality(self, source: str, error_ms: int | None = None) -> None:
        """Say where the wall clock's time is from and how far it may be off."""
        self.link.change(clock_source=source, clock_error_ms=error_ms)

    def set_clock(self) -> None:
        """Set the wall clock right, by the network, and let it run."""
        self.link.change(
            clock_offset_ns=0,
            clock_stands_at_ns=None,
            clock_source=TimeSource.NTP.value,
            clock_error_ms=_NTP_ERROR_MS,
        )

    # What the recorder is made of.

    def open_case(self) -> None:
        """Open the recorder's case."""
        self.link.change(case_open=True)

    def close_case(self) -> None:
        """Close the recorder's case."""
        self.link.change(case_open=False)

    def swap_part(self, part: PartName) -> None:
        """Put in another part of the same kind."""
        others = {*self.link.state().swapped, part}
        self.link.change(swapped=sorted(other.value for other in others))

    def put_back_part(self, part: PartName) -> None:
        """Put the recorder's own part in again."""
        others = {*self.link.state().swapped} - {part}
        self.link.change(swapped=sorted(other.value for other in others))

    # Status lamp.

    def break_lamp(self) -> None:
        """Let the status lamp burn out."""
        self.link.change(lamp_condition=LampCondition.DARK.value)

    def stick_lamp(self) -> None:
        """Let the status lamp go on showing what it shows now."""
        seen = self.link.state().lamp_seen()
        if seen is None:
            raise WorldFault("world", "a dark lamp has nothing to stick at")
        self.link.change(lamp_condition=LampCondition.STUCK.value, lamp_stuck_at=seen.value)

    def mend_lamp(self) -> None:
        """Make the status lamp work again."""
        self.link.change(lamp_condition=LampCondition.WORKING.value)
