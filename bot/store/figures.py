"""The figures of the whole house for its operator: counts and times, never a name or an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from bot.store.outbox import unfinished
from bot.store.tables import deliveries, source_workspaces, sources


@dataclass(frozen=True, slots=True)
class Figures:
    """Ages are in seconds, 0 where nothing waits."""

    feeds: int
    due: int
    failing: int
    parked: int
    pushed: int  # feeds whose hub sends them
    oldest_due: float
    outbox_depth: int
    oldest_undelivered: float


def figures(cx: Connection, now: datetime) -> Figures:
    """What waits, and since when. A delivery that is put off on purpose counts from the time it may go."""
    active = sources.c.parked.is_(False)
    is_due = active & (sources.c.next_check_at <= now)
    followed = sources.c.id.in_(select(source_workspaces.c.source_id))
    feeds = cx.execute(
        select(
            func.count(),
            func.count(case((is_due, 1))),
            func.count(case((active & (sources.c.failures > 0), 1))),
            func.count(case((sources.c.parked.is_(True), 1))),
            func.count(case((active & (sources.c.hub_until > now), 1))),
            func.min(case((is_due, sources.c.next_check_at))),
        ).where(sources.c.kind == "feed", followed)
    ).one()
    since = case((deliveries.c.attempts > 0, deliveries.c.created_at), else_=deliveries.c.not_before)
    waiting = cx.execute(select(func.count(), func.min(since)).where(unfinished)).one()
    total, due, failing, parked, pushed, oldest_due = feeds
    return Figures(
        total, due, failing, parked, pushed, _age(oldest_due, now), waiting[0], _age(waiting[1], now)
    )  # fmt: skip


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, round((now - since).total_seconds(), 1)) if since else 0.0
