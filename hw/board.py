"""Opening a board: the one place that chooses between the real body and the fake one.

Owns the choice. Refuses any fallback: a board that cannot be opened is an error, never another
board.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, overload

from hw.errors import MissingPartFault
from hw.ports import DockBoard, RecorderBoard, VaultBoard
from hw.types import CameraSettings, Role

BoardKind = Literal["pi", "fake"]
Board = RecorderBoard | VaultBoard | DockBoard


@overload
def open_board(
    kind: BoardKind,
    role: Literal[Role.RECORDER],
    *,
    device_dir: Path,
    camera: CameraSettings,
    run_dir: Path | None = None,
) -> RecorderBoard: ...
@overload
def open_board(
    kind: BoardKind,
    role: Literal[Role.VAULT],
    *,
    device_dir: Path,
    camera: CameraSettings,
    run_dir: Path | None = None,
) -> VaultBoard: ...
@overload
def open_board(
    kind: BoardKind,
    role: Literal[Role.DOCK],
    *,
    device_dir: Path,
    camera: CameraSettings,
    run_dir: Path | None = None,
) -> DockBoard: ...
def open_board(
    kind: BoardKind,
    role: Role,
    *,
    device_dir: Path,
    camera: CameraSettings,
    run_dir: Path | None = None,
) -> Board:
    """Open the ports that ``role`` may see.

    Args:
        kind: ``pi`` for the hardware, ``fake`` for the simulated world.
        role: The process that asks.
        device_dir: The recorder's folder, holding its keys and its store.
        camera: What to ask of the camera; only the recorder's role uses it.
        run_dir: The folder of the sockets; ``run`` in ``device_dir`` where it is not given.

    Raises:
        MissingPartFault: The board of that kind cannot be opened here; says what was looked for.
    """
    if kind == "fake":
        from hw.fake.board import open_fake_board

        return open_fake_board(role, device_dir=device_dir, camera=camera, run_dir=run_dir)
    raise MissingPartFault(
        "board", 'the drivers for Raspberry Pi are not part of this version; use board = "fake"'
    )
