"""Opening a Pi's board: what is missing is named, with what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

import hw.pi
from evidence.store.signers import make_key_file
from hw.errors import LampFault, MissingPartFault
from hw.fake.clock import SystemClock
from hw.pi.board import open_pi_board
from hw.pi.identity import PiIdentity
from hw.pi.key import PiKey, key_uri
from hw.pi.lamp import LOOKS, PiLamp
from hw.pi.libraries import library
from hw.pi.pinmap import BUSES, LINES, Colour
from hw.types import CameraSettings, LampPattern, PartName, Role
from tests.contract.bench import Hand, write_part


def test_another_machine_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MissingPartFault, match=r"without a device tree.*fake"):
        open_pi_board(Role.DOCK, device_dir=tmp_path, camera=CameraSettings(), root=tmp_path)


@pytest.mark.skipif("picamera2" in sys.modules, reason="picamera2 is here")
def test_a_missing_library_says_which_package_brings_it() -> None:
    with pytest.raises(MissingPartFault, match="apt install python3-picamera2"):
        library("picamera2")


@pytest.mark.rule("A9")
def test_a_pi_without_card_camera_and_microphone_is_still_a_board(tmp_path: Path) -> None:
    write_part(tmp_path, PartName.BOARD, "0001")
    (part,) = PiIdentity(tmp_path).parts()
    assert (part.name, part.serial) == (PartName.BOARD, "00000000c0de0001")


def test_reading_the_drivers_loads_no_library_of_theirs() -> None:
    modules = [f"hw.pi.{path.stem}" for path in Path(hw.pi.__file__).parent.glob("[a-z]*.py")]
    foreign = ("gpiozero", "lgpio", "libcamera", "picamera2", "pyaudio", "sounddevice")
    script = f"import sys, {', '.join(modules)}; print([m for m in {foreign} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_no_line_and_no_name_is_used_twice() -> None:
    numbers = [line.bcm for line in LINES] + list(BUSES)
    names = [line.name for line in LINES] + list(BUSES.values())
    assert len(set(numbers)) == len(numbers)
    assert len(set(names)) == len(names)
    assert set(numbers) <= set(range(2, 28))


@pytest.mark.rule("C10")
def test_every_pattern_has_a_look_of_its_own_and_none_is_dark() -> None:
    assert set(LOOKS) == set(LampPattern)
    assert len(set(LOOKS.values())) == len(LOOKS)
    assert all(look.lit for look in LOOKS.values())


@pytest.mark.parametrize("asked", [p for p, look in LOOKS.items() if len(look.lit) > 1])
def test_a_lamp_with_a_broken_colour_never_shows_what_it_was_told(
    tmp_path: Path, asked: LampPattern
) -> None:
    factory = MockFactory()
    hand = Hand(factory, tmp_path)
    lamp = PiLamp(factory, SystemClock())
    hand.break_colour(Colour.RED)
    lamp.show(asked)
    try:
        lit = lamp.read_back().lit
    except LampFault:
        lit = None
    lamp.close()
    assert lit is not asked


def test_the_key_is_where_the_device_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "keys").mkdir()
    assert key_uri(tmp_path) == "file:keys/signing.pem"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert key_uri(tmp_path) == "file:keys/signing.pem"
    (tmp_path / "signing.pem").touch()
    assert key_uri(tmp_path) == "credential:signing.pem"
    (tmp_path / "keys" / "signing.uri").write_text("pkcs11:token=recorder\n")
    assert key_uri(tmp_path) == "pkcs11:token=recorder"


def test_a_systemd_credential_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_key_file(tmp_path / "signing.pem")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    key = PiKey("credential:signing.pem", tmp_path)
    assert len(key.sign(b"message")) == 64


@pytest.mark.parametrize("uri", ["file:keys/none.pem", "credential:none", "ftp:key"])
def test_a_key_that_is_nowhere_is_named_with_its_place(tmp_path: Path, uri: str) -> None:
    with pytest.raises(MissingPartFault, match=uri):
        PiKey(uri, tmp_path)
