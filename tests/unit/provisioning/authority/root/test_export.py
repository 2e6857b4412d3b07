"""Offline keys are taken away on media, and what is shown of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.authority.root import display
from provisioning.authority.root.offline import export_key
from provisioning.errors import RotationError
from tests.kits.bureau.roots import ledger_of

Clock = Callable[[], int]


class TestExport:
    @pytest.fixture
    def stick(self, tmp_path: Path) -> Path:
        (tmp_path / "stick").mkdir()
        return tmp_path / "stick"

    def test_it_is_copied_said_and_then_let_go(
        self, rooted: Path, stick: Path, clock: Clock
    ) -> None:
        content = (rooted / "keys" / "root-2.pem").read_bytes()
        report = export_key(rooted, 2, stick, clock=clock)
        assert report.changed == 3
        assert "仍有残留" in str(report.facts["note"])
        assert (stick / "root-2.pem").read_bytes() == content
        assert not (rooted / "keys" / "root-2.pem").exists()
        assert ledger_of(rooted) == ["founded", "rulebook", "exported"]
        assert export_key(rooted, 2, stick, clock=clock).changed == 0
        shown = display.root_document(rooted)
        assert [key["here"] for key in shown["authority"]["keys"]] == [True, False, True]

    def test_a_dry_run_copies_nothing(self, rooted: Path, stick: Path, clock: Clock) -> None:
        assert export_key(rooted, 2, stick, clock=clock, dry_run=True).changed == 3
        assert not list(stick.iterdir())
        assert (rooted / "keys" / "root-2.pem").exists()

    def test_a_copy_that_was_cut_short_is_finished(
        self, rooted: Path, stick: Path, clock: Clock
    ) -> None:
        content = (rooted / "keys" / "root-1.pem").read_bytes()
        (stick / "root-1.pem").write_bytes(content[:50])
        export_key(rooted, 1, stick, clock=clock)
        assert (stick / "root-1.pem").read_bytes() == content

    def test_another_file_of_that_name_stays(self, rooted: Path, stick: Path, clock: Clock) -> None:
        (stick / "root-1.pem").write_text("somebody else's")
        with pytest.raises(RotationError, match="another file"):
            export_key(rooted, 1, stick, clock=clock)
        assert (stick / "root-1.pem").read_text() == "somebody else's"
        assert (rooted / "keys" / "root-1.pem").exists()

    @pytest.mark.parametrize("number", [0, 4])
    def test_there_are_three(self, rooted: Path, stick: Path, clock: Clock, number: int) -> None:
        with pytest.raises(RotationError):
            export_key(rooted, number, stick, clock=clock)

    def test_without_media_nothing_moves(self, rooted: Path, clock: Clock) -> None:
        with pytest.raises(RotationError, match="mounted"):
            export_key(rooted, 1, rooted / "nowhere", clock=clock)


def test_what_is_shown_names_every_key(rooted: Path, bureau: Path) -> None:
    shown = display.root_document(rooted)
    assert len(display.rows(shown)) == 6
    assert json.dumps(shown)
    assert "没有离线根密钥" in display.rows(display.root_document(bureau))[-1]
