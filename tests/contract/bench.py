"""A recorder on the bench: the drivers of a Raspberry Pi on what any machine has.

Real are our drivers, gpiozero, sounddevice, PyAudio and PortAudio, the clock, the key and the
medium. gpiozero's own mock pins stand for the header, a folder for the kernel's files, a sound
server for the sound card. What a machine has not is an explicit absence.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from hw.errors import CameraFault, MicrophoneFault, SpeakerFault
from hw.pi.board import boot_id, buttons, dock_board, vault_board
from hw.pi.camera import PiCamera
from hw.pi.clock import PiClock
from hw.pi.controls import Contact, PiCase
from hw.pi.gauges import PiBattery
from hw.pi.lamp import LOOKS, Look, PiLamp
from hw.pi.microphone import PiMicrophone, alsa_stream
from hw.pi.pinmap import BUTTONS, CASE, DOCK, LAMP, LAMP_SENSE, Colour, Line
from hw.pi.speaker import PiSpeaker, pyaudio_stream
from hw.pi.watchdog import PiWatchdog
from hw.ports import Camera, Microphone, RecorderBoard, Speaker
from hw.types import ButtonName, Clip, LampPattern, PartName

_TAP_SECONDS = 0.02
_LOOK_SECONDS = 0.3
_GLANCE_SECONDS = 0.005


class Light(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A colour of the lamp: while current flows, the sensing line is low."""

    def __init__(self, factory: Any, info: Any, sense: MockPin | None = None) -> None:
        self._sense = sense
        self.broken = False
        self.stuck: bool | None = None
        super().__init__(factory, info)

    def _change_state(self, value: bool) -> bool:  # noqa: FBT001 - gpiozero's
        changed = bool(super()._change_state(value))
        self.feel()
        return changed

    def lit(self) -> bool:
        """Whether it shines."""
        return not self.broken and (self._state if self.stuck is None else self.stuck)

    def feel(self) -> None:
        """Let the sensing line follow."""
        if self._sense is not None:
            self._sense.drive_low() if self.lit() else self._sense.drive_high()


