"""Opened segments joined into one film: every picture once, the sound beside it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import av
import pytest

from bureau.films import join, trim

RATE = 25
OFFSET = 10
"""Seconds on the recorder's clock at which the first picture was taken."""
FLAGS = "empty_moov+default_base_moof+frag_keyframe+frag_discont"


def ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, a key frame each second."""
    path = tmp_path_factory.mktemp("films") / "master.nut"
    picture = f"testsrc=size=160x120:rate={RATE}"
    ffmpeg(
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "6"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25"),
        *("-c:a", "aac", "-output_ts_offset", str(OFFSET), str(path)),
    )
    return path


def piece(master: Path, path: Path, first: int, last: int) -> Path:
    """The packets of ``master`` from second ``first`` to ``last``, with their own times."""
    with av.open(str(master)) as source, av.open(str(path), "w", options=_options()) as out:
        targets = {
            stream.index: out.add_stream_from_template(stream, opaque=True)
            for stream in source.streams
        }
        for packet in source.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            if first <= float(packet.pts * packet.time_base) - OFFSET < last:
                packet.stream = targets[packet.stream.index]
                out.mux(packet)
    return path


def _options() -> dict[str, str]:
    return {"movflags": FLAGS, "avoid_negative_ts": "disabled", "use_editlist": "0"}


def times(path: Path, kind: str) -> list[float]:
    """When each decoded frame plays."""
    with av.open(str(path)) as film:
        frames = film.decode(video=0) if kind == "video" else film.decode(audio=0)
        return [float(frame.time) for frame in frames if frame.time is not None]


def require_continuous(found: list[float], step: float, count: int) -> None:
    assert len(found) == pytest.approx(count, abs=2)
    assert found[0] == pytest.approx(0, abs=0.05)
    gaps = [later - sooner for sooner, later in pairwise(found)]
    assert all(gap == pytest.approx(step, abs=0.002) for gap in gaps), sorted(set(gaps))


def film_of(master: Path, folder: Path, pieces: Iterable[tuple[int, int]]) -> Path:
    parts = [piece(master, folder / f"{number}.mp4", *span) for number, span in enumerate(pieces)]
    target = folder / "recording.mp4"
    assert join(parts, target)
    return target


@pytest.mark.parametrize(
    "pieces",
    [[(0, 6)], [(0, 2), (2, 4), (4, 6)], [(0, 4), (3, 6)], [(0, 5), (1, 3), (2, 6)]],
    ids=["one", "three", "overlap", "two overlaps"],
)
def test_every_picture_and_every_sound_is_there_once(
    master: Path, tmp_path: Path, pieces: list[tuple[int, int]]
) -> None:
    film = film_of(master, tmp_path, pieces)
    require_continuous(times(film, "video"), 1 / RATE, 6 * RATE)
    require_continuous(times(film, "audio"), 1_024 / 48_000, round(6 * 48_000 / 1_024))


def test_a_film_that_begins_late_begins_at_zero(master: Path, tmp_path: Path) -> None:
    film = film_of(master, tmp_path, [(2, 4), (4, 6)])
    require_continuous(times(film, "video"), 1 / RATE, 4 * RATE)


def test_a_gap_stays_a_gap(master: Path, tmp_path: Path) -> None:
    film = film_of(master, tmp_path, [(0, 2), (4, 6)])
    found = times(film, "video")
    assert len(found) == 4 * RATE
    assert found[2 * RATE] == pytest.approx(4, abs=0.01)


def test_a_torn_segment_is_cut_after_its_last_whole_fragment(master: Path, tmp_path: Path) -> None:
    path = piece(master, tmp_path / "torn.mp4", 0, 4)
    content = path.read_bytes()
    for left in (len(content) - 1, len(content) * 3 // 4, len(content) // 2, 100, 5, 0):
        path.write_bytes(content[:left])
        trim(path)
        assert content.startswith(path.read_bytes())
        target = tmp_path / f"{left}.mp4"
        if join([path], target):
            assert len(times(target, "video")) >= RATE


def test_nothing_playable_gives_no_film(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(b"noise" * 100)
    assert not join([empty, noise], tmp_path / "recording.mp4")
    assert not (tmp_path / "recording.mp4").exists()
