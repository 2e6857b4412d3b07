"""What the root process does with a request of the vault.

Owns ``recorder update``: finding the bundle, judging it by the device's own CA and root document,
and leaving word of what became of it. Refuses a request twice. It reads the device folder, and
writes one file into it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from agent.errors import AgentError
from agent.settings import Device
from agent.status import look_at
from agent.update.prefix import Prefix, State
from agent.update.services import Services, Systemd
from agent.update.staging import root_of, stage
from agent.update.switching import Patience, Switcher
from evidence.moments import utc_text
from evidence.store import durable
from hw.pi.clock import PiClock

_log = logging.getLogger(__name__)

_SAID: Final = {
    "none": "没有升级记录。",
    "trying": "正在试装",
    "confirmed": "已升级到",
    "rolled_back": "未能就绪，已退回；未采用",
    "refused": "已拒绝",
}


class Updater:
    """Serves one device's requests.

    Args:
        device: Whose.
        prefix: Where its releases are.
        services: What runs from there.
        now: UTC; None where nobody can tell how wrong the clock is.
        patience: How long a release may take to report ready.
    """

    def __init__(
        self,
        device: Device,
        prefix: Prefix,
        services: Services,
        *,
        now: Callable[[], str | None],
        patience: Patience,
    ) -> None:
        self._device = device
        self._prefix = prefix
        self._switcher = Switcher(
            prefix, services, busy=lambda: reason_to_wait(device), now=now, patience=patience
        )

    def recover(self) -> State:
        """Before the recorder starts: what was never confirmed is rolled back.

        Raises:
            RulebookError: The state cannot be read.
        """
        return self._tell(self._switcher.recover())

    def serve(self) -> State:
        """Try what the vault asked for.

        Raises:
            RulebookError: The state cannot be read, or CA or root document cannot be used.
            OSError: The medium is full or broken.
        """
        state = self._switcher.recover()
        paths = self._device.paths
        asked = paths.update_request.read_bytes()[:64].decode("latin-1")
        if asked == state.sha256:
            _log.info("the request was served already")
            return self._tell(state)
        return self._tell(self._switcher.adopt(paths.update_inbox, root_of(self._device)))

    def _tell(self, state: State) -> State:
        """Leave word for the vault; it signs it."""
        durable.replace_file(
            self._device.paths.update_outcome, msgspec.json.encode(state), mode=0o644
        )
        return state


def reason_to_wait(device: Device) -> str | None:
    """Why the recorder must not be stopped now; asked of the vault, at the last moment."""
    try:
        status = look_at(device)
    except (AgentError, OSError) as error:
        return f"the vault does not say whether anything is recorded: {error}"
    if not status.running:
        return "the vault does not run: nobody can say what waits for the bureau"
    if status.recording:
        return "a session is open"
    if status.pending:
        return f"{len(status.pending)} sessions wait for the bureau"
    return None


def run(device: Device, folder: Path, *, recover: bool, source: Path | None) -> str:
    """Do what the command line asks.

    Args:
        device: Whose.
        folder: Where its releases are.
        recover: Only roll back what was never confirmed.
        source: Only take a bundle from this medium.

    Returns:
        What became of it, in Chinese.

    Raises:
        RulebookError: It was refused.
    """
    if source is not None:
        staged = stage(device, source)
        return f"已放入待装：第 {staged.version} 版（{staged.release}），由证据库择时请求。"
    clock = PiClock()

    def now() -> str | None:
        return utc_text(clock.utc_ns()) if clock.quality().error_ms is not None else None

    services = Systemd(wait=not recover)
    updater = Updater(device, Prefix(folder.absolute()), services, now=now, patience=Patience())
    state = updater.recover() if recover else updater.serve()
    return f"{_SAID[state.step]} {state.release} {state.code}".rstrip()
