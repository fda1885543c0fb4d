"""What the archive says of an entity: counts, days, company, sentences; always within what a workspace can see.

Whatever could touch a million mentions reads the tallies instead, or the newest articles alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from bot.company import Place, Sample, Seen, Sighting
from bot.store.articles import citation, cited, shown
from bot.store.sources import visible
from bot.store.tables import articles, mention_days, mention_totals, mentions
from bot.store.tallies import EVERY, day_number, day_of


def mention_count(cx: Connection, workspace: str, entities: Sequence[str]) -> tuple[int, int]:
    """(mentions, articles) of an entity, under any of its ids."""
    query = select(
        func.coalesce(func.sum(mention_totals.c.mentions), 0), func.coalesce(func.sum(mention_totals.c.articles), 0)
    ).where(mention_totals.c.entity.in_(entities), mention_totals.c.source_id.in_(visible(workspace)))
    total, in_articles = cx.execute(query).one()
    twice = _under_both(cx, workspace, entities) if len(entities) > 1 and in_articles else 0
    return int(total), int(in_articles) - twice


def _under_both(cx: Connection, workspace: str, entities: Sequence[str]) -> int:
    """Articles that hold two names of one entity, filed under two ids: a workspace's own name is the rare one."""
    other = mentions.alias("other")
    query = (
        select(func.count(func.distinct(mentions.c.article_id)))
        .join_from(mentions, other, (other.c.article_id == mentions.c.article_id) & (other.c.at == mentions.c.at))
        .join(articles, articles.c.id == mentions.c.article_id)
        .where(
            mentions.c.entity == entities[0],
            other.c.entity.in_(entities[1:]),
            articles.c.source_id.in_(visible(workspace)),
        )
    )
    return int(cx.execute(query).scalar_one())


def article_totals(cx: Connection, workspace: str, entities: Iterable[str]) -> dict[str, int]:
    """Entity → articles that name it; under `EVERY` the number of all articles."""
    query = (
        select(mention_totals.c.entity, func.sum(mention_totals.c.articles))
        .where(mention_totals.c.entity.in_((*entities, EVERY)), mention_totals.c.source_id.in_(visible(workspace)))
        .group_by(mention_totals.c.entity)
    )
    return {entity: int(number) for entity, number in cx.execute(query)}


def days(cx: Connection, workspace: str, entities: Sequence[str], since: date, until: date) -> dict[date, int]:
    """Day (UTC) → mentions, from `since` to `until`, both included; days without any are left out."""
    query = (
        _by_day(workspace, entities, func.sum(mention_days.c.mentions))
        .where(mention_days.c.day.between(day_number(since), day_number(until)))
        .order_by(mention_days.c.day)
    )
    return {day_of(day): int(number) for day, number in cx.execute(query) if number}


def newest_day(cx: Connection, workspace: str, entities: Sequence[str]) -> date | None:
    """The day (UTC) of the newest mention."""
    found = _newest_days(cx, workspace, entities, 1, None, None)
    return day_of(found[0]) if found else None


def since(cx: Connection, workspace: str, entities: Sequence[str], most: int) -> datetime | None:
    """The midnight since which so many articles name an entity; None if fewer do at all."""
    query = select(func.sum(mention_totals.c.articles)).where(
        mention_totals.c.entity.in_(entities), mention_totals.c.source_id.in_(visible(workspace))
    )
    if int(cx.execute(query).scalar() or 0) <= most:
        return None
    return _midnight(_newest_days(cx, workspace, entities, most, None, None)[-1])


def _by_day(workspace: str, entities: Sequence[str], tally: ColumnElement[Any]) -> Select[Any]:
    return (
        select(mention_days.c.day, tally)
        .where(_is(mention_days, entities), mention_days.c.source_id.in_(visible(workspace)))
        .group_by(mention_days.c.day)
    )


