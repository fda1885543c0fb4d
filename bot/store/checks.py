"""Articles that somebody asks about: those that are filed, and pages that are still to be read for the answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from bot.store.sources import visible
from bot.store.tables import articles, page_checks, sources

MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class FiledAt:
    article_id: int
    story_id: int
    kind: str  # of the source: feed | folder
    seen_at: datetime


def filed_at(cx: Connection, workspace: str, urls: Collection[str], link: str | None) -> FiledAt | None:
    """The newest article under an address that a workspace can see."""
    same = or_(articles.c.url.in_(list(urls)), articles.c.link == link) if link else articles.c.url.in_(list(urls))
    query = (
        select(articles.c.id, articles.c.story_id, sources.c.kind, articles.c.seen_at)
        .join(sources, sources.c.id == articles.c.source_id)
        .where(same, articles.c.source_id.in_(visible(workspace)))
        .order_by(articles.c.id.desc())
        .limit(1)
    )
    row = cx.execute(query).first()
    return FiledAt(*row) if row else None


@dataclass(frozen=True, slots=True)
class Check:
    """A page that is to be read for a channel."""

    id: int
    channel_id: int
    address: str
    tries: int


def ask(cx: Connection, channel_id: int, address: str, now: datetime) -> None:
    row = {"channel_id": channel_id, "address": address, "tries": 0, "not_before": now, "created_at": now}
    cx.execute(page_checks.insert().values(row))


def claim(cx: Connection, now: datetime, lease: timedelta, limit: int) -> list[Check]:
    """Take pages to read; one whose reader died is taken again after its lease, a few times."""
    due = (
        select(page_checks.c.id)
        .where(page_checks.c.not_before <= now)
        .order_by(page_checks.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(page_checks)
        .where(page_checks.c.id.in_(due.scalar_subquery()))
        .values(not_before=now + lease, tries=page_checks.c.tries + 1)
        .returning(page_checks.c.id, page_checks.c.channel_id, page_checks.c.address, page_checks.c.tries)
    )
    return [Check(*row) for row in cx.execute(taken)]


def done(cx: Connection, check_id: int) -> None:
    cx.execute(delete(page_checks).where(page_checks.c.id == check_id))
