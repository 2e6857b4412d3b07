"""Starting recorder and bureau again on what a cut left, until everything is handed over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from bureau import office
from bureau.clock import Clock
from bureau.settings import load_bureau
from evidence import journal
from evidence.verify import Severity
from evidence.verify.verdict import Presence, Verdict
from tests.kits.cards.cut_story import CutStory
from tests.kits.processes.nursery import Nursery

SECONDS = 60.0


@dataclass(frozen=True)
class Reboot:
    """How the next start went.

    Attributes:
        problems: What was not as it has to be; sentences.
        reasons: Session → why it was closed, of what the bureau has now.
    """

    problems: list[str]
    reasons: dict[str, str]


class Rebooter:
    """Starts both ends again, cut after cut, in one world.

    Args:
        story: Its folders are mounted when ``run`` is called; its world runs.
        nursery: Starts the processes.
    """

    def __init__(self, story: CutStory, nursery: Nursery) -> None:
        self._story = story
        self._nursery = nursery
        self._log = story.logs / "reboots.log"

    def run(self) -> Reboot:
        """Recover, push, be receipted, release; then everything ends by SIGKILL."""
        story = self._story
        paths = story.device.paths
        begun = _read(paths.device_log)
        for socket in (paths.vault_socket, paths.dock_socket):
            socket.unlink(missing_ok=True)
        where = ["--device", str(story.device_folder)]
        story.world.pull_power()
        story.world.dock()
        desk = ["desk", "--bureau", str(story.bureau), "--with-broker"]
        running = {"bureau": self._nursery.start("bureau", desk, self._log)}
        try:
            for name in ("vault", "dock"):
                running[name] = self._nursery.start("recorder", [name, *where], self._log)
            problems = self._wait(running, len(begun))
        finally:
            self._nursery.kill(*running.values())
        if not _read(paths.device_log).startswith(begun):
            problems.append("recovery changed what was there")
        return self._judge(problems)

    def _wait(self, running: dict[str, int], begun: int) -> list[str]:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if self._is_done(begun):
                return []
            ended = [name for name, pid in running.items() if not self._nursery.is_running(pid)]
            if ended:
                return [f"{', '.join(ended)} ended by itself; {self._tail()}"]
            Event().wait(0.03)
        return [f"not everything was handed over in {SECONDS:.0f} s; {self._tail()}"]

    def _is_done(self, begun: int) -> bool:
        """Whether a start was signed since, and every session is released or was never begun."""
        paths = self._story.device.paths
        content = _read(paths.device_log)
        fresh = journal.payloads(content[begun:])
        if not any(record["t"] == "start" for record in fresh):
            return False
        log = journal.payloads(content)
        released = {record["sid"] for record in log if record["t"] == "release"}
        aborted = {record["sid"] for record in log if record["t"] == "aborted"}
        entered = {record["sid"] for record in log if record["t"] == "session"}
        folders = {path.name for path in paths.sessions.iterdir()}
        return entered <= released and folders <= aborted

    def _judge(self, problems: list[str]) -> Reboot:
        opened = load_bureau(self._story.bureau)
        clock = Clock(utc_ns=time.time_ns, mono_ns=time.monotonic_ns)  # noqa: TID251 - as its main
        desk = office.open_office(opened, clock)
        access, reasons = office.open_access(opened, desk), {}
        try:
            for device, sid in desk.archive.sessions():
                verdict = access.judge(device, sid)
                reasons[sid] = str(verdict.reason)
                problems += _problems(sid, verdict)
            problems += [f"in quarantine: {name}" for _, name, _ in desk.archive.quarantined()]
        finally:
            desk.ledger.close()
        return Reboot(problems, reasons)

    def _tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-4:]
        return " | ".join(lines)


def _problems(sid: str, verdict: Verdict) -> Iterator[str]:
    for finding in verdict.findings:
        if finding.severity is Severity.BROKEN:
            yield f"{sid}: {finding.code} {finding.detail}"
    for layer in ("journal", "device_log", "committed", "stored"):
        if verdict.layers[layer] is not Presence.PRESENT:
            yield f"{sid}: {layer} is not there"


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
