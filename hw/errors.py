"""What can be wrong with the body of the recorder.

Owns the faults that drivers raise or report. Refuses human wording: each fault has a stable code,
and the agent says it in Chinese.
"""

from __future__ import annotations


class HardwareFault(Exception):
    """A part failed, is missing or lies.

    Args:
        part: The part's name, for example ``camera``.
        detail: The cause and the next step, in one English sentence.
    """

    code = "hardware"

    def __init__(self, part: str, detail: str) -> None:
        super().__init__(f"{part}: {detail}")
        self.part = part
        self.detail = detail


class CameraFault(HardwareFault):
    """The camera stopped delivering frames."""

    code = "camera"


class MicrophoneFault(HardwareFault):
    """The microphone stopped delivering samples."""

    code = "microphone"


class SpeakerFault(HardwareFault):
    """The speaker cannot play."""

    code = "speaker"


class BatteryFault(HardwareFault):
    """The fuel gauge does not answer."""

    code = "battery"


class LampFault(HardwareFault):
    """The status lamp does not answer."""

    code = "lamp"


class KeyFault(HardwareFault):
    """The signing key does not sign."""

    code = "key"


class StorageFault(HardwareFault):
    """The medium cannot be read or written."""

    code = "storage"


class LockFault(HardwareFault):
    """A file could not be locked, or a locked file was to be changed."""

    code = "lock"


class MissingPartFault(HardwareFault):
    """A driver's part or library is not there."""

    code = "missing"


class WorldFault(HardwareFault):
    """The fake world was asked for something that no world could be."""

    code = "world"
