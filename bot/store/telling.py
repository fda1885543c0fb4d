"""What is known of a story as far as one workspace can see it: what an alert is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.model import Article, Kind, Mention, Sentence
from bot.store.sources import visible
from bot.store.tables import articles, mentions, sources
from bot.stories.origins import Origins, from_data

MOST = 500  # articles of a story that are counted; a story so large is known


@dataclass(frozen=True, slots=True)
class Told:
    """One article of a story."""

    id: int
    title: str
    outlet: str
    url: str | None
    at: datetime
    published: datetime | None
    seen_at: datetime
    source_id: int


@dataclass(frozen=True, slots=True)
class StoryView:
    story_id: int
    articles: tuple[Told, ...]  # as they were seen
    named: Counter[str]  # entity → articles that name it
    origins: tuple[Origins, ...] = ()  # of each article

    @property
    def outlets(self) -> list[str]:
        return list(dict.fromkeys(article.outlet for article in self.articles))


def story_view(cx: Connection, workspace: str, story_id: int) -> StoryView:
    """The story's articles that a workspace can see, and all they name (what other workspaces track is for the caller to leave out)."""
    c = articles.c
    query = (
        select(c.id, c.title, c.outlet, c.url, c.at, c.published_at, c.seen_at, c.source_id, c.origins)
        .where(c.story_id == story_id, c.source_id.in_(visible(workspace)))
        .order_by(c.seen_at, c.id)
        .limit(MOST)
    )
    found = cx.execute(query).all()
    rows = [Told(*row[:-1]) for row in found]
    origins = tuple(from_data(row.origins, row.outlet) for row in found)
    tally: Counter[str] = Counter()
    ids = [row.id for row in rows]
    if ids:
        number = func.count(func.distinct(mentions.c.article_id))
        named = select(mentions.c.entity, number).where(mentions.c.article_id.in_(ids)).group_by(mentions.c.entity)
        tally.update({entity: int(count) for entity, count in cx.execute(named)})
    return StoryView(story_id, tuple(rows), tally, origins)


@dataclass(frozen=True, slots=True)
class Lead:
    """An article as it was matched: what a card quotes."""

    id: int
    article: Article
    mentions: tuple[tuple[Mention, Sentence], ...]
    source_id: int
    source_name: str


def lead(cx: Connection, workspace: str, article_id: int, name: Callable[[str], str]) -> Lead | None:
    """An article of the archive with its mentions; `name` gives an entity's canonical name."""
    joined = select(articles, sources.c.title.label("source_title"), sources.c.address).join(
        sources, sources.c.id == articles.c.source_id
    )
    row = cx.execute(joined.where(articles.c.id == article_id, articles.c.source_id.in_(visible(workspace)))).first()
    if row is None:
        return None
    found = []
    query = select(mentions).where(mentions.c.article_id == article_id).order_by(mentions.c.start)
    for m in cx.execute(query):
        kind = Kind(m.kind)
        span = Mention(
            m.start, m.end, row.text[m.start : m.end], m.entity, name(m.entity), kind, confidence=m.confidence
        )
        found.append((span, Sentence(m.sentence_start, m.sentence_end)))
    article = Article(
        row.key, row.title, row.text, row.url, row.outlet, row.published_at, row.language, row.content_hash, row.link, row.body_hash
    )  # fmt: skip
    return Lead(row.id, article, tuple(found), row.source_id, f"{row.source_title} {row.address}")
