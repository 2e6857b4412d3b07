"""The whole story once: a press, an announcement, a recording, the cradle, the bureau's receipt.

Owns the order of the verbs and what is printed. Refuses to play anything: bureau, recorder and
broker are the production commands in processes of their own, and every line of the timeline is a
record that one of them signed or wrote. Run it by ``scripts/demo``.
"""

from __future__ import annotations

import json
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from evidence.canonical import JsonObject
from evidence.moments import utc_text
from hw.errors import HardwareFault
from hw.fake.clock import SystemClock
from hw.types import ButtonName, LampPattern
from scripts.stage import Stage, StageError, Wishes
from scripts.timeline import Timeline

console = Console(highlight=False)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

RECORD_SECONDS: Final = 25.0
HOLD_SECONDS: Final = 3.3
CONFIRM_AFTER_SECONDS: Final = 0.7

_LAST_WORDS: Final = {
    "verified": "VERIFIED",
    "verified with explained interruptions": "VERIFIED, with explained interruptions",
}
"""As ``evidence verify`` says them; anything else is a failure."""

_KEYS: Final = """\
  r  press RECORD (starts; while recording: status)     m  tap MARK
  h  hold RECORD (then r within 5 s stops)              M  hold MARK (announce again)
  d  put it on the cradle     u  take it off            p  press PHOTO
  q  quit"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the demo leaves behind.

    Attributes:
        sid: The session.
        verdict: What ``evidence verify --json`` said.
        recording: The whole recording as one film; None where nothing is playable.
        films: The same, segment by segment.
        evidence: Folder that was judged.
    """

    sid: str
    verdict: JsonObject
    recording: Path | None
    films: list[Path]
    evidence: Path


class Demo:
    """One run.

    Args:
        stage: Where it plays.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.timeline = Timeline(console)

    def set_up(self, enrol: list[str]) -> None:
        """Found the bureau, enrol the device, start everything."""
        _say("The bureau founds its keys and signs its rulebook; the device gets its certificates.")
        _say("keep_days is 0 in this demo, so that you see space being freed; the default is 7.")
        self.stage.provision(Wishes(init=["--name", "某县统计局", "--keep-days", "0"], enrol=enrol))
        self.stage.start_bureau()
        self.stage.start_recorder()
        self.wait(self._is_ready, "the recorder to be ready (green lamp)", seconds=30)

    def wait(self, fact: Callable[[], object], what: str, *, seconds: float) -> None:
        """Wait until ``fact`` is true, telling meanwhile what is being signed."""

        def told() -> object:
            self.follow()
            return fact()

        self.stage.wait_until(told, what, seconds=seconds)
        self.follow()

    def watch(self, seconds: float) -> None:
        """Let time pass."""
        until = monotonic() + seconds
        self.wait(lambda: monotonic() >= until, "time", seconds=seconds + 5)

    def follow(self) -> None:
        """Tell what has been signed since."""
        log = self.stage.device_log()
        chains = {sid: self.stage.journal(sid) for sid in self.stage.sessions()}
        self.timeline.follow({"device": log, **chains}, self.stage.receipts())

    def record(self) -> str:
        """Press, announce, record, mark, stop; returns the session's id."""
        world = self.stage.world
        world.press(ButtonName.RECORD)
        self.wait(self.stage.sessions, "the session to be opened", seconds=15)
        sid = self.stage.sessions()[-1]
        self.wait(lambda: self._events(sid, "disclosure"), "the announcement to end", seconds=40)
        begun = monotonic()
        self.watch(RECORD_SECONDS / 2)
        world.press(ButtonName.MARK)
        self.watch(max(0.0, RECORD_SECONDS - (monotonic() - begun)))
        world.hold(ButtonName.RECORD, HOLD_SECONDS)
        self.watch(CONFIRM_AFTER_SECONDS)
        world.press(ButtonName.RECORD)
        self.wait(lambda: self._logged("session", sid), "the session to be closed", seconds=20)
        return sid

    def push(self, sid: str) -> None:
        """Put the device on the cradle and wait until the bureau's receipt has freed the space."""
        self.stage.world.dock()
        self.wait(lambda: self._logged("release", sid), "receipt and release", seconds=60)

    def judge(self, sid: str) -> Outcome:
        """Open and verify what the bureau has, and show its ledger."""
        bureau = ["--bureau", str(self.stage.bureau)]
        why = ["--who", "demo", "--why", "scripts/demo", "--json"]
        where = ["--to", str(self.stage.folder / "opened")]
        opened = self.stage.command_json("bureau.main", ["open", sid, *bureau, *where, *why])
        self._tell_ledger(sid)
        evidence = Path(opened["evidence"])
        ca = str(self.stage.bureau / "certs" / "ca.pem")
        said = self.stage.command(
            "evidence", ["verify", str(evidence), "--ca", ca, "--json"], expect=(0, 1)
        )
        (self.stage.folder / "verdict.json").write_text(said)
        return Outcome(
            sid=sid,
            verdict=json.loads(said),
            recording=Path(opened["recording"]) if opened["recording"] else None,
            films=[Path(film) for film in opened["films"]],
            evidence=evidence,
        )

    def _tell_ledger(self, sid: str) -> None:
        """The bureau's ledger, as a clerk sees it."""
        bureau = ["--bureau", str(self.stage.bureau)]
        rows = json.loads(self.stage.command("bureau.main", ["ledger", *bureau, "--json"]))
        row = next(one for one in rows if one["sid"] == sid)
        what = (
            f"ledger: session {row['counter']} of {row['device']}, {row['segments']} segments, "
            f"announcement {row['disclosure']}, {row['state']}, {row['verdict']}; "
            f"was due by {row['deadline'][:19]} UTC"
        )
        self.timeline.say("bureau", what, row["stored"])

    def _is_ready(self) -> bool:
        if not self.stage.device.paths.world_socket.exists():
            return False
        try:
            return self.stage.lamp() is LampPattern.READY
        except HardwareFault:
            return False

    def _events(self, sid: str, kind: str) -> list[JsonObject]:
        return [one for one in self.stage.journal(sid) if one.get("kind") == kind]

    def _logged(self, t: str, sid: str) -> bool:
        return any(one["t"] == t and one["sid"] == sid for one in self.stage.device_log())


