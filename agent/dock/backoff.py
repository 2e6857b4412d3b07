"""How long to wait after a failure.

Owns exponential back-off with full jitter: after an outage all recorders of a bureau must not
come at once. Refuses to draw randomness itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_AT_HOME: Final = 3


@dataclass(kw_only=True)
class Backoff:
    """Pauses that grow until something succeeds.

    Attributes:
        first_seconds: Upper end of the first pause.
        most_seconds: Upper end of every later one.
        fraction: A random number from 0 to 1.
        failures: In a row.
    """

    first_seconds: float
    most_seconds: float
    fraction: Callable[[], float]
    failures: int = 0

    def next_seconds(self) -> float:
        """A pause, uniform between nothing and a bound that doubles with each failure."""
        bound = min(self.most_seconds, self.first_seconds * (1 << min(self.failures, 32)))
        self.failures += 1
        return self.fraction() * bound

    def ease(self) -> None:
        """The failure was at home: pauses need not grow beyond a few doublings."""
        self.failures = min(self.failures, _AT_HOME)

    def succeeded(self) -> None:
        """The next pause is a first one again."""
        self.failures = 0
