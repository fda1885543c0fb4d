"""Tallies of mentions by day and source, kept in the transaction that enters or replaces an article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, func, select

from bot.model import Mention, Sentence
from bot.store.engine import insert_on
from bot.store.tables import articles, mention_days, mention_totals, mentions

EVERY = ""  # stands in the place of an entity for every article, whatever it names
AT_ONCE = 500  # rows of one statement
_EPOCH = date(1970, 1, 1)
_Key = tuple[str, int, int]  # entity, day, source


def day_number(day: date) -> int:
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    return _EPOCH + timedelta(days=number)


def utc_day(at: datetime) -> int:
    return day_number(at.astimezone(UTC).date())


def count_articles(cx: Connection, source_id: int, times: Iterable[datetime]) -> None:
    """New articles of a source."""
    days = Counter(utc_day(at) for at in times)
    _add(cx, {(EVERY, day, source_id): (number, 0) for day, number in days.items()})


def count_mentions(cx: Connection, found: Sequence[tuple[int, datetime, Sequence[tuple[Mention, Sentence]]]]) -> None:
    """Mentions that were entered just now: (article id, its time, mentions)."""
    sources: dict[int, int] = {}
    for start in range(0, len(found), AT_ONCE):
        ids = [article_id for article_id, _, _ in found[start : start + AT_ONCE]]
        rows = cx.execute(select(articles.c.id, articles.c.source_id).where(articles.c.id.in_(ids)))
        sources |= {row.id: row.source_id for row in rows}
    tally: dict[_Key, tuple[int, int]] = {}
    for article_id, at, placed in found:
        for entity, number in Counter(mention.entity for mention, _ in placed).items():
            key = (entity, utc_day(at), sources[article_id])
            in_articles, named = tally.get(key, (0, 0))
            tally[key] = in_articles + 1, named + number
    _add(cx, tally)


def take_back(cx: Connection, article_id: int) -> None:
    """The mentions of an article are about to go."""
    query = (
        select(mentions.c.entity, mentions.c.at, articles.c.source_id, func.count().label("number"))
        .join_from(mentions, articles, articles.c.id == mentions.c.article_id)
        .where(mentions.c.article_id == article_id)
        .group_by(mentions.c.entity, mentions.c.at, articles.c.source_id)
    )
    _add(cx, {(r.entity, utc_day(r.at), r.source_id): (-1, -r.number) for r in cx.execute(query)})


def _add(cx: Connection, tally: dict[_Key, tuple[int, int]]) -> None:
    days = [
        {"entity": entity, "day": day, "source_id": source_id, "articles": in_articles, "mentions": named}
        for (entity, day, source_id), (in_articles, named) in sorted(tally.items())
    ]
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for (entity, _, source_id), (in_articles, named) in tally.items():
        before = sums.get((entity, source_id), (0, 0))
        sums[entity, source_id] = before[0] + in_articles, before[1] + named
    totals = [
        {"entity": entity, "source_id": source_id, "articles": in_articles, "mentions": named}
        for (entity, source_id), (in_articles, named) in sorted(sums.items())
    ]
    for table, rows in ((mention_days, days), (mention_totals, totals)):
        if rows:
            cx.execute(_adding(cx.dialect.name, table), rows)


@cache
def _adding(dialect: str, table: Table) -> Any:
    query = insert_on(dialect, table)
    grown = {name: table.c[name] + query.excluded[name] for name in ("articles", "mentions")}
    return query.on_conflict_do_update(index_elements=list(table.primary_key), set_=grown)
