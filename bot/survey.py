"""What a window holds, read once for all channels that see the same of it: stories, counts, and what is unusual.

The reads are done when they are first asked for and kept; a survey lives as long as one round of digests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from heapq import nsmallest
from itertools import chain

from sqlalchemy import Connection

from bot.digest_facts import Activity, FirstTogether, NewName, QuietFeed, QuietPlace, Tallies
from bot.entities.catalogue import Catalogue
from bot.entities.emerging import emerging_names
from bot.model import Headline, Kind
from bot.movers import (
    BASELINE,
    ENOUGH,
    FEWEST,
    LONGEST,
    RARE,
    RARE_FOLLOWED,
    SHORTEST,
    Mover,
    Usual,
    fallen_silent,
    movers,
    order,
    usual_of,
)
from bot.ranking import Story, weight
from bot.store import sources, windows
from bot.store.stories import sources_of_stories
from bot.store.windows import Window
from bot.stories.origins import behind, said

MOST_ARTICLES = 20_000
BACKLOG = timedelta(hours=72)  # what is older than this when it is read is no news
NAMED_MOST = 6
MAPPED_MOST = 16
CANDIDATES = 60  # names of a window, and as many usual ones, that are held against their baseline
PAIRS = 200  # of actor and town that are looked up in the archive
FIRSTS = 12
READ_FOR_NAMES = 300  # stories in which unknown names are looked for
CHART = 14  # days
MOST_BARS = 60
QUIET_FEEDS = 20
SELDOM = 0.2  # items a day: a feed with fewer is left alone


class Survey:
    def __init__(self, cx: Connection, window: Window, catalogue: Catalogue) -> None:
        self._cx = cx
        self.window = window
        self.entities = catalogue.entities
        found = windows.headlines(cx, window, MOST_ARTICLES)
        self.older: list[Headline] = []
        if window.since and not window.by_document:
            news = [item for item in found if item.at > window.since - BACKLOG]
            if news:  # where nothing is new, what is old is the news
                self.older = [item for item in found if item.at <= window.since - BACKLOG]
                found = news
        self.articles = found
        self._read_names()
        self.ranked = self._rank()
        self.place_of = {story.id: at for at, (_, story) in enumerate(self.ranked)}
        self.by_name: dict[str, list[int]] = {}
        for at, (_, story) in enumerate(self.ranked):
            for name in story.names:
                self.by_name.setdefault(name, []).append(at)
        self._usual: dict[str, Usual] = {}
        self._tells: dict[str, bool] = {}
        self._voices: dict[int, tuple[int, str]] = {}
        self._last: dict[str, Headline | None] = {}

    def at(self, cx: Connection) -> Survey:
        """The same, reading on through another connection."""
        self._cx = cx
        return self

    def _read_names(self) -> None:
        """The mentions of the window as (article, entity, start of the sentence), and the entities of each article."""
        rows = windows.named(self._cx, self.window)
        if self._extended:
            rows = [(article, self._whole(entity), start) for article, entity, start in rows]
        named: dict[int, set[str]] = {item.id: set() for item in self.articles}
        if self.older or len(named) == MOST_ARTICLES:  # what is not told is not counted either
            rows = [row for row in rows if row[0] in named]
        for article, entity, _ in rows:
            names = named.get(article)
            if names is not None:  # one that was filed since the articles were read is not told
                names.add(entity)
        self._mentions, self._named = rows, named

    def _whole(self, entity: str) -> str:
        """A workspace's further names for an entity stand for it."""
        return self._extended.get(entity, entity)

    def _rank(self) -> list[tuple[float, Story]]:
        grouped: dict[int, list[Headline]] = {}
        for item in self.articles:
            grouped.setdefault(item.story_id, []).append(item)
        before = windows.articles_before(self._cx, self.window) if self.window.since else {}
        stories = [
            Story(story_id, tuple(items), before.get(story_id, 0), self._names_of(items))
            for story_id, items in grouped.items()
        ]
        weighed = [(weight(story), story) for story in stories]
        return sorted(weighed, key=lambda one: (one[0], one[1].head.at, one[1].id), reverse=True)

    def _names_of(self, items: Sequence[Headline]) -> frozenset[str]:
        return frozenset(chain.from_iterable(self._named[item.id] for item in items))

    def ids(self, entity: str) -> tuple[str, ...]:
        """Under which ids the mentions of an entity are filed."""
        known = self.entities.get(entity)
        extra = tuple(other for other, whole in self._extended.items() if whole == entity)
        return (*(known.ids if known else (entity,)), *extra)

    @cached_property
    def _extended(self) -> dict[str, str]:
        return {one.id: one.extends for one in self.entities.values() if one.extends}

    @cached_property
    def tallies(self) -> Tallies:
        tally = Counter(chain.from_iterable(story.names for _, story in self.ranked))
        often = Counter(entity for _, entity, _ in self._mentions)
        order = sorted(tally.items(), key=lambda item: (-item[1], -often[item[0]], item[0]))
        return Tallies(
            stories=len(self.ranked),
            new=sum(story.is_new for _, story in self.ranked),
            articles=len(self.articles),
            outlets=len({item.outlet for item in self.articles}),
            first=self.articles[0].at if self.articles else None,
            last=self.articles[-1].at if self.articles else None,
            actors=tuple(one for one in order if self._telling(one[0]) and not self._is_place(one[0]))[:NAMED_MOST],
            places=tuple(one for one in order if self._is_place(one[0]))[:MAPPED_MOST],
        )

    def _telling(self, entity: str) -> bool:
        """Countries and parts of the world are named everywhere, and media report."""
        if entity not in self._tells:
            known = self.entities.get(entity)
            self._tells[entity] = known is not None and not (
                known.kind is Kind.COUNTRY
                or (known.kind is Kind.REGION and known.country is None)
                or known.type == "media"
            )
        return self._tells[entity]

    def voices(self, stories: Sequence[int]) -> dict[int, tuple[int, str]]:
        """Story → its independent origins, and its outlets and origins in words."""
        new = [story for story in stories if story not in self._voices]
        for story, heard in sources_of_stories(self._cx, self.window.workspace, new).items():
            found = behind(heard)
            self._voices[story] = len(found.origins), said(found, heard) if heard else ""
        return {story: self._voices[story] for story in stories if self._voices[story][1]}

    @cached_property
    def older_tallies(self) -> Tallies:
        if not self.older:
            return Tallies()
        return Tallies(articles=len(self.older), first=self.older[0].at, last=self.older[-1].at)

    @cached_property
    def _span(self) -> tuple[datetime, datetime]:
        """The part of the window that is held against the days before: its last week, or, of everything, the last day."""
        if self.window.since:
            return max(self.window.since, self.window.until - LONGEST), self.window.until
        last = self.articles[-1].at if self.articles else self.window.until
        return last - timedelta(days=1), last

    @cached_property
    def _days(self) -> float:
        start, end = self._span
        return (end - start) / timedelta(days=1)

    @cached_property
    def _baseline(self) -> tuple[datetime, datetime]:
        end = datetime.combine(self._span[0].astimezone(UTC).date(), time(), UTC)
        return end - BASELINE, end

    @cached_property
    def _everything(self) -> bool:
        return windows.sees_everything(self._cx, self.window.workspace)

    @cached_property
    def _read(self) -> dict[date, int]:
        """UTC day → articles, from the baseline's first day to the window's end."""
        first, end = self._baseline[0], self._span[1]
        return windows.articles_a_day(self._cx, self.window.workspace, first, end, everything=self._everything)

    @cached_property
    def _days_read(self) -> list[date]:
        """The days of the baseline on which anything was read; none if they are too few to tell what is usual."""
        first, end = self._baseline
        days = [first.date() + timedelta(days=step) for step in range((end - first).days)]
        read = [day for day in days if day in self._read]
        return read if len(read) >= ENOUGH and self._days >= SHORTEST / timedelta(days=1) else []

    @cached_property
    def counts(self) -> Counter[str]:
        """Entity → articles of the compared span that name it."""
        start, _ = self._span
        return Counter(chain.from_iterable(self._named[item.id] for item in self.articles if item.at > start))

    def usual(self, entities: Collection[str]) -> dict[str, Usual]:
        """What the days before were like for each of these; nothing where there were too few."""
        if not self._days_read:
            return {}
        first, end = self._baseline
        new = {entity: self.ids(entity) for entity in entities if entity not in self._usual}
        if new:
            found = windows.days_of(self._cx, self.window.workspace, new, first, end, everything=self._everything)
            for entity, days in found.items():
                self._usual[entity] = usual_of(days.get(day, 0) for day in self._days_read)
        return {entity: self._usual[entity] for entity in entities}

    @cached_property
    def _compared(self) -> frozenset[str]:
        """The names of the window and those usual before it, the commonest of each."""
        if not self._days_read:
            return frozenset()
        seen = [name for name, number in self.counts.most_common() if number >= FEWEST and self._telling(name)]
        before = windows.usual_names(self._cx, self.window.workspace, self._span[0], 2 * CANDIDATES)
        usual = [name for name in map(self._whole, before) if self._telling(name)]
        return frozenset(seen[:CANDIDATES]) | frozenset(usual[:CANDIDATES])

    def movers(self, followed: frozenset[str]) -> tuple[list[Mover], list[Mover]]:
        """(up, down), with what is followed held against its days too."""
        more = followed - self._compared
        tested = len(self._compared) + len(more)
        up, down = self._movers
        if more:
            beside = movers(self.counts, self.usual(more), self._days, tested)
            up, down = sorted(up + beside[0], key=order), sorted(down + beside[1], key=order)
        return [one for one in up if len(self.by_name[one.entity]) > 1], down  # one story told by many is one story

    @cached_property
    def _movers(self) -> tuple[list[Mover], list[Mover]]:
        return movers(self.counts, self.usual(self._compared), self._days)

    def quiet_places(self, followed: frozenset[str]) -> list[QuietPlace]:
        """The towns and places, usual or followed, that nobody names any more."""
        if not self.articles:
            return []
        gone = self._silent(followed, RARE_FOLLOWED) + [one for one in self._gone if one.entity not in followed]
        return [QuietPlace(one, self._last_named(one.entity)) for one in gone[:6]]

    @cached_property
    def _gone(self) -> list[Mover]:
        return self._silent(self._compared, RARE)

    def _silent(self, entities: frozenset[str], rare: float) -> list[Mover]:
        places = [name for name in entities if self._is_place(name) and not self.counts[name]]
        return fallen_silent(self.counts, self.usual(places), self._days, rare=rare)

    def _last_named(self, entity: str) -> Headline | None:
        if entity not in self._last:
            self._last[entity] = windows.last_named(self._cx, self.window, self.ids(entity))
        return self._last[entity]

    def _is_place(self, entity: str) -> bool:
        return self._telling(entity) and self.entities[entity].kind.is_place

    @cached_property
    def activity(self) -> Activity | None:
        """A short window is shown with the two weeks before it; a long one by its own days, or weeks."""
        if not self.articles:
            return None
        first, last = self.articles[0].at.date(), self.articles[-1].at.date()
        if self.window.since and self._days < CHART:
            end = self._span[1].astimezone(UTC).date()
            days = [end - timedelta(days=step) for step in range(CHART - 1, -1, -1)]
            if not self._days_read:
                return None
            mean = usual_of(self._read[day] for day in self._days_read).mean
            return Activity(days[0], end, tuple(self._read.get(day, 0) for day in days), 1, mean)
        length = (last - first).days + 1
        step = 1 if length <= MOST_BARS else 7
        if length < 2 or length > MOST_BARS * 7:
            return None
        tally = Counter((item.at.date() - first).days // step for item in self.articles)
        return Activity(first, last, tuple(tally[at] for at in range(-(-length // step))), step)

    @cached_property
    def together(self) -> list[FirstTogether]:
        """Actors and towns that no sentence before the window named together; those most often together first."""
        if not self._days_read or not self.window.since:
            return []
        actors, towns = self._all(Kind.ACTOR), self._all(Kind.TOWN)
        towns_in: dict[int, list[str]] = {}  # by article and sentence; a number is found sooner than a pair
        for article, entity, start in self._mentions:
            if entity in towns:
                towns_in.setdefault(article << 32 | start, []).append(entity)
        pairs = [
            ((entity, town), article)
            for article, entity, start in self._mentions
            if entity in actors
            for town in towns_in.get(article << 32 | start, ())
        ]
        seen = Counter(pair for pair, _ in pairs)
        often = nsmallest(PAIRS, seen, key=lambda pair: (-seen[pair], pair))
        latest = dict.fromkeys(often, 0)
        for pair, article in pairs:
            if pair in latest:
                latest[pair] = max(article, latest[pair])
        new: list[FirstTogether] = []
        by_id = {item.id: item for item in self.articles}
        for (actor, town), article in latest.items():
            rare, other = sorted((actor, town), key=lambda name: self.counts[name])
            if article in by_id and not windows.were_together(self._cx, self.window, self.ids(rare), self.ids(other)):
                new.append(FirstTogether(actor, town, by_id[article]))
            if len(new) == FIRSTS:
                break
        return new

    def _all(self, kind: Kind) -> frozenset[str]:
        return frozenset(name for name in self.by_name if self._telling(name) and self.entities[name].kind is kind)

    @cached_property
    def new_names(self) -> list[NewName]:
        """Names that the catalogue lacks and that the first stories share."""
        heads = [story.head for _, story in self.ranked[:READ_FOR_NAMES]]
        ids = [head.id for head in heads]
        texts, spans = windows.texts(self._cx, self.window.workspace, ids), windows.spans(self._cx, ids)
        by_id = {head.id: head for head in heads}
        bodies = (
            (head.story_id, head.id, " " * len(head.title) + texts[head.id][len(head.title) :], spans[head.id])
            for head in heads
            if head.id in texts
        )
        return [NewName(one.name, one.stories, by_id[one.article_id]) for one in emerging_names(bodies)[:5]]

    @cached_property
    def feeds(self) -> Sequence[sources.Source]:
        return [one for one in sources.sources_of(self._cx, self.window.workspace) if one.kind == "feed"]

    @cached_property
    def quiet_feeds(self) -> list[QuietFeed]:
        """Feeds that bring nothing for longer than they ever do. How feeds fare is known of now alone."""
        if self.window.by_document:
            return []
        found = []
        now = self.window.until
        silent = [one for one in self.feeds if one.news_at and now - one.news_at >= timedelta(days=1)]
        for feed in sorted(silent, key=lambda one: one.news_at or now, reverse=True)[:QUIET_FEEDS]:
            assert feed.news_at
            end = datetime.combine(feed.news_at.date(), time(), UTC)
            days = windows.items_a_day(self._cx, feed.id, end - BASELINE, end)
            usual = usual_of(days.get((end - timedelta(days=step)).date(), 0) for step in range(1, BASELINE.days + 1))
            quiet = (now - feed.news_at) / timedelta(days=1)
            if len(days) > 2 and fallen_silent({}, {"": usual}, quiet, least=SELDOM):
                found.append(QuietFeed(feed.title or feed.address, feed.news_at, usual.mean, _fault(feed)))
        return found

    @cached_property
    def quiet_stories(self) -> list[Headline]:
        """What several outlets told in the window before this one, and nobody goes on with."""
        since, until = self.window.since, self.window.until
        if since is None or not self.articles:
            return []
        before = Window(self.window.workspace, since - min(LONGEST, until - since), since, self.window.by_document)
        told = windows.widely_told(self._cx, before, 10)
        return [head for head in told if head.story_id not in self.place_of][:3]


def _fault(feed: sources.Source) -> str:
    if feed.parked:
        return "Its publisher has ended it."
    return f"It fails: {feed.last_error}" if feed.failures else ""
