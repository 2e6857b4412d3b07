"""An update over the dock: desk, dock and vault, piece by piece, cut and begun again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.dock.to_vault.updates import UpdateDesk
from agent.errors import RefusedError
from agent.settings import Paths
from agent.vault import messages as m
from agent.vault.updates import Updates
from bureau.updates import UpdateShelf
from evidence.errors import WireError
from evidence.store import durable
from evidence.update import (
    MANIFEST_NAME,
    PIECE_BYTES,
    Place,
    decode_piece,
    decode_wish,
    encode_piece,
    encode_wish,
)
from evidence.wire import DeviceState
from tests.kits.device.updates import BUREAU, NOW, write_bundle
from tests.kits.records.bureau import Bureau

DEVICE = "REC-001"
EMPTY = DeviceState(online=True, docked=True, firmware="0", utc=NOW, utc_source="ntp")


@dataclass
class Ends:
    """A bureau's shelf and a recorder's vault, and the dock between them."""

    bureau: Path
    shelf: UpdateShelf
    clock: Any
    paths: Paths
    updates: Updates
    desk: UpdateDesk
    refused: list[str]
    pieces: int = 0

    def offer(self) -> bytes | None:
        outgoing = self.shelf.greet(DEVICE, EMPTY)
        return outgoing[0].payload if outgoing else None

    def run(self, pieces: int = 1_000) -> None:
        """Let the dock pull until nothing is wanted, or so many pieces have come."""
        payload = self.offer()
        while payload is not None and pieces > 0:
            pieces -= 1
            self.pieces += 1
            wish = self.desk.take(payload)
            answers = [] if wish is None else self.shelf.answer(DEVICE, wish)
            payload = answers[0].payload if answers else None

    def later(self) -> None:
        self.clock.ns += 120 * 10**9

    def is_whole(self) -> bool:
        self.updates.look(recording=False)
        return self.paths.update_request.exists()


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    bureau, paths = tmp_path / "bureau", Paths(tmp_path / "device", tmp_path / "run")
    for root in (bureau / "rulebook" / "root.json", paths.root):
        durable.make_folder(root.parent)
        root.write_bytes(BUREAU.root)
    clock: Any = SimpleNamespace(ns=10**12)
    clock.mono_ns = lambda: clock.ns
    log = SimpleNamespace(state=SimpleNamespace(docked=True, sessions={}), record=lambda *_: None)
    updates = Updates(
        paths,
        SimpleNamespace(ca=BUREAU.ca),  # type: ignore[arg-type]
        log,  # type: ignore[arg-type]
        lambda: NOW,
        lambda path: path.unlink(missing_ok=True),
    )
    refused: list[str] = []

    def submit(place: Place, content: bytes) -> m.PieceWanted | m.Refused:
        message = m.SubmitPiece(
            update=place.update, file=place.file, number=place.index, content=content
        )
        try:
            return updates.take(message, recording=False)
        except RefusedError as error:
            refused.append(error.code)
            return m.Refused(code=error.code, detail=error.detail)

    vault: Any = SimpleNamespace(submit_piece=submit)
    desk = UpdateDesk(vault)
    shelf = UpdateShelf(bureau, BUREAU.ca, clock)
    return Ends(bureau, shelf, clock, paths, updates, desk, refused)


def bundle_of(ends: Ends, version: int, pieces: int = 3, **changes: Any) -> Path:
    """A bundle in the bureau's folder whose wheel takes so many pieces."""
    folder = ends.bureau / "updates" / f"{version:06}"
    main = "import random\n" + "#" + str(version) * (pieces * PIECE_BYTES) + "\n"
    return write_bundle(folder, version, main, stored=True, **changes)


def test_update_comes_over_piece_by_piece_and_is_asked_for(ends: Ends) -> None:
    bundle = bundle_of(ends, 7)
    ends.run()
    assert ends.is_whole()
    assert ends.pieces == 1 + 4 + 1, "manifest, wheel, overlay file"
    for path in bundle.rglob("*"):
        if path.is_file():
            copy = ends.paths.update_inbox / path.relative_to(bundle)
            assert copy.read_bytes() == path.read_bytes()
    assert ends.refused == []


@pytest.mark.parametrize("cut", range(1, 6))
def test_cut_after_any_piece_goes_on_where_it_was(ends: Ends, cut: int) -> None:
    bundle_of(ends, 7)
    ends.run(pieces=cut)
    assert not ends.is_whole()
    ends.later()
    ends.run()
    assert ends.is_whole()
    assert ends.pieces == 6 + 1, "the manifest once more, no piece twice"


def test_power_cut_within_a_piece_begins_that_file_again(ends: Ends) -> None:
    bundle_of(ends, 7)
    ends.run(pieces=3)
    (part,) = ends.paths.update_inbox.glob("*.part")
    part.write_bytes(part.read_bytes()[:-7])
    ends.later()
    ends.run()
    assert ends.is_whole()


def test_file_of_an_earlier_update_never_passes_for_one_of_the_same_size(ends: Ends) -> None:
    bundle_of(ends, 7)
    ends.run()
    ends.later()
    bundle = bundle_of(ends, 8)
    ends.run()
    unit = "overlay/etc/systemd/system/recorder-vault.service"
    assert (ends.paths.update_inbox / unit).read_text() == (bundle / unit).read_text() == "# 8\n"


def test_newer_bundle_takes_the_place_of_one_that_was_under_way(ends: Ends) -> None:
    bundle_of(ends, 7)
    ends.run(pieces=3)
    bundle_of(ends, 8)
    ends.later()
    ends.run()
    assert ends.is_whole()


