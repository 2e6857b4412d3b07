"""A court checks a session with tools that this project did not write, word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from evidence.ids import JOURNAL_NAME
from tests.kits.media import real_session
from tests.kits.media.real_session import RealSession
from tests.kits.records import forging

MANUAL = Path(__file__).parent.parent.parent / "docs" / "format.md"
TOOLS = ("age", "basenc", "bash", "ffmpeg", "ffprobe", "jose", "openssl", "sha256sum")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"a stranger needs {', '.join(MISSING)}"),
]


def transcript() -> str:
    """Every command of the manual's last section."""
    section = MANUAL.read_text().split("## A stranger checks a session")[1]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 4
    return "".join(blocks)


def followed(session: RealSession) -> subprocess.CompletedProcess[str]:
    environment = {
        "CASE": str(session.case),
        "CA": str(session.ca),
        "IDENTITY": str(session.identity),
    }
    return subprocess.run(
        ["bash", "-c", transcript()],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("crashed", [False, True], ids=["clean", "crashed"])
def test_a_stranger_opens_and_checks_a_session(tmp_path: Path, *, crashed: bool) -> None:
    done = followed(real_session.make(tmp_path, crashed=crashed))
    assert done.returncode == 0, done.stderr
    assert "device.pem: OK" in done.stdout
    assert "each signed, each after the one before" in done.stdout
    assert "the device log names this journal" in done.stdout
    assert done.stdout.count(".mp4: OK") == 2
    assert done.stdout.count("codec_name=h264|nb_read_packets=50") == 2
    assert done.stdout.count("codec_name=aac") == 2
    assert ("torn by a crash" in done.stdout) is crashed


def test_a_stranger_finds_a_changed_file_and_a_changed_line(tmp_path: Path) -> None:
    session = real_session.make(tmp_path, crashed=False)
    file = session.case / "000001.mp4.age"
    honest = file.read_bytes()
    file.write_bytes(honest[:-1] + bytes([honest[-1] ^ 1]))
    assert followed(session).returncode != 0
    file.write_bytes(honest)
    path = session.case / JOURNAL_NAME
    lines = path.read_bytes().splitlines()
    lines[4] = forging.edited(lines[4], frames=1)
    path.write_bytes(forging.join(lines))
    assert followed(session).returncode != 0
