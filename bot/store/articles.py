"""The archive: articles, their mentions and stories, and the plain reads that answer questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from bot.model import Article, Citation, FiledArticle, Mention, Sentence
from bot.store import tallies
from bot.store.engine import insert
from bot.store.sources import visible
from bot.store.tables import article_versions, articles, mentions, stories
from bot.text.fold import fold_key

LATEST = 200  # articles that are looked at for what is named most now


def ensure_stories(cx: Connection, seen: Iterable[tuple[int, datetime]]) -> None:
    """Enter stories, or widen the time they cover."""
    spans: dict[int, tuple[datetime, datetime]] = {}
    for story_id, at in seen:
        first, last = spans.get(story_id, (at, at))
        spans[story_id] = min(first, at), max(last, at)
    rows = [{"id": key, "first_at": first, "last_at": last} for key, (first, last) in spans.items()]
    least, most = (func.min, func.max) if cx.dialect.name == "sqlite" else (func.least, func.greatest)
    query = insert(cx, stories)
    grown = {
        "first_at": least(stories.c.first_at, query.excluded.first_at),
        "last_at": most(stories.c.last_at, query.excluded.last_at),
    }
    if rows:
        cx.execute(query.on_conflict_do_update(index_elements=["id"], set_=grown), rows)


def insert_articles(
    cx: Connection, source_id: int, placed: Sequence[tuple[int, Article, Mapping[str, Any]]], now: datetime
) -> dict[str, int]:
    """Key → id of the new ones among these (story id, article, further columns); what this source has brought before is left out."""
    rows = [
        {
            "source_id": source_id,
            "key": article.key,
            "story_id": story_id,
            "title": article.title,
            "text": article.text,
            "url": article.url,
            "outlet": article.outlet,
            "language": article.language,
            "published_at": article.published,
            "seen_at": now,
            "at": article.at(now),
            "content_hash": article.content_hash,
            "link": article.link,
            "body_hash": article.body_hash,
            "said": article.said or None,
            **more,
        }
        for story_id, article, more in placed
    ]
    if not rows:
        return {}
    query = insert(cx, articles).on_conflict_do_nothing(index_elements=["source_id", "key"])
    entered = {row.key: row.id for row in cx.execute(query.returning(articles.c.id, articles.c.key), rows)}
    tallies.count_articles(cx, source_id, [a.at(now) for _, a, _ in placed if a.key in entered])
    _index_words(cx, {entered[a.key]: fold_key(a.text) for _, a, _ in placed if a.key in entered})
    return entered


def _index_words(cx: Connection, words: Mapping[int, str]) -> None:
    values = [{"id": article_id, "words": folded} for article_id, folded in words.items()]
    if not values:
        return
    if cx.dialect.name == "sqlite":
        cx.execute(text("INSERT INTO articles_words(rowid, words) VALUES (:id, :words)"), values)
    else:
        cx.execute(text("INSERT INTO articles_words VALUES (:id, to_tsvector('simple', :words))"), values)


def insert_mentions(cx: Connection, found: Iterable[tuple[int, datetime, Sequence[tuple[Mention, Sentence]]]]) -> None:
    """Enter the mentions of articles: (article id, its time, mentions with the sentence they stand in)."""
    found = list(found)
    rows = [
        {
            "article_id": article_id,
            "start": mention.start,
            "end": mention.end,
            "entity": mention.entity,
            "kind": mention.kind.value,
            "sentence_start": sentence.start,
            "sentence_end": sentence.end,
            "confidence": mention.confidence,
            "at": at,
        }
        for article_id, at, placed in found
        for mention, sentence in placed
    ]
    if rows:
        cx.execute(mentions.insert(), rows)
        tallies.count_mentions(cx, found)


def citations_of(cx: Connection, workspace: str, article_ids: Sequence[int]) -> dict[int, list[tuple[str, Citation]]]:
    """Article id → the mentions that a workspace may see, in order, as (entity id, citation)."""
    found: dict[int, list[tuple[str, Citation]]] = {key: [] for key in article_ids}
    query = (
        cited(mentions.c.entity)
        .where(articles.c.id.in_(list(article_ids)), shown(mentions, workspace))
        .order_by(mentions.c.start)
    )
    for row in cx.execute(query):
        found[row.id].append((row.entity, citation(row, ((row.start, row.end),))))
    return found


def shown(table: FromClause, workspace: str) -> ColumnElement[bool]:
    """Mentions of what another workspace tracks are nobody else's business."""
    own = f"w:{workspace}:"
    return or_(table.c.entity.not_like("w:%"), func.substr(table.c.entity, 1, len(own)) == own)


def cited(*more: Any) -> Select[Any]:
    """Mentions with the sentence they stand in."""
    return select(
        articles.c.id,
        articles.c.story_id,
        articles.c.title,
        articles.c.outlet,
        articles.c.url,
        articles.c.at,
        articles.c.published_at,
        mentions.c.start,
        mentions.c.end,
        mentions.c.sentence_start,
        mentions.c.sentence_end,
        func.substr(
            articles.c.text, mentions.c.sentence_start + 1, mentions.c.sentence_end - mentions.c.sentence_start
        ).label("sentence"),
        *more,
    ).join_from(articles, mentions, mentions.c.article_id == articles.c.id)


