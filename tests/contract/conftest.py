"""Each port has one test body; which body of a recorder it runs on is chosen by ``--board``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.store.signers import make_key_file
from hw.board import open_board
from hw.errors import MissingPartFault
from hw.fake.board import dock_board, recorder_board, vault_board
from hw.fake.world import FakeWorld
from hw.types import Role
from tests.contract.bodies import SMALL, Body


@pytest.fixture
def device_dir(tmp_path: Path) -> Path:
    """A device folder with a key and an empty store."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "store").mkdir()
    make_key_file(tmp_path / "keys" / "signing.pem")
    return tmp_path


@pytest.fixture
def body(board_kind: str, device_dir: Path) -> Iterator[Body]:
    """The body under test; its camera and microphone are stopped afterwards."""
    body = _fake_body(device_dir) if board_kind == "fake" else _pi_body(device_dir)
    yield body
    body.recorder.camera.stop()
    body.recorder.microphone.stop()


@pytest.fixture
def hand(body: Body) -> FakeWorld:
    """What moves the body."""
    if body.hand is None:
        pytest.skip("on hardware a person does this: see the field test's protocol")
    return body.hand


def _fake_body(device_dir: Path) -> Body:
    world = FakeWorld.here()
    return Body(
        recorder=recorder_board(world.link, camera=SMALL),
        vault=vault_board(world.link, device_dir=device_dir),
        dock=dock_board(world.link),
        hand=world,
    )


def _pi_body(device_dir: Path) -> Body:
    try:
        return Body(
            recorder=open_board("pi", Role.RECORDER, device_dir=device_dir, camera=SMALL),
            vault=open_board("pi", Role.VAULT, device_dir=device_dir, camera=SMALL),
            dock=open_board("pi", Role.DOCK, device_dir=device_dir, camera=SMALL),
            hand=None,
        )
    except MissingPartFault as fault:
        pytest.skip(str(fault))
