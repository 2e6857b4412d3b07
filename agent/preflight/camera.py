"""Does the camera see?

Answers B1: 确保无故障.

Owns what a picture must be to be one: it comes, it is not black, and the next one differs. Refuses
taste: whether it shows enough is the view's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "camera"
BLACK_LUMA: Final = 12
"""Of 255. Half of the picture's middle below this is a covered lens or no light at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFacts:
    """What two stills, taken one after the other, show.

    Attributes:
        luma: Median brightness of the middle of the second still, 0 to 255; None without stills.
        differing: Pixels that are not the same in both stills. A sensor always has some noise.
        trouble: Why there are no stills.
    """

    luma: int | None
    differing: int = 0
    trouble: Trouble | None = None


def check(facts: CameraFacts) -> CheckResult:
    """Judge the camera; the value is the brightness."""
    if facts.luma is None:
        trouble = facts.trouble or Trouble("failed", "there is no picture")
        return warn(NAME, trouble.code, trouble.detail)
    if facts.differing == 0:
        return warn(NAME, "frozen", "two stills are the same, dot for dot", facts.luma)
    if facts.luma <= BLACK_LUMA:
        return warn(NAME, "black", "the picture is black: is the lens covered?", facts.luma)
    return ok(NAME, f"two stills, brightness {facts.luma} of 255", facts.luma)
