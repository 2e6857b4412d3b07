from __future__ import annotations

from pathlib import Path

import pytest

from bureau.errors import SettingsError
from bureau.settings import load_bureau

LEAST = (
    'bureau_id = "county"\nname = "某县统计局"\ndesk = "DESK-01"\n[broker]\nhost = "localhost"\n'
)


def write(folder: Path, text: str) -> Path:
    (folder / "bureau.toml").write_text(text)
    return folder


def test_folders_lie_under_the_bureau_unless_they_are_absolute(tmp_path: Path) -> None:
    there = load_bureau(write(tmp_path, 'archive_dir = "/srv/archive"\n' + LEAST)).paths
    assert there.archive == Path("/srv/archive")
    assert there.partial == tmp_path / "partial"
    assert there.ledger == tmp_path / "ledger.sqlite"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("covert = true\n" + LEAST, "covert"),
        (LEAST.replace("DESK-01", "desk"), "desk"),
        (LEAST.replace("county", "County"), "bureau_id"),
        (LEAST + "port = 0\n", "port"),
        ("", "bureau_id"),
        ("name = 某\n", "bureau.toml"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        load_bureau(write(tmp_path, text))
    assert "单位配置文件有误" in refused.value.diagnosis()


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="provision init"):
        load_bureau(tmp_path / "nothing")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="larger"):
        load_bureau(write(tmp_path, LEAST + "#" * 70_000))
