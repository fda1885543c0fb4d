"""The plain reads behind a digest: what a window of time holds, and what was before it. No text is read here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal_column, select

from bot.model import Headline
from bot.store.alerts import MUTED
from bot.store.articles import most_named, shown
from bot.store.sources import visible
from bot.store.tables import alerts, articles, mentions, sources

SAMPLE = 3_000  # articles before a window in which the names that are usual are looked for


@dataclass(frozen=True, slots=True)
class Window:
    """What a workspace can see of (since, until]: by when it was read, or `by_document`, by its own dates.

    Without `since` it is everything up to then.
    """

    workspace: str
    since: datetime | None
    until: datetime
    by_document: bool = False

    def holds(self) -> ColumnElement[bool]:
        when = articles.c.at if self.by_document else articles.c.seen_at
        inside = and_(when <= self.until, articles.c.source_id.in_(visible(self.workspace)))
        return and_(inside, when > self.since) if self.since else inside

    def before(self) -> ColumnElement[bool]:
        """What a workspace can see of the time before it. It needs a `since`."""
        when = articles.c.at if self.by_document else articles.c.seen_at
        return and_(when <= self.since, articles.c.source_id.in_(visible(self.workspace)))


_HEADLINE = (
    articles.c.id,
    articles.c.story_id,
    articles.c.source_id,
    articles.c.outlet,
    articles.c.title,
    articles.c.url,
    articles.c.at,
    articles.c.published_at.is_not(None),
)


def _headline(row: Any) -> Headline:
    number, story, source, outlet, title, url, at, published = row
    return Headline(number, story, source, outlet, title, url, at, bool(published))


def headlines(cx: Connection, window: Window, limit: int) -> list[Headline]:
    """The newest articles of a window, oldest first."""
    query = select(*_HEADLINE).where(window.holds()).order_by(articles.c.at.desc(), articles.c.id.desc()).limit(limit)
    found = [_headline(row) for row in cx.execute(query).all()]
    return found[::-1]


def named(cx: Connection, window: Window) -> Sequence[tuple[int, str, int]]:
    """(article id, entity id, start of the sentence) of every mention of a window that the workspace may see."""
    columns = (mentions.c.article_id, mentions.c.entity, mentions.c.sentence_start)
    query = select(*columns).join_from(articles, mentions, mentions.c.article_id == articles.c.id)
    rows: Sequence[Any] = cx.execute(query.where(window.holds(), shown(mentions, window.workspace))).all()
    return rows


def articles_before(cx: Connection, window: Window) -> dict[int, int]:
    """Story → articles of it before the window, for the stories that go on in it."""
    inside = select(articles.c.story_id).where(window.holds())
    query = (
        select(articles.c.story_id, func.count())
        .where(articles.c.story_id.in_(inside), window.before())
        .group_by(articles.c.story_id)
    )
    return {story: int(number) for story, number in cx.execute(query)}


def widely_told(cx: Connection, window: Window, limit: int) -> list[Headline]:
    """The newest article of each story that several outlets told in a window, those told most widely first."""
    outlets = func.count(func.distinct(articles.c.outlet))
    told = (
        select(func.max(articles.c.id).label("newest"), outlets.label("outlets"))
        .where(window.holds())
        .group_by(articles.c.story_id)
        .having(outlets > 1)
        .order_by(outlets.desc(), func.max(articles.c.id).desc())
        .limit(limit)
        .subquery()
    )
    query = select(*_HEADLINE).join(told, told.c.newest == articles.c.id).order_by(told.c.outlets.desc())
    return [_headline(row) for row in cx.execute(query)]


def newest(cx: Connection, workspace: str) -> datetime | None:
    """The date of the newest document that a workspace can see."""
    found: datetime | None = cx.execute(
        select(func.max(articles.c.at)).where(articles.c.source_id.in_(visible(workspace)))
    ).scalar()
    return found


def is_longer(cx: Connection, workspace: str, number: int) -> bool:
    """Whether a workspace can see more articles than this."""
    query = select(articles.c.id).where(articles.c.source_id.in_(visible(workspace))).limit(1).offset(number)
    return cx.execute(query).first() is not None


def sees_everything(cx: Connection, workspace: str) -> bool:
    """Whether no source is hidden from a workspace: then nothing has to be looked up article by article."""
    return cx.execute(select(sources.c.id).where(sources.c.id.not_in(visible(workspace))).limit(1)).first() is None


def articles_a_day(
    cx: Connection, workspace: str, first: datetime, until: datetime, *, everything: bool
) -> dict[date, int]:
    """UTC day → articles dated in [first, until) that a workspace can see; days without any are left out."""
    query = select(_day(cx, articles.c.at), func.count()).where(articles.c.at >= first, articles.c.at < until)
    if not everything:
        query = query.where(articles.c.source_id.in_(visible(workspace)))
    return _counted(cx.execute(query.group_by(_day(cx, articles.c.at))))


def items_a_day(cx: Connection, source_id: int, first: datetime, until: datetime) -> dict[date, int]:
    """UTC day → articles of one source dated in [first, until)."""
    query = (
        select(_day(cx, articles.c.at), func.count())
        .where(articles.c.source_id == source_id, articles.c.at >= first, articles.c.at < until)
        .group_by(_day(cx, articles.c.at))
    )
    return _counted(cx.execute(query))


def _day(cx: Connection, at: ColumnElement[datetime]) -> ColumnElement[Any]:
    return func.date(at) if cx.dialect.name == "sqlite" else func.date(func.timezone(literal_column("'UTC'"), at))


def _counted(rows: Iterable[Any]) -> dict[date, int]:
    return {date.fromisoformat(str(day)): int(number) for day, number in rows}


def usual_names(cx: Connection, workspace: str, before: datetime, limit: int) -> list[str]:
    """The entities that the articles dated before a time named most, as far as the newest of those tell."""
    return most_named(cx, workspace, limit, before=before, sample=SAMPLE)


def sources_seen(cx: Connection, workspace: str) -> frozenset[int]:
    """The sources that a workspace reads, by itself or as everybody."""
    return frozenset(cx.execute(select(sources.c.id).where(sources.c.id.in_(visible(workspace)))).scalars())


def days_of(
    cx: Connection,
    workspace: str,
    entities: Mapping[str, Sequence[str]],
    first: datetime,
    until: datetime,
    *,
    everything: bool,
) -> dict[str, dict[date, int]]:
    """Entity → UTC day → articles dated in [first, until) that name it; `entities` has the ids of each.

    `everything`: see `sees_everything`.
    """
    whole = {id_: entity for entity, ids in entities.items() for id_ in ids}
    entity = case(whole, value=mentions.c.entity)
    once = select(entity.label("entity"), mentions.c.at, mentions.c.article_id).distinct()
    once = once.where(mentions.c.entity.in_(list(whole)), mentions.c.at >= first, mentions.c.at < until)
    if not everything:
        once = once.join(articles, articles.c.id == mentions.c.article_id)
        once = once.where(articles.c.source_id.in_(visible(workspace)))
    found = once.subquery()
    day = _day(cx, found.c.at)
    days: dict[str, dict[date, int]] = {name: {} for name in entities}
    for name, at, number in cx.execute(select(found.c.entity, day, func.count()).group_by(found.c.entity, day)):
        days[name][date.fromisoformat(str(at))] = int(number)
    return days


def last_named(cx: Connection, window: Window, entities: Sequence[str]) -> Headline | None:
    """The newest article before a window that names an entity."""
    query = (
        select(*_HEADLINE)
        .join_from(mentions, articles, articles.c.id == mentions.c.article_id)
        .where(mentions.c.entity.in_(entities), window.before())
        .order_by(mentions.c.at.desc(), mentions.c.article_id.desc())
        .limit(1)
    )
    row: Any = cx.execute(query).first()
    return _headline(row) if row else None


def were_together(cx: Connection, window: Window, one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a sentence from before the window names both; put the one that is named less first."""
    a, b = mentions.alias("a"), mentions.alias("b")
    query = (
        select(a.c.article_id)
        .join_from(a, b, and_(b.c.article_id == a.c.article_id, b.c.sentence_start == a.c.sentence_start))
        .join(articles, articles.c.id == a.c.article_id)
        .where(a.c.entity.in_(one), b.c.entity.in_(other), window.before())
        .limit(1)
    )
    return cx.execute(query).first() is not None


