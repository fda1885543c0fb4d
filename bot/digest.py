"""The digest: what happened since the last one, in one card. Pure: facts in, card out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.cards.card import Bars, Block, Card, Field, Fields, Line, Listing, Run, Text, Tone, line, quiet, strong
from bot.cards.compose import cite, count, moment, names, source_line
from bot.model import Citation, Entity, FiledArticle

FULL_STORIES = 5


@dataclass(frozen=True, slots=True)
class StoryFacts:
    """A story of the window: its articles oldest first, and its mentions."""

    articles: tuple[FiledArticle, ...]
    citations: tuple[tuple[str, Citation], ...]  # (entity id, sentence) in order
    sources: str = ""  # its outlets and origins in words, where there are several outlets


@dataclass(frozen=True, slots=True)
class DigestFacts:
    since: datetime | None
    until: datetime
    timezone: str
    stories: tuple[StoryFacts, ...]
    feeds: int
    failing: tuple[str, ...]


def next_digest(after: datetime, at: str, timezone: str) -> datetime:
    """The next moment when clocks in `timezone` show `at`, later than `after`.

    A time that the clocks skip fires at the first minute after the gap; one they show twice fires the first time.
    """
    zone = ZoneInfo(timezone)
    clock = time.fromisoformat(at)
    day = after.astimezone(zone).date()
    for ahead in range(3):
        moment_at = local_moment(day + timedelta(days=ahead), clock, zone)
        if moment_at > after:
            return moment_at
    raise AssertionError("a local time comes within three days")


def local_moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first instant at which `zone` has reached this wall-clock time on this day."""
    utc = ZoneInfo("UTC")
    wall = datetime.combine(day, clock)
    early = wall.replace(tzinfo=zone, fold=0).astimezone(utc)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early
    # In the gap: fold=0 counts with the offset before it, so the real instant of the jump lies between the two readings.
    late = wall.replace(tzinfo=zone, fold=1).astimezone(utc)
    low, high = sorted((early, late))
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return (
        high.replace(second=0, microsecond=0)
        if high.second < 30
        else (high + timedelta(seconds=30)).replace(second=0, microsecond=0)
    )


def digest_card(facts: DigestFacts, entities: Mapping[str, Entity]) -> Card:
    stories = sorted(facts.stories, key=lambda story: _weight(story), reverse=True)
    blocks: list[Block] = [Text(line(_lead(facts, stories, entities)))]
    if stories:
        blocks += [_tallies(stories, entities), *_days(stories, facts)]
        for number, story in enumerate(stories[:FULL_STORIES], 1):
            blocks += _full(number, story, facts)
        if len(stories) > FULL_STORIES:
            blocks.append(Listing("Also", tuple(_short(story, facts) for story in stories[FULL_STORIES:])))
    return Card(title=_title(facts), tone=Tone.DIGEST, blocks=tuple(blocks), footer=_health(facts))


def _title(facts: DigestFacts) -> str:
    until = moment(facts.until, facts.timezone)
    return (
        f"Digest since {moment(facts.since, facts.timezone)}" if facts.since else f"Digest of everything read, {until}"
    )


def _weight(story: StoryFacts) -> tuple[int, int, datetime]:
    outlets = {article.outlet for article in story.articles}
    return len(outlets), len({entity for entity, _ in story.citations}), story.articles[-1].at


def _lead(facts: DigestFacts, stories: Sequence[StoryFacts], entities: Mapping[str, Entity]) -> str:
    if not stories:
        return (
            "Nothing new was read."
            if facts.feeds
            else "Nothing new was read, and no feed is watched yet. Add one: /feeds add https://…"
        )
    total = sum(len(story.articles) for story in stories)
    first = min(story.articles[0].at for story in stories)
    last = max(story.articles[-1].at for story in stories)
    days = f"{moment(first, facts.timezone, day_only=True)} to {moment(last, facts.timezone, day_only=True)}"
    top = _top(stories, entities, places=False, limit=1) + _top(stories, entities, places=True, limit=1)
    about = f"; most named: {' and '.join(name for name, _ in top)}" if top else ""
    return f"{count(len(stories), 'story', 'stories')} in {count(total, 'article')}, {days}{about}."


def _top(
    stories: Sequence[StoryFacts], entities: Mapping[str, Entity], *, places: bool, limit: int
) -> list[tuple[str, int]]:
    tally: Counter[str] = Counter()
    for story in stories:
        tally.update({entity for entity, _ in story.citations})
    found = [
        (entities[entity].name, number)
        for entity, number in tally.most_common()
        if entity in entities and entities[entity].kind.is_place == places and entities[entity].kind != "country"
        and entities[entity].type != "media"
    ]  # fmt: skip
    return found[:limit]


def _tallies(stories: Sequence[StoryFacts], entities: Mapping[str, Entity]) -> Fields:
    def listed(*, places: bool) -> Line:
        return names([f"{name} ({number})" for name, number in _top(stories, entities, places=places, limit=6)])

    rows = [Field("Actors", listed(places=False)), Field("Places", listed(places=True))]
    return Fields(tuple(row for row in rows if row.runs))


def _days(stories: Sequence[StoryFacts], facts: DigestFacts) -> list[Block]:
    zone = ZoneInfo(facts.timezone)
    days = [article.at.astimezone(zone).date() for story in stories for article in story.articles]
    first, last = min(days), max(days)
    span = (last - first).days + 1
    if span < 2 or span > 60:
        return []
    tally = Counter(days)
    values = tuple(tally[first + timedelta(days=offset)] for offset in range(span))
    return [Bars("Articles a day", values, f"{first.day} {first:%b}", f"{last.day} {last:%b %Y}")]


def _full(number: int, story: StoryFacts, facts: DigestFacts) -> list[Block]:
    head = story.articles[-1]
    title = Text((Run(f"{number}. "), Run(head.title, strong("").style, head.url)))
    best = _best_sentence(story, head)
    outlets = list(dict.fromkeys(article.outlet for article in story.articles))
    source = source_line(head.outlet, head.at, head.published, facts.timezone, head.url)
    if len(outlets) > 1:
        source = (*source, quiet(f" · {story.sources or count(len(outlets), 'outlet')}"))
    if best is None:
        return [title, Text(source)]
    marks = [
        mark
        for _, citation in story.citations
        if citation.start == best.start and citation.article_id == best.article_id
        for mark in citation.marks
    ]
    return [title, cite(best.sentence, best.start, marks, source)]


def _best_sentence(story: StoryFacts, head: FiledArticle) -> Citation | None:
    tally: Counter[int] = Counter()
    first: dict[int, Citation] = {}
    for _, citation in story.citations:
        if citation.article_id == head.id and citation.start >= len(head.title):
            tally[citation.start] += 1
            first.setdefault(citation.start, citation)
    best = max(tally, key=lambda start: (min(4, tally[start]), -start), default=None)
    return first[best] if best is not None else None


def _short(story: StoryFacts, facts: DigestFacts) -> Line:
    head = story.articles[-1]
    return (
        Run(head.title, link=head.url),
        quiet(" · "),
        *source_line(head.outlet, head.at, head.published, facts.timezone, head.url),
    )


def _health(facts: DigestFacts) -> Line:
    if not facts.feeds:
        return line("No feeds yet; the watched folder only.")
    if not facts.failing:
        return line(f"{count(facts.feeds, 'feed')}, all answering.")
    return line(f"{count(facts.feeds, 'feed')}, {len(facts.failing)} failing: ", *names(facts.failing, 3))
