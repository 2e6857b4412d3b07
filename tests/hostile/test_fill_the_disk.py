"""Somebody else fills the medium while the recorder records: it goes on for the reserved time.

The medium is an ext4 of its own on a loop device, made as a recorder's is: blocks reserved for the
vault's user, the reserve file, the spare files. The recorder's processes run as one user without
rights, the one that fills as another, or as root, who may use reserved blocks and takes whatever is
freed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from agent.capture.padding import LEAST_BITS_PER_SECOND
from agent.vault.store.medium import SPARES
from hw.types import ButtonName
from tests.conftest import CampaignSize
from tests.kits.cards.small import Made, assert_small_mount
from tests.kits.processes.services import Services, as_user
from tests.kits.processes.story import broken

VAULT, STRANGER = 61_001, 65_534
FILLER = Path(__file__).with_name("filler.py")
BITS = 100_000
PER_MINUTE = LEAST_BITS_PER_SECOND * 60 * 125 // 800
"""What a minute of so few bits is reckoned at."""
REAL_BYTES_PER_SECOND = LEAST_BITS_PER_SECOND // 8
"""What a scene of so few bits is padded to, so that its seal holds nothing back for long."""
WORD_SECONDS = 2
"""The recorder draws on its reserve before the filler's last bytes are in and its word is heard."""
CLOSE_MINUTES = 2
RESERVED_BLOCKS = 100
FILES = 400

pytestmark = [pytest.mark.slow, pytest.mark.rule("B3", "E8")]


@dataclass(frozen=True)
class Attack:
    """Who fills what: ``once``, or ``on`` and on as room comes free."""

    what: str
    how: str
    root: bool


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)  # noqa: TID251 - the test's own folder


@contextmanager
def recording(place: Path, attack: Attack, seconds: int) -> Iterator[tuple[Services, str]]:
    """A recorder that has begun to record, with a reserve for so many seconds besides the end."""
    init = ["--name", "某县统计局", "--refuse-minutes", "3", "--warn-minutes", "4"]
    enrol = ["--width", "320", "--height", "240", "--bitrate", str(BITS)]
    reserve = CLOSE_MINUTES * PER_MINUTE + (seconds + WORD_SECONDS) * REAL_BYTES_PER_SECOND
    settings = {"storage_floor_bytes": 0, "reserve_bytes": reserve}
    story = Services(place, uid=VAULT, enrol=enrol, init=init, settings=settings)
    files = FILES if attack.what == "inodes" else None
    made = Made(mebibytes=72, files=files, reserved=RESERVED_BLOCKS, reserved_for=VAULT)
    with story.on_card(made):
        story.switch_on()
        assert story.device.paths.reserve.stat().st_size == reserve
        assert len(list(story.device.paths.spares.iterdir())) == SPARES
        yield story, story.start_recording()


@contextmanager
def filled(story: Services, attack: Attack) -> Iterator[None]:
    """All of the medium is taken; what is taken once stays so until the end."""
    assert_small_mount(story.device_folder)
    story.device_folder.chmod(0o755)
    spill = story.device_folder / "spill"
    spill.mkdir()
    spill.chmod(0o1777)
    words = [sys.executable, str(FILLER), str(spill), attack.what, attack.how]
    who = as_user(None if attack.root else STRANGER)
    with subprocess.Popen([*who, *words], stdout=subprocess.PIPE, text=True) as filler:
        try:
            assert filler.stdout is not None
            assert filler.stdout.readline() == "full\n"
            yield
        finally:
            filler.kill()


def said(story: Services, word: str) -> bool:
    return any(word in sound.clip_id for sound in story.world.heard())


def refused(story: Services) -> list[str]:
    return [one["code"] for one in story.device_log() if one["t"] == "refusal"]


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(Attack("blocks", "once", root=False), id="another user fills it"),
        pytest.param(
            Attack("blocks", "on", root=False),
            id="another user fills it and takes what comes free",
            marks=pytest.mark.campaign,
        ),
        pytest.param(
            Attack("blocks", "once", root=True),
            id="root fills it, reserved blocks too",
            marks=pytest.mark.campaign,
        ),
        pytest.param(
            Attack("blocks", "on", root=True),
            id="root fills it and takes what comes free",
            marks=pytest.mark.campaign,
        ),
    ],
)
def test_the_recording_goes_on_for_the_reserved_time_and_closes_with_its_reason(
    place: Path, attack: Attack, campaign_size: CampaignSize
) -> None:
    seconds = campaign_size(ci=2, full=40)
    with recording(place, attack, seconds) as (story, sid), filled(story, attack):
        began, before = monotonic(), len(story.of(sid, "tick"))
        assert os.statvfs(story.device_folder).f_bavail == 0
        story.wait_until(lambda: story.of(sid, "close"), "the end", seconds=400)
        close = story.closed(sid)
        lasted = monotonic() - began
        assert close["reason"] == "storage"
        if not attack.root and attack.how == "once":
            # All of the reserved blocks and of the reserve that the end does not need.
            assert lasted >= seconds
        assert len(story.of(sid, "tick")) - before >= min(lasted, seconds) // 2
        levels = [one["level"] for one in story.events(sid, "storage")]
        assert levels[-1] in ("close", "full")
        assert broken(story.judge(sid)) == []
        story.wait_until(lambda: said(story, "reason.storage"), "the end to be spoken")
        story.world.press(ButtonName.RECORD)
        story.wait_until(lambda: refused(story), "the refusal to be signed")
        assert refused(story) == ["storage"]
        assert story.sessions() == [sid]


@pytest.mark.campaign
@pytest.mark.parametrize("root", [False, True], ids=["another user", "root"])
def test_where_no_file_can_be_named_segments_go_on_in_spare_files(place: Path, root: bool) -> None:  # noqa: FBT001 - a parameter
    attack = Attack("inodes", "on", root=root)
    with recording(place, attack, seconds=0) as (story, sid), filled(story, attack):
        before = len(story.of(sid, "seg"))
        assert os.statvfs(story.device_folder).f_ffree == 0
        story.wait_until(lambda: said(story, "cause.space_alarm"), "the warning to be spoken")
        story.wait_until(lambda: story.of(sid, "close"), "the end", seconds=200)
        assert story.closed(sid)["reason"] == "storage"
        # Two minutes of spare files are left for the end.
        taken = len(story.of(sid, "seg")) - before
        assert taken >= SPARES - CLOSE_MINUTES * 60 // 2 - 2
        assert broken(story.judge(sid)) == []
        story.wait_until(lambda: said(story, "reason.storage"), "the end to be spoken")
        story.world.press(ButtonName.RECORD)
        story.wait_until(lambda: refused(story), "the refusal to be signed")
        assert refused(story) == ["storage"]
