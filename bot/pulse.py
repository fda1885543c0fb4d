"""Which loop turned when: the heartbeat that /healthz listens to."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pulse:
    """Seconds since each loop last turned, on a clock that nobody sets back."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: dict[str, float] = {}

    def beat(self, loop: str) -> None:
        self._last[loop] = self._monotonic()

    def ages(self) -> dict[str, float]:
        """Loop → seconds since its last beat."""
        now = self._monotonic()
        return {loop: round(now - last, 1) for loop, last in self._last.items()}
