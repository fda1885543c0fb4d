"""The archive by words, by names and by time: streams of (time, article id), newest first, within what a workspace can see.

A stream is a superset of what is asked for; whoever reads it verifies each article. Words are folded before they come here,
so no query syntax of an engine gets in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, text

from bot.model import FiledArticle
from bot.store.articles import filed
from bot.store.sources import visible
from bot.store.tables import articles, mention_totals, mentions
from bot.text.fold import fold_key

COUNTED = 1_000  # up to this many articles are counted
MANY = 10_000  # articles with a word: all of them are sorted by time; where there are more, time is walked instead
WALKED = 6_000  # articles that a walk looks at before it gives up on finding a common word in recent ones
FIRST_DAYS = 3.0  # of the first window of time that is looked at for names; each is so many times longer than the last
LONGER = 3.0
Found = tuple[datetime, int]  # an article's time and id


@dataclass(slots=True)
class Limits:
    """What a stream had to leave out, once it has been read."""

    said: list[str] = field(default_factory=list)


def with_words(cx: Connection, workspace: str, phrases: Sequence[str], limits: Limits) -> Iterator[Found]:
    """Articles that hold all these phrases, each one or more folded words in a row."""
    holds = _holds(cx, phrases)
    if cx.dialect.name != "sqlite":
        yield from _stream(cx, _visible(workspace).where(holds))
        return
    if how_many(cx, phrases, MANY + 1) <= MANY:
        yield from _stream(cx, _visible(workspace).where(holds))
        return
    recent = _newest(_visible(workspace)).limit(WALKED).subquery()
    probe = text("EXISTS (SELECT 1 FROM articles_words WHERE articles_words MATCH :terms AND rowid = recent.id)")
    walk = (
        select(recent.alias("recent").c.at, recent.alias("recent").c.id)
        .where(probe.bindparams(terms=_match(phrases)))
    )  # fmt: skip
    last = cx.execute(select(func.min(recent.c.at))).scalar()
    yield from _rows(cx, walk)
    if last is None:
        return
    limits.said.append(f"beyond the newest {WALKED:,} articles, only the {MANY:,} with the word that were read last")
    entered = text(
        "articles.id IN (SELECT rowid FROM articles_words WHERE articles_words MATCH :terms ORDER BY rowid DESC LIMIT :most)"
    )
    older = _visible(workspace).where(entered.bindparams(terms=_match(phrases), most=MANY), articles.c.at < last)
    yield from _stream(cx, older)


def how_many(cx: Connection, phrases: Sequence[str], most: int = COUNTED) -> int:
    """Articles that hold all these phrases, whoever may see them, counted up to `most`: for choosing a way, not for showing."""
    if cx.dialect.name != "sqlite":
        query = select(articles.c.id).where(_holds(cx, phrases)).limit(most)
        return int(cx.execute(select(func.count()).select_from(query.subquery())).scalar_one())
    counting = "SELECT count(*) FROM (SELECT 1 FROM articles_words WHERE articles_words MATCH :terms LIMIT :most)"
    return int(cx.execute(text(counting), {"terms": _match(phrases), "most": most}).scalar_one())


def count_words(cx: Connection, workspace: str, phrases: Sequence[str]) -> int:
    """How many articles that a workspace can see hold all these phrases; `COUNTED` + 1 stands for more."""
    query = select(articles.c.id).where(_holds(cx, phrases), articles.c.source_id.in_(visible(workspace)))
    return int(cx.execute(select(func.count()).select_from(query.limit(COUNTED + 1).subquery())).scalar_one())


def naming(cx: Connection, workspace: str, entities: Sequence[str]) -> Iterator[Found]:
    """Articles that name one of these entities: window after window of time, each longer than the one after it."""
    if not entities:
        return
    newest, oldest = _ends(cx)
    if newest is None or oldest is None:
        return
    until, days = newest + timedelta(seconds=1), FIRST_DAYS
    while until > oldest:
        since = max(until - timedelta(days=days), oldest)
        query = (
            select(mentions.c.at, mentions.c.article_id)
            .join(articles, articles.c.id == mentions.c.article_id)
            .where(
                mentions.c.entity.in_(entities),
                mentions.c.at >= since,
                mentions.c.at < until,
                articles.c.source_id.in_(visible(workspace)),
            )
            .distinct()
            .order_by(mentions.c.at.desc(), mentions.c.article_id.desc())
        )
        yield from _rows(cx, query)
        if since == oldest:
            return
        until, days = since, days * LONGER


def _ends(cx: Connection) -> tuple[datetime | None, datetime | None]:
    """The times of the newest and of the oldest article, whoever may see them."""
    return (
        cx.execute(select(func.max(articles.c.at))).scalar(),
        cx.execute(select(func.min(articles.c.at))).scalar(),
    )


def named_in(cx: Connection, workspace: str, entities: Sequence[str]) -> int:
    """About how many articles name one of these entities."""
    query = select(func.coalesce(func.sum(mention_totals.c.articles), 0)).where(
        mention_totals.c.entity.in_(entities), mention_totals.c.source_id.in_(visible(workspace))
    )
    return int(cx.execute(query).scalar_one())


def everything(cx: Connection, workspace: str) -> Iterator[Found]:
    yield from _stream(cx, _visible(workspace))


def load(cx: Connection, workspace: str, ids: Sequence[int]) -> dict[int, FiledArticle]:
    """Articles by id, of those a workspace can see."""
    query = select(articles).where(articles.c.id.in_(list(ids)), articles.c.source_id.in_(visible(workspace)))
    return {row.id: filed(row) for row in cx.execute(query)}


def newest_with(
    cx: Connection, workspace: str, phrases: Sequence[str], limit: int, fits: Callable[[FiledArticle], bool]
) -> list[FiledArticle]:
    """The newest articles that hold all these phrases and that `fits` agrees to."""
    found: list[FiledArticle] = []
    batch: list[int] = []
    stream = with_words(cx, workspace, phrases, Limits()) if phrases else iter(())
    for _, key in stream:
        batch.append(key)
        if len(batch) == limit:
            found += _fitting(cx, workspace, batch, fits)
            batch = []
        if len(found) >= limit:
            break
    return [*found, *_fitting(cx, workspace, batch, fits)][:limit]


def _fitting(
    cx: Connection, workspace: str, ids: Sequence[int], fits: Callable[[FiledArticle], bool]
) -> list[FiledArticle]:
    held = load(cx, workspace, ids) if ids else {}
    return [held[key] for key in ids if key in held and fits(held[key])]


def search_words(cx: Connection, workspace: str, words: str, limit: int) -> list[FiledArticle]:
    """Articles that contain all these words, newest first."""
    terms = fold_key(words).split()

    def fits(article: FiledArticle) -> bool:
        return set(terms) <= set(fold_key(article.text).split())

    return newest_with(cx, workspace, terms, limit, fits)


def _visible(workspace: str) -> Select[Any]:
    return select(articles.c.at, articles.c.id).where(articles.c.source_id.in_(visible(workspace)))


def _newest(query: Select[Any]) -> Select[Any]:
    return query.order_by(articles.c.at.desc(), articles.c.id.desc())


def _stream(cx: Connection, query: Select[Any]) -> Iterator[Found]:
    yield from _rows(cx, _newest(query))


def _rows(cx: Connection, query: Select[Any]) -> Iterator[Found]:
    """Both engines hand rows over as they are found, so that who stops reading has not paid for the rest."""
    with cx.execute(query.execution_options(stream_results=True, max_row_buffer=100)) as rows:
        yield from ((at, key) for at, key in rows)


def _holds(cx: Connection, phrases: Sequence[str]) -> ColumnElement[bool]:
    if cx.dialect.name == "sqlite":
        inside = "articles.id IN (SELECT rowid FROM articles_words WHERE articles_words MATCH :terms)"
        return text(inside).bindparams(terms=_match(phrases))  # type: ignore[return-value]  # a text is a condition
    each = " && ".join(f"phraseto_tsquery('simple', :p{number})" for number in range(len(phrases)))
    inside = f"articles.id IN (SELECT article_id FROM articles_words WHERE words @@ ({each}))"  # noqa: S608  # our own names
    given: list[Any] = [bindparam(f"p{number}", phrase) for number, phrase in enumerate(phrases)]
    return text(inside).bindparams(*given)  # type: ignore[return-value]


def _match(phrases: Sequence[str]) -> str:
    return " ".join(f'"{phrase}"' for phrase in phrases)
