"""A damaged wheel is refused by name, wherever the damage is; what is whole is laid out."""

from __future__ import annotations

import errno
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from agent.update.switching import Patience, Switcher
from agent.update.unpacking import make_release
from evidence import rulebook
from evidence.errors import RulebookError
from evidence.update import MANIFEST_NAME, sign_update
from tests.kits.device.updates import BUREAU, NOW, Processes, document, installed_by_hand, wheel

NAME = "zhifa_recorder-0.7.0-py3-none-any.whl"
WHEEL = wheel("0.7.0")
MEMBER = "agent/main.py"
_LOCAL_HEADER = 30


def stream_of(content: bytes, member: str) -> range:
    """Where the compressed stream of a member lies."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        entry = archive.getinfo(member)
    begin = entry.header_offset + _LOCAL_HEADER + len(member)
    return range(begin, begin + entry.compress_size)


def flipped(content: bytes, at: int, by: int = 0xFF) -> bytes:
    return content[:at] + bytes([content[at] ^ by]) + content[at + 1 :]


@pytest.fixture
def lay_out(tmp_path: Path) -> Callable[[bytes], Path]:
    """Lays a wheel out, each in a folder of its own."""
    made = iter(range(100_000))

    def lay(content: bytes) -> Path:
        folder = tmp_path / str(next(made))
        (folder / "wheels").mkdir(parents=True)
        (folder / "wheels" / NAME).write_bytes(content)
        make_release(folder, folder / "release")
        return folder / "release"

    return lay


def test_a_byte_flipped_anywhere_in_a_members_stream_is_refused_by_name(
    lay_out: Callable[[bytes], Path],
) -> None:
    causes = set()
    # The last bytes are the code for the end: by then the whole content is there, and checked.
    for at in stream_of(WHEEL, MEMBER)[:-2]:
        with pytest.raises(RulebookError) as refused:
            lay_out(flipped(WHEEL, at))
        assert refused.value.code == "update_malformed"
        assert NAME in refused.value.detail
        causes.add(type(refused.value.__cause__))
    assert causes == {zlib.error, zipfile.BadZipFile}, "a stream that breaks, and one that differs"


def test_a_byte_flipped_beside_the_streams_is_refused_or_changes_no_module(
    lay_out: Callable[[bytes], Path],
) -> None:
    whole = (lay_out(WHEEL) / "lib" / MEMBER).read_bytes()
    refused = set()
    # Every ninth byte, and all of the record at the end that says where everything is.
    for at in (*range(0, len(WHEEL), 9), *range(len(WHEEL) - 22, len(WHEEL))):
        try:
            release = lay_out(flipped(WHEEL, at))
        except RulebookError as error:
            refused.add(error.code)
        else:
            assert (release / "lib" / MEMBER).read_bytes() == whole
    assert refused == {"update_malformed"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_wheel_of_another_packing_is_refused_by_name_damaged_or_not(
    lay_out: Callable[[bytes], Path], method: int
) -> None:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr(MEMBER, "run = None\n")
    content = made.getvalue()
    for spoilt in (content, flipped(content, stream_of(content, MEMBER)[-3])):
        with pytest.raises(RulebookError, match=f"{NAME} packs {MEMBER} by method {method}"):
            lay_out(spoilt)


def test_names_that_no_folder_can_have_are_the_wheels_fault(
    lay_out: Callable[[bytes], Path],
) -> None:
    for names in (["agent", "agent/main.py"], ["a" * 300], ["agent/main.py/x", "agent/main.py"]):
        made = BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        with pytest.raises(RulebookError, match=NAME) as refused:
            lay_out(made.getvalue())
        assert refused.value.code == "update_malformed"


def test_full_medium_is_told_as_such_and_not_as_a_damaged_wheel(
    lay_out: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("agent.update.unpacking.shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space") as told:
        lay_out(WHEEL)
    assert told.value.errno == errno.ENOSPC


def test_update_whose_signed_wheel_is_damaged_is_refused_and_nothing_is_stopped(
    tmp_path: Path,
) -> None:
    damaged = flipped(WHEEL, stream_of(WHEEL, MEMBER)[10])
    bundle = tmp_path / "bundle"
    (bundle / "wheels").mkdir(parents=True)
    (bundle / "wheels" / NAME).write_bytes(damaged)
    manifest = sign_update(document(7, {f"wheels/{NAME}": damaged}), BUREAU.clerks)
    (bundle / MANIFEST_NAME).write_bytes(manifest)
    prefix = installed_by_hand(tmp_path / "opt")
    services = Processes(prefix, tmp_path)
    switcher = Switcher(prefix, services, busy=lambda: None, now=lambda: NOW, patience=Patience())
    state = switcher.adopt(bundle, rulebook.read_root(BUREAU.root, BUREAU.ca))
    assert (state.step, state.code) == ("refused", "update_malformed")
    assert NAME in state.detail
    assert services.restarts == 0
    assert prefix.current_name() == "by-hand"
