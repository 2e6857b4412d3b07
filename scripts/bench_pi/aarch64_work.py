"""What the installed packages are for, once each, on whatever processor runs this.

Owns a short piece of each: modules, signature, sealed file, picture and sound, message, catalogue.
Refuses to be a test of the recorder: the tests are that.
"""

# ruff: noqa: PLC0415 - each piece names what it needs, and the one that is missing names itself

from __future__ import annotations

import importlib
import io
import pkgutil
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def modules() -> Iterator[str]:
    """Every module of the recorder, imported."""
    for name in ("evidence", "hw", "agent"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
                yield found.name


def sign() -> None:
    """cryptography: a P-256 signature."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(b"line", ec.ECDSA(hashes.SHA256()))
    key.public_key().verify(signature, b"line", ec.ECDSA(hashes.SHA256()))


def seal() -> None:
    """pyrage: sealed to a recipient and opened."""
    import pyrage

    one = pyrage.x25519.Identity.generate()
    assert pyrage.decrypt(pyrage.encrypt(b"segment", [one.to_public()]), [one]) == b"segment"


def film() -> None:
    """PyAV and numpy: half a second of H.264 in MP4, read back."""
    import av
    import numpy as np

    medium = io.BytesIO()
    with av.open(medium, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for shade in range(12):
            picture = np.full((240, 320, 3), 20 * shade, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))
    medium.seek(0)
    with av.open(medium, "r") as there:
        assert len(list(there.decode(video=0))) == 12


def sound() -> None:
    """The recorder's own AAC encoder."""
    from agent.capture.aac import AacEncoder

    encoder = AacEncoder()
    packets = encoder.encode(bytes(2 * 4_800)) + encoder.drain()
    encoder.close()
    assert packets


def drivers() -> None:
    """sounddevice, PyAudio and gpiozero beside all of it, with the system's numpy."""
    import gpiozero
    import numpy as np
    import pyaudio
    import sounddevice

    assert Path(np.__file__).is_relative_to("/usr/lib"), np.__file__
    assert all((gpiozero.Button, pyaudio.__version__, sounddevice.get_portaudio_version()))


def main() -> None:
    """Do all of it and say so."""
    count = len(list(modules()))
    for work in (sign, seal, film, sound, drivers):
        work()
    python = platform.python_version()
    print(f"aarch64 bench: {platform.machine()}, Python {python}: {count} modules, all work done")


if __name__ == "__main__":
    main()
