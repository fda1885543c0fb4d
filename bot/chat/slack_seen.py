"""What has been seen lately, so that Slack's repeats are not obeyed twice."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

KEPT = 600.0  # seconds; Slack repeats an event for up to six minutes
MOST = 50_000


class Seen:
    """A set whose members are forgotten after ten minutes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: OrderedDict[str, float] = OrderedDict()

    def is_new(self, key: str) -> bool:
        """True once for each key."""
        now = self._now()
        while self._until and (len(self._until) > MOST or next(iter(self._until.values())) < now):
            self._until.popitem(last=False)
        if key in self._until:
            return False
        self._until[key] = now + KEPT
        return True
