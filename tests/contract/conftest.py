"""Each port has one test body; it runs on every body of a recorder that this machine can have.

Without ``--board`` these are the fake body and ``hw.pi`` on the bench; ``--board=pi`` takes the
hardware alone, one test after the other under a lock file, and ``--board=machine`` what the virtual
machine of ``scripts/bench_pi/machine`` has, from inside it. A test that asks for ``world`` uses
what only the fake world can do and runs on the fake body alone; ``hand`` has the verbs that the
benches know as well.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from evidence.store.signers import make_key_file
from hw.board import open_board
from hw.errors import MissingPartFault
from hw.fake.board import dock_board, recorder_board, vault_board
from hw.fake.world import FakeWorld
from hw.pi.camera import PiCamera
from hw.pi.clock import PiClock
from hw.types import Role
from tests.contract.bench import Bench, Hand, NoCamera
from tests.contract.bodies import SMALL, Body
from tests.contract.header import Header
from tests.contract.sound_server import sound_server

LOCK = Path(tempfile.gettempdir()) / "recorder-board.lock"
"""Held while a test has the hardware."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "body_kind" not in metafunc.fixturenames:
        return
    board, only_fake = metafunc.config.getoption("board"), "world" in metafunc.fixturenames
    match board:
        case "pi":
            kinds = ["pi"]
        case "machine":
            kinds = [] if only_fake else ["machine"]
        case _:
            kinds = ["fake"] if only_fake else ["fake", "bench"]
    metafunc.parametrize("body_kind", kinds)


@pytest.fixture
def device_dir(tmp_path: Path) -> Path:
    """A device folder with a key and an empty store."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "store").mkdir()
    make_key_file(tmp_path / "keys" / "signing.pem")
    return tmp_path


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A sound server for the bench."""
    with sound_server(tmp_path_factory.mktemp("sound")):
        yield


@pytest.fixture(scope="session")
def header() -> Iterator[Header]:
    """The machine's header and what is on it."""
    header = Header(SMALL)
    yield header
    header.close()


@pytest.fixture
def body(body_kind: str, device_dir: Path, request: pytest.FixtureRequest) -> Iterator[Body]:
    """The body under test; its camera and microphone are stopped afterwards."""
    match body_kind:
        case "fake":
            bodies = _fake_body(device_dir)
        case "bench":
            bodies = _bench_body(device_dir, request)
        case "machine":
            bodies = _machine_body(device_dir, request)
        case _:
            bodies = _pi_body(device_dir)
    for body in bodies:
        yield body
        body.recorder.camera.stop()
        body.recorder.microphone.stop()


@pytest.fixture
def hand(body: Body) -> FakeWorld | Hand:
    """What moves the body."""
    if body.hand is None:
        pytest.skip("on hardware a person does this: see the field test's protocol")
    return body.hand


@pytest.fixture
def world(hand: FakeWorld | Hand) -> FakeWorld:
    """What moves the fake body, with every verb there is."""
    assert isinstance(hand, FakeWorld)
    return hand


def _fake_body(device_dir: Path) -> Iterator[Body]:
    world = FakeWorld.here()
    yield Body(
        recorder=recorder_board(world.link, camera=SMALL),
        vault=vault_board(world.link, device_dir=device_dir),
        dock=dock_board(world.link),
        hand=world,
    )


def _bench_body(device_dir: Path, request: pytest.FixtureRequest) -> Iterator[Body]:
    asked = set(request.fixturenames)
    sound = bool(asked & {"microphone", "speaker"})
    if sound:
        request.getfixturevalue("sound")
    camera = _bench_camera() if "camera" in asked else NoCamera()
    bench = Bench(device_dir=device_dir, root=device_dir / "root", sound=sound, camera=camera)
    try:
        yield Body(
            recorder=bench.recorder(), vault=bench.vault(), dock=bench.dock(), hand=bench.hand
        )
    finally:
        bench.close()


def _bench_camera() -> PiCamera:
    if find_spec("picamera2") is None:
        pytest.skip("picamera2 is not here; next: scripts/bench_pi/camera/run, which brings it")
    virtual_sensor = import_module("tests.contract.virtual_sensor")
    return PiCamera(partial(virtual_sensor.open_virtual_rig, SMALL), PiClock())


def _machine_body(device_dir: Path, request: pytest.FixtureRequest) -> Iterator[Body]:
    header = request.getfixturevalue("header")
    header.hand.rest()
    yield Body(
        recorder=header.recorder(set(request.fixturenames)),
        vault=header.vault(device_dir),
        dock=header.dock,
        hand=header.hand,
    )


def _pi_body(device_dir: Path) -> Iterator[Body]:
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield Body(
                recorder=open_board("pi", Role.RECORDER, device_dir=device_dir, camera=SMALL),
                vault=open_board("pi", Role.VAULT, device_dir=device_dir, camera=SMALL),
                dock=open_board("pi", Role.DOCK, device_dir=device_dir, camera=SMALL),
                hand=None,
            )
        except MissingPartFault as fault:
            pytest.skip(str(fault))
