"""What is exported: plain rows, oldest first, read in pages so that a large archive does not fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from bot.store.articles import shown
from bot.store.sources import visible
from bot.store.tables import alerts, articles, channels, mentions

PAGE = 1_000


def exported_alerts(
    cx: Connection, workspace: str, since: datetime | None, channel_id: int = 0
) -> Iterator[dict[str, Any]]:
    query = (
        select(
            alerts.c.id, alerts.c.code, alerts.c.story_id, alerts.c.state, alerts.c.why, alerts.c.created_at, alerts.c.posted_at,
            channels.c.platform, channels.c.name.label("channel"), articles.c.id.label("article_id"), articles.c.title,
            articles.c.url, articles.c.outlet, articles.c.published_at,
        )
        .join(channels, channels.c.id == alerts.c.channel_id)
        .join(articles, articles.c.id == alerts.c.article_id)
        .where(alerts.c.workspace == workspace)
    )  # fmt: skip
    if channel_id:
        query = query.where(alerts.c.channel_id == channel_id)
    if since:
        query = query.where(alerts.c.created_at > since)
    yield from _pages(cx, query, alerts.c.id)


def exported_articles(cx: Connection, workspace: str, since: datetime | None) -> Iterator[dict[str, Any]]:
    names = "id story_id title text url outlet language published_at seen_at".split()
    query = select(*(articles.c[name] for name in names)).where(articles.c.source_id.in_(visible(workspace)))
    if since:
        query = query.where(articles.c.at > since)
    yield from _pages(cx, query, articles.c.id)


def exported_mentions(cx: Connection, workspace: str, since: datetime | None) -> Iterator[dict[str, Any]]:
    """By article; offsets are code points of the article's text."""
    for article in exported_articles(cx, workspace, since):
        query = select(mentions).where(mentions.c.article_id == article["id"], shown(mentions, workspace))
        for row in cx.execute(query.order_by(mentions.c.start, mentions.c.entity)):
            yield {
                "article_id": article["id"], "start": row.start, "end": row.end, "text": article["text"][row.start : row.end],
                "entity": row.entity, "kind": row.kind, "confidence": row.confidence,
                "sentence": article["text"][row.sentence_start : row.sentence_end], "title": article["title"],
                "url": article["url"], "outlet": article["outlet"], "published_at": article["published_at"],
                "seen_at": article["seen_at"],
            }  # fmt: skip


def mention_places(cx: Connection, workspace: str, article_id: int) -> list[str]:
    """The entities that an article names, as far as the workspace may see."""
    query = select(mentions.c.entity).where(mentions.c.article_id == article_id, shown(mentions, workspace)).distinct()
    return sorted(cx.execute(query).scalars())


def _pages(cx: Connection, query: Select[Any], key: Any) -> Iterator[dict[str, Any]]:
    last = 0
    while True:
        rows = cx.execute(query.where(key > last).order_by(key).limit(PAGE)).mappings().all()
        yield from (dict(row) for row in rows)
        if len(rows) < PAGE:
            return
        last = rows[-1]["id"]