@app.command()
def main(
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder for everything; out/demo-<time> by default.")
    ] = None,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Press the buttons yourself, by keys.")
    ] = False,
    summary: Annotated[
        Path | None, typer.Option("--json", help="Also write a summary for machines to this file.")
    ] = None,
    small: Annotated[
        bool, typer.Option("--small", help="320x240 instead of 1280x720, for slow machines.")
    ] = False,
) -> None:
    """Show one recording from the button to the bureau's receipt, and verify it."""
    stage = Stage(out or _fresh_folder())
    demo = Demo(stage)
    picture = ["--width", "320", "--height", "240", "--bitrate", "600000"] if small else []
    try:
        with stage:
            demo.set_up(picture)
            if keep_running:
                _play_by_keys(demo)
                return
            sid = demo.record()
            demo.push(sid)
            outcome = demo.judge(sid)
    except (StageError, HardwareFault) as error:
        console.print(f"[red]The demo failed:[/red] {escape(str(error))}", soft_wrap=True)
        console.print(f"Logs: {stage.logs}", soft_wrap=True)
        raise typer.Exit(1) from error
    _conclude(demo, outcome, summary)


def _conclude(demo: Demo, outcome: Outcome, summary: Path | None) -> None:
    verdict, folder = outcome.verdict, demo.stage.folder
    last_word = _LAST_WORDS.get(verdict["judgement"])
    _say(f"Announcement: {verdict['disclosure']} (played and signed; hearing it comes later).")
    _say("Where things are:")
    for label, path in (
        ("recording (MP4)", outcome.recording or folder),
        ("its segments (MP4)", outcome.films[0].parent if outcome.films else folder),
        ("evidence: journal, sealed segments, receipts", outcome.evidence),
        ("verdict", folder / "verdict.json"),
        ("logs of the processes", demo.stage.logs),
    ):
        console.print(f"  {label}: {path}", soft_wrap=True)
    for finding in verdict["findings"]:
        console.print(f"  {finding['severity']}: {finding['code']}: {escape(finding['meaning'])}")
    if summary is not None:
        content = {
            "judgement": verdict["judgement"],
            "sid": outcome.sid,
            "folder": str(folder),
            "recording": str(outcome.recording),
            "films": [str(film) for film in outcome.films],
            "timeline": demo.timeline.lines,
        }
        summary.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    if last_word is None or outcome.recording is None:
        console.print(f"[red]Not verified:[/red] {verdict['judgement']}")
        raise typer.Exit(1)
    if last_word != _LAST_WORDS["verified"]:
        _say("This machine was too busy for the simulated camera: what is missing is signed.")
    console.print(last_word)


def _play_by_keys(demo: Demo) -> None:
    """Let a person press the buttons."""
    if not sys.stdin.isatty():
        raise StageError("--keep-running needs a terminal to read keys from")
    world = demo.stage.world
    verbs: dict[str, Callable[[], None]] = {
        "r": lambda: world.press(ButtonName.RECORD),
        "h": lambda: world.hold(ButtonName.RECORD, HOLD_SECONDS),
        "m": lambda: world.press(ButtonName.MARK),
        "M": lambda: world.hold(ButtonName.MARK, HOLD_SECONDS),
        "p": lambda: world.press(ButtonName.PHOTO),
        "d": world.dock,
        "u": world.undock,
    }
    console.print(_KEYS, soft_wrap=True)
    lamp: LampPattern | None = None
    with _single_keys():
        while (key := _key()) != "q":
            if key in verbs:
                verbs[key]()
            demo.watch(0.1)
            if (shown := demo.stage.lamp()) is not lamp:
                lamp = shown
                console.print(f"            lamp: {lamp.value if lamp is not None else 'none'}")
    _say(f"Everything is in {demo.stage.folder}.")


@contextmanager
def _single_keys() -> Iterator[None]:
    """Read keys as they are pressed, without Enter."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _key() -> str:
    """The next key; empty when none was pressed for a moment."""
    ready, _, _ = select.select([sys.stdin], [], [], 0.1)
    return sys.stdin.read(1) if ready else ""


def _fresh_folder() -> Path:
    stamp = utc_text(SystemClock().utc_ns())[:19].replace(":", "").replace("-", "")
    return Path("out") / f"demo-{stamp}"


def _say(text: str) -> None:
    console.print(f"[bold]{escape(text)}[/bold]", soft_wrap=True)


if __name__ == "__main__":
    app()
