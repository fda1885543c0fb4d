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
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from bot.model import Article, Citation, FiledArticle, Mention, Sentence
from bot.store.engine import insert
from bot.store.sources import visible
from bot.store.tables import article_versions, articles, mentions, stories
from bot.text.fold import fold_key

LATEST = 200  # articles that are looked at for what is named most now
HEADLINE_LAST = 1_000_000_000  # added to offsets in the headline, so that any sentence of the body comes before


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
            "at": article.published or now,
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


def latest_citations(cx: Connection, workspace: str, entities: Sequence[str], limit: int) -> list[Citation]:
    """The newest sentences that name an entity (under any of its ids): one an article, its first below the headline."""
    below = case((mentions.c.sentence_start > 0, mentions.c.start), else_=mentions.c.start + HEADLINE_LAST)
    first = (
        select(mentions.c.article_id, (func.min(below) % HEADLINE_LAST).label("start"))
        .join(articles, articles.c.id == mentions.c.article_id)
        .where(mentions.c.entity.in_(entities), articles.c.source_id.in_(visible(workspace)))
        .group_by(mentions.c.article_id, mentions.c.at)
        .order_by(mentions.c.at.desc(), mentions.c.article_id.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        _cited()
        .join(first, and_(first.c.article_id == mentions.c.article_id, first.c.start == mentions.c.start))
        .order_by(mentions.c.at.desc(), mentions.c.article_id.desc())
    )
    return [_citation(row, ((row.start, row.end),)) for row in cx.execute(query)]


def citations_of(cx: Connection, workspace: str, article_ids: Sequence[int]) -> dict[int, list[tuple[str, Citation]]]:
    """Article id → the mentions that a workspace may see, in order, as (entity id, citation)."""
    found: dict[int, list[tuple[str, Citation]]] = {key: [] for key in article_ids}
    query = (
        _cited(mentions.c.entity)
        .where(articles.c.id.in_(list(article_ids)), shown(mentions, workspace))
        .order_by(mentions.c.start)
    )
    for row in cx.execute(query):
        found[row.id].append((row.entity, _citation(row, ((row.start, row.end),))))
    return found


def shown(table: FromClause, workspace: str) -> ColumnElement[bool]:
    """Mentions of what another workspace tracks are nobody else's business."""
    own = f"w:{workspace}:"
    return or_(table.c.entity.not_like("w:%"), func.substr(table.c.entity, 1, len(own)) == own)


def _cited(*more: Any) -> Select[Any]:
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


def _citation(row: Any, marks: tuple[tuple[int, int], ...]) -> Citation:
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


def mention_count(
    cx: Connection, workspace: str, entities: Sequence[str], since: datetime | None = None
) -> tuple[int, int]:
    """(mentions, articles) of an entity."""
    query = (
        select(func.count(), func.count(func.distinct(mentions.c.article_id)))
        .join_from(mentions, articles, articles.c.id == mentions.c.article_id)
        .where(mentions.c.entity.in_(entities), articles.c.source_id.in_(visible(workspace)))
    )
    if since:
        query = query.where(mentions.c.at >= since)
    total, in_articles = cx.execute(query).one()
    return int(total), int(in_articles)


def mention_days(cx: Connection, workspace: str, entities: Sequence[str]) -> list[tuple[datetime, int]]:
    """(time of an article, mentions in it), oldest first: what the small chart is drawn from."""
    query = (
        select(mentions.c.at, func.count())
        .join_from(mentions, articles, articles.c.id == mentions.c.article_id)
        .where(mentions.c.entity.in_(entities), articles.c.source_id.in_(visible(workspace)))
        .group_by(mentions.c.article_id, mentions.c.at)
        .order_by(mentions.c.at)
    )
    return [(at, count) for at, count in cx.execute(query)]


def seen_with(
    cx: Connection, workspace: str, entities: Sequence[str], kinds: Sequence[str], limit: int, *, same_sentence: bool
) -> list[tuple[str, int]]:
    """(entity id, articles) that share a sentence, or an article, with an entity; most often first."""
    other = mentions.alias("other")
    together = [other.c.article_id == mentions.c.article_id, other.c.entity.not_in(entities), shown(other, workspace)]
    if same_sentence:
        together.append(other.c.sentence_start == mentions.c.sentence_start)
    query = (
        select(other.c.entity, func.count(func.distinct(other.c.article_id)).label("n"))
        .join_from(mentions, other, and_(*together))
        .join(articles, articles.c.id == mentions.c.article_id)
        .where(mentions.c.entity.in_(entities), other.c.kind.in_(kinds), articles.c.source_id.in_(visible(workspace)))
        .group_by(other.c.entity)
        .order_by(func.count(func.distinct(other.c.article_id)).desc(), other.c.entity)
        .limit(limit)
    )
    return [(name, int(count)) for name, count in cx.execute(query)]


def _found(row: Any) -> FiledArticle:
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


def search_words(cx: Connection, workspace: str, words: str, limit: int) -> list[FiledArticle]:
    """Articles that contain all these words, newest first. `words` is folded here, so no query syntax gets in."""
    terms = fold_key(words).split()
    if not terms:
        return []
    if cx.dialect.name == "sqlite":
        match = text("articles.id IN (SELECT rowid FROM articles_words WHERE articles_words MATCH :terms)")
        given = " ".join(f'"{term}"' for term in terms)
    else:
        match = text(
            "articles.id IN (SELECT article_id FROM articles_words WHERE words @@ plainto_tsquery('simple', :terms))"
        )
        given = " ".join(terms)
    query = (
        select(articles)
        .where(match.bindparams(bindparam("terms", given)), articles.c.source_id.in_(visible(workspace)))
        .order_by(articles.c.at.desc(), articles.c.id.desc())
        .limit(limit)
    )
    return [_found(row) for row in cx.execute(query)]


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
    return [_found(row) for row in cx.execute(query)]


def article(cx: Connection, workspace: str, article_id: int) -> FiledArticle | None:
    """One article that a workspace can see."""
    query = select(articles).where(articles.c.id == article_id, articles.c.source_id.in_(visible(workspace)))
    row = cx.execute(query).one_or_none()
    return _found(row) if row else None


def titles(cx: Connection, workspace: str, ids: Sequence[int]) -> dict[int, str]:
    """Article id → title, of those a workspace can see."""
    query = select(articles.c.id, articles.c.title).where(
        articles.c.id.in_(list(ids)), articles.c.source_id.in_(visible(workspace))
    )
    return {row.id: row.title for row in cx.execute(query)}


def most_named(cx: Connection, workspace: str, limit: int) -> list[str]:
    """The entities that the latest articles a workspace can see name most."""
    latest = (
        select(articles.c.id)
        .where(articles.c.source_id.in_(visible(workspace)))
        .order_by(articles.c.at.desc())
        .limit(LATEST)
    )
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
) -> bool:
    """A text that really changed: what it was is kept as a version, and its mentions are to be entered anew."""
    query = select(articles.c.title, articles.c.text, articles.c.version).where(articles.c.id == article_id)
    old = cx.execute(query).one_or_none()
    if old is None:
        return False
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
    cx.execute(delete(mentions).where(mentions.c.article_id == article_id))
    _forget_words(cx, article_id, fold_key(old.text))
    _index_words(cx, {article_id: fold_key(article.text)})
    return True


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
    return [_found(row) for row in cx.execute(query)]
