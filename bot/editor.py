"""The editor: gathers what a digest says, and puts due digests into the outbox, once a channel and local day."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.cards.card import Card, card_to_data
from bot.digest import digest_card
from bot.digest_facts import DigestFacts
from bot.errors import VedetteError
from bot.geo import Point
from bot.known import Known
from bot.model import Channel, Kind
from bot.ranking import Followed, Story, by_origins, front_page, nearness
from bot.rules.parse import parse_query
from bot.rules.query import terms_asked
from bot.rules.terms import Named, Near, Within
from bot.store import alerts, articles, digests, outbox, subscriptions, tracked, windows
from bot.store.digests import DigestSchedule
from bot.store.engine import Store
from bot.store.windows import Window
from bot.survey import Survey
from bot.timetable import LATE, digest_day, due, next_digest

SETTLED = timedelta(minutes=2)  # what is being written while a digest is made belongs to the next one
ON_TIME = timedelta(minutes=10)  # a digest that is later says so
SMALL = 200  # articles of an archive that is told whole
SPOTS = (Kind.TOWN, Kind.PLACE)  # near which something can be; a country is not near
STORIES = 15  # that a card is given: five in full and ten in a line

log = logging.getLogger(__name__)


def window_now(cx: Connection, channel: Channel, now: datetime) -> Window:
    """What `/digest now` is about: since the last digest; without one, everything of a small archive, else its last day."""
    schedule = digests.schedule_of(cx, channel.id)
    if schedule and schedule.last_digest_at:
        return Window(channel.workspace, schedule.last_digest_at, now)
    if not windows.is_longer(cx, channel.workspace, SMALL):
        return Window(channel.workspace, None, now)
    newest = windows.newest(cx, channel.workspace)
    if newest and now - newest > timedelta(days=1):  # an archive of old documents is told by their own dates
        return Window(channel.workspace, newest - timedelta(days=1), newest, by_document=True)
    return Window(channel.workspace, now - timedelta(days=1), now)


def build_digest(cx: Connection, channel: Channel, window: Window, known: Known, zone: str) -> Card:
    """What a channel is told of a window."""
    catalogue = known.catalogue_of(channel.workspace)
    survey = Survey(cx, window, catalogue)
    return digest_card(facts_for(cx, channel, survey, known, zone), catalogue.entities)


def facts_for(
    cx: Connection,
    channel: Channel,
    survey: Survey,
    known: Known,
    zone: str,
    due_at: datetime | None = None,
    missed_since: date | None = None,
) -> DigestFacts:
    """The facts of a survey in the order that matters to a channel."""
    survey.at(cx)
    window = survey.window
    alerted = windows.alerted(cx, channel.id, window.since, window.until)
    followed = _followed(cx, channel, known, alerted)
    entities = known.catalogue_of(channel.workspace).entities
    near = nearness((entities[name] for name in survey.by_name if name in entities), followed)
    front = front_page(survey.ranked, survey.by_name, survey.place_of, followed, near, 2 * STORIES)
    stories, voices = _with_voices(survey, front)
    full = [story.head.id for story in stories[:5]]
    up, down = survey.movers(followed.entities)
    first = sorted(survey.together, key=lambda one: not {one.actor, one.town} & followed.entities)
    return DigestFacts(
        since=window.since,
        until=window.until,
        timezone=zone,
        tallies=survey.tallies,
        stories=stories,
        voices=voices,
        citations=articles.citations_of(cx, channel.workspace, full) if full else {},
        activity=survey.activity,
        older=survey.older_tallies,
        up=tuple(up),
        down=tuple(down),
        quiet_places=tuple(survey.quiet_places(followed.entities)),
        quiet_feeds=tuple(survey.quiet_feeds),
        quiet_stories=tuple(survey.quiet_stories),
        together=tuple(first),
        new_names=tuple(survey.new_names),
        followed=followed.entities,
        alerts=alerts.tally(cx, channel, window.since),
        alerted_places=_named_in_alerts(survey, followed),
        feeds=len(survey.feeds),
        failing=tuple(feed.title or feed.address for feed in survey.feeds if feed.failures),
        due=due_at,
        missed_since=missed_since,
    )


def _named_in_alerts(survey: Survey, followed: Followed) -> frozenset[str]:
    """What the stories of the channel's alerts name; of that, what it follows by name, if it does."""
    stories = (survey.ranked[survey.place_of[one]][1] for one in followed.alerted if one in survey.place_of)
    named = frozenset[str]().union(*(story.names for story in stories))
    return named & followed.entities or named


