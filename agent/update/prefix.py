"""Where releases lie, which one is current, and what was last tried.

Owns the folder (``/opt/recorder`` on a device) and its state file::

    current -> releases/000007-0.2.0     what runs; switched in one step
    releases/000007-0.2.0/               whole from the moment it has this name
    update.json                          see ``State``; who is not root may read it

Refuses to guess: a state file that cannot be read stops every update, never the recorder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from evidence.errors import RulebookError
from evidence.store import durable

STATE_NAME: Final = "update.json"
SCRATCH: Final = ".scratch"
_READABLE: Final = 0o644
_FOLDER: Final = 0o755

Step = Literal["none", "trying", "confirmed", "rolled_back", "refused"]
Natural = Annotated[int, Meta(ge=0)]


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of the last update.

    Attributes:
        step: ``trying`` from before the switch until it is confirmed or rolled back.
        running: Version that is current; 0 for what was installed by hand.
        floor: Highest version that was ever confirmed here.
        version: Of the last update.
        release: Its name; empty where there was none.
        sha256: Of its signed manifest; empty where there was none.
        before: Folder name of the release to go back to.
        before_version: Its version.
        code: Why it was rolled back or refused; empty otherwise.
        detail: The same for people, English.
    """

    step: Step = "none"
    running: Natural = 0
    floor: Natural = 0
    version: Natural = 0
    release: Annotated[str, Meta(max_length=64)] = ""
    sha256: Annotated[str, Meta(max_length=64)] = ""
    before: Annotated[str, Meta(max_length=128)] = ""
    before_version: Natural = 0
    code: Annotated[str, Meta(max_length=64)] = ""
    detail: Annotated[str, Meta(max_length=1_000)] = ""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The folder of all releases.

    Attributes:
        folder: Absolute.
    """

    folder: Path

    @property
    def releases(self) -> Path:
        """One folder for each release."""
        return self.folder / "releases"

    @property
    def current(self) -> Path:
        """The link to the one that runs."""
        return self.folder / "current"

    @property
    def scratch(self) -> Path:
        """Where the next one is put together."""
        return self.folder / f"next{SCRATCH}"

    def release(self, name: str) -> Path:
        """The folder of the release called ``name``."""
        return self.releases / name

    def current_name(self) -> str:
        """Folder name of the release that runs.

        Raises:
            RulebookError: ``update_base``: nothing was installed the way that can be switched.
        """
        if (
            not self.current.is_symlink()
            or self.current.resolve().parent != self.releases.resolve()
        ):
            raise RulebookError(
                f"{self.current} is no link to a release; install with scripts/install-pi.sh",
                code="update_base",
            )
        return self.current.resolve().name

    def switch(self, name: str) -> None:
        """Make the release called ``name`` current; at every instant one of the two is."""
        durable.replace_link(self.current, f"{self.releases.name}/{name}")

    def state(self) -> State:
        """What became of the last update.

        Raises:
            RulebookError: ``update_base``: the state file cannot be read.
        """
        path = self.folder / STATE_NAME
        try:
            return msgspec.json.decode(path.read_bytes(), type=State, strict=True)
        except FileNotFoundError:
            return State()
        except (OSError, msgspec.MsgspecError) as error:
            raise RulebookError(f"{path} cannot be read: {error}", code="update_base") from error

    def put(self, state: State) -> None:
        """Write the state down, durably."""
        content = msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n"
        durable.replace_file(self.folder / STATE_NAME, content, mode=_READABLE)

    def make(self) -> None:
        """Make the folders."""
        durable.make_folder(self.releases, mode=_FOLDER)
