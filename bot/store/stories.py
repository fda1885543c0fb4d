"""Reads round stories: what the window of recent articles is filled from, and who stands behind a story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from bot.store.sources import visible
from bot.store.tables import articles, mentions
from bot.stories.origins import Origins, from_data
from bot.stories.reading import LEAD, Named

CHUNK = 500  # ids a statement
_READ = 3 * LEAD  # characters of a text that stories are decided by


@dataclass(frozen=True, slots=True)
class SourceOf:
    """An article of a story, and whom it cites."""

    article_id: int
    outlet: str
    url: str | None
    at: datetime
    origins: Origins


def story_sources(cx: Connection, workspace: str, story_id: int) -> list[SourceOf]:
    """The articles of a story that a workspace can see, oldest first."""
    query = (
        select(articles.c.id, articles.c.outlet, articles.c.url, articles.c.at, articles.c.origins)
        .where(articles.c.story_id == story_id, articles.c.source_id.in_(visible(workspace)))
        .order_by(articles.c.at, articles.c.id)
    )
    return [SourceOf(r.id, r.outlet, r.url, r.at, from_data(r.origins, r.outlet)) for r in cx.execute(query)]


def sources_of_stories(cx: Connection, workspace: str, story_ids: Sequence[int]) -> dict[int, list[Origins]]:
    """Story → the origins of its articles that a workspace can see, oldest first."""
    found: dict[int, list[Origins]] = {story_id: [] for story_id in story_ids}
    wanted = list(found)
    for at in range(0, len(wanted), CHUNK):
        query = (
            select(articles.c.story_id, articles.c.outlet, articles.c.origins)
            .where(articles.c.story_id.in_(wanted[at : at + CHUNK]), articles.c.source_id.in_(visible(workspace)))
            .order_by(articles.c.at, articles.c.id)
        )
        for row in cx.execute(query):
            found[row.story_id].append(from_data(row.origins, row.outlet))
    return found


def placed_because(cx: Connection, workspace: str, story_id: int, limit: int = 3) -> list[str]:
    """Why the newest articles of a story that a workspace can see were put into it."""
    query = (
        select(articles.c.outlet, articles.c.placed)
        .where(
            articles.c.story_id == story_id,
            articles.c.placed.is_not(None),
            articles.c.source_id.in_(visible(workspace)),
        )
        .order_by(articles.c.id.desc())
        .limit(limit)
    )
    return [f"{row.outlet}: {row.placed}" for row in cx.execute(query)]


def newest_id(cx: Connection) -> int:
    return int(cx.execute(select(func.max(articles.c.id))).scalar() or 0)


def filed_after(cx: Connection, article_id: int) -> Sequence[Any]:
    """(id, source_id, key) of the articles with a higher id, for the window, which shows nobody anything."""
    query = select(articles.c.id, articles.c.source_id, articles.c.key).where(articles.c.id > article_id)
    return cx.execute(query.order_by(articles.c.id)).all()


def filed_between(cx: Connection, since: datetime, until: datetime, limit: int) -> Sequence[Any]:
    """(id, source_id, key) of the newest articles of a time."""
    query = (
        select(articles.c.id, articles.c.source_id, articles.c.key)
        .where(articles.c.at > since, articles.c.at <= until)
        .order_by(articles.c.at.desc(), articles.c.id.desc())
        .limit(limit)
    )
    return cx.execute(query).all()


def to_read(cx: Connection, ids: Sequence[int]) -> list[tuple[Any, list[Named]]]:
    """(row, where it names whom) for reading articles into the window, in the order of their ids."""
    found = []
    for at in range(0, len(ids), CHUNK):
        part = list(ids[at : at + CHUNK])
        named: dict[int, list[Named]] = {}
        columns = (mentions.c.article_id, mentions.c.entity, mentions.c.kind, mentions.c.start, mentions.c.end)
        query = select(*columns).where(mentions.c.article_id.in_(part), mentions.c.start < LEAD)
        for row in cx.execute(query.order_by(mentions.c.article_id, mentions.c.start, mentions.c.entity)):
            named.setdefault(row.article_id, []).append((row.entity, row.kind, row.start, row.end))
        texts = select(
            articles.c.id,
            articles.c.source_id,
            articles.c.key,
            articles.c.story_id,
            articles.c.content_hash,
            articles.c.link,
            articles.c.at,
            articles.c.outlet,
            articles.c.title,
            func.substr(articles.c.text, 1, _READ).label("text"),
        )
        found += [
            (article, named.get(article.id, []))
            for article in cx.execute(texts.where(articles.c.id.in_(part)).order_by(articles.c.id))
        ]
    return found
