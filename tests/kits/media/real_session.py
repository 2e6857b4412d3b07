"""One session with real media, really sealed: what a stranger's tools can open."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.serialization import Encoding

from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take


@dataclass(frozen=True, slots=True)
class RealSession:
    """Where an evidence folder, the bureau's certificate and its age identity lie."""

    case: Path
    ca: Path
    identity: Path


def film(path: Path, seconds: int) -> bytes:
    """A fragmented MP4 with H.264 and AAC."""
    size = "testsrc=size=320x240:rate=25"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", size, "-f", "lavfi", "-i", "sine"),
            *("-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
            *("-movflags", "empty_moov+default_base_moof+frag_keyframe", str(path)),
        ],
        check=True,
    )
    return path.read_bytes()


def make(folder: Path, *, crashed: bool) -> RealSession:
    """A session of two segments, with or without a crash of the vault between them."""
    identities = [pyrage.x25519.Identity.generate() for _ in range(2)]
    recipients = [identity.to_public() for identity in identities]
    names = dict(zip(("bureau", "escrow"), map(str, recipients), strict=True))
    bureau = Bureau("real", names)
    plain = film(folder / "film.mp4", 2)
    take = Take(Recorder(bureau), plan=False)
    take.announce()
    for number in range(2):
        sealed = pyrage.encrypt(plain, recipients)
        take.begin(0)
        take.ticks(sealed, 2)
        if crashed and number == 1:
            take.crash(orphan=sealed[:-500], torn=b"eyJhbGciOi")
            take.begin(0)
            take.ticks(sealed, 2)
        take.end(sealed, plain=plain)
    take.close()
    case = folder / "case"
    case.mkdir()
    for name, content in take.folder().items():
        (case / name).write_bytes(content)
    (folder / "ca.pem").write_bytes(bureau.ca.public_bytes(Encoding.PEM))
    (folder / "bureau.age").write_text(f"{identities[0]}\n")
    return RealSession(case, folder / "ca.pem", folder / "bureau.age")
