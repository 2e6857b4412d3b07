"""A picture, a sound and a name are recorded, and then looked for on the whole card: not found.

The card is searched byte by byte, free blocks and the file system's journal included, while it
records and after it was taken out; with it the sockets' folder, the processes' folder for temporary
files, which lies on the card as well, and what they wrote to their logs. The same search finds them
where a vault leaks: it wrote them in clear and took the file away again.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from time import time_ns  # noqa: TID251 - a plan is for today

import av
import numpy as np
import pyrage
import pytest

from agent.channel import Channel
from agent.vault import messages as m
from evidence.moments import utc_text
from evidence.plan import Officer
from hw.types import ButtonName
from scripts.officer import MARK_HOLD_SECONDS
from tests.conftest import CampaignSize
from tests.kits.bureau.enrolment import Enrolled, assign
from tests.kits.cards.searching import Needles, merged
from tests.kits.cards.small import Made
from tests.kits.processes.services import Services
from tests.kits.records.plans import PARTICULARS, a_plan, signed_by

PARTY = "金丝雀测试机械厂（普通合伙）"
OFFICER = "欧阳鹳雀"
WIDTH, HEIGHT = 320, 240
RATE = 48_000
SECONDS = 4
CARD = Made(mebibytes=96)
LEAKY = Path(__file__).with_name("leaky_vault.py")

pytestmark = [pytest.mark.slow, pytest.mark.rule("L2", "M2")]


@dataclass
class Canary:
    """What nobody but this test has ever recorded."""

    folder: Path
    seed: int
    needles: Needles = field(default_factory=Needles)

    def __post_init__(self) -> None:
        dice = np.random.default_rng(self.seed)
        self.picture = self.folder / "picture" / "canary.png"
        self.picture.parent.mkdir(parents=True)
        # Within what the fake camera lets through, so that its raster is this one.
        coarse = dice.integers(20, 170, (HEIGHT // 4, WIDTH // 4), np.uint8)
        raster = coarse.repeat(4, 0).repeat(4, 1)
        raster[::2] = dice.integers(20, 170, (HEIGHT // 2, WIDTH), np.uint8)
        self.picture.write_bytes(_png(raster))
        self.sound = self.folder / "canary.wav"
        # Below the talk of the room: the announcement has to be heard above it.
        pcm = dice.integers(-300, 300, SECONDS * RATE).astype("<i2")
        with wave.open(str(self.sound), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(pcm.tobytes())
        assert self.needles.add_content("raster", raster.tobytes()) > 1_000
        assert self.needles.add_content("picture's file", self.picture.read_bytes()) > 100
        assert self.needles.add_content("samples", pcm.tobytes()) > 1_000
        for name in (PARTY, OFFICER):
            self.needles.add_name(name)


def _png(raster: np.ndarray) -> bytes:
    codec = av.CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "gray"
    codec.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(raster, format="gray")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


class OnTheCard(Services):
    """A recorder all of whose processes have their temporary files on the card."""

    leaks = ""

    def start_service(self, name: str) -> None:
        temporary = self.device_folder / "tmp"
        temporary.mkdir(exist_ok=True)
        os.environ["TMPDIR"] = str(temporary)
        try:
            if name == "vault" and self.leaks:
                self.start_script("vault", LEAKY, str(self.device_folder), self.leaks)
            else:
                super().start_service(name)
        finally:
            del os.environ["TMPDIR"]


def with_plan(story: Services) -> None:
    """Give the recorder a plan with the names in it, sealed, and choose it."""
    recipients = [
        pyrage.x25519.Recipient.from_str(str(pyrage.x25519.Identity.from_str(line).to_public()))
        for role in ("bureau", "escrow")
        for line in (story.bureau / "identities" / f"{role}.age").read_text().splitlines()
        if line.startswith("AGE-SECRET-KEY-")
    ]
    officers = (
        Officer(id="O-1", name=OFFICER, certificate="豫A0100123"),
        Officer(id="O-2", name="李四", certificate="41010200456"),
    )
    said = replace(PARTICULARS, party=PARTY, officers=officers).to_bytes()
    now_ns = time_ns()
    plan = replace(
        a_plan(device=story.device.settings.device_id),
        begins=utc_text(now_ns - 3_600 * 10**9),
        expires=utc_text(now_ns + 86_400 * 10**9),
        sealed=pyrage.encrypt(said, recipients),
    )
    dock: Channel[m.ToDock, m.SubmitPlan] = Channel.connect(
        story.device.paths.dock_socket, m.ToDock, seconds=20
    )
    dock.send(m.SubmitPlan(content=signed_by(story.bureau, plan)))
    assert isinstance(dock.receive(), m.PlanTaken)
    dock.close()
    story.world.press(ButtonName.MARK)
    story.world.hold(ButtonName.MARK, MARK_HOLD_SECONDS)


@contextmanager
def recorded(folder: Path, canary: Canary, *, leaks: str = "") -> Iterator[tuple[Services, str]]:
    """A recorder that looks at the canary and hears it, and records with a plan."""
    story = OnTheCard(folder, settings={"storage_floor_bytes": 0})
    story.leaks = leaks
    with story.on_card(CARD):
        # Who is on no roster of the bureau is offered no plan (A4).
        assign(Enrolled(story.bureau, story.device))
        story.switch_on()
        story.world.show_film(canary.picture)
        story.world.play_to_microphone(canary.sound)
        with_plan(story)
        sid = story.start_recording()
        story.world.press(ButtonName.PHOTO)
        story.run_for(sid, 2)
        yield story, sid


def add_recorded(canary: Canary, story: Services, sid: str) -> None:
    """What was made of it: opened with the bureau's key, which is not on the card."""
    text = (story.bureau / "identities" / "bureau.age").read_text()
    line = next(one for one in text.splitlines() if one.startswith("AGE-SECRET-KEY-"))
    identity = pyrage.x25519.Identity.from_str(line)
    folder = story.device.paths.sessions / sid
    for path in folder.glob("*.jpg.age"):
        still = pyrage.decrypt(path.read_bytes(), [identity])
        assert canary.needles.add_content("still", still) > 100
    for path in folder.glob("*.mp4.age"):
        media = pyrage.decrypt(path.read_bytes(), [identity])
        with av.open(io.BytesIO(media), "r") as film:
            for packet in film.demux():
                canary.needles.add_content(f"encoded {packet.stream.type}", bytes(packet))


