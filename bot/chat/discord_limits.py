"""How fast Discord may be asked: an even pace below its general limit, the buckets of its routes, a stop before it bans.

Everything takes its time from the running loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

ALLOWED = 50  # requests a second and token, as Discord says
PACE = 48.6  # ours, even
LATE = 0.008  # seconds that a request may be late without the next ones being late too
MOST = ALLOWED - 1  # in any second, however much a busy loop has thrown together
MARGIN = 0.05  # seconds added to every wait that Discord asks for
PATIENCE = 1.0  # seconds that a request waits here; for longer, its delivery is put back
MOST_REFUSED = 1_000  # answers of 401, 403 and 429 in the span; Discord bans the address at 10,000
SPAN = 600.0  # seconds
MOST_BUCKETS = 4_000
COUNTED = (401, 403, 429)


class Wait(Exception):
    """It is not our turn for longer than a request should wait; `seconds` from now it is."""

    def __init__(self, seconds: float, *, everywhere: bool) -> None:
        super().__init__(f"Discord asks for {seconds:.1f} s of patience")
        self.seconds = seconds
        self.everywhere = everywhere


@dataclass(slots=True)
class _Bucket:
    remaining: int
    resets: float  # loop time


class Limits:
    """The state of one token."""

    def __init__(self) -> None:
        self._slot = 0.0  # when the next request would go out at an even pace
        self._sent: deque[float] = deque(maxlen=MOST)
        self._closed_until = 0.0
        self._names: dict[str, str] = {}  # route → Discord's name for its bucket
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._refused: deque[float] = deque()

    async def turn(self, route: str, major: str) -> None:
        """Wait until a request may go out. Raises `Wait` if that takes long."""
        key = (self._names.get(route, route), major)
        while True:
            now = asyncio.get_running_loop().time()
            wait = self._everywhere(now)
            if wait > 0:
                raise Wait(wait, everywhere=True)
            bucket = self._buckets.get(key)
            if bucket and bucket.resets <= now:
                del self._buckets[key]
            elif bucket and bucket.remaining <= 0:
                if bucket.resets - now > PATIENCE:
                    raise Wait(bucket.resets - now, everywhere=False)
                await asyncio.sleep(bucket.resets - now)
                continue
            elif bucket:
                bucket.remaining -= 1
            await self._even(now)
            now = asyncio.get_running_loop().time()
            if self._everywhere(now) <= 0:
                self._sent.append(now)
                return

    async def _even(self, now: float) -> None:
        """Wait for the next place at an even pace."""
        slot = max(self._slot, now - LATE)
        self._slot = slot + 1 / PACE
        await asyncio.sleep(max(0.0, slot - now))
        while True:
            now = asyncio.get_running_loop().time()
            if len(self._sent) < MOST or now - self._sent[0] >= 1:
                return
            await asyncio.sleep(self._sent[0] + 1 - now)

    def _everywhere(self, now: float) -> float:
        while self._refused and now - self._refused[0] > SPAN:
            self._refused.popleft()
        if len(self._refused) >= MOST_REFUSED:
            return SPAN - (now - self._refused[0]) + MARGIN
        return self._closed_until - now

    def learn(self, route: str, major: str, status: int, headers: Mapping[str, str]) -> None:
        """What an answer says about its bucket."""
        now = asyncio.get_running_loop().time()
        if status in COUNTED and headers.get("X-RateLimit-Scope") != "shared":
            self._refused.append(now)
        name = headers.get("X-RateLimit-Bucket")
        if name:
            self._names[route] = name
        try:
            remaining = int(headers["X-RateLimit-Remaining"])
            resets = now + float(headers["X-RateLimit-Reset-After"]) + MARGIN
        except (KeyError, ValueError):
            return
        if len(self._buckets) >= MOST_BUCKETS:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.resets > now}
        self._buckets[(name or route, major)] = _Bucket(remaining, resets)

    def refused(self, route: str, major: str, seconds: float, *, everywhere: bool) -> None:
        """A 429: nobody asks again before the time it names."""
        until = asyncio.get_running_loop().time() + seconds + MARGIN
        if everywhere:
            self._closed_until = max(self._closed_until, until)
        else:
            self._buckets[(self._names.get(route, route), major)] = _Bucket(0, until)
