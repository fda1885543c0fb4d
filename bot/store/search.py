"""The archive by words, by names and by time: streams of (time, article id), newest first, within what a workspace can see.

A stream is a superset of what is asked for; whoever reads it verifies each article. Words are folded before they come here,
so no query syntax of an engine gets in.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    column,
    exists,
    func,
    select,
    table,
    text,
    tuple_,
)

from bot.model import FiledArticle
from bot.store import seen
from bot.store.articles import filed
from bot.store.sources import EVERYBODY, visible
from bot.store.tables import articles, mention_totals, mentions, source_workspaces
from bot.text.fold import fold_key

COUNTED = 1_000  # up to this many articles are counted
MANY = 5_000  # articles with a word: all of them are sorted by time; where there are more, time is walked instead
WALKS = (100, 900, 4_000)  # articles of each walk back in time that a common word is looked for in
OFTEN = 30_000  # articles with a word: where there are more, most look-ups meet it soon and nothing is gained by a list
SPREAD = 4  # times as many ids as articles belong to one time
FIRST_DAYS = 3.0  # of the first window of time that is looked at for names; each is so many times longer than the last
LONGER = 3.0
COMPANY = 5_000  # articles that name one entity, among which others are looked for
SKEW = timedelta(minutes=10)  # of ids against filing: clocks differ, transactions run side by side
IDLE = 500  # articles that are read without one that may be handed over
Found = tuple[datetime, int]  # an article's time and id


@dataclass(slots=True)
class Limits:
    """What a stream had to leave out, once it has been read."""

    said: list[str] = field(default_factory=list)


def with_words(
    cx: Connection, workspace: str, phrases: Sequence[str], also: Sequence[Sequence[str]], limits: Limits
) -> Iterator[Found]:
    """Articles that hold all these phrases, each one or more folded words in a row, and name one of each group of `also`."""
    beside = [_names(articles.c.id, articles.c.at, group) for group in also]
    last: Found | None = None
    if cx.dialect.name == "sqlite" and not also:
        whole, last = yield from _as_filed(cx, workspace, phrases)
        if whole:
            return
    if cx.dialect.name != "sqlite" or how_many(cx, phrases, MANY + 1) <= MANY:
        yield from _stream(cx, _before(_visible(workspace), last).where(_holds(cx, phrases), *beside))
        return
    for size in WALKS:
        window = _newest(_before(_visible(workspace), last)).limit(size)
        yield from _marked(cx, window, size, last, phrases)
        end = cx.execute(window.limit(1).offset(size - 1)).first()
        if end is None:
            return
        last = (end[0], end[1])
    limits.said.append(
        f"of older articles than the newest {sum(WALKS):,}, only the {MANY:,} with the word that were read last"
    )
    entered = text(
        "articles.id IN (SELECT rowid FROM articles_words WHERE articles_words MATCH :terms ORDER BY rowid DESC LIMIT :most)"
    )
    yield from _stream(
        cx, _before(_visible(workspace), last).where(entered.bindparams(terms=_match(phrases), most=MANY), *beside)
    )


def _as_filed(
    cx: Connection, workspace: str, phrases: Sequence[str]
) -> Generator[Found, None, tuple[bool, Found | None]]:
    """Articles with these phrases, newest first, read in the order in which they were filed.

    In the end whether these were all, and the last one: where that order leads nowhere it is given up.

    The index of words hands ids over from the last one down without sorting, and no article is of a later time than it
    was filed. So whatever is later than the filing of the one just read is later than all that is still to be read (the
    threshold algorithm of Fagin, Lotem and Naor, 2003). News is filed as it is published, and a few articles are enough;
    an archive that was filed at once is better sorted.
    """
    ready: list[tuple[float, int, Found]] = []  # a heap, the newest first
    idle, last = 0, None
    with cx.execute(_AS_FILED, {"terms": _match(phrases), "own": workspace, "all": EVERYBODY}) as rows:
        for key, at, seen_at, here in rows:
            end = (seen_at + SKEW).timestamp()
            idle += 1
            while ready and -ready[0][0] > end:
                idle, last = 0, heappop(ready)[2]
                yield last
            if idle > IDLE:
                return False, last
            if here:
                heappush(ready, (-at.timestamp(), -key, (at, key)))
    while ready:
        last = heappop(ready)[2]
        yield last
    return True, last


_read_here = select(source_workspaces.c.source_id).where(
    source_workspaces.c.source_id == articles.c.source_id,
    source_workspaces.c.workspace.in_((bindparam("own"), bindparam("all"))),
)
_words_by_id = table("articles_words", column("rowid", BigInteger))
_AS_FILED = (
    select(_words_by_id.c.rowid, articles.c.at, articles.c.seen_at, _read_here.exists())
    .join_from(_words_by_id, articles, articles.c.id == _words_by_id.c.rowid)
    .where(text("articles_words MATCH :terms"))
    .order_by(_words_by_id.c.rowid.desc())
)


def _before(query: Select[Any], last: Found | None) -> Select[Any]:
    return query.where(tuple_(articles.c.at, articles.c.id) < last) if last else query


def _marked(
    cx: Connection, window: Select[Any], size: int, last: Found | None, phrases: Sequence[str]
) -> Iterator[Found]:
    """Those of a window of time that hold the phrases.

    Articles of one time have ids near each other, so that only a range of ids is asked of the index; others are let through.
    """
    middle = last[1] if last else cx.execute(select(func.max(articles.c.id))).scalar() or 0
    walk = window.subquery("walk")
    inside = text(
        "(walk.id NOT BETWEEN :low AND :high OR walk.id IN "
        "(SELECT rowid FROM articles_words WHERE articles_words MATCH :terms AND rowid BETWEEN :low AND :high))"
    ).bindparams(terms=_match(phrases), low=middle - SPREAD * size, high=middle + SPREAD * size)
    found = cx.execute(select(walk.c.at, walk.c.id).where(inside)).all()
    yield from sorted(((at, key) for at, key in found), reverse=True)


def _held(cx: Connection, phrases: Sequence[str]) -> set[int]:
    """The articles that hold these phrases, whoever may see them."""
    if cx.dialect.name != "sqlite":
        return set(cx.execute(select(articles.c.id).where(_holds(cx, phrases))).scalars())
    inside = text("SELECT rowid FROM articles_words WHERE articles_words MATCH :terms")
    return set(cx.execute(inside, {"terms": _match(phrases)}).scalars())


def how_many(cx: Connection, phrases: Sequence[str], most: int = COUNTED) -> int:
    """Articles that hold all these phrases, whoever may see them, counted up to `most`: for choosing a way, not for showing."""
    if cx.dialect.name != "sqlite":
        query = select(articles.c.id).where(_holds(cx, phrases)).limit(most)
        return int(cx.execute(select(func.count()).select_from(query.subquery())).scalar_one())
    counting = "SELECT count(*) FROM (SELECT 1 FROM articles_words WHERE articles_words MATCH :terms LIMIT :most)"
    return int(cx.execute(text(counting), {"terms": _match(phrases), "most": most}).scalar_one())


def count_words(cx: Connection, workspace: str, phrases: Sequence[str]) -> int:
    """How many articles that a workspace can see hold all these phrases; `COUNTED` + 1 stands for more."""
    query = select(articles.c.id).where(_holds(cx, phrases), _is_read(workspace))
    return int(cx.execute(select(func.count()).select_from(query.limit(COUNTED + 1).subquery())).scalar_one())


def naming(
    cx: Connection,
    workspace: str,
    entities: Sequence[str],
    also: Sequence[Sequence[str]],
    phrases: Sequence[str],
    limits: Limits,
) -> Iterator[Found]:
    """Articles that name one of these entities, and one of each group of `also`, and hold these phrases.

    Window after window of time is read, each longer than the one after it; for company only the newest articles.
    """
    newest, oldest = _ends(cx)
    if not entities or newest is None or oldest is None:
        return
    if (also or phrases) and (bound := seen.since(cx, workspace, entities, COMPANY)):
        limits.said.append(f"only the newest {COMPANY:,} articles that name the rarest one")
        oldest = max(oldest, bound)
    beside = [_names(mentions.c.article_id, mentions.c.at, group) for group in also]
    held = _held(cx, phrases) if phrases and how_many(cx, phrases, OFTEN + 1) <= OFTEN else None
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
                *beside,
            )
            .distinct()
            .order_by(mentions.c.at.desc(), mentions.c.article_id.desc())
        )
        yield from (found for found in _rows(cx, query) if held is None or found[1] in held)
        until, days = since, days * LONGER


def _names(article_id: ColumnElement[int], at: ColumnElement[datetime], entities: Sequence[str]) -> ColumnElement[bool]:
    """Whether an article names one of these. Its time is compared too: with it the index leads straight there."""
    other = mentions.alias()
    return exists().where(other.c.entity.in_(entities), other.c.at == at, other.c.article_id == article_id)


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
    query = select(articles).where(articles.c.id.in_(list(ids)), _is_read(workspace))
    return {row.id: filed(row) for row in cx.execute(query)}


def newest_with(
    cx: Connection, workspace: str, phrases: Sequence[str], limit: int, fits: Callable[[FiledArticle], bool]
) -> list[FiledArticle]:
    """The newest articles that hold all these phrases and that `fits` agrees to."""
    found: list[FiledArticle] = []
    batch: list[int] = []
    stream = with_words(cx, workspace, phrases, (), Limits()) if phrases else iter(())
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
    return select(articles.c.at, articles.c.id).where(_is_read(workspace))


def _is_read(workspace: str) -> ColumnElement[bool]:
    """Asked article by article: given a list of sources, SQLite would read each source whole and sort."""
    read = select(source_workspaces.c.source_id).where(
        source_workspaces.c.source_id == articles.c.source_id, source_workspaces.c.workspace.in_((workspace, EVERYBODY))
    )
    return read.exists()


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
