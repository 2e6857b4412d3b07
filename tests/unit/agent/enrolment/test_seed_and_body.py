from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.enrolment import saying
from agent.enrolment.body import body_of
from agent.enrolment.enrol import Recorder
from agent.enrolment.errors import EnrolmentRefusedError
from agent.enrolment.seed import read_seed
from agent.enrolment.telling import shown, words_of
from agent.voice import catalog
from agent.voice.words import clip_of
from hw.errors import SpeakerFault
from hw.types import Clip
from tests.kits.bureau.two_ends import TwoEnds


def test_a_seed_says_who_where_and_under_which_ca(ends: TwoEnds, name: str) -> None:
    ends.expect(name, host="desk.example", port=9_999)
    path = ends.device(name) / "seed" / "seed.toml"
    seed = read_seed(path.parent)
    assert (seed.device, seed.host, seed.port, seed.board) == (name, "desk.example", 9_999, "fake")
    assert b"\r" not in path.read_bytes()
    path.read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("device", "divice"),
        ('board = "fake"', 'board = "jetson"'),
        ("port = ", "port = 9"),
        ("-----BEGIN CERTIFICATE-----", "-----BEGIN-----"),
        ("claim = ", "other = 1\nclaim = "),
        ("host = ", "host = 7 #"),
        ("#", "\udcff"),
    ],
)
def test_a_seed_that_is_not_whole_is_refused(ends: TwoEnds, name: str, old: str, new: str) -> None:
    ends.expect(name)
    path = ends.device(name) / "seed" / "seed.toml"
    text = path.read_text().replace(old, new, 1)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(EnrolmentRefusedError) as refused:
        read_seed(path.parent)
    assert refused.value.code == "seed"
    assert "provision seed" in refused.value.diagnosis()


def test_a_seed_that_is_missing_or_huge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentRefusedError):
        read_seed(tmp_path)
    (tmp_path / "seed.toml").write_bytes(b"#" * 20_000)
    with pytest.raises(EnrolmentRefusedError, match="large"):
        read_seed(tmp_path)


def kernel(root: Path) -> Path:
    tree = root / "proc" / "device-tree"
    tree.mkdir(parents=True)
    (tree / "serial-number").write_bytes(b"10000000a1b2c3d4\0")
    (tree / "model").write_bytes(b"Raspberry Pi Zero 2 W Rev 1.0\0")
    (root / "proc" / "meminfo").write_text("MemTotal:         437256 kB\nMemFree: 1 kB\n")
    return root


@pytest.mark.rule("A2")
def test_a_real_body_is_what_the_kernel_says(tmp_path: Path) -> None:
    body = body_of("pi", "ZF-001", tmp_path, root=kernel(tmp_path))
    assert (body.serial, body.model) == ("10000000a1b2c3d4", "Raspberry Pi Zero 2 W Rev 1.0")
    assert body.facts["memory_bytes"] == 437_256 * 1_024
    assert body.facts["storage_bytes"] > 0


def test_a_real_body_without_a_serial_number_is_not_enrolled(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentRefusedError) as refused:
        body_of("pi", "ZF-001", tmp_path, root=tmp_path)
    assert refused.value.code == "body"
    kernel(tmp_path)
    (tmp_path / "proc" / "device-tree" / "serial-number").write_bytes(b"\0")
    with pytest.raises(EnrolmentRefusedError):
        body_of("pi", "ZF-001", tmp_path, root=tmp_path)


def test_nobody_tells_a_real_body_its_serial_number(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentRefusedError):
        body_of("pi", "ZF-001", tmp_path, root=kernel(tmp_path), serial="other")


def test_a_simulated_body_keeps_its_serial_number(tmp_path: Path) -> None:
    first = body_of("fake", "ZF-001", tmp_path)
    assert body_of("fake", "ZF-001", tmp_path).serial == first.serial
    assert body_of("fake", "ZF-002", tmp_path).serial != first.serial
    assert body_of("fake", "ZF-001", tmp_path, serial="SN-1").serial == "SN-1"


def test_the_digits_are_shown_and_can_be_said() -> None:
    assert shown("012 345") == "请核对六位数字：012 345"
    said = words_of("012 345")
    assert said == ("n0", "n1", "n2", "comma", "n3", "n4", "n5")
    assert catalog.text_of(catalog.clip_id(said)) == "零一二，三四五"
    assert clip_of(said).samples


class Loud:
    """A loudspeaker that remembers, or fails."""

    def __init__(self, *, broken: bool = False) -> None:
        self.said: list[str] = []
        self._broken = broken

    def play(self, clip: Clip) -> Any:
        if self._broken:
            raise SpeakerFault("speaker", "it does not play")
        self.said.append(catalog.text_of(clip.clip_id))
        return self

    def wait(self, seconds: float) -> bool:
        return seconds > 0


@pytest.mark.rule("H8")
def test_a_body_with_a_loudspeaker_says_what_it_shows(
    ends: TwoEnds, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.expect(name)
    recorder, loud, seen = Recorder.at(ends.device(name)), Loud(), list[str]()
    monkeypatch.setattr(saying, "_speaker", lambda _: loud)
    saying.aloud(recorder, seen.append, simulated=True)("123 456")
    assert (seen, loud.said) == (["123 456"], ["一二三，四五六"])
    saying.aloud(recorder, seen.append)("123 456")
    assert (len(seen), len(loud.said)) == (2, 1)


def test_a_body_that_cannot_be_heard_shows_them_all_the_same(
    ends: TwoEnds,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ends.expect(name)
    seen: list[str] = []
    monkeypatch.setattr(saying, "_speaker", lambda _: Loud(broken=True))
    saying.aloud(Recorder.at(ends.device(name)), seen.append, simulated=True)("123 456")
    assert seen == ["123 456"]
    assert "扬声器不可用" in capsys.readouterr().err