def test_piece_that_was_altered_on_its_way_is_named_and_the_file_begins_again(ends: Ends) -> None:
    bundle_of(ends, 7)
    payload, number = ends.offer(), 0
    while payload is not None:
        number += 1
        if number == 3:
            place, content = decode_piece(payload)
            payload = encode_piece(place, b"!" + content[1:])
        wish = ends.desk.take(payload)
        payload = ends.shelf.answer(DEVICE, wish)[0].payload if wish is not None else None
    assert ends.refused == ["update_changed"]
    assert not ends.is_whole()
    ends.later()
    ends.run()
    assert ends.is_whole()


def test_piece_that_nobody_asked_for_changes_nothing(ends: Ends) -> None:
    bundle_of(ends, 7)
    ends.run(pieces=2)
    before = {path: path.stat().st_size for path in ends.paths.update_inbox.rglob("*")}
    for place in (
        Place(update="a" * 64, file="b" * 64, index=0),
        Place(update="", file="c" * 64, index=9),
    ):
        assert ends.desk.take(encode_piece(place, b"x")) is None
    assert {path: path.stat().st_size for path in ends.paths.update_inbox.rglob("*")} == before
    assert ends.refused == ["update_stray", "update_stray"]


def foreign(ends: Ends) -> None:
    (ends.bureau / "rulebook" / "root.json").write_bytes(Bureau("strangers").root)


def unsigned(ends: Ends) -> None:
    bundle_of(ends, 7, signers=BUREAU.clerks[:1])


@pytest.mark.parametrize("spoil", [foreign, unsigned])
def test_desk_offers_nothing_that_two_did_not_sign(
    ends: Ends, spoil: Callable[[Ends], None]
) -> None:
    bundle_of(ends, 7)
    spoil(ends)
    assert ends.offer() is None


def test_forged_manifest_is_refused_by_the_vault(ends: Ends) -> None:
    bundle = write_bundle(ends.bureau / "forged", 7, signers=Bureau("strangers").clerks)
    offered = encode_piece(
        Place(update="a" * 64, file="", index=0), (bundle / MANIFEST_NAME).read_bytes()
    )
    assert ends.desk.take(offered) is None
    assert ends.refused == ["update_signature"]
    assert not (ends.paths.update_inbox / MANIFEST_NAME).exists()


def test_desk_offers_once_a_minute_and_never_before_the_evidence_is_here(ends: Ends) -> None:
    bundle_of(ends, 7)
    assert ends.shelf.greet(DEVICE, replace(EMPTY, backlog_sessions=1)) == []
    assert ends.shelf.greet(DEVICE, replace(EMPTY, recording=True)) == []
    assert ends.offer() is not None
    assert ends.offer() is None
    ends.later()
    assert ends.offer() is not None


def turn(ends: Ends, *, seconds: int = 2, **said: Any) -> int:
    """How many offers the desk makes by itself, some time on, to a recorder that says nothing."""
    ends.clock.ns += seconds * 10**9
    return len(ends.shelf.turn({DEVICE: replace(EMPTY, **said)}))


def test_update_published_while_a_recorder_sits_there_is_offered_once_without_its_asking(
    ends: Ends,
) -> None:
    assert turn(ends) == 0
    bundle_of(ends, 7)
    assert turn(ends, seconds=0) == 0, "looked a moment ago"
    assert turn(ends, backlog_sessions=1) == 0
    assert turn(ends, recording=True) == 0
    assert turn(ends) == 1
    assert turn(ends) == turn(ends, seconds=600) == 0, "it was silent: it has it, or refuses it"
    bundle_of(ends, 8)
    assert turn(ends) == 1, "the next one"


def test_recorder_that_falls_silent_while_it_pulls_is_offered_the_rest(ends: Ends) -> None:
    bundle_of(ends, 7)
    ends.run(pieces=3)
    assert turn(ends) == 0
    assert turn(ends, seconds=60) == 1
    assert turn(ends, seconds=600) == 0, "it did not pull again"


def test_cut_connection_is_no_reason_to_wait(ends: Ends) -> None:
    bundle_of(ends, 7)
    ends.run(pieces=3)
    assert ends.shelf.greet(DEVICE, EMPTY) == []
    assert len(ends.shelf.greet(DEVICE, EMPTY, anew=True)) == 1, "the recorder's was cut"
    ends.shelf.begin()
    assert turn(ends, seconds=0) == 1, "the desk's was cut"
    ends.clock.ns += 2 * 10**9
    assert ends.shelf.turn({}) == [], "lifted"
    assert turn(ends) == 1, "put back"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"file":"x","index":0,"update":""}',
        b'{"file":"","index":-1,"update":""}',
    ],
)
def test_malformed_wish_is_refused_by_name(ends: Ends, payload: bytes) -> None:
    bundle_of(ends, 7)
    with pytest.raises(WireError):
        ends.shelf.answer(DEVICE, payload)
    assert ends.desk.take(payload) is None


def test_wish_beyond_the_end_or_for_a_foreign_file_is_left_without_answer(ends: Ends) -> None:
    bundle_of(ends, 7)
    place, _ = decode_piece(ends.offer() or b"")
    for wish in (replace(place, file="a" * 64), replace(place, update="b" * 64)):
        assert ends.shelf.answer(DEVICE, encode_wish(wish)) == []
    assert decode_wish(encode_wish(place)) == place


def test_vault_takes_no_piece_while_a_session_is_open(ends: Ends) -> None:
    piece = m.SubmitPiece(update="", file="", number=0, content=b"")
    with pytest.raises(RefusedError) as refused:
        ends.updates.take(piece, recording=True)
    assert refused.value.code == "update_busy"
