"""The ports between the mind (``agent``) and the body (``hw``).

Owns small Protocols, at most four members each, and the boards that carry them. Refuses any
driver: a third-party library is imported in ``hw.pi`` alone. The absence of a part is an explicit
driver, never None.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol, runtime_checkable

from hw.errors import CameraFault, MicrophoneFault
from hw.types import (
    AudioBlock,
    BatteryReading,
    ButtonName,
    Clip,
    ClockQuality,
    Edge,
    LampPattern,
    LampReading,
    Part,
    StorageReading,
    VideoPacket,
)

VideoSink = Callable[[VideoPacket | CameraFault], None]
AudioSink = Callable[[AudioBlock | MicrophoneFault], None]


@runtime_checkable
class Clock(Protocol):
    """Time, and the only sleeper."""

    @abstractmethod
    def utc_ns(self) -> int:
        """Nanoseconds since 1970 by the wall clock, right or wrong."""

    @abstractmethod
    def monotonic_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds."""

    @abstractmethod
    def quality(self) -> ClockQuality:
        """How far ``utc_ns`` is to be trusted now."""

    @abstractmethod
    def wait(self, event: Event, seconds: float) -> bool:
        """Wait until ``event`` is set or ``seconds`` have passed; True when it was set."""


@runtime_checkable
class Button(Protocol):
    """A push button: raw edges; gestures belong to the agent."""

    @abstractmethod
    def on_edge(self, callback: Callable[[Edge], None]) -> None:
        """Call ``callback`` from the driver's thread at every edge. It must only enqueue."""

    @abstractmethod
    def pressed(self) -> bool:
        """The level now, so that a lost edge heals."""


@runtime_checkable
class Lamp(Protocol):
    """The status lamp."""

    @abstractmethod
    def show(self, pattern: LampPattern) -> None:
        """Show ``pattern`` until told otherwise."""

    @abstractmethod
    def read_back(self) -> LampReading:
        """What it was told and what it shows; raises ``LampFault`` when it does not answer.

        What was told a moment ago may not be lit yet.
        """


@runtime_checkable
class Playback(Protocol):
    """A sound on its way out."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Wait for the end; True when it has ended."""

    @abstractmethod
    def frames_played(self) -> int:
        """Samples that have sounded so far, as far as the driver knows."""

    @abstractmethod
    def underruns(self) -> int:
        """How often the loudspeaker ran dry."""


@runtime_checkable
class Speaker(Protocol):
    """The loudspeaker."""

    @abstractmethod
    def play(self, clip: Clip) -> Playback:
        """Start playing.

        Raises:
            SpeakerFault: It cannot, or another clip is still sounding: two never sound at once.
        """


@runtime_checkable
class Microphone(Protocol):
    """The microphone: mono, 48,000 samples each second."""

    @abstractmethod
    def start(self, sink: AudioSink) -> None:
        """Deliver blocks, or one fault and then nothing, to ``sink`` from the driver's thread."""

    @abstractmethod
    def stop(self) -> None:
        """Stop delivering; returns when no further call of the sink can happen. Idempotent."""


@runtime_checkable
class Camera(Protocol):
    """The camera and its encoder, which lives through the whole session."""

    @abstractmethod
    def start(self, sink: VideoSink) -> None:
        """Deliver packets, or one fault and then nothing, to ``sink`` from the driver's thread.

        The first packet is a key frame. Raises ``CameraFault`` when the camera is not there or
        already started.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop delivering; returns when no further call of the sink can happen. Idempotent."""

    @abstractmethod
    def request_keyframe(self) -> None:
        """Make one of the next frames an IDR frame."""

    @abstractmethod
    def still(self) -> bytes:
        """A JPEG of the present picture, without disturbing the recording.

        Returns only when the sensor has delivered one: call it off the loop, and bound the wait.

        Raises:
            CameraFault: The camera is not there.
        """


