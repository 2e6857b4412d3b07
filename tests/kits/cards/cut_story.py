"""One uncut course of a recorder and its bureau, each on a card that remembers.

Sessions are recorded, pushed and released by the real processes; every word of the vault's is
noted. What is kept is what a judge of any instant of it needs: the logs of both media, what had
been acknowledged by when, and what there was to record at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pyrage

from agent.vault import messages as m
from evidence import canonical, journal, jws
from evidence.ids import JOURNAL_NAME
from hw.fake.clock import boottime_ns
from hw.types import ButtonName
from tests.kits.cards.card import DISK, Card
from tests.kits.cards.tap import Said, Tap
from tests.kits.media.films import clocks_of, unseal, whole_boxes
from tests.kits.processes.story import Story

ENROL = ["--width", "640", "--height", "360", "--bitrate", "4000000"]
RELEASE_TAIL_NS = 50_000_000
DEVICE_MIB = 1_024
BUREAU_MIB = 3_072


class Phase(StrEnum):
    """What the recorder is doing when the power goes."""

    RECORDING = "recording"
    PUSH = "push"
    RELEASE = "release"


@dataclass(frozen=True)
class Window:
    """A stretch of one phase of one session, CLOCK_BOOTTIME."""

    phase: Phase
    sid: str
    begin_ns: int
    end_ns: int


@dataclass(frozen=True)
class Whole:
    """One session as it was recorded to its end, by the bureau's archive.

    Attributes:
        files: Sealed files and journal by name.
        plain: Plaintext of each segment.
        clocks: The clock in each picture, of all segments, in order.
        black: Whether the camera was covered.
    """

    files: dict[str, bytes]
    plain: dict[str, bytes]
    clocks: list[int]
    black: bool


@dataclass
class Course:
    """All that happened.

    Attributes:
        said: What the vault said to the recorder and to the dock, in order.
        asked: What it was told.
        windows: Phases.
        wholes: Sessions.
        fixed: What enrolling laid on the device and nothing may change.
        lines: Every record that was signed, as canonical JSON.
    """

    said: list[Said] = field(default_factory=list)
    asked: list[Said] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    wholes: dict[str, Whole] = field(default_factory=dict)
    fixed: dict[str, bytes] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)


class CutStory(Story):
    """A story whose sockets stand outside the card, as ``/run`` does, and are listened to."""

    def __init__(self, folder: Path, course: Course) -> None:
        self.course = course
        self._taps: list[Tap] = []
        super().__init__(folder, clip_samples=72_000, enrol=ENROL)

    def start_recorder(self) -> None:
        """The processes of ``recorder run``, the taps in place before anybody connects."""
        paths = self.device.paths
        paths.run.mkdir(exist_ok=True)
        self._start("world", "hw.fake.world", ["--socket", str(paths.world_socket)])
        self.wait_until(paths.world_socket.exists, "a world")
        where = ["--device", str(self.device_folder)]
        self._start("vault", "agent.main", ["vault", *where])
        sockets = (paths.vault_socket, paths.dock_socket)
        self.wait_until(lambda: all(one.exists() for one in sockets), "the vault")
        self._taps = [Tap(one, self.course.said, self.course.asked) for one in sockets]
        self._start("dock", "agent.main", ["dock", *where])
        self._start("session", "agent.main", ["session", *where])

    def end(self, *names: str) -> None:
        """End processes, the last one started first."""
        for tap in self._taps:
            tap.close()
        self._taps = []
        for name in names:
            self.stop(name)

    def _path_is_long(self) -> bool:
        return True


def play(scratch: Path, rounds: int, seconds: float) -> tuple[CutStory, Course, Card, Card]:
    """Play the course once.

    Args:
        scratch: A folder for everything.
        rounds: Sessions, moving and black by turns.
        seconds: How long each goes on after its announcement.

    Returns:
        The story, whose folders are not mounted any more, the course, and the cards of recorder
        and bureau with their finished logs.
    """
    course = Course()
    folder = scratch / "story"
    device = Card("device", scratch, folder / "device", mib=DEVICE_MIB)
    bureau = Card("bureau", scratch, folder / "bureau", mib=BUREAU_MIB, speed=DISK)
    with ExitStack() as failing:
        with bureau, device:
            story = CutStory(folder, course)
            failing.callback(story.clear)
            _play(story, rounds, seconds)
        failing.pop_all()
    return story, course, device, bureau


def _play(story: CutStory, rounds: int, seconds: float) -> None:
    story.start_bureau()
    story.switch_on()
    story.checked()
    story.course.fixed = copy_fixed(story.device_folder)
    for number in range(rounds):
        _one_session(story, number, seconds)
    story.end("session", "dock", "vault", "bureau")
    _keep_wholes(story, story.course)


def _one_session(story: CutStory, number: int, seconds: float) -> None:
    black = number % 2 == 1
    (story.world.cover_camera if black else story.world.uncover_camera)()
    begin_ns = boottime_ns()
    sid = story.start_recording()
    story.world.press(ButtonName.MARK)
    story.world.press(ButtonName.PHOTO)
    until_ns = boottime_ns() + round(seconds * 1_000_000_000)
    story.wait_until(lambda: boottime_ns() >= until_ns, "the time", seconds=seconds + 5)
    story.stop_recording(sid)
    docked_ns = boottime_ns()
    story.world.dock()
    gone = story.device.paths.sessions / sid
    story.wait_until(lambda: not gone.exists(), "the release", seconds=90)
    closed_ns = _closed_ns(story.course, sid)
    stored_ns, taken_ns = _handed_over(story.course, sid)
    story.course.windows += [
        Window(Phase.RECORDING, sid, begin_ns, closed_ns),
        Window(Phase.PUSH, sid, docked_ns, stored_ns),
        Window(Phase.RELEASE, sid, stored_ns, taken_ns + RELEASE_TAIL_NS),
    ]
    story.course.wholes[sid] = Whole({}, {}, [], black)
    story.world.uncover_camera()
    before = _checks(story)
    story.world.undock()
    story.wait_until(lambda: _checks(story) > before, "the check before use", seconds=60)


def _checks(story: CutStory) -> int:
    return sum(one["t"] == "preflight" for one in story.device_log())


def _closed_ns(course: Course, sid: str) -> int:
    """When the vault said that the session is closed."""
    return next(
        said.at_ns
        for said in course.said
        if isinstance(said.message, m.SessionClosed) and said.message.sid == sid
    )


def _handed_over(course: Course, sid: str) -> tuple[int, int]:
    """When the vault was handed the ``stored`` receipt, and when it said that it has it."""
    given = next(
        s.at_ns
        for s in course.asked
        if isinstance(s.message, m.SubmitReceipt) and _names(s.message.content) == (sid, "stored")
    )
    taken = next(
        (
            s.at_ns
            for s in course.said
            if isinstance(s.message, m.ReceiptTaken)
            and (s.message.sid, s.message.kind) == (sid, "stored")
        ),
        boottime_ns(),
    )
    return given, taken


def _names(token: bytes) -> tuple[str, str]:
    payload = jws.parse(token, jws.TYP_RECEIPT).payload()
    return payload["sid"], payload["kind"]


def _keep_wholes(story: CutStory, course: Course) -> None:
    identity = identity_of(story.bureau)
    archive = story.bureau / "archive" / story.device.settings.device_id
    for sid, whole in course.wholes.items():
        for path in sorted((archive / sid).iterdir()):
            whole.files[path.name] = path.read_bytes()
        for path in sorted((archive / sid).glob("*.mp4.age")):
            whole.plain[path.name] = unseal(path, identity)
            whole.clocks.extend(clocks_of(whole_boxes(whole.plain[path.name])))
    chains = [whole.files[JOURNAL_NAME] for whole in course.wholes.values()]
    chains.append(story.device.paths.device_log.read_bytes())
    course.lines = [canonical.dumps(one) for chain in chains for one in journal.payloads(chain)]
    assert all(whole.clocks for whole in course.wholes.values())


def identity_of(bureau: Path) -> pyrage.x25519.Identity:
    """The bureau's key to what was sealed for it."""
    text = (bureau / "identities" / "bureau.age").read_text()
    line = next(line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-"))
    return pyrage.x25519.Identity.from_str(line)


def clocks_in(folder: Path, identity: pyrage.x25519.Identity) -> Iterator[int]:
    """The clocks of every picture of a session's folder."""
    for path in sorted(folder.glob("*.mp4.age")):
        yield from clocks_of(whole_boxes(unseal(path, identity)))


def copy_fixed(device: Path) -> dict[str, bytes]:
    """What enrolling laid on the device and nothing may change."""
    folders = ("keys", "certs", "bureau", "announce")
    paths = [path for name in folders for path in (device / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(device)): path.read_bytes() for path in paths}


def drop(folder: Path) -> None:
    """Let go of a folder of the test's own."""
    shutil.rmtree(folder, ignore_errors=True)  # noqa: TID251 - the test's own folder
