"""The QR code of a recorder.

Owns what it says and its picture. Refuses secrets and people: whoever holds a recorder may scan it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from markupsafe import Markup

_QUIET_MODULES: Final = 4
"""Around it, as ISO/IEC 18004 asks."""

_PICTURES_KEPT: Final = 2_048
"""A delivery's: each stands on a label and on a form."""


def said(device: str, fingerprint: str) -> str:
    """What a scanner types: the device's id, a space, and its signing key's fingerprint.

    Args:
        device: Device id.
        fingerprint: RFC 7638 thumbprint of the signing key, as it stands in the registry and in
            everything that the recorder signs.
    """
    return f"{device} {fingerprint}"


@lru_cache(_PICTURES_KEPT)
def picture(text: str) -> Markup:
    """``text`` as an SVG element; error correction M: a label gets scratched."""
    # Late: most commands print nothing, and start sooner without it.
    import segno  # noqa: PLC0415 - see above

    code = segno.make_qr(text, error="m")
    drawn = code.svg_inline(
        border=_QUIET_MODULES, omitsize=True, svgclass="qr", lineclass=None, dark="#000"
    )
    # Drawn by segno from dark and light squares: nothing of the text stands in it.
    return Markup(drawn)  # noqa: S704 - see above
