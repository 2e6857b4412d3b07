"""A story's stage: one enrolled recorder in processes of its own, with a small picture."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evidence.canonical import JsonObject
from hw.types import ButtonName, LampPattern
from scripts.officer import HOLD_SECONDS
from scripts.stage import Stage, Wishes
from tests.kits.media.clip import write_clip

SEGMENT_SECONDS = 2
SPOKEN_SAMPLES = 108_000
"""The beginning of the sentence: short, and longer than the 2 s that recognising it takes."""
ENROL = ["--width", "320", "--height", "240", "--bitrate", "400000"]
INIT = ["--name", "某县统计局", "--refuse-minutes", "1", "--warn-minutes", "3"]


class Story(Stage):
    """The verbs of an officer, and what they lead to.

    Args:
        folder: The test's own.
        long_clip: Announce the real sentence (9 s) instead of its beginning.
        clip_samples: Length of that beginning at 48 kHz.
        enrol: How the device differs from the defaults.
        init: How the bureau does.
        policy: A file of rulebook keys that differ from the defaults.
    """

    def __init__(
        self,
        folder: Path,
        *,
        long_clip: bool = False,
        clip_samples: int = SPOKEN_SAMPLES,
        enrol: Sequence[str] = ENROL,
        init: Sequence[str] = INIT,
        policy: Path | None = None,
    ) -> None:
        super().__init__(folder)
        announce = []
        if not long_clip:
            clips = write_clip(folder / "clips" / "zh-cn", samples=clip_samples, spoken=True)
            announce = ["--announce", str(clips)]
        seconds = ["--segment-seconds", str(SEGMENT_SECONDS), "--keep-days", "0"]
        self.provision(Wishes(init=[*init, *seconds, *announce], policy=policy, seed=enrol))

    def switch_on(self) -> None:
        """Start the recorder and wait for the green lamp."""
        self.start_recorder()
        world = self.device.paths.world_socket
        self.wait_until(world.exists, "a world")
        self.wait_until(lambda: self.lamp() is LampPattern.READY, "the green lamp")

    def checked(self) -> JsonObject:
        """Wait until the check before use is signed; returns its record."""

        def checks() -> list[JsonObject]:
            return [one for one in self.device_log() if one["t"] == "preflight"]

        self.wait_until(checks, "the check before use", seconds=60)
        return checks()[-1]

    def start_recording(self) -> str:
        """Press, and wait until the announcement is over; returns the session's id."""
        sid = self.press_record()
        self.wait_until(lambda: self.events(sid, "disclosure"), "the announcement's statement")
        return sid

    def press_record(self) -> str:
        """Press, and wait until the session is open."""
        before = self.sessions()
        self.world.press(ButtonName.RECORD)
        self.wait_until(lambda: self.sessions() != before, "a session")
        return self.sessions()[-1]

    def stop_recording(self, sid: str) -> JsonObject:
        """Hold, confirm, and wait for the end; returns the ``close`` record."""
        self.world.hold(ButtonName.RECORD, HOLD_SECONDS)
        self.wait_until(lambda: self.gestures(sid)[-1:] == ["record hold"], "the hold to be signed")
        self.world.press(ButtonName.RECORD)
        return self.closed(sid)

    def closed(self, sid: str) -> JsonObject:
        """Wait until the session is closed and entered in the device log."""

        def entered() -> bool:
            return any(one["t"] == "session" and one["sid"] == sid for one in self.device_log())

        self.wait_until(entered, "the session to be closed")
        return next(one for one in self.journal(sid) if one["t"] == "close")

    def run_for(self, sid: str, segments: int) -> None:
        """Record until so many more segments are sealed."""
        before = len(self.of(sid, "seg"))
        self.wait_until(
            lambda: len(self.of(sid, "seg")) >= before + segments,
            "more segments",
            seconds=30 + segments * SEGMENT_SECONDS,
        )

    def of(self, sid: str, t: str) -> list[JsonObject]:
        """The records of one type."""
        return [one for one in self.journal(sid) if one["t"] == t]

    def events(self, sid: str, kind: str) -> list[dict[str, Any]]:
        """The fields of the events of one kind."""
        return [one["fields"] for one in self.of(sid, "event") if one["kind"] == kind]

    def gestures(self, sid: str) -> list[str]:
        """What the buttons did, as signed."""
        return [f"{one['button']} {one['gesture']}" for one in self.events(sid, "button")]

    def faults(self, sid: str, part: str) -> list[str]:
        """How a part's faults went."""
        return [one["state"] for one in self.events(sid, "fault") if one["part"] == part]

    def samples_of(self, clip: str) -> int:
        """How long an announcement is."""
        meta = json.loads((self.device.paths.announce / clip / "meta.json").read_text())
        return int(meta["samples"])

    def kill(self, name: str) -> None:
        """End one process as by kill -9."""
        os.kill(self.process_of(name), signal.SIGKILL)

    def wait_for_end(self, name: str, *, seconds: float = 60.0) -> int:
        """Wait until a process that was started has ended by itself; returns its exit code."""
        return self._running.pop(name).wait(seconds)

    def judge(self, sid: str) -> JsonObject:
        """What ``evidence verify`` says of the session as it lies on the device."""
        folder = self.folder / f"case-{sid}"
        shutil.copytree(self.device.paths.sessions / sid, folder)
        for path in (
            self.device.paths.device_log,
            self.device.paths.rulebook,
            self.device.paths.root,
        ):
            shutil.copy(path, folder / path.name)
        ca = self.bureau / "certs" / "ca.pem"
        said = self.command(
            "evidence", ["verify", str(folder), "--ca", str(ca), "--json"], expect=(0, 1)
        )
        verdict: JsonObject = json.loads(said)
        return verdict


def broken(verdict: JsonObject) -> list[str]:
    """The codes of the findings that are ``broken``."""
    return [one["code"] for one in verdict["findings"] if one["severity"] == "broken"]