@runtime_checkable
class Dock(Protocol):
    """The cradle's contact."""

    @abstractmethod
    def docked(self) -> bool:
        """Whether the recorder sits on the cradle now."""

    @abstractmethod
    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback(docked)`` from the driver's thread at every change. Only enqueue."""


@runtime_checkable
class Case(Protocol):
    """The switch under the lid (A9)."""

    @abstractmethod
    def is_open(self) -> bool:
        """Whether the case is open now; a broken wire counts as open."""

    @abstractmethod
    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback(is_open)`` from the driver's thread at every change. Only enqueue."""


@runtime_checkable
class Identity(Protocol):
    """What this recorder is made of (A9)."""

    @abstractmethod
    def parts(self) -> tuple[Part, ...]:
        """The parts that are there now, in the order of ``PartName``; none twice."""


@runtime_checkable
class Battery(Protocol):
    """The fuel gauge."""

    @abstractmethod
    def read(self) -> BatteryReading:
        """The state now; raises ``BatteryFault`` when the gauge does not answer."""


@runtime_checkable
class Storage(Protocol):
    """The store's medium."""

    @abstractmethod
    def read(self) -> StorageReading:
        """The state now; raises ``StorageFault`` when the medium is gone."""

    @abstractmethod
    def prove(self, path: Path, content: bytes) -> bytes:
        """Write ``content`` to the file ``path``, sync it and read it back from the medium.

        What comes back has not come from the kernel's memory. The file stays, for the next proof.

        Args:
            path: Beside the store, on its medium; never evidence.
            content: At most 64 KiB; write something new each time.

        Raises:
            StorageFault: The medium is gone, full, read-only or broken.
        """


@runtime_checkable
class DeviceKey(Protocol):
    """The recorder's signing key; the private half never leaves the driver."""

    @abstractmethod
    def public_jwk(self) -> dict[str, str]:
        """The public key: ``{"crv": "P-256", "kty": "EC", "x": …, "y": …}``."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """ES256 over ``message``: 64 bytes r‖s, with s in the lower half.

        Raises:
            KeyFault: The key does not sign.
        """


@runtime_checkable
class Locker(Protocol):
    """Locks files against everybody, the vault itself included."""

    @abstractmethod
    def lock_append(self, fd: int) -> None:
        """From now on the file can only grow (or the directory only gain names)."""

    @abstractmethod
    def lock_immutable(self, fd: int) -> None:
        """From now on the file cannot change at all."""

    @abstractmethod
    def release(self, fd: int, receipt: Path) -> None:
        """Lift the lock, for custody alone, by the bureau's verified receipt."""

    @abstractmethod
    def protection(self) -> str:
        """What it really does: ``kernel``, ``simulated`` or ``absent``."""


@runtime_checkable
class Watchdog(Protocol):
    """The hardware watchdog, petted by the process's main loop only."""

    @abstractmethod
    def pet(self) -> None:
        """Say that the loop is alive."""

    @abstractmethod
    def stopping(self, why: str) -> None:
        """Say that the process ends on purpose, so that nobody takes its silence for a fault.

        Args:
            why: One line, for people.
        """


@dataclass(frozen=True, kw_only=True)
class RecorderBoard:
    """What the recorder process can feel and do."""

    boot_id: str
    clock: Clock
    camera: Camera
    microphone: Microphone
    speaker: Speaker
    buttons: dict[ButtonName, Button]
    lamp: Lamp
    case: Case
    battery: Battery
    watchdog: Watchdog


@dataclass(frozen=True, kw_only=True)
class VaultBoard:
    """What the vault process can feel and do."""

    boot_id: str
    clock: Clock
    storage: Storage
    key: DeviceKey
    identity: Identity
    locker: Locker
    watchdog: Watchdog


@dataclass(frozen=True, kw_only=True)
class DockBoard:
    """What the dock process can feel and do."""

    boot_id: str
    clock: Clock
    dock: Dock
    battery: Battery
    watchdog: Watchdog
