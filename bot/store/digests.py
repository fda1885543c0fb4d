"""Digest schedules: when the next one is due, and the one row a channel and local day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bot.store.engine import insert, inserted
from bot.store.tables import channels, digest_schedules, digests
from bot.timetable import EVERY_DAY, Timetable, days_text, parse_days


@dataclass(frozen=True, slots=True)
class DigestSchedule:
    channel_id: int
    timetable: Timetable
    next_digest_at: datetime
    last_digest_at: datetime | None  # up to when the last one told
    missed_since: date | None  # the first local day whose digest was left out since then


def set_schedule(cx: Connection, channel_id: int, timetable: Timetable, next_digest_at: datetime) -> None:
    row = {
        "channel_id": channel_id,
        "at": timetable.at,
        "timezone": timetable.zone,
        "days": days_text(timetable.days),
        "next_digest_at": next_digest_at,
    }
    query = insert(cx, digest_schedules).values(row)
    cx.execute(query.on_conflict_do_update(index_elements=["channel_id"], set_=row))


def drop_schedule(cx: Connection, channel_id: int) -> bool:
    return cx.execute(delete(digest_schedules).where(digest_schedules.c.channel_id == channel_id)).rowcount == 1


def schedule_of(cx: Connection, channel_id: int) -> DigestSchedule | None:
    row = cx.execute(select(digest_schedules).where(digest_schedules.c.channel_id == channel_id)).one_or_none()
    return _schedule(row) if row else None


def due_schedules(cx: Connection, now: datetime) -> list[DigestSchedule]:
    """Those whose moment has come, the earliest first; channels that cannot be reached wait."""
    query = (
        select(digest_schedules)
        .join(channels, channels.c.id == digest_schedules.c.channel_id)
        .where(digest_schedules.c.next_digest_at <= now, channels.c.parked_reason.is_(None))
        .order_by(digest_schedules.c.next_digest_at, digest_schedules.c.channel_id)
    )
    return [_schedule(row) for row in cx.execute(query)]


def days_taken(cx: Connection, channel_id: int, since: date) -> set[date]:
    """The local days, from `since` on, that have had their digest."""
    query = select(digests.c.local_date).where(digests.c.channel_id == channel_id, digests.c.local_date >= since)
    return set(cx.execute(query).scalars())


def free_days(cx: Connection, channel_id: int, since: date) -> None:
    """Let these local days have a digest: after a change of time zone the same date is another day."""
    cx.execute(delete(digests).where(digests.c.channel_id == channel_id, digests.c.local_date >= since))


def take_day(cx: Connection, channel_id: int, local_date: date, now: datetime) -> bool:
    """True for the one caller that may send this channel's digest of this local day."""
    row = {"channel_id": channel_id, "local_date": local_date, "created_at": now}
    return inserted(cx, insert(cx, digests).values(row).on_conflict_do_nothing(), digests.c.channel_id)


def advance(
    cx: Connection, seen: DigestSchedule, next_digest_at: datetime, told_until: datetime | None, missed: date | None
) -> bool:
    """On to the next moment. False if the schedule is no longer as it was seen: another process, or a user, came first."""
    values = {"next_digest_at": next_digest_at, "missed_since": missed}
    if told_until:
        values["last_digest_at"] = told_until
    query = update(digest_schedules).where(
        digest_schedules.c.channel_id == seen.channel_id,
        digest_schedules.c.next_digest_at == seen.next_digest_at,
        digest_schedules.c.at == seen.timetable.at,
        digest_schedules.c.timezone == seen.timetable.zone,
    )
    return cx.execute(query.values(values)).rowcount == 1


def _schedule(row: Any) -> DigestSchedule:
    timetable = Timetable(row.at, row.timezone, parse_days(row.days) or EVERY_DAY)
    return DigestSchedule(row.channel_id, timetable, row.next_digest_at, row.last_digest_at, row.missed_since)
