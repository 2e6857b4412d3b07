"""What is before the lens.

Owns the scenes: a moving street, a still wall, the dark of a covered lens, a film or a folder of
pictures. Refuses numbers and time: a scene only knows which frame it is asked for.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

from hw.errors import CameraFault
from hw.fake.picture import Luma

_STEP_PIXELS = 2
_BLACK = 16
_BLOTCH = 20
_SEED = 20260105
_SMEAR_CELLS = 20


class Scene(Protocol):
    """Something to look at."""

    @abstractmethod
    def paint(self, luma: Luma, frame: int) -> None:
        """Fill ``luma`` with what frame number ``frame`` sees."""


class Street(Scene):
    """A patterned street passing by, ``step`` pixels a frame; it stands still with a step of 0."""

    def __init__(self, width: int, height: int, *, step: int = _STEP_PIXELS) -> None:
        self._step = step
        self._width = width
        self._strip = _patterned(width, height)

    def paint(self, luma: Luma, frame: int) -> None:
        """Copy the part of the street that is before the lens."""
        left = frame * self._step % self._width
        luma[:] = self._strip[:, left : left + self._width]


class Dark(Scene):
    """A covered lens."""

    def paint(self, luma: Luma, frame: int) -> None:
        """Black."""
        luma[:] = _BLACK


class Film(Scene):
    """A film, or a folder of pictures, over and over.

    Raises:
        CameraFault: There is nothing to see at ``path``.
    """

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._files = sorted(path.iterdir()) if path.is_dir() else [path]
        if not path.exists() or not self._files:
            raise CameraFault("camera", f"there is no film and no picture at {path}")
        self._size = (width, height)
        self._pictures = self._play()

    def paint(self, luma: Luma, frame: int) -> None:
        """Copy the next picture, whatever ``frame`` says."""
        luma[:] = next(self._pictures)

    def _play(self) -> Iterator[Luma]:
        width, height = self._size
        while True:
            for file in self._files:
                with av.open(str(file)) as film:
                    for frame in film.decode(video=0):
                        grey = frame.reformat(width=width, height=height, format="gray")
                        yield np.clip(grey.to_ndarray(), 16, 180)


def open_scene(name: str, width: int, height: int) -> Scene:
    """The scene that ``WorldState.scene`` names."""
    match name:
        case "moving":
            return Street(width, height)
        case "still":
            return Street(width, height, step=0)
        case _:
            return Film(Path(name), width, height)


def smear(luma: Luma) -> None:
    """Look through grease: no edge stays sharp."""
    height, width = luma.shape
    cell = max(8, width // _SMEAR_CELLS)
    rows, columns = height // cell, width // cell
    coarse = luma[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell).mean((1, 3))
    down, across = _between(rows, height), _between(columns, width)
    luma[:] = down @ coarse.astype(np.float32) @ across.T


@lru_cache(maxsize=8)
def _between(cells: int, pixels: int) -> NDArray[np.float32]:
    """Weights that draw ``pixels`` through the middles of ``cells``, pixels × cells."""
    where = (np.arange(pixels) + 0.5) * cells / pixels - 0.5
    distance = np.abs(np.clip(where, 0, cells - 1)[:, None] - np.arange(cells))
    weights: NDArray[np.float32] = np.clip(1 - distance, 0, 1).astype(np.float32)
    return weights


@lru_cache(maxsize=4)
def _patterned(width: int, height: int) -> Luma:
    """Smooth blotches with some grain, twice as wide as the picture and without a seam."""
    random = np.random.default_rng(_SEED)
    rows, columns = -(-height // _BLOTCH), -(-width // _BLOTCH)
    coarse = random.integers(48, 150, (rows, columns), np.uint8)
    soft = (coarse // 2 + np.roll(coarse, 1, 0) // 4 + np.roll(coarse, 1, 1) // 4)[:, :, None]
    blotches = soft.repeat(_BLOTCH, 0).repeat(_BLOTCH, 1)[:height, :width, 0]
    grain = random.integers(0, 21, (height, width), np.uint8)
    strip: Luma = np.tile(blotches + grain, (1, 2))
    return strip
