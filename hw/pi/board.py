"""Opening the board of a Raspberry Pi.

Owns which driver stands for which port of each role. Refuses a board whose libraries are missing; a
device that is missing is said by its port when it is used, so that one broken part does not keep
the recorder from recording with the others.
"""

from __future__ import annotations

from pathlib import Path

from hw.errors import MissingPartFault
from hw.pi.camera import PiCamera
from hw.pi.clock import PiClock
from hw.pi.controls import Contact, PiButton, PiCase, PiDock
from hw.pi.gauges import PiBattery, PiStorage
from hw.pi.identity import PiIdentity
from hw.pi.key import PiKey, key_uri
from hw.pi.lamp import PiLamp
from hw.pi.libraries import Foreign, library
from hw.pi.microphone import PiMicrophone, alsa_stream
from hw.pi.picamera import picamera_rig
from hw.pi.pinmap import BUTTONS, CASE, DOCK
from hw.pi.speaker import PiSpeaker, pyaudio_stream
from hw.pi.watchdog import PiWatchdog
from hw.ports import Button, DockBoard, RecorderBoard, VaultBoard
from hw.types import ButtonName, CameraSettings, Role
from hw.unlocked import UnlockedFiles

_MODEL = Path("proc/device-tree/model")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CARD = "recorder"
"""The sound card's name in ``overlays/recorder.dts``: microphone and loudspeaker are one card."""
_ROOT = Path("/")


def open_pi_board(
    role: Role, *, device_dir: Path, camera: CameraSettings, root: Path = _ROOT
) -> RecorderBoard | VaultBoard | DockBoard:
    """The ports of ``role`` on this Raspberry Pi.

    Args:
        role: The process that asks.
        device_dir: The recorder's folder.
        camera: What to ask of the camera; only the recorder's role uses it.
        root: Where ``proc``, ``sys`` and ``dev`` are; a folder in tests.

    Raises:
        MissingPartFault: This is no Raspberry Pi, a library is not installed, the lines of the
            header or the vault's key are out of reach; says what was looked for.
    """
    _refuse_other_machines(root)
    match role:
        case Role.RECORDER:
            return recorder_board(header_pins(), camera=camera, root=root)
        case Role.VAULT:
            return vault_board(device_dir=device_dir, root=root)
        case Role.DOCK:
            return dock_board(header_pins(), root=root)


def open_pi_speaker(root: Path = _ROOT) -> PiSpeaker:
    """The loudspeaker of this Raspberry Pi, and nothing else of it.

    Raises:
        MissingPartFault: This is no Raspberry Pi, or PyAudio is not installed.
    """
    _refuse_other_machines(root)
    return PiSpeaker(pyaudio_stream(_CARD), PiClock(root))


def recorder_board(
    factory: Foreign,
    *,
    camera: CameraSettings,
    root: Path = _ROOT,
) -> RecorderBoard:
    """The recorder's ports."""
    clock = PiClock(root)
    return RecorderBoard(
        boot_id=boot_id(),
        clock=clock,
        camera=PiCamera(picamera_rig(camera, root), clock),
        microphone=PiMicrophone(alsa_stream(_CARD), clock),
        speaker=PiSpeaker(pyaudio_stream(_CARD), clock),
        buttons=buttons(factory, clock),
        lamp=PiLamp(factory, clock),
        case=PiCase(Contact(CASE, factory)),
        battery=PiBattery(root),
        watchdog=PiWatchdog(clock),
    )


def vault_board(*, device_dir: Path, root: Path = _ROOT) -> VaultBoard:
    """The vault's ports."""
    clock = PiClock(root)
    return VaultBoard(
        boot_id=boot_id(),
        clock=clock,
        storage=PiStorage(device_dir / "store"),
        key=PiKey(key_uri(device_dir), device_dir),
        identity=PiIdentity(root),
        locker=UnlockedFiles(),
        watchdog=PiWatchdog(clock),
    )


def dock_board(factory: Foreign, *, root: Path = _ROOT) -> DockBoard:
    """The dock's ports."""
    clock = PiClock(root)
    return DockBoard(
        boot_id=boot_id(),
        clock=clock,
        dock=PiDock(Contact(DOCK, factory)),
        battery=PiBattery(root),
        watchdog=PiWatchdog(clock),
    )


def buttons(factory: Foreign, clock: PiClock) -> dict[ButtonName, Button]:
    """All buttons."""
    return {name: PiButton(name, Contact(line, factory), clock) for name, line in BUTTONS.items()}


def header_pins() -> Foreign:
    """The way to the header's lines, by lgpio: the only one that works on every Pi up to the 5.

    Raises:
        MissingPartFault: lgpio is not installed, or the lines are out of reach.
    """
    lgpio = library("gpiozero.pins.lgpio")
    try:
        return lgpio.LGPIOFactory()
    except Exception as error:
        raise MissingPartFault(
            "buttons",
            f"/dev/gpiochip0 cannot be used ({error}); next: put this user into the group gpio",
        ) from error


def boot_id() -> str:
    """The kernel's id of this boot."""
    return _BOOT_ID.read_text("ascii").strip()


def _refuse_other_machines(root: Path) -> None:
    try:
        model = (root / _MODEL).read_text("utf-8").rstrip("\0")
    except OSError:
        model = "a machine without a device tree"
    if not model.startswith("Raspberry Pi"):
        raise MissingPartFault(
            "board",
            f"/{_MODEL} names no Raspberry Pi but {model};"
            ' next: set board = "fake" in device.toml to try the recorder here',
        )
