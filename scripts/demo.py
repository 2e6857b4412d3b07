"""The whole story once: an officer's day from the plan to the bureau's receipt and report.

Owns the order of the verbs and what is printed. Refuses to play anything: bureau, recorder and
broker are the production commands in processes of their own, and every line of the timeline is a
record that one of them signed or wrote, or a prompt that sounded. Run it by ``scripts/demo``.
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

from agent.voice.catalog import text_of
from evidence.canonical import JsonObject
from evidence.moments import utc_text
from hw.errors import HardwareFault
from hw.fake.clock import SystemClock
from hw.types import ButtonName, LampPattern
from scripts.officer import HOLD_SECONDS, MARK_HOLD_SECONDS, Officer
from scripts.stage import Stage, StageError, Wishes
from scripts.timeline import Timeline

console = Console(highlight=False)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

RECORD_SECONDS: Final = 12.0
PROMPT_RATE: Final = 16_000
"""Samples a second of what is spoken to the officer."""
POLICY: Final[JsonObject] = {
    "disclosure.wording": "exact",
    "disclosure.text": "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。",
    "arrival.sign": True,
    "arrival.statement": "fixed",
    "arrival.seconds": 6,
    "continuity.rule": "technical",
    "continuity.causes": ["fault", "battery", "storage"],
    "continuity.reason_on_resume": True,
    "continuity.reason_seconds": 5,
    "officers.min": 2,
}
"""What this bureau's rulebook asks: the strictest of what bureaus ask, with short windows."""

_LAST_WORDS: Final = {
    "verified": "VERIFIED",
    "verified with explained interruptions": "VERIFIED, with explained interruptions",
}
"""As ``evidence verify`` says them; anything else is a failure."""

_KEYS: Final = """\
  r  press RECORD (starts; while recording: status)   m  tap MARK (idle: speak the next plan)
  h  hold RECORD (then r within 5 s stops)            M  hold MARK (announce again; idle: choose)
  d  put it on the cradle     u  take it off          p  press PHOTO (idle: speak the status)
  t  talk, or fall silent     q  quit"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the demo leaves behind.

    Attributes:
        sid: The session that the battery ended.
        resumed: The one that resumed it.
        verdict: What ``evidence verify --json`` said.
        recording: The whole recording as one film; None where nothing is playable.
        films: The same, segment by segment.
        evidence: Folder that was judged.
        hearing: What the desk heard of each announcement.
        rows: Rows of the rules by how the report judges them.
        page: The report as a page to print.
    """

    sid: str
    resumed: str
    verdict: JsonObject
    recording: Path | None
    films: list[Path]
    evidence: Path
    hearing: list[JsonObject]
    rows: dict[str, list[str]]
    page: Path


