"""``evidence``: a folder in, a verdict and an exit code out, whatever the folder holds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from evidence.__main__ import BROKEN, UNUSABLE, VERIFIED, main
from evidence.errors import StoreError
from evidence.ids import JOURNAL_NAME
from evidence.store.folder import FolderFiles, read_folder
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import Folder
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BUREAU = Bureau()


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_bytes(BUREAU.ca.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def case(tmp_path: Path) -> Path:
    take = Take(Recorder(BUREAU))
    take.announce(verdict="verified", check="acoustic")
    take.segment()
    take.close()
    return laid(tmp_path / "case", take.folder())


def laid(path: Path, folder: Folder) -> Path:
    path.mkdir()
    for name, content in folder.items():
        (path / name).write_bytes(content)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_clean_session_ends_with_verified(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "verify", case, "--ca", ca)
    assert code == VERIFIED
    assert out.splitlines()[-1] == "VERIFIED"


def test_an_interruption_is_explained_and_exits_zero(
    tmp_path: Path, ca: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take = Take(Recorder(BUREAU))
    take.segment()
    take.crash(torn=b"eyJ", same_boot=False)
    take.close("interrupted")
    code, out, _ = run(capsys, "verify", laid(tmp_path / "c", take.folder()), "--ca", ca)
    assert code == VERIFIED
    assert out.splitlines()[-1] == "VERIFIED, with explained interruptions"
    assert "[torn_line]" in out


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_changed_byte_is_broken_in_both_languages(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    file = case / "000000.mp4.age"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    code, out, _ = run(capsys, "verify", case, "--ca", ca, "--lang", language)
    assert code == BROKEN
    assert out.splitlines()[-1] == "BROKEN"
    assert "[file_altered] 000000.mp4.age" in out


def test_json_says_the_same_for_machines(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (case / "000000.mp4.age").unlink()
    code, out, _ = run(capsys, "verify", case, "--ca", ca, "--json")
    verdict = json.loads(out)
    assert (code, verdict["judgement"]) == (BROKEN, "broken")
    assert verdict["findings"][0]["code"] == "missing_file"
    assert verdict["layers"]["stored"] == "present"


def test_show_tells_every_record_in_its_order(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "show", case)
    assert code == VERIFIED
    told = [line.split()[2] for line in out.splitlines()[1:]]
    assert told == ["open", "attest", "event", "tick", "tick", "tick", "seg", "close", "attest"]


def test_show_tells_torn_lines_and_obeys_no_control_character(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take = Take(Recorder(BUREAU))
    take.event("tamper", {"part": "case", "detail": "\x1b[2J\x07"})
    folder = {JOURNAL_NAME: bytes(take.content) + b"junk\nhalf"}
    _, out, _ = run(capsys, "show", laid(tmp_path / "c", folder))
    assert "\x1b" not in out
    assert "that are no record" in out
    assert "4 bytes of a line that was not finished" in out


def test_a_name_with_control_characters_is_shown_harmlessly(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (case / "\x1b[2Jx").write_bytes(b"")
    (case / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    code, out, _ = run(capsys, "verify", case, "--ca", ca)
    assert code == VERIFIED
    assert "\x1b" not in out
    assert out.count("[stray_file]") == 2


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_file_that_is_no_regular_file_is_broken_and_does_no_harm(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = case / "000000.mp4.age"
    path.rename(case.parent / "kept")
    match kind:
        case "link":
            path.symlink_to(case.parent / "kept")
        case "folder":
            path.mkdir()
        case _:
            os.mkfifo(path)
    code, out, _ = run(capsys, "verify", case, "--ca", ca)
    assert code == BROKEN
    assert "[unreadable_file] 000000.mp4.age" in out


def test_a_huge_file_is_read_no_further_than_was_signed(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.truncate(case / "000000.mp4.age", 1 << 40)
    code, out, _ = run(capsys, "verify", case, "--ca", ca)
    assert code == BROKEN
    assert "[file_extended] 000000.mp4.age" in out


def test_a_huge_journal_is_not_read(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.truncate(case / JOURNAL_NAME, 1 << 40)
    code, out, error = run(capsys, "verify", case, "--ca", ca)
    assert (code, out) == (UNUSABLE, "")
    assert "at most" in error


def test_a_linked_journal_is_not_followed(
    case: Path, ca: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (case / JOURNAL_NAME).rename(case.parent / "kept")
    (case / JOURNAL_NAME).symlink_to(case.parent / "kept")
    assert run(capsys, "verify", case, "--ca", ca)[0] == UNUSABLE


def test_what_is_no_evidence_folder_or_no_certificate_is_unusable(
    case: Path, ca: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "verify", tmp_path / "nowhere", "--ca", ca)[0] == UNUSABLE
    assert run(capsys, "verify", tmp_path, "--ca", ca)[0] == UNUSABLE
    assert run(capsys, "verify", case, "--ca", tmp_path / "nowhere")[0] == UNUSABLE
    assert run(capsys, "verify", case, "--ca", case / JOURNAL_NAME)[0] == UNUSABLE


def test_wrong_usage_exits_two_and_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["verify"], ["verify", "x"], ["verify", "x", "--lang", "fr"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == UNUSABLE
    with pytest.raises(SystemExit) as stopped:
        main(["verify", "--help"])
    assert stopped.value.code == 0
    assert "exit codes of verify" in capsys.readouterr().out


def test_a_folder_of_too_many_files_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evidence.store.folder.MAX_FILES", 3)
    for number in range(5):
        (tmp_path / str(number)).touch()
    with pytest.raises(StoreError):
        FolderFiles(tmp_path).names()


def test_a_folder_reads_as_the_bundle_it_is(case: Path) -> None:
    bundle = read_folder(case)
    assert bundle.files is not None
    assert sorted(bundle.files.names()) == ["000000.mp4.age", "plan.json.age"]
    whole = b"".join(bundle.files.read("000000.mp4.age"))
    assert len(whole) == bundle.files.size("000000.mp4.age") == 3_000
