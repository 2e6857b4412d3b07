"""A recorder in the virtual machine: the drivers of a Raspberry Pi on drivers of a real kernel.

Real are ``hw.pi`` as it ships, gpiozero with lgpio on gpio-sim, sounddevice and PyAudio on ALSA's
own device (snd-aloop), picamera2 on libcamera's virtual pipeline, the drivers of the fuel gauge
(max17040 on i2c-stub), the charger (test_power) and the clock chip (ds1307 and the machine's own).
See ``scripts/bench_pi/machine``. What the kernel says of the board's parts is fixed here.
"""

from __future__ import annotations

import subprocess
import threading
from functools import cached_property
from pathlib import Path

import pytest

from hw.pi.board import boot_id, buttons, dock_board, header_pins, vault_board
from hw.pi.camera import PiCamera
from hw.pi.clock import PiClock
from hw.pi.controls import Contact, PiCase
from hw.pi.gauges import PiBattery
from hw.pi.lamp import LOOKS, Look, PiLamp
from hw.pi.microphone import PiMicrophone, alsa_stream
from hw.pi.picamera import picamera_rig
from hw.pi.pinmap import BUTTONS, CASE, DOCK, LAMP, LAMP_SENSE, Colour, Line
from hw.pi.speaker import PiSpeaker, pyaudio_stream
from hw.pi.watchdog import PiWatchdog
from hw.ports import RecorderBoard, VaultBoard
from hw.types import ButtonName, CameraSettings, LampPattern, PartName
from tests.contract.bench import Hand, NoCamera, NoMicrophone, NoSpeaker

PINS = Path("/run/bench-header")
_GAUGE, _PERCENT, _VOLTS = "0x36", "0x04", "0x02"
_WIRES = Path("/sys/module/gpio_sim/parameters/wires")
_CHARGER = Path("/sys/module/test_power/parameters/usb_online")
_TAP_SECONDS = 0.03
_LOOK_SECONDS = 0.4
_GLANCE_SECONDS = 0.004


class HeaderHand(Hand):
    """What moves the machine's header; the verbs of ``Hand``, each through the kernel."""

    def __init__(self) -> None:
        self._dead, self._jammed, self._pushed = set(), set(), set()
        self._bus = Path("/run/bench-i2c").read_text("ascii").strip()
        self._wired = ",".join(f"{LAMP[one].bcm},{LAMP_SENSE[one].bcm}" for one in Colour)
        self.rest()

    def rest(self) -> None:
        """Let go of everything and mend it."""
        self._pushed.clear()
        for line in (*BUTTONS.values(), DOCK):
            self._set(line, closed=False)
        self._set(CASE, closed=True)
        self.mend_lamp()
        self.mend_gauge()

    def press(self, button: ButtonName) -> None:
        self.push(button)
        threading.Event().wait(_TAP_SECONDS)
        self.let_go(button)

    def dock(self) -> None:
        self._set(DOCK, closed=True)
        _CHARGER.write_text("on")

    def undock(self) -> None:
        self._set(DOCK, closed=False)
        _CHARGER.write_text("off")

    def swap_part(self, part: PartName) -> None:
        pytest.skip(f"nobody can swap the {part.value} of this machine")

    def lamp(self) -> LampPattern | None:
        sights = []
        for _ in range(round(_LOOK_SECONDS / _GLANCE_SECONDS)):
            sights.append(frozenset(colour for colour in Colour if self._is_lit(colour)))
            threading.Event().wait(_GLANCE_SECONDS)
        look = Look(frozenset().union(*sights), blinking=frozenset() in sights)
        return next((pattern for pattern, one in LOOKS.items() if one == look), None)

    def break_lamp(self) -> None:
        self._cut_wires(frozenset())

    def stick_lamp(self) -> None:
        self._cut_wires(frozenset(colour for colour in Colour if self._is_lit(colour)))

    def mend_lamp(self) -> None:
        _WIRES.write_text(self._wired)

    def break_gauge(self) -> None:
        self._device("delete_device", _GAUGE)

    def mend_gauge(self) -> None:
        if not list(self._adapter().glob("*-0036")):
            self._device("new_device", f"max17048 {_GAUGE}")
        self.drain_battery(90)

    def drain_battery(self, percent: int) -> None:
        volts = round((3_300 + 9 * percent) * 1_000 / 78.125)
        self._tell_gauge(_PERCENT, percent << 8)
        self._tell_gauge(_VOLTS, volts)
        _CHARGER.write_text("off")

    def charge(self, percent: int = 100) -> None:
        self.drain_battery(percent)
        _CHARGER.write_text("on")

    def _set(self, line: Line, *, closed: bool) -> None:
        level = "pull-down" if closed is line.active_low else "pull-up"
        (PINS / f"sim_gpio{line.bcm}" / "pull").write_text(level)

    def _is_lit(self, colour: Colour) -> bool:
        return (PINS / f"sim_gpio{LAMP[colour].bcm}" / "value").read_text().strip() == "1"

    def _cut_wires(self, felt: frozenset[Colour]) -> None:
        """From now on the lamp's current is felt as it is in ``felt``, whatever it is told."""
        _WIRES.write_text("0,0")
        for colour, line in LAMP_SENSE.items():
            self._set(line, closed=colour in felt)

    def _adapter(self) -> Path:
        return Path(f"/sys/bus/i2c/devices/i2c-{self._bus}")

    def _device(self, order: str, words: str) -> None:
        (self._adapter() / order).write_text(words)

    def _tell_gauge(self, register: str, value: int) -> None:
        swapped = f"0x{(value & 0xFF) << 8 | value >> 8:04x}"
        words = ["i2cset", "-f", "-y", self._bus, _GAUGE, register, swapped, "w"]
        subprocess.run(words, check=True, capture_output=True)