def _followed(cx: Connection, channel: Channel, known: Known, alerted: Sequence[int]) -> Followed:
    found: set[str] = set()
    points: list[Point] = []
    names = known.resolve_in(channel.workspace)
    for row in subscriptions.subscriptions_of(cx, channel):
        try:
            query = parse_query(row.query, names, stored=True)
        except VedetteError:  # a name it asks for is gone from the catalogue
            continue
        for term in terms_asked(query.condition):
            if isinstance(term, Near):
                points.append(term.centre)
            elif isinstance(term, Named):
                found.add(term.entity)
            elif isinstance(term, Within):
                found.add(term.place)
    entities = known.catalogue_of(channel.workspace).entities
    places = (entities[name] for name in sorted(found) if name in entities and entities[name].kind in SPOTS)
    points += [(one.lat, one.lon) for one in places if one.lat is not None and one.lon is not None]
    return Followed(frozenset(found), tuple(points), frozenset(alerted))


def _with_voices(survey: Survey, front: Sequence[tuple[float, Story]]) -> tuple[tuple[Story, ...], dict[int, str]]:
    """The first stories in the order of their independent origins, and who stands behind those of several outlets."""
    voices = survey.voices([story.id for _, story in front if len(story.outlets) > 1])
    stories = by_origins(front, {story: origins for story, (origins, _) in voices.items()})[:STORIES]
    return tuple(stories), {story: words for story, (_, words) in voices.items()}


def send_due_digests(store: Store, known: Known, now: datetime) -> int:
    """Put every digest that is due into the outbox, and return how many; two processes doing this at once make one of each.

    The reads of a window are shared by all channels that see the same of it. Nothing is locked while they are done:
    each channel is one short write.
    """
    with store.read() as cx:
        schedules = digests.due_schedules(cx, now)
        if schedules and known.mark != (mark := tracked.mark(cx)):
            known.refresh(mark, tracked.everything(cx))
    surveys: dict[tuple[object, ...], Survey] = {}
    made = 0
    for schedule in schedules:
        try:
            made += _send(store, known, schedule, now, surveys, len(schedules))
        except Exception:
            log.exception("digest of channel %d: it could not be made", schedule.channel_id)
    return made


def _send(
    store: Store,
    known: Known,
    schedule: DigestSchedule,
    now: datetime,
    surveys: dict[tuple[object, ...], Survey],
    audience: int,
) -> bool:
    timetable = schedule.timetable
    moment, missed = due(schedule.next_digest_at, now, timetable)
    following = next_digest(now, timetable)
    first_missed = digest_day(schedule.next_digest_at, timetable)
    if now - moment > LATE:
        with store.write() as cx:
            digests.advance(cx, schedule, following, None, schedule.missed_since or first_missed)
        return False
    late = now - moment > ON_TIME
    until = (now if late else moment) - SETTLED
    since = schedule.last_digest_at or moment - timedelta(days=1)
    with store.read() as cx:
        channel = subscriptions.channel(cx, schedule.channel_id)
        window = Window(channel.workspace, min(since, until), until)
        survey = _shared(cx, known, window, surveys)
        noted = schedule.missed_since or (first_missed if missed else None)
        facts = facts_for(cx, channel, survey, known, timetable.zone, moment if late else None, noted)
    card = card_to_data(digest_card(facts, known.catalogue_of(channel.workspace).entities))
    day = digest_day(moment, timetable)
    key = outbox.delivery_key("digest", channel.id, day, moment.isoformat())
    with store.write() as cx:
        if not digests.advance(cx, schedule, following, until, None) or not digests.take_day(cx, channel.id, day, now):
            return False
        return outbox.enqueue(cx, key, channel.id, channel.platform, "digest", card, now, audience=audience)


def _shared(cx: Connection, known: Known, window: Window, surveys: dict[tuple[object, ...], Survey]) -> Survey:
    """The survey of a window: the same for all workspaces that read the same sources and track nothing of their own."""
    own = window.workspace if known.own_of(window.workspace) else ""
    key = (windows.sources_seen(cx, window.workspace), own, window.since, window.until)
    if key not in surveys:
        surveys[key] = Survey(cx, window, known.catalogue_of(window.workspace))
    return surveys[key]