def _newest_days(
    cx: Connection, workspace: str, entities: Sequence[str], most: int, since: datetime | None, until: datetime | None
) -> list[int]:
    """The newest days that hold so many articles together, newest first."""
    query = _by_day(workspace, entities, func.sum(mention_days.c.articles)).order_by(mention_days.c.day.desc())
    if since:
        query = query.where(mention_days.c.day >= day_number(since.astimezone(UTC).date()))
    if until:
        query = query.where(mention_days.c.day <= day_number(until.astimezone(UTC).date()))
    found: list[int] = []
    held = 0
    with cx.execute(query) as rows:
        for day, number in rows:
            if number:
                found.append(day)
                held += int(number)
            if held >= most:
                break
    return found


def sample(
    cx: Connection,
    workspace: str,
    entities: Sequence[str],
    most: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sample:
    """The newest articles that name an entity, of a time if one is given, with all mentions a workspace may see."""
    found = _newest_days(cx, workspace, entities, most + 1, since, until)
    if not found:
        return Sample()
    first = max(filter(None, (_midnight(found[-1]), since)))
    last = _midnight(found[0] + 1)
    newest = (
        select(mentions.c.article_id, articles.c.story_id, mentions.c.at)
        .join(articles, articles.c.id == mentions.c.article_id)
        .where(
            _is(mentions, entities),
            mentions.c.at >= first,
            mentions.c.at < last if until is None or last <= until else mentions.c.at <= until,
            articles.c.source_id.in_(visible(workspace)),
        )
        .distinct()
        .order_by(mentions.c.at.desc(), mentions.c.article_id.desc())
        .limit(most + 1)
    )
    held = cx.execute(newest).all()
    every: dict[int, list[Place]] = {row.article_id: [] for row in held}
    query = select(mentions.c.article_id, mentions.c.entity, mentions.c.sentence_start).where(
        mentions.c.article_id.in_(list(every)), shown(mentions, workspace)
    )
    for article_id, entity, start in cx.execute(query).all():
        every[article_id].append((entity, start))
    chosen = (Seen(row.article_id, row.story_id, row.at, tuple(every[row.article_id])) for row in held[:most])
    return Sample(tuple(chosen), whole=len(held) <= most)


def _midnight(day: int) -> datetime:
    return datetime.combine(day_of(day), time(), UTC)


def _is(table: FromClause, entities: Sequence[str]) -> ColumnElement[bool]:
    """One id is asked for by `=`, so that the index also gives the order."""
    return table.c.entity == entities[0] if len(entities) == 1 else table.c.entity.in_(entities)


def sightings(
    cx: Connection, workspace: str, entities: Sequence[str], article_ids: Sequence[int]
) -> dict[int, list[Sighting]]:
    """Article id → the sentences of it that name an entity, in order, each with everybody it names."""
    query = (
        cited(mentions.c.entity)
        .where(
            articles.c.id.in_(list(article_ids)),
            shown(mentions, workspace),
            articles.c.source_id.in_(visible(workspace)),
        )
        .order_by(articles.c.id, mentions.c.sentence_start, mentions.c.start)
    )
    found: dict[int, list[Sighting]] = {}
    for (article_id, _), group in groupby(cx.execute(query), key=lambda row: (row.id, row.sentence_start)):
        rows = list(group)
        marks = tuple((row.start, row.end) for row in rows if row.entity in entities)
        if marks:
            seen = Sighting(citation(rows[0], marks), frozenset(row.entity for row in rows))
            found.setdefault(article_id, []).append(seen)
    return found


def entities_of(cx: Connection, workspace: str, article_ids: Sequence[int]) -> dict[int, set[str]]:
    """Article id → everybody it names, as far as a workspace may see."""
    query = (
        select(mentions.c.article_id, mentions.c.entity)
        .where(mentions.c.article_id.in_(list(article_ids)), shown(mentions, workspace))
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for article_id, entity in cx.execute(query):
        found.setdefault(article_id, set()).add(entity)
    return found
