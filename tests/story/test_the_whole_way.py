"""From the button to the bureau's receipt, all processes real, a real broker between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from tests.kits.processes.story import Story

pytestmark = [pytest.mark.slow]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(tmp_path) as made:
        made.start_bureau()
        made.switch_on()
        yield made


def _released(story: Story, sid: str) -> bool:
    return any(one["t"] == "release" and one["sid"] == sid for one in story.device_log())


@pytest.mark.rule("H9")
def test_a_recording_reaches_the_archive_and_frees_its_space_by_receipt_alone(
    story: Story, tmp_path: Path
) -> None:
    sid = story.start_recording()
    story.run_for(sid, 1)
    story.stop_recording(sid)
    assert story.sessions() == [sid]
    story.world.dock()
    story.wait_until(lambda: _released(story, sid), "receipt and release", seconds=60)

    receipts = [one["kind"] for one in story.device_log() if one["t"] == "receipt"]
    assert receipts == ["committed", "stored"]
    # The release is signed before it is done.
    story.wait_until(lambda: story.sessions() == [], "the space to be free")

    bureau = ["--bureau", str(story.bureau)]
    rows = json.loads(story.command("bureau.main", ["ledger", *bureau, "--json"]))
    assert [(one["sid"], one["state"], one["verdict"]) for one in rows] == [
        (sid, "stored", "verified")
    ]
    to = ["--to", str(tmp_path / "opened"), "--who", "test", "--why", "story", "--json"]
    opened = story.command_json("bureau.main", ["open", sid, *bureau, *to])
    with av.open(opened["recording"]) as film:
        pictures = sum(1 for _ in film.decode(video=0))
    assert pictures >= 2 * 25

    ca = str(story.bureau / "certs" / "ca.pem")
    said = story.command("evidence", ["verify", opened["evidence"], "--ca", ca, "--json"])
    verdict = json.loads(said)
    assert verdict["judgement"] == "verified"
    assert set(verdict["layers"].values()) == {"present"}


def test_a_recording_made_on_the_cradle_is_pushed_when_it_ends(story: Story) -> None:
    story.world.dock()
    sid = story.start_recording()
    assert not _released(story, sid)
    story.stop_recording(sid)
    story.wait_until(lambda: _released(story, sid), "receipt and release", seconds=60)
