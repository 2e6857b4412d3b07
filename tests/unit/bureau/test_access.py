"""Opening a session: who and why first, then what was sealed, beside evidence that stands alone."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import pyrage
import pytest

from bureau.access import Access, Copied, Reader
from bureau.errors import AccessError, LedgerError
from bureau.hearing import Clips
from evidence.store.folder import read_folder
from evidence.verify import Judgement, verify
from tests.kits.bureau.intake import IntakeRig, Pusher, files_of
from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

READER = Reader(who="张三", why="案件复核")
PLAN = b'{"matter": "inspection"}'


@dataclass
class Scene:
    """A stored session with real films, and what opens it."""

    rig: IntakeRig
    take: Take
    identity: Path
    folder: Path
    plain: bytes

    def access(self) -> Access:
        return Access(self.rig.office, self.identity, Clips(self.folder / "announce"))

    def open(self, reader: Reader = READER) -> Copied:
        return self.access().open("REC-0001", self.take.sid, self.folder / "out", reader)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Eight seconds; a fragment each second, so that a torn copy keeps most of them."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    sources = ["testsrc=size=320x240:rate=25", "sine"]
    subprocess.run(
        [
            *("ffmpeg", "-v", "error"),
            *(word for source in sources for word in ("-f", "lavfi", "-i", source)),
            *("-t", "8", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac"),
            *("-movflags", "empty_moov+default_base_moof+frag_keyframe", str(path)),
        ],
        check=True,
    )
    return path.read_bytes()


@pytest.fixture
def scene(tmp_path: Path, plain: bytes) -> Scene:
    identities = [pyrage.x25519.Identity.generate() for _ in range(2)]
    recipients = [identity.to_public() for identity in identities]
    bureau = Bureau("real", dict(zip(("bureau", "escrow"), map(str, recipients), strict=True)))
    rig = IntakeRig(tmp_path / "desk", bureau)
    rig.enrol("REC-0001")
    recorder = Recorder(bureau)
    take = Take(recorder, plan=False)
    take.announce()
    for torn in (False, True):
        sealed = pyrage.encrypt(plain, recipients)
        take.begin(0)
        take.ticks(sealed, 2)
        if torn:
            take.crash(orphan=sealed[: len(sealed) * 4 // 5], same_boot=False)
        else:
            take.end(sealed, plain=plain)
    take.close("interrupted")
    Pusher(rig, recorder).push(take)
    assert rig.state(take.sid) == "stored"
    identity = tmp_path / "bureau.age"
    identity.write_text(f"# comment\n{identities[0]}\n")
    return Scene(rig, take, identity, tmp_path, plain)


def test_what_was_sealed_comes_out_playable(scene: Scene) -> None:
    copied = scene.open()
    first, torn = copied.films
    assert first.read_bytes() == scene.plain
    assert scene.plain.startswith(torn.read_bytes())
    assert torn.stat().st_size > len(scene.plain) // 2
    assert copied.recording is not None
    with av.open(str(copied.recording)) as recording:
        assert {stream.type for stream in recording.streams} == {"video", "audio"}
        assert sum(1 for _ in recording.decode(video=0)) > 20


def test_the_evidence_beside_it_is_judged_alone(scene: Scene) -> None:
    copied = scene.open()
    verdict = verify(read_folder(copied.folder / "evidence"), scene.rig.bureau.ca)
    assert verdict.judgement is Judgement.EXPLAINED
    assert {str(state) for state in verdict.layers.values()} == {"present"}
    assert json.loads((copied.folder / "verdict.json").read_text()) == json.loads(
        json.dumps(copied.verdict.to_json())
    )
    assert (copied.folder / "verdict.txt").read_text()


@pytest.mark.rule("K6")
def test_who_opened_it_and_why_stands_in_the_ledger(scene: Scene) -> None:
    scene.open()
    (row,) = scene.rig.ledger.copies(scene.take.sid)
    assert (row.who, row.why, row.outcome) == ("张三", "案件复核", "opened")
    assert row.folder == str(scene.folder / "out")


@pytest.mark.rule("K6")
@pytest.mark.parametrize("reader", [Reader(who=" ", why="x"), Reader(who="x", why="")])
def test_without_a_name_or_a_reason_nothing_is_opened(scene: Scene, reader: Reader) -> None:
    with pytest.raises(AccessError):
        scene.open(reader)
    assert not (scene.folder / "out").exists()


@pytest.mark.rule("K6")
def test_a_ledger_that_does_not_take_it_opens_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise LedgerError("full")

    monkeypatch.setattr(scene.rig.ledger, "begin_copy", refuse)
    with pytest.raises(LedgerError):
        scene.open()
    assert not (scene.folder / "out").exists()


def test_a_folder_that_holds_something_is_not_written_to(scene: Scene) -> None:
    (scene.folder / "out").mkdir()
    (scene.folder / "out" / "other").write_text("mine")
    with pytest.raises(AccessError) as caught:
        scene.open()
    assert caught.value.code == "out"


def test_the_wrong_identity_is_said_and_recorded(scene: Scene) -> None:
    scene.identity.write_text(str(pyrage.x25519.Identity.generate()))
    with pytest.raises(AccessError) as caught:
        scene.open()
    assert caught.value.code == "no_identity"
    (row,) = scene.rig.ledger.copies()
    assert row.outcome == "failed"


@pytest.mark.parametrize("text", ["", "AGE-SECRET-KEY-1NOTONE", "\0"])
def test_an_unusable_identity_is_said_before_anything_is_done(scene: Scene, text: str) -> None:
    scene.identity.write_text(text)
    with pytest.raises(AccessError) as caught:
        scene.open()
    assert caught.value.code == "no_identity"
    assert not (scene.folder / "out").exists()


def test_a_session_that_is_not_here_is_said(scene: Scene) -> None:
    with pytest.raises(AccessError) as caught:
        scene.access().open("REC-0001", "nowhere", scene.folder / "out", READER)
    assert caught.value.code == "no_session"


def test_changing_the_copy_does_not_change_the_archive(scene: Scene) -> None:
    copied = scene.open()
    for path in (copied.folder / "evidence").iterdir():
        path.write_bytes(b"changed")
    for name, content in files_of(scene.take):
        held = scene.rig.archive.file("REC-0001", scene.take.sid, name)
        assert held.read_bytes() == content


@pytest.mark.rule("K6")
def test_other_users_of_the_machine_cannot_read_what_was_opened(scene: Scene) -> None:
    copied = scene.open()
    readable = [
        path.name
        for path in (copied.folder, *copied.folder.rglob("*"))
        if path.stat().st_mode & 0o007
    ]
    assert readable == []
