"""Digest schedules: when the next one is due, and the one row a channel and local day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bot.store.engine import insert, inserted
from bot.store.tables import digest_schedules, digests


@dataclass(frozen=True, slots=True)
class DigestSchedule:
    channel_id: int
    at: str
    timezone: str
    next_digest_at: datetime
    last_digest_at: datetime | None


def set_schedule(cx: Connection, channel_id: int, at: str, timezone: str, next_digest_at: datetime) -> None:
    row = {"channel_id": channel_id, "at": at, "timezone": timezone, "next_digest_at": next_digest_at}
    query = insert(cx, digest_schedules).values(row)
    cx.execute(query.on_conflict_do_update(index_elements=["channel_id"], set_=row))


def drop_schedule(cx: Connection, channel_id: int) -> bool:
    return cx.execute(delete(digest_schedules).where(digest_schedules.c.channel_id == channel_id)).rowcount == 1


def schedule_of(cx: Connection, channel_id: int) -> DigestSchedule | None:
    row = cx.execute(select(digest_schedules).where(digest_schedules.c.channel_id == channel_id)).one_or_none()
    return _schedule(row) if row else None


def due_schedules(cx: Connection, now: datetime) -> list[DigestSchedule]:
    query = select(digest_schedules).where(digest_schedules.c.next_digest_at <= now)
    return [_schedule(row) for row in cx.execute(query.order_by(digest_schedules.c.next_digest_at))]


def take_day(cx: Connection, channel_id: int, local_date: date, now: datetime) -> bool:
    """True for the one caller that may build this channel's digest of this local day."""
    row = {"channel_id": channel_id, "local_date": local_date, "created_at": now}
    return inserted(cx, insert(cx, digests).values(row).on_conflict_do_nothing(), digests.c.channel_id)


def advance(cx: Connection, channel_id: int, done_at: datetime, next_digest_at: datetime) -> None:
    values = {"last_digest_at": done_at, "next_digest_at": next_digest_at}
    cx.execute(update(digest_schedules).where(digest_schedules.c.channel_id == channel_id).values(values))


def _schedule(row: Any) -> DigestSchedule:
    return DigestSchedule(row.channel_id, row.at, row.timezone, row.next_digest_at, row.last_digest_at)
