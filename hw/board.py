"""Opening a board: the one place that chooses between the real body and the fake one.

Owns the choice. Refuses any fallback: a board that cannot be opened is an error, never another
board.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

from hw.ports import DockBoard, RecorderBoard, Speaker, VaultBoard
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
    from hw.pi.board import open_pi_board

    return open_pi_board(role, device_dir=device_dir, camera=camera)


def open_speaker(kind: BoardKind, *, device_dir: Path, run_dir: Path | None = None) -> Speaker:
    """Open the loudspeaker alone, for whoever only has to say something.

    Args:
        kind: As in ``open_board``.
        device_dir: The recorder's folder.
        run_dir: As in ``open_board``.

    Raises:
        MissingPartFault: The board of that kind cannot be opened here.
    """
    if kind == "fake":
        camera = CameraSettings()
        board = open_board(
            kind, Role.RECORDER, device_dir=device_dir, camera=camera, run_dir=run_dir
        )
        return board.speaker
    from hw.pi.board import open_pi_speaker

    return open_pi_speaker()


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A process that a board needs beside the recorder's own.

    Attributes:
        name: What to call it.
        command: How to start it.
        socket: Where it listens; somebody may serve it already.
    """

    name: str
    command: tuple[str, ...]
    socket: Path


def companions(kind: BoardKind, *, run_dir: Path) -> tuple[Companion, ...]:
    """What has to run before a board of ``kind`` can be opened; hardware needs nothing.

    Args:
        kind: As in ``open_board``.
        run_dir: The folder of the sockets.
    """
    if kind == "fake":
        socket = run_dir / "world.sock"
        command = (sys.executable, "-m", "hw.fake.world", "--socket", str(socket))
        return (Companion(name="world", command=command, socket=socket),)
    return ()