def everywhere(canary: Canary, story: Services) -> dict[str, int]:
    """The card, and whatever else the processes could write."""
    logs = [path for path in story.logs.iterdir() if path.is_file()]
    return merged(*(canary.needles.find(path) for path in (story.folder / "card.img", *logs)))


def swapped(story: Services) -> int:
    """Kilobytes of the recorder's memory on a medium."""
    lines = [
        line
        for name in ("vault", "session", "dock")
        for line in Path(f"/proc/{story.process_of(name)}/status").read_text().splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmSwap:"))


def elsewhere(story: Services) -> set[str]:
    """Files that a process of the recorder has open to write and that are not on the card."""
    found: set[str] = set()
    for name in ("vault", "session", "dock"):
        folder = Path(f"/proc/{story.process_of(name)}")
        for fd in (folder / "fd").iterdir():
            target, info = str(fd.readlink()), (folder / "fdinfo" / fd.name).read_text()
            flags = int(next(one for one in info.splitlines() if one[:6] == "flags:").split()[1], 8)
            if target.startswith("/") and flags & os.O_ACCMODE:
                found.add(target)
    known = (str(story.device_folder), str(story.logs), "/dev/", "/memfd:")
    return {path for path in found if not path.startswith(known)}


def test_no_picture_sound_or_name_lies_on_the_card_in_clear(
    tmp_path: Path, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    canary = Canary(tmp_path / "canary", campaign_seed)
    with recorded(tmp_path / "s", canary) as (story, sid):
        story.run_for(sid, campaign_size(ci=1, full=30))
        subprocess.run(["sync", "-f", str(story.device_folder)], check=True)
        while_recording = everywhere(canary, story)
        assert swapped(story) == 0
        assert elsewhere(story) == set()
        story.stop_recording(sid)
        add_recorded(canary, story, sid)
        opened = story.of(sid, "open")[0]
        assert opened["plan_id"] is not None
        story.shut_down()
    assert while_recording == {}
    assert everywhere(canary, story) == {}


@pytest.mark.campaign
def test_the_same_search_finds_them_where_a_vault_leaks_into_free_blocks(
    tmp_path: Path, campaign_seed: int
) -> None:
    canary = Canary(tmp_path / "canary", campaign_seed)
    written = f"{PARTY}|{OFFICER}"
    with recorded(tmp_path / "s", canary, leaks=written) as (story, sid):
        story.stop_recording(sid)
        add_recorded(canary, story, sid)
        story.shut_down()
        left = {path.name for path in story.device.paths.state.iterdir()}
        assert "scratch" not in left
    found = everywhere(canary, story)
    assert found.keys() >= {PARTY, OFFICER, "encoded video", "encoded audio", "still"}


@pytest.mark.parametrize("place", ["at the beginning", "across two pieces", "at the end"])
def test_the_search_finds_what_lies_in_a_file(tmp_path: Path, place: str) -> None:
    canary = Canary(tmp_path / "canary", 7)
    content = bytearray(os.urandom(17 * 1024 * 1024))
    hidden = canary.picture.read_bytes()[1_000:1_063]
    at = {"at the beginning": 0, "across two pieces": 8 * 1024 * 1024 - 20}.get(
        place, len(content) - len(hidden)
    )
    content[at : at + len(hidden)] = hidden
    path = tmp_path / "image"
    path.write_bytes(content)
    assert canary.needles.find(path) == {"picture's file": 1}


@pytest.mark.parametrize(
    "code", ["utf-8", "utf-16-le", "utf-16-be", "gb18030", "base64", "escaped"]
)
def test_the_search_finds_a_name_however_it_is_written(tmp_path: Path, code: str) -> None:
    canary = Canary(tmp_path / "canary", 7)
    written = {
        "base64": base64.urlsafe_b64encode(f'{{"party":"{PARTY}"}}'.encode()),
        "escaped": json.dumps({"party": PARTY}).encode(),
    }.get(code) or f"单位：{PARTY}。".encode(code)
    path = tmp_path / "image"
    path.write_bytes(b"\0" * 9_000_000 + written)
    assert canary.needles.find(path)[PARTY] >= 1
