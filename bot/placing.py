"""Puts articles into stories: keeps the window of recent articles in memory, and in step with the store.

The window is filled from the store at the first article, grows with each one that is placed, and takes in what other
processes have filed. An article that was placed but never committed stays in it: its retry finds its own text there
and gets the same story.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.model import Article, Mention
from bot.store import stories
from bot.stories.cluster import MOST, Placed, Window, story_id
from bot.stories.likeness import WINDOW_HOURS
from bot.stories.reading import LEAD, Reading, read

REACH = timedelta(hours=WINDOW_HOURS)
OUT_OF_ORDER = 256  # ids that may become visible later than higher ones
ROUND_OLD = 400  # articles read from the store round the time of one that is older than the window


@dataclass(frozen=True, slots=True)
class ToPlace:
    """An article that needs a story; `story_id` is that of its earlier text, where there is one."""

    article: Article
    mentions: Sequence[Mention]
    story_id: int | None = None


class Placing:
    """Safe to use from several threads."""

    def __init__(
        self, ignored: Callable[[], Container[str]], name: Callable[[str], str] = str, most: int = MOST
    ) -> None:
        """`ignored` are the entities that have no say (media), `name` an entity's name for reasons."""
        self._ignored = ignored
        self._most = most
        self._lock = threading.Lock()
        self._window = Window(name, most)
        self._known_to: int | None = None  # the highest id that the window has been shown
        self._reaches_to: datetime | None = None  # the window holds all the store has after this

    def place(self, cx: Connection, source_id: int, articles: Sequence[ToPlace], now: datetime) -> list[Placed]:
        """The stories of articles of one source, in their order; earlier ones are seen by later ones."""
        with self._lock:
            self._keep_up(cx, now)
            self._reach_back(cx, [item.article.at(now) for item in articles])
            return [self._placed(source_id, item, now) for item in articles]

    def _placed(self, source_id: int, item: ToPlace, now: datetime) -> Placed:
        article = item.article
        opens = story_id(source_id, article.key)
        named = [(m.entity, m.kind.value, m.start, m.end) for m in item.mentions if m.start < LEAD]
        at = article.at(now)
        reading = read(
            article.content_hash, article.link, at, article.outlet, article.title, article.text, named, self._ignored()
        )
        placed = Placed(item.story_id) if item.story_id is not None else self._window.place(reading, opens)
        self._add(reading, placed.story_id, opens)
        return placed

    def _add(self, reading: Reading, story: int, opens: int) -> None:
        self._window.add(reading, story, opens)

    def _keep_up(self, cx: Connection, now: datetime) -> None:
        if self._known_to is None:
            self._reaches_to = now - REACH
            self._known_to = stories.newest_id(cx)
            self._take(
                cx, stories.filed_between(cx, self._reaches_to, datetime.max.replace(tzinfo=UTC), self._most // 2)
            )
            return
        rows = stories.filed_after(cx, self._known_to - OUT_OF_ORDER)
        self._take(cx, rows)
        self._known_to = max(self._known_to, rows[-1].id if rows else 0)

    def _reach_back(self, cx: Connection, times: Sequence[datetime]) -> None:
        """Older articles are placed among their own time's, which the window may have let go."""
        old = [at for at in times if self._reaches_to is not None and at - REACH < self._reaches_to]
        if old:
            self._take(cx, stories.filed_between(cx, min(old) - REACH, max(old) + REACH, ROUND_OLD))

    def _take(self, cx: Connection, rows: Sequence[Any]) -> None:
        new = [row.id for row in rows if story_id(row.source_id, row.key) not in self._window]
        for row, named in stories.to_read(cx, sorted(new)):
            reading = read(row.content_hash, row.link, row.at, row.outlet, row.title, row.text, named, self._ignored())
            self._add(reading, row.story_id, story_id(row.source_id, row.key))