class Header:
    """The drivers and the hand: opened once, as gpiozero holds every line for a whole process.

    Args:
        camera: What is asked of the camera.
    """

    def __init__(self, camera: CameraSettings) -> None:
        self.hand = HeaderHand()
        self._settings = camera
        self._factory = header_pins()
        self._clock = PiClock()
        self._lamp = PiLamp(self._factory, self._clock)
        self._buttons = buttons(self._factory, self._clock)
        self._case = PiCase(Contact(CASE, self._factory))
        self.dock = dock_board(self._factory)

    @cached_property
    def _camera(self) -> PiCamera:
        return PiCamera(picamera_rig(self._settings), self._clock)

    @cached_property
    def _microphone(self) -> PiMicrophone:
        return PiMicrophone(alsa_stream("recorder"), self._clock)

    @cached_property
    def _speaker(self) -> PiSpeaker:
        return PiSpeaker(pyaudio_stream("recorder"), self._clock)

    def recorder(self, asked: set[str]) -> RecorderBoard:
        """The recorder's ports; those of camera and sound that nobody asked for are absent."""
        sound = bool(asked & {"microphone", "speaker"})
        # PyAudio knows the devices of the time when it was loaded: an open microphone is none.
        speaker = self._speaker if sound else NoSpeaker()
        return RecorderBoard(
            boot_id=boot_id(),
            clock=self._clock,
            camera=self._camera if "camera" in asked else NoCamera(),
            microphone=self._microphone if sound else NoMicrophone(),
            speaker=speaker,
            buttons=self._buttons,
            lamp=self._lamp,
            case=self._case,
            battery=PiBattery(),
            watchdog=PiWatchdog(self._clock),
        )

    def vault(self, device_dir: Path) -> VaultBoard:
        """The vault's ports over a folder of their own."""
        return vault_board(device_dir=device_dir)

    def close(self) -> None:
        """Give everything back."""
        self._lamp.close()
        for name in ("_speaker", "_microphone", "_camera"):
            part = self.__dict__.get(name)
            if part is not None:
                part.close()