class Hand:
    """What moves the bench: the verbs of the fake world, as far as a bench has them."""

    def __init__(self, factory: MockFactory, root: Path) -> None:
        self._factory = factory
        self._root = root
        self._dead: set[ButtonName] = set()
        self._jammed: set[ButtonName] = set()
        self._pushed: set[ButtonName] = set()
        for colour, line in LAMP.items():
            sense = factory.pin(LAMP_SENSE[colour].bcm)
            factory.pin(line.bcm, pin_class=Light, sense=sense)
        self._set(CASE, closed=True)
        self._write("power_supply/max17048", type="Battery", capacity="90", voltage_now="4100000")
        self._write("power_supply/charger", type="USB", online="0", status="Not charging")
        self._write("rtc/rtc0", since_epoch=str(PiClock().utc_ns() // 1_000_000_000))

    def press(self, button: ButtonName) -> None:
        self.push(button)
        threading.Event().wait(_TAP_SECONDS)
        self.let_go(button)

    def push(self, button: ButtonName) -> None:
        self._pushed.add(button)
        self._feel(button)

    def let_go(self, button: ButtonName) -> None:
        self._pushed.discard(button)
        self._feel(button)

    def kill_button(self, button: ButtonName) -> None:
        self._dead.add(button)
        self._feel(button)

    def jam_button(self, button: ButtonName) -> None:
        self._dead.discard(button)
        self._jammed.add(button)
        self._feel(button)

    def mend_button(self, button: ButtonName) -> None:
        self._dead.discard(button)
        self._jammed.discard(button)
        self._feel(button)

    def dock(self) -> None:
        self._set(DOCK, closed=True)
        self._write("power_supply/charger", online="1", status="Charging")

    def undock(self) -> None:
        self._set(DOCK, closed=False)
        self._write("power_supply/charger", online="0", status="Not charging")

    def open_case(self) -> None:
        self._set(CASE, closed=False)

    def close_case(self) -> None:
        self._set(CASE, closed=True)

    def swap_part(self, part: PartName) -> None:
        write_part(self._root, part, "0002")

    def put_back_part(self, part: PartName) -> None:
        write_part(self._root, part, "0001")

    def lamp(self) -> LampPattern | None:
        """Look at the lamp long enough to see it blink."""
        sights = []
        for _ in range(round(_LOOK_SECONDS / _GLANCE_SECONDS)):
            sights.append(frozenset(c for c, light in self._lights().items() if light.lit()))
            threading.Event().wait(_GLANCE_SECONDS)
        look = Look(frozenset().union(*sights), blinking=frozenset() in sights)
        return next((pattern for pattern, one in LOOKS.items() if one == look), None)

    def break_lamp(self) -> None:
        for light in self._lights().values():
            light.broken = True
            light.feel()

    def stick_lamp(self) -> None:
        for light in self._lights().values():
            light.stuck = light.lit()

    def mend_lamp(self) -> None:
        for light in self._lights().values():
            light.broken, light.stuck = False, None
            light.feel()

    def break_colour(self, colour: Colour) -> None:
        light = self._lights()[colour]
        light.broken = True
        light.feel()

    def break_gauge(self) -> None:
        (self._root / "sys/class/power_supply/max17048/capacity").unlink()

    def mend_gauge(self) -> None:
        self._write("power_supply/max17048", capacity="90")

    def drain_battery(self, percent: int) -> None:
        voltage_now = str(3_300_000 + 9_000 * percent)
        self._write("power_supply/max17048", capacity=str(percent), voltage_now=voltage_now)
        self._write("power_supply/charger", online="0", status="Not charging")

    def charge(self, percent: int = 100) -> None:
        self.drain_battery(percent)
        self._write("power_supply/charger", online="1", status="Charging")

    def _feel(self, button: ButtonName) -> None:
        closed = button in self._jammed or (button in self._pushed and button not in self._dead)
        self._set(BUTTONS[button], closed=closed)

    def _set(self, line: Line, *, closed: bool) -> None:
        pin = self._factory.pin(line.bcm)
        pin.drive_low() if closed is line.active_low else pin.drive_high()

    def _lights(self) -> dict[Colour, Light]:
        return {colour: self._factory.pin(line.bcm) for colour, line in LAMP.items()}

    def _write(self, folder: str, **values: str) -> None:
        write_files(self._root / "sys/class" / folder, **values)


@dataclass
class Bench:
    """The drivers and the hand; ``sound`` says whether the sound server runs.

    Attributes:
        device_dir: The recorder's folder.
        root: Where the kernel's files are.
        sound: Whether microphone and loudspeaker are there.
        camera: What stands for the camera.
    """

    device_dir: Path
    root: Path
    sound: bool
    camera: PiCamera | NoCamera
    factory: MockFactory = field(default_factory=MockFactory)

    def __post_init__(self) -> None:
        self.clock = PiClock(self.root)
        self.hand = Hand(self.factory, self.root)
        for part in PartName:
            write_part(self.root, part, "0001")
        self.lamp = PiLamp(self.factory, self.clock)
        self.microphone = PiMicrophone(alsa_stream("pulse"), self.clock) if self.sound else None
        self.speaker = PiSpeaker(pyaudio_stream("pulse"), self.clock) if self.sound else None
        # The input's pull opened every contact again.
        self.hand.close_case()

    def recorder(self) -> RecorderBoard:
        case = PiCase(Contact(CASE, self.factory))
        self.hand.close_case()
        return RecorderBoard(
            boot_id=boot_id(),
            clock=self.clock,
            camera=self.camera,
            microphone=self.microphone or NoMicrophone(),
            speaker=self.speaker or NoSpeaker(),
            buttons=buttons(self.factory, self.clock),
            lamp=self.lamp,
            case=case,
            battery=PiBattery(self.root),
            watchdog=PiWatchdog(self.clock),
        )

    def vault(self) -> Any:
        return vault_board(device_dir=self.device_dir, root=self.root)

    def dock(self) -> Any:
        return dock_board(self.factory, root=self.root)

    def close(self) -> None:
        self.lamp.close()
        for part in (self.speaker, self.microphone, self.camera):
            if part is not None:
                part.close()
        self.factory.close()


class NoCamera(Camera):
    """Not asked for."""

    def start(self, sink: object) -> None:
        raise CameraFault("camera", "this test did not ask for it")

    def stop(self) -> None:
        pass

    def request_keyframe(self) -> None:
        pass

    def close(self) -> None:
        pass

    def still(self) -> bytes:
        raise CameraFault("camera", "this test did not ask for it")


class NoMicrophone(Microphone):
    """Not asked for."""

    def start(self, sink: object) -> None:
        raise MicrophoneFault("microphone", "this test did not ask for it")

    def stop(self) -> None:
        pass


class NoSpeaker(Speaker):
    """Not asked for."""

    def play(self, clip: Clip) -> Any:
        raise SpeakerFault("speaker", "this test did not ask for it")


def write_part(root: Path, part: PartName, number: str) -> None:
    """Let the kernel's files under ``root`` show ``part`` with a serial number of its own."""
    match part:
        case PartName.BOARD:
            model, serial = "Raspberry Pi Zero 2 W Rev 1.0\0", f"00000000c0de{number}\0"
            write_files(root / "proc/device-tree", model=model, **{"serial-number": serial})
        case PartName.CARD:
            cid = f"035344534433324785{number}000000ab00"
            write_files(root / "sys/block/mmcblk0/device", cid=cid, name="SD32G")
        case PartName.CAMERA:
            # A sensor has no serial number: only another model can be seen.
            sensor = "imx708 10-001a" if number == "0001" else "imx219 10-0010"
            write_files(root / "sys/class/video4linux/v4l-subdev0", name=sensor)
        case PartName.MICROPHONE:
            (root / "proc/asound/card1/pcm0c").mkdir(parents=True, exist_ok=True)
            write_files(root / "proc/asound/card1", id="mic")
            interface = root / "sys/devices/usb1/1-1/1-1:1.0"
            interface.mkdir(parents=True, exist_ok=True)
            write_files(interface.parent, serial=f"MIC{number}")
            card = root / "sys/class/sound/card1"
            card.mkdir(parents=True, exist_ok=True)
            if not (card / "device").exists():
                (card / "device").symlink_to(interface)


def write_files(folder: Path, **values: str) -> None:
    """One file for each name, as in ``/sys``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name).write_text(value + "\n", "utf-8")
