"""The only use of APScheduler: it wakes the loops and decides nothing. What is due is a column in the database.

Interval triggers in UTC: a late, lost or doubled tick costs nothing, the next one asks the same question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC


class Wakeups:
    """Sets events at fixed intervals."""

    def __init__(self) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None})

    def every(self, seconds: float, wake: Callable[[], None]) -> None:
        async def tick() -> None:
            wake()

        self._scheduler.add_job(tick, "interval", seconds=seconds)

    async def __aenter__(self) -> Wakeups:
        self._scheduler.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)