def texts(cx: Connection, workspace: str, article_ids: Collection[int]) -> dict[int, str]:
    """Article → its text, of those that a workspace can see."""
    query = select(articles.c.id, articles.c.text).where(
        articles.c.id.in_(list(article_ids)), articles.c.source_id.in_(visible(workspace))
    )
    return {row.id: row.text for row in cx.execute(query)}


def spans(cx: Connection, article_ids: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """Article → where names of the catalogue stand in its text; for finding others, which shows nobody these."""
    found: dict[int, list[tuple[int, int]]] = {key: [] for key in article_ids}
    query = select(mentions.c.article_id, mentions.c.start, mentions.c.end)
    for article_id, start, end in cx.execute(query.where(mentions.c.article_id.in_(list(article_ids)))):
        found[article_id].append((start, end))
    return found


def alerted(cx: Connection, channel_id: int, since: datetime | None, until: datetime) -> list[int]:
    """The stories that met a channel's subscriptions in a window, told at once or left to the digest; what it muted is not."""
    query = select(alerts.c.story_id).where(
        alerts.c.channel_id == channel_id, alerts.c.created_at <= until, alerts.c.state != MUTED
    )
    if since:
        query = query.where(alerts.c.created_at > since)
    return list(cx.execute(query).scalars())
