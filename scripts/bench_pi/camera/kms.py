"""What picamera2 imports for its display; the recorder has none, and neither has the bench."""

from __future__ import annotations


class _Formats:
    """Every format's name is its name."""

    def __getattr__(self, name: str) -> str:
        return name


PixelFormat = PixelFormats = _Formats()


class Card:
    """No display."""

    def __init__(self, *_: object, **__: object) -> None:
        raise RuntimeError("there is no display on this bench")
