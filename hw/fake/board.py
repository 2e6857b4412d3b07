"""Opening the fake board, over the world's socket or beside a world in this process.

Owns which fake parts make up the board of each role. Refuses to start a world: without one there is
nothing to feel.
"""

from __future__ import annotations

from pathlib import Path

from hw.fake.clock import PacedClock, SystemClock, WorldClock
from hw.fake.controls import FakeButton, FakeCase, FakeDock, FakeLamp
from hw.fake.gauges import FakeBattery, FakeStorage, FakeWatchdog
from hw.fake.identity import FakeIdentity
from hw.fake.key import FakeKey, FileKey
from hw.fake.link import SocketLink, WorldLink
from hw.fake.locker import FakeLocker
from hw.ports import DockBoard, RecorderBoard, VaultBoard
from hw.types import ButtonName, CameraSettings, Role

_MACHINE_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def open_fake_board(
    role: Role, *, device_dir: Path, camera: CameraSettings, run_dir: Path | None = None
) -> RecorderBoard | VaultBoard | DockBoard:
    """The ports of ``role`` in the world that listens at ``world.sock`` in ``run_dir``.

    Args:
        role: The process that asks.
        device_dir: The recorder's folder.
        camera: What to ask of the camera; only the recorder's role uses it.
        run_dir: The folder of the sockets; ``run`` in ``device_dir`` where it is not given.

    Raises:
        MissingPartFault: No world is running there, or the vault's key is missing.
    """
    link = SocketLink((run_dir or device_dir / "run") / "world.sock")
    match role:
        case Role.RECORDER:
            return recorder_board(link, camera=camera)
        case Role.VAULT:
            return vault_board(link, device_dir=device_dir)
        case Role.DOCK:
            return dock_board(link)


def recorder_board(
    link: WorldLink, *, camera: CameraSettings, source: PacedClock | None = None
) -> RecorderBoard:
    """The recorder's ports.

    Args:
        link: The world.
        camera: What to ask of the camera.
        source: The clock underneath; the machine's where there is none.
    """
    # Encoders and arrays are the recorder's alone: vault and dock need not carry them.
    from hw.fake.camera import FakeCamera
    from hw.fake.microphone import FakeMicrophone
    from hw.fake.room import Room
    from hw.fake.speaker import FakeSpeaker

    clock, room = WorldClock(source or SystemClock(), link), Room()
    return RecorderBoard(
        boot_id=boot_id(link),
        clock=clock,
        camera=FakeCamera(link, clock, camera),
        microphone=FakeMicrophone(link, clock, room),
        speaker=FakeSpeaker(link, clock, room),
        buttons={name: FakeButton(name, link, clock) for name in ButtonName},
        lamp=FakeLamp(link),
        case=FakeCase(link),
        battery=FakeBattery(link),
        watchdog=FakeWatchdog(clock),
    )


def vault_board(
    link: WorldLink, *, device_dir: Path, source: PacedClock | None = None
) -> VaultBoard:
    """The vault's ports; its key is ``keys/signing.pem``, its medium that of ``store``."""
    clock = WorldClock(source or SystemClock(), link)
    return VaultBoard(
        boot_id=boot_id(link),
        clock=clock,
        storage=FakeStorage(link, device_dir / "store"),
        key=FakeKey(FileKey(device_dir / "keys" / "signing.pem"), link),
        identity=FakeIdentity(link),
        locker=FakeLocker(),
        watchdog=FakeWatchdog(clock),
    )


def dock_board(link: WorldLink, *, source: PacedClock | None = None) -> DockBoard:
    """The dock's ports."""
    clock = WorldClock(source or SystemClock(), link)
    return DockBoard(
        boot_id=boot_id(link),
        clock=clock,
        dock=FakeDock(link),
        battery=FakeBattery(link),
        watchdog=FakeWatchdog(clock),
    )


def boot_id(link: WorldLink) -> str:
    """The machine's boot id, unless the world has cut the power."""
    return link.state().boot_id or _MACHINE_BOOT_ID.read_text("ascii").strip()