def citation(row: Any, marks: tuple[tuple[int, int], ...]) -> Citation:
    return Citation(
        article_id=row.id,
        story_id=row.story_id,
        title=row.title,
        outlet=row.outlet,
        url=row.url,
        at=row.at,
        published=row.published_at is not None,
        start=row.sentence_start,
        end=row.sentence_end,
        sentence=row.sentence,
        marks=marks,
    )


def filed(row: Any) -> FiledArticle:
    return FiledArticle(
        row.id,
        row.story_id,
        row.title,
        row.text,
        row.url,
        row.outlet,
        row.at,
        row.published_at is not None,
        row.source_id,
        row.content_hash,
        row.link,
        row.language,
    )


def articles_between(
    cx: Connection, workspace: str, since: datetime | None, until: datetime | None, limit: int
) -> list[FiledArticle]:
    """The newest articles of a window that a workspace can see, newest first."""
    query = select(articles).where(articles.c.source_id.in_(visible(workspace)))
    if since:
        query = query.where(articles.c.at > since)
    if until:
        query = query.where(articles.c.at <= until)
    query = query.order_by(articles.c.at.desc(), articles.c.id.desc()).limit(limit)
    return [filed(row) for row in cx.execute(query)]


def article(cx: Connection, workspace: str, article_id: int) -> FiledArticle | None:
    """One article that a workspace can see."""
    query = select(articles).where(articles.c.id == article_id, articles.c.source_id.in_(visible(workspace)))
    row = cx.execute(query).one_or_none()
    return filed(row) if row else None


def titles(cx: Connection, workspace: str, ids: Sequence[int]) -> dict[int, str]:
    """Article id → title, of those a workspace can see."""
    query = select(articles.c.id, articles.c.title).where(
        articles.c.id.in_(list(ids)), articles.c.source_id.in_(visible(workspace))
    )
    return {row.id: row.title for row in cx.execute(query)}


def most_named(
    cx: Connection, workspace: str, limit: int, *, before: datetime | None = None, sample: int = LATEST
) -> list[str]:
    """The entities that the latest articles a workspace can see, or the latest from before a time, name most."""
    latest = select(articles.c.id).where(articles.c.source_id.in_(visible(workspace)))
    if before:
        latest = latest.where(articles.c.at < before)
    latest = latest.order_by(articles.c.at.desc()).limit(sample)
    number = func.count(func.distinct(mentions.c.article_id))
    query = (
        select(mentions.c.entity)
        .where(mentions.c.article_id.in_(latest.scalar_subquery()), ~mentions.c.entity.startswith("w:"))
        .group_by(mentions.c.entity)
        .order_by(number.desc(), mentions.c.entity)
        .limit(limit)
    )
    return list(cx.execute(query).scalars())


def totals(cx: Connection, workspace: str) -> tuple[int, int, datetime | None]:
    """(articles, stories, newest time) a workspace can see."""
    query = select(func.count(), func.count(func.distinct(articles.c.story_id)), func.max(articles.c.at)).where(
        articles.c.source_id.in_(visible(workspace))
    )
    count, in_stories, newest = cx.execute(query).one()
    return int(count), int(in_stories), newest


def replace_article(
    cx: Connection, article_id: int, article: Article, now: datetime, more: Mapping[str, Any] | None = None
) -> datetime | None:
    """A text that really changed: what it was is kept as a version, and its mentions are to be entered anew.

    The article's time, which stays; None if it is not there any more.
    """
    columns = (articles.c.title, articles.c.text, articles.c.version, articles.c.at)
    old = cx.execute(select(*columns).where(articles.c.id == article_id)).one_or_none()
    if old is None:
        return None
    kept = {"article_id": article_id, "version": old.version, "title": old.title, "text": old.text, "until": now}
    cx.execute(article_versions.insert().values(kept))
    values = {
        "title": article.title,
        "text": article.text,
        "url": article.url,
        "content_hash": article.content_hash,
        "link": article.link,
        "body_hash": article.body_hash,
        "said": article.said or None,
        "version": old.version + 1,
        **(more or {}),
    }
    cx.execute(update(articles).where(articles.c.id == article_id).values(values))
    tallies.take_back(cx, article_id)
    cx.execute(delete(mentions).where(mentions.c.article_id == article_id))
    _forget_words(cx, article_id, fold_key(old.text))
    _index_words(cx, {article_id: fold_key(article.text)})
    at: datetime = old.at
    return at


def _forget_words(cx: Connection, article_id: int, words: str) -> None:
    if cx.dialect.name == "sqlite":
        query = "INSERT INTO articles_words(articles_words, rowid, words) VALUES ('delete', :id, :words)"
        cx.execute(text(query), {"id": article_id, "words": words})
    else:
        cx.execute(text("DELETE FROM articles_words WHERE article_id = :id"), {"id": article_id})


def seen_between(cx: Connection, workspace: str, since: datetime, until: datetime, limit: int) -> list[FiledArticle]:
    """What came in during a window, whatever its own date, newest first."""
    query = (
        select(articles)
        .where(articles.c.seen_at > since, articles.c.seen_at <= until, articles.c.source_id.in_(visible(workspace)))
        .order_by(articles.c.at.desc(), articles.c.id.desc())
        .limit(limit)
    )
    return [filed(row) for row in cx.execute(query)]
