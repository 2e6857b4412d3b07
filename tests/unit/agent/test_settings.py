from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.settings import LONGEST_SOCKET_PATH, load_device

LEAST = 'device_id = "ZF-001"\nboard = "fake"\n[broker]\nhost = "127.0.0.1"\n'


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "device.toml").write_text(text)
    return folder


def test_the_least_file_leaves_the_documented_defaults(tmp_path: Path) -> None:
    there = load_device(write(tmp_path, LEAST)).settings
    assert (there.camera.width, there.camera.height, there.camera.frames_per_second) == (
        1_280,
        720,
        25,
    )
    assert there.broker.port == 8_883
    assert there.transfer.window_bytes == 8 * 1024 * 1024
    assert there.storage_floor_bytes == 256 * 1024 * 1024
    assert (there.activity, there.officer) == ("voluntary", None)
    assert there.firmware


def test_the_board_gets_the_same_camera(tmp_path: Path) -> None:
    there = load_device(write(tmp_path, LEAST + "[camera]\nwidth = 320\nheight = 240\n"))
    assert (there.settings.camera.for_board().width, there.settings.camera.for_board().height) == (
        320,
        240,
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("muted = true\n" + LEAST, "muted"),
        (LEAST + "[camera]\ncovert = true\n", "covert"),
        (LEAST.replace("ZF-001", "zf 001"), "device_id"),
        (LEAST.replace("ZF-001", "ZF-001\\n"), "device_id"),
        (LEAST.replace("fake", "jetson"), "board"),
        (LEAST.replace('host = "127.0.0.1"', 'host = ""'), "host"),
        (LEAST + 'port = "8883"\n', "port"),
        (LEAST + "port = 65536\n", "port"),
        (LEAST + "[camera]\nwidth = 321\n", "width"),
        (LEAST + "[camera]\nframes_per_second = 0\n", "frames_per_second"),
        ("storage_floor_bytes = -1\n" + LEAST, "storage_floor_bytes"),
        ("storage_floor_bytes = 1.5\n" + LEAST, "storage_floor_bytes"),
        ('board = "fake"\n[broker]\nhost = "h"\n', "device_id"),
        ("device_id = ZF\n", "device.toml"),
        ("\x00", "device.toml"),
        ("", "device_id"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        load_device(write(tmp_path, text))
    assert "设备配置文件有误" in refused.value.diagnosis()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError):
        load_device(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="larger"):
        load_device(write(tmp_path, LEAST + "#" * 70_000))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="recorder enrol"):
        load_device(tmp_path / "nothing")


def test_a_folder_too_deep_for_sockets_is_refused_and_run_dir_helps(tmp_path: Path) -> None:
    deep = write(tmp_path / ("d" * LONGEST_SOCKET_PATH), LEAST)
    with pytest.raises(SettingsError, match="run_dir"):
        load_device(deep)
    there = load_device(write(deep, 'run_dir = "/run/zf"\n' + LEAST))
    assert there.paths.vault_socket == Path("/run/zf/session/vault.sock")


def test_a_long_chinese_path_counts_in_bytes(tmp_path: Path) -> None:
    room = LONGEST_SOCKET_PATH - len(str(tmp_path)) - len("//run/session/vault.sock")
    folder = tmp_path / ("执" * (room // 3 + 1))
    with pytest.raises(SettingsError, match="bytes"):
        load_device(write(folder, LEAST))


def test_paths_are_absolute_whatever_the_working_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "device", LEAST)
    monkeypatch.chdir(tmp_path)
    paths = load_device(Path("device")).paths
    assert paths.sessions == tmp_path / "device" / "store" / "sessions"
    assert paths.world_socket == tmp_path / "device" / "run" / "world.sock"