class Demo:
    """One run.

    Args:
        stage: Where it plays.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.timeline = Timeline(console)
        self.officer = Officer(stage, POLICY, self.wait)
        self._heard_ns = 0

    def set_up(self, seed: list[str]) -> None:
        """Found the bureau, sign its rulebook, enrol the device, start everything."""
        _say("The bureau founds its keys and signs its rulebook; the device gets its certificates.")
        _say("keep_days is 0 in this demo, so that you see space being freed; the default is 7.")
        policy = self.stage.folder / "policy.json"
        policy.write_text(json.dumps(POLICY, ensure_ascii=False, indent=1))
        init = ["--name", "某县统计局", "--keep-days", "0"]
        self.stage.provision(Wishes(init=init, policy=policy, seed=seed))
        self.stage.start_bureau()
        self.officer.switch_on()

    def live(self) -> tuple[str, str]:
        """An officer's day; returns the ids of its two sessions."""
        officer = self.officer
        officer.take_plan_along()
        sid = officer.begin()
        officer.meet_party(sid)
        officer.question(sid)
        self.watch(RECORD_SECONDS)
        officer.run_out_of_battery(sid)
        resumed = officer.resume()
        officer.end(resumed)
        officer.hand_in(sid, resumed)
        return sid, resumed

    def wait(self, fact: Callable[[], object], what: str, *, seconds: float = 30.0) -> None:
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
        self._follow_prompts()

    def judge(self, sid: str, resumed: str) -> Outcome:
        """Open, verify and report what the bureau has, and show its ledger."""
        bureau = ["--bureau", str(self.stage.bureau)]
        why = ["--who", "demo", "--why", "scripts/demo", "--json"]
        where = ["--to", str(self.stage.folder / "opened")]
        opened = self.stage.command_json("bureau.main", ["open", sid, *bureau, *where, *why])
        self._tell_ledger(sid)
        self._tell_ledger(resumed)
        page = self.stage.folder / "report.html"
        told = self.stage.command_json(
            "bureau.main", ["report", sid, *bureau, "--html", str(page), "--json"]
        )
        evidence = Path(opened["evidence"])
        ca = str(self.stage.bureau / "certs" / "ca.pem")
        said = self.stage.command(
            "evidence", ["verify", str(evidence), "--ca", ca, "--json"], expect=(0, 1)
        )
        (self.stage.folder / "verdict.json").write_text(said)
        return Outcome(
            sid=sid,
            resumed=resumed,
            verdict=json.loads(said),
            recording=Path(opened["recording"]) if opened["recording"] else None,
            films=[Path(film) for film in opened["films"]],
            evidence=evidence,
            hearing=opened["hearing"],
            rows=_by_state(told["report"]["rows"]),
            page=page,
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

    def _follow_prompts(self) -> None:
        """Tell what the loudspeaker has said to the officer since."""
        if not self.stage.device.paths.world_socket.exists():
            return
        for sound in self.stage.world.heard():
            if sound.began_ns > self._heard_ns:
                self._heard_ns = sound.began_ns
                if sound.clip_id.startswith("say:"):
                    ended_ns = sound.began_ns + sound.frames * 1_000_000_000 // PROMPT_RATE
                    said = f"says: {text_of(sound.clip_id)}"
                    self.timeline.tell("recorder", said, ended_ns)


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
    """Show an officer's day from the plan to the bureau's receipt and report, and verify it."""
    stage = Stage(out or _fresh_folder())
    demo = Demo(stage)
    picture = ["--width", "320", "--height", "240", "--bitrate", "600000"] if small else []
    try:
        with stage:
            demo.set_up(picture)
            if keep_running:
                _play_by_keys(demo)
                return
            outcome = demo.judge(*demo.live())
    except (StageError, HardwareFault) as error:
        console.print(f"[red]The demo failed:[/red] {escape(str(error))}", soft_wrap=True)
        console.print(f"Logs: {stage.logs}", soft_wrap=True)
        raise typer.Exit(1) from error
    _conclude(demo, outcome, summary)


def _conclude(demo: Demo, outcome: Outcome, summary: Path | None) -> None:
    verdict, folder = outcome.verdict, demo.stage.folder
    last_word = _LAST_WORDS.get(verdict["judgement"])
    agreed = sum(one["agreement"] == "agreed" for one in outcome.hearing)
    again = f"the desk heard {agreed} of {len(outcome.hearing)} again in the recording"
    _say(f"Announcement: {verdict['disclosure']}; {again}.")
    for state, rows in outcome.rows.items():
        console.print(f"  rules {state.replace('_', ' ')}: {' '.join(rows)}", soft_wrap=True)
    _say("Where things are:")
    for label, path in (
        ("recording (MP4)", outcome.recording or folder),
        ("its segments (MP4)", outcome.films[0].parent if outcome.films else folder),
        ("evidence: journal, sealed segments, receipts", outcome.evidence),
        ("verdict", folder / "verdict.json"),
        ("report by the rules, to print", outcome.page),
        ("logs of the processes", demo.stage.logs),
    ):
        console.print(f"  {label}: {path}", soft_wrap=True)
    for finding in verdict["findings"]:
        console.print(f"  {finding['severity']}: {finding['code']}: {escape(finding['meaning'])}")
    if summary is not None:
        content = {
            "judgement": verdict["judgement"],
            "sid": outcome.sid,
            "resumed": outcome.resumed,
            "rows": outcome.rows,
            "hearing": outcome.hearing,
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
        "M": lambda: world.hold(ButtonName.MARK, MARK_HOLD_SECONDS),
        "p": lambda: world.press(ButtonName.PHOTO),
        "d": world.dock,
        "u": world.undock,
        "t": lambda: world.talk(on=not world.state().talking),
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


def _by_state(rows: list[JsonObject]) -> dict[str, list[str]]:
    """The rows that a session answers to, by how they are judged."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["state"] != "not_applicable":
            found.setdefault(str(row["state"]), []).append(str(row["row"]))
    return found


def _fresh_folder() -> Path:
    stamp = utc_text(SystemClock().utc_ns())[:19].replace(":", "").replace("-", "")
    return Path("out") / f"demo-{stamp}"


def _say(text: str) -> None:
    console.print(f"[bold]{escape(text)}[/bold]", soft_wrap=True)


if __name__ == "__main__":
    app()
