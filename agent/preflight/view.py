"""Is what the camera sees worth recording?

Answers C1: 画面清晰.

Owns the measures of a dim or blurred view. Refuses tilt: this body has no sensor for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "view"
DIM_LUMA: Final = 28
"""Of 255. Below this a face cannot be told from the wall behind it."""
BLURRED_SHARPNESS: Final = 6
"""Squared levels. A greased or half-covered lens leaves no edge anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewFacts:
    """What one still shows.

    Attributes:
        luma: Median brightness of the middle of the picture, 0 to 255.
        sharpness: Variance of the Laplacian where the picture is sharpest, squared levels, of a
            picture brought to 320 pixels of width.
    """

    luma: int
    sharpness: int


def check(facts: ViewFacts) -> CheckResult:
    """Judge the view; the value is the sharpness."""
    if facts.luma < DIM_LUMA:
        dim = f"brightness {facts.luma} of 255: turn to the light"
        return warn(NAME, "dim", dim, facts.sharpness)
    if facts.sharpness < BLURRED_SHARPNESS:
        return warn(NAME, "blurred", "no edge is sharp: wipe the lens", facts.sharpness)
    return ok(NAME, f"sharpness {facts.sharpness}, brightness {facts.luma}", facts.sharpness)
