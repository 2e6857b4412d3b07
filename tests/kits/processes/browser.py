"""Headless Chromium as a printer and a pair of eyes, and zbarimg as a clerk's scanner."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height by width, 0 black to 255 white."""

SECONDS: Final = 60
_MEDIA_BOX: Final = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")
_PAGE: Final = re.compile(rb"/Type /Page\b(?!s)")


def program(name: str, package: str) -> str:
    """Where it is; a test that needs it is skipped, and says so, where it is not."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"NOT SHOWN: {name} is missing; install it: scripts/setup --tests ({package})")
    return found


@dataclass(frozen=True)
class Browser:
    """One Chromium with a profile of its own.

    Args:
        folder: For the profile and what it makes.
    """

    folder: Path

    def look(self, html: Path, *, width: int, height: int, scale: int = 2) -> Path:
        """A screenshot of so many CSS pixels, as PNG."""
        shot = self.folder / f"{html.stem}.png"
        self._run(
            html,
            f"--window-size={width},{height}",
            f"--force-device-scale-factor={scale}",
            f"--screenshot={shot}",
        )
        return shot

    def print(self, html: Path) -> list[tuple[float, float]]:
        """Print it; width and height of every page, in millimetres."""
        pdf = self.folder / f"{html.stem}.pdf"
        self._run(html, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
        content = pdf.read_bytes()
        boxes = _MEDIA_BOX.findall(content)
        assert len(_PAGE.findall(content)) == len(boxes)
        return [(float(width) * 25.4 / 72, float(height) * 25.4 / 72) for width, height in boxes]

    def _run(self, html: Path, *arguments: str) -> None:
        chromium = program("chromium", "chromium")
        fixed = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        command = [chromium, *fixed, f"--user-data-dir={self.folder / 'profile'}", *arguments]
        done = subprocess.run(
            [*command, html.as_uri()], capture_output=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")


def read_picture(png: Path) -> Picture:
    """A PNG in shades of grey."""
    with av.open(str(png)) as container:
        frame: Any = next(container.decode(video=0))
        return np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8)


def scan(png: Path) -> list[str]:
    """What a scanner reads off a picture, in no order."""
    zbarimg = program("zbarimg", "zbar-tools")
    done = subprocess.run(
        [zbarimg, "--quiet", "--raw", png],
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return sorted(done.stdout.decode().splitlines())
