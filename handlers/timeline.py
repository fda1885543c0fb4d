"""`/timeline`: the stories that name an entity, day by day, each with the sentence that says most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.cards.card import Block, Button, Card, Does, Text, Tone, line, quiet, strong
from bot.cards.compose import count, quote
from bot.cards.picture import ActivitySpec, picture
from bot.company import Sample, Seen, Sighting
from bot.errors import UserError
from bot.model import Entity, Request
from bot.store import seen
from bot.telling import telling
from handlers import about
from handlers.context import Context

STORIES = 8  # of a page
LONGEST_PICTURE = 90  # days
_PERIOD = re.compile(r"\s+(?:(since|until)\s+)?(\d{4}-\d{2}-\d{2}|\d{1,4}\s?[hdwmy])\s*$", re.IGNORECASE)
_LENGTHS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "m": timedelta(days=30)}
_LENGTHS["y"] = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Period:
    """A time that was asked for; `text` is how it is typed again."""

    since: datetime | None = None
    until: datetime | None = None
    length: timedelta | None = None  # up to the newest mention
    text: str = ""


def timeline(context: Context, request: Request) -> Card:
    name, period = read_period(request.text, request.channel.timezone)
    found = about.meant(context, replace(request, text=name), "timeline")
    if isinstance(found, Card):
        return found
    entity, workspace, zone = found.entity, request.channel.workspace, request.channel.timezone
    with context.store.read() as cx:
        newest = seen.newest_day(cx, workspace, entity.ids)
        period = _anchored(context, period, newest)
        sample = seen.sample(cx, workspace, entity.ids, about.SAMPLE, period.since, period.until)
        stories = first_reports(sample)
        pages = max(1, -(-len(stories) // STORIES))
        page = min(max(request.page, 1), pages)
        shown = stories[(page - 1) * STORIES : page * STORIES]
        told = _told(cx, workspace, entity, shown)
        charted = _chart(cx, workspace, entity, sample, zone)
    title = f"{entity.name}: {count(len(stories), 'story', 'stories')}{_when(period)}"
    if not stories:
        nothing = line(
            quiet("Nothing read here names it in that time." if newest else "Not named yet in anything read here.")
        )
        return Card(title, Tone.INFO, blocks=(Text(nothing),), buttons=about.buttons(context, entity, "timeline"))
    blocks = [*charted, *_days(shown, told, zone), *about.namesakes(context, found, "timeline")]
    typed = f"/timeline {about.written(context, entity)}{period.text}"
    buttons = (*_turns(typed, page, pages), *about.buttons(context, entity, "timeline"))
    footer = line(quiet(f"page {page} of {pages}")) if pages > 1 else ()
    if not sample.whole:
        earlier = sample.articles[-1].at.date()
        more = f"{' · ' if footer else ''}earlier ones: /timeline {about.written(context, entity)} until {earlier}"
        footer = (*footer, quiet(more))
    return Card(title, Tone.INFO, blocks=tuple(blocks), buttons=buttons, footer=footer)


def read_period(text: str, timezone: str) -> tuple[str, Period]:
    """`Tikrit since 2014-06-01 until 2014-07-01`, `Tikrit 30d`: (name, period). Raises `UserError` for a day that is none."""
    period = Period()
    while match := _PERIOD.search(text):
        word, value = (match[1] or "since").lower(), match[2].lower().replace(" ", "")
        text = text[: match.start()]
        if value[-1].isalpha():
            if word == "until":
                raise UserError("A timeline ends on a day.", "Write it as until 2014-06-30")
            period = replace(period, length=int(value[:-1]) * _LENGTHS[value[-1]], text=f" {value}{period.text}")
            continue
        try:
            day = date.fromisoformat(value)
            start = datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
            end = start + timedelta(days=1, microseconds=-1)
        except (ValueError, OverflowError):
            raise UserError(f"There is no day {value}.", "Write it as since 2014-06-10, or 30d") from None
        said = f" {word} {value}{period.text}"
        period = replace(period, since=start, text=said) if word == "since" else replace(period, until=end, text=said)
    return text.strip(), period


def _anchored(context: Context, period: Period, newest: date | None) -> Period:
    """A length counts back from today, or from the newest mention where that is long ago."""
    if period.length is None or newest is None:
        return period
    last, _ = about.last_day(newest, context)
    if period.until:
        last = min(last, period.until.date())
    try:
        since = datetime.combine(last + timedelta(days=1), time(), UTC) - period.length
    except OverflowError:
        return period
    return replace(period, since=max(since, period.since) if period.since else since)


def first_reports(sample: Sample) -> list[Seen]:
    """The first article of each story that names the entity, newest story first."""
    first: dict[int, Seen] = {}
    for article in sample.articles:  # newest first, so that the oldest stays
        first[article.story_id] = article
    return sorted(first.values(), key=lambda article: (article.at, article.id), reverse=True)


def _told(cx: Connection, workspace: str, entity: Entity, shown: Sequence[Seen]) -> dict[int, Sighting]:
    """Article id → its most telling sentence on the entity."""
    found = seen.sightings(cx, workspace, entity.ids, [article.id for article in shown])
    return {key: telling(sentences, 1)[0] for key, sentences in found.items()}


def _days(shown: Sequence[Seen], told: dict[int, Sighting], timezone: str) -> list[Block]:
    """Days in their order, each with its stories."""
    zone = ZoneInfo(timezone)
    blocks: list[Block] = []
    forward = [article for article in reversed(shown) if article.id in told]
    for day, group in groupby(forward, key=lambda article: article.at.astimezone(zone).date()):
        blocks.append(Text(line(strong(f"{day.day} {day:%B %Y}"))))
        blocks += [quote(told[article.id].citation, timezone) for article in group]
    return blocks


def _chart(cx: Connection, workspace: str, entity: Entity, sample: Sample, timezone: str) -> list[Block]:
    """Mentions over the time that the stories cover."""
    if not sample.articles:
        return []
    first, last = (sample.articles[end].at.astimezone(UTC).date() for end in (-1, 0))
    if (last - first).days < 2:
        return []
    days = seen.days(cx, workspace, entity.ids, first, last)
    if (last - first).days >= LONGEST_PICTURE:
        return [about.chart(days, first, last, timezone)]
    values = tuple(days.get(first + timedelta(days=step), 0) for step in range((last - first).days + 1))
    return [picture(ActivitySpec(f"{entity.name}, mentions a day", first, values))]


def _when(period: Period) -> str:
    parts = [f" since {period.since:%-d %b %Y}"] if period.since else []
    return "".join([*parts, *([f" until {period.until:%-d %b %Y}"] if period.until else [])])


def _turns(typed: str, page: int, pages: int) -> list[Button]:
    turns = [Button("Earlier", f"page {page + 1} {typed}", Does.REPLACE)] if page < pages else []
    return [*turns, *([Button("Later", f"page {page - 1} {typed}", Does.REPLACE)] if page > 1 else [])]
