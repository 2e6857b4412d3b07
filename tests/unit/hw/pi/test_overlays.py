"""The overlays compile, say what ``hw.pi.pinmap`` says, and apply to the trees of real Pis."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from hw.pi.pinmap import BUSES, BUTTONS, CASE, DOCK, KERNEL_LINES, LINES, Claim, Pull
from hw.types import ButtonName

ROOT = Path(__file__).resolve().parents[4]
OVERLAYS = ROOT / "overlays"
TREES = ROOT / ".tools" / "bench" / "arm64" / "usr" / "lib"
HEADER = 28
INPUT, OUTPUT = 0, 1
PULLS = {Pull.NONE: 0, Pull.UP: 2}
PINS = "/fragment@0/__overlay__/recorder-pins"
ROOT_NODE = "/fragment@1/__overlay__"

needs_dtc = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("dtc", "fdtget", "fdtoverlay")),
    reason="no dtc here; next: apt install device-tree-compiler",
)
pytestmark = [needs_dtc]


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("overlays")

    def compile_one(name: str) -> Path:
        target = folder / f"{name}.dtbo"
        if not target.exists():
            source = OVERLAYS / f"{name}.dts"
            _run("dtc", "-@", "-I", "dts", "-O", "dtb", "-o", target, source)
        return target

    return compile_one


@pytest.fixture
def recorder(compiled: Callable[[str], Path]) -> Path:
    return compiled("recorder")


def _numbers(tree: Path, node: str, name: str) -> list[int]:
    return [int(word) for word in _run("fdtget", "-t", "u", tree, node, name).split()]


def _strings(tree: Path, node: str, name: str) -> list[str]:
    hexes = _run("fdtget", "-t", "bx", tree, node, name).split()
    content = bytes(int(word, 16) for word in hexes)
    return content.decode().removesuffix("\0").split("\0")


@pytest.mark.parametrize("name", ["recorder", "recorder-camera"])
def test_an_overlay_compiles_without_a_word(compiled: Callable[[str], Path], name: str) -> None:
    assert compiled(name).stat().st_size > 0


def test_function_and_pull_of_every_line_are_those_of_the_drivers(recorder: Path) -> None:
    pins = _numbers(recorder, PINS, "brcm,pins")
    functions = _numbers(recorder, PINS, "brcm,function")
    pulls = _numbers(recorder, PINS, "brcm,pull")
    said = {pin: (f, p) for pin, f, p in zip(pins, functions, pulls, strict=True)}
    ours = [line for line in LINES if line.claim is not Claim.KERNEL]
    assert said == {line.bcm: (OUTPUT if line.output else INPUT, PULLS[line.pull]) for line in ours}


def test_every_line_has_the_drivers_name_for_it(recorder: Path) -> None:
    names = _strings(recorder, "/fragment@0/__overlay__", "gpio-line-names")
    known = {line.bcm: line.name for line in LINES} | dict(BUSES) | {0: "ID_SDA", 1: "ID_SCL"}
    assert names == [known.get(number, "") for number in range(HEADER)]


def test_the_kernel_claims_its_own_lines_and_leaves_the_others(
    compiled: Callable[[str], Path],
) -> None:
    claimed = [
        (f"{ROOT_NODE}/charger", "gpios"),
        (f"{ROOT_NODE}/charger", "charge-status-gpios"),
        (f"{ROOT_NODE}/audio-codec-amplifier", "sdmode-gpios"),
    ]
    found = [tuple(_numbers(compiled("recorder"), *place)[1:]) for place in claimed]
    camera = _numbers(compiled("recorder-camera"), f"{ROOT_NODE}/regulator-camera", "gpio")
    found.append(tuple(camera[1:]))
    assert found == [(line.bcm, int(line.active_low)) for line in KERNEL_LINES]
    source = "".join(path.read_text() for path in OVERLAYS.glob("*.dts"))
    assert source.count("<&gpio ") == len(KERNEL_LINES)


@pytest.mark.parametrize(
    ("parameter", "bcm"),
    [
        ("record", BUTTONS[ButtonName.RECORD].bcm),
        ("mark", BUTTONS[ButtonName.MARK].bcm),
        ("photo", BUTTONS[ButtonName.PHOTO].bcm),
        ("power", BUTTONS[ButtonName.POWER].bcm),
        ("dock", DOCK.bcm),
        ("case", CASE.bcm),
    ],
)
def test_a_parameter_moves_the_line_it_is_named_after(
    recorder: Path, parameter: str, bcm: int
) -> None:
    hexes = _run("fdtget", "-t", "bx", recorder, "/__overrides__", parameter).split()
    target = bytes(int(word, 16) for word in hexes)[4:].rstrip(b"\0").decode()
    name, _, offset = target.partition(":")
    assert _numbers(recorder, PINS, name)[int(offset) // 4] == bcm


def _tree(name: str) -> Path:
    found = sorted(TREES.glob(f"linux-image-*/broadcom/{name}.dtb"))
    if not found:
        pytest.skip("no device trees here; next: scripts/bench_pi/device_trees")
    return found[-1]


@pytest.mark.parametrize("name", ["bcm2837-rpi-zero-2-w", "bcm2837-rpi-3-b", "bcm2711-rpi-4-b"])
def test_it_applies_to_a_real_pis_tree(recorder: Path, tmp_path: Path, name: str) -> None:
    merged = tmp_path / "merged.dtb"
    _run("fdtoverlay", "-i", _tree(name), "-o", merged, recorder)
    soc = "/soc"
    assert _numbers(merged, f"{soc}/gpio@7e200000/recorder-pins", "brcm,pins")[0] == 17
    assert _strings(merged, f"{soc}/i2c@7e804000", "status") == ["okay"]
    assert _strings(merged, f"{soc}/i2c@7e804000/rtc@68", "compatible") == ["maxim,ds3231"]
    pins = _numbers(merged, f"{soc}/gpio@7e200000/recorder-pins", "phandle")
    assert _numbers(merged, f"{soc}/gpio@7e200000", "pinctrl-0") == pins


def test_debians_tree_of_a_pi_5_is_no_proof(recorder: Path, tmp_path: Path) -> None:
    """It has no header and no i2c1: what the overlay does on a Pi 5 is the field test's to show."""
    tree, merged = _tree("bcm2712-rpi-5-b"), tmp_path / "merged.dtb"
    command: list[str | Path] = ["fdtoverlay", "-i", tree, "-o", merged, recorder]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_cameras_supply_hangs_on_the_lights_switch(
    compiled: Callable[[str], Path], tmp_path: Path
) -> None:
    base, merged = tmp_path / "base.dtb", tmp_path / "merged.dtb"
    source = (
        "/dts-v1/; / { gpio: gpio { phandle = <1>; }; cam1_reg: cam1-reg { phandle = <2>; }; };"
    )
    (tmp_path / "base.dts").write_text(source)
    _run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", base, tmp_path / "base.dts")
    _run("fdtoverlay", "-i", base, "-o", merged, compiled("recorder-camera"))
    switch = _numbers(merged, "/regulator-camera", "phandle")
    assert _numbers(merged, "/cam1-reg", "vin-supply") == switch


def test_the_table_for_whoever_solders_says_the_same() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "hardware.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and "| GPIO" in line
    ]
    said = {int(row[1].removeprefix("GPIO")): (int(row[0]), *row[2:]) for row in rows}
    header = HeaderPins()
    expected = {
        line.bcm: (
            header[line.bcm],
            line.name,
            "out" if line.output else "in",
            line.claim.value,
        )
        for line in LINES
    } | {bcm: (header[bcm], name, "bus", "kernel") for bcm, name in BUSES.items()}
    assert said == expected


class HeaderPins(dict[int, int]):
    """Pin on the 40-pin header of each line, as gpiozero knows it."""

    def __init__(self) -> None:
        header = MockFactory().board_info.headers["J8"]
        super().__init__(
            (int(pin.name.removeprefix("GPIO")), pin.number)
            for pin in header.pins.values()
            if pin.name.startswith("GPIO")
        )
