"""A photo is sealed and signed in the same chain as the film, and no part of it goes missing."""

from __future__ import annotations

import pytest

from agent.vault import messages as m
from agent.vault.session.photos import PART_BYTES
from evidence.digests import sha256_hex
from evidence.ids import DEVICE_LOG_NAME
from evidence.store.folder import read_folder
from evidence.verify import Judgement, verify
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault, TestRecorder, records

pytestmark = pytest.mark.rule("D9", "D11")


def send(recorder: TestRecorder, pts_ns: int, content: bytes) -> int:
    """Send a still in as many parts as it needs; the ``i`` of its event."""
    pieces = [content[i : i + PART_BYTES] for i in range(0, len(content), PART_BYTES)]
    for part, piece in enumerate(pieces):
        recorder.channel.send(
            m.StorePhoto(pts_ns=pts_ns, part=part, parts=len(pieces), content=piece)
        )
    return recorder.wait(m.Recorded).journal_i


def test_a_still_is_sealed_to_the_bureau_and_named_by_the_journal(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.begin(0)
        recorder.feed(0, 70_000)
        small, large = recorder.dice.randbytes(30_000), recorder.dice.randbytes(PART_BYTES * 2 + 9)
        numbers = [send(recorder, 5, small), send(recorder, 6, large)]
        recorder.feed(0, 70_000)
        recorder.end(0)
        recorder.close()
    folder = enrolled.session(sid)
    journal = records(folder / "journal.jws")
    for number, name, content in zip(
        numbers, ("000000.jpg.age", "000001.jpg.age"), (small, large), strict=True
    ):
        fields = journal[number]["fields"]
        sealed = (folder / name).read_bytes()
        assert (fields["file"], fields["sha256"]) == (name, sha256_hex(sealed))
        for role in ("bureau", "escrow"):
            assert enrolled.open_age(sealed, role) == content
    (folder / DEVICE_LOG_NAME).write_bytes(enrolled.device.paths.device_log.read_bytes())
    verdict = verify(read_folder(folder), ca_of(enrolled.bureau))
    assert verdict.judgement is Judgement.VERIFIED
    assert verdict.counts.files == 3


def test_a_still_that_is_sent_again_after_a_crash_is_kept_once(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        first = send(recorder, 5, b"a picture")
        vault.die()
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        recorder.attach_again()
        assert send(recorder, 5, b"a picture") == first
        send(recorder, 6, b"another")
        recorder.close()
    folder = enrolled.session(sid)
    stills = [r["fields"] for r in records(folder / "journal.jws") if r.get("kind") == "photo"]
    assert [(one["file"], one["pts_ns"]) for one in stills] == [
        ("000000.jpg.age", 5),
        ("000001.jpg.age", 6),
    ]
    assert sorted(path.name for path in folder.glob("*.jpg.age")) == [
        "000000.jpg.age",
        "000001.jpg.age",
    ]


def test_parts_out_of_their_order_end_the_connection_and_keep_nothing(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.channel.send(m.StorePhoto(pts_ns=5, part=0, parts=3, content=b"a"))
        recorder.channel.send(m.StorePhoto(pts_ns=5, part=2, parts=3, content=b"c"))
        assert recorder.is_hung_up()
        again = vault.recorder()
        assert again.attach_again().sid == sid
        # The half still of the connection that ended is nobody's beginning.
        again.channel.send(m.StorePhoto(pts_ns=5, part=1, parts=2, content=b"b"))
        assert again.is_hung_up()
    assert not list(enrolled.session(sid).glob("*.jpg.age"))


def test_without_a_session_there_is_no_still(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        message = m.StorePhoto(pts_ns=5, part=0, parts=1, content=b"a")
        assert recorder.ask(message, m.Refused).code == "no_session"


def test_nobody_names_a_file_but_the_vault_itself(enrolled: Enrolled) -> None:
    forged = {"file": "000000.jpg.age", "size": 1, "sha256": "a" * 64, "chunks": ["a" * 64]}
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        message = m.StoreEvent(kind="photo", fields={**forged, "pts_ns": 1})
        assert recorder.ask(message, m.Refused).code == "protocol"
