"""How many commands a user and a workspace may give; more are answered with the wait, and alerts go on unharmed."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

A_USER = (5, timedelta(seconds=10))
A_WORKSPACE = (60, timedelta(minutes=1))
MOST_KEPT = 10_000  # users and workspaces; then those that are quiet are forgotten


class Flood:
    """Sliding windows over the moments of commands."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], deque[datetime]] = {}
        self._lock = threading.Lock()

    def wait(self, workspace: str, user: str, now: datetime) -> timedelta:
        """Zero, and the command is counted; or how long to wait, and it is not."""
        limits = (((workspace, user), *A_USER), ((workspace,), *A_WORKSPACE))
        with self._lock:
            if len(self._seen) > MOST_KEPT:
                self._forget(now)
            longest = timedelta(0)
            for key, most, span in limits:
                moments = self._seen.setdefault(key, deque())
                while moments and now - moments[0] >= span:
                    moments.popleft()
                if len(moments) >= most:
                    longest = max(longest, span - (now - moments[0]))
            if not longest:
                for key, _, _ in limits:
                    self._seen[key].append(now)
            return longest

    def _forget(self, now: datetime) -> None:
        quiet = [key for key, moments in self._seen.items() if not moments or now - moments[-1] > A_WORKSPACE[1]]
        for key in quiet:
            del self._seen[key]
