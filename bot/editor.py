"""The editor: gathers what a digest says, and puts due digests into the outbox, once a channel and local day."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.cards.card import Card, card_to_data
from bot.digest import DigestFacts, StoryFacts, digest_card, next_digest
from bot.entities.catalogue import Catalogue
from bot.known import Known
from bot.model import Channel, FiledArticle
from bot.store import articles, digests, outbox, sources, subscriptions
from bot.store.engine import Store
from bot.store.stories import sources_of_stories
from bot.stories.origins import behind, said

MOST_ARTICLES = 2000
LATE = timedelta(hours=6)  # after so much downtime a digest is not sent any more


def build_digest(
    cx: Connection, channel: Channel, since: datetime | None, until: datetime, catalogue: Catalogue
) -> Card:
    """What the channel's workspace can see of the window, as a card."""
    if since is None:
        found = articles.articles_between(cx, channel.workspace, None, None, MOST_ARTICLES)
    else:
        found = articles.seen_between(cx, channel.workspace, since, until, MOST_ARTICLES)
    cited = articles.citations_of(cx, channel.workspace, [item.id for item in found])
    grouped: dict[int, list[FiledArticle]] = {}
    for item in sorted(found, key=lambda item: (item.at, item.id)):
        grouped.setdefault(item.story_id, []).append(item)
    voices = sources_of_stories(cx, channel.workspace, list(grouped))
    stories = tuple(
        StoryFacts(
            tuple(group),
            tuple(pair for item in group for pair in cited[item.id]),
            said(behind(voices[story_id]), voices[story_id]),
        )
        for story_id, group in grouped.items()
    )
    feeds = [source for source in sources.sources_of(cx, channel.workspace) if source.kind == "feed"]
    failing = tuple(source.title or source.address for source in feeds if source.failures)
    facts = DigestFacts(since, until, channel.timezone, stories, len(feeds), failing)
    return digest_card(facts, catalogue.entities)


def send_due_digests(store: Store, known: Known, now: datetime) -> int:
    """Enqueue every digest that is due; two processes doing this at once make one digest."""
    with store.read() as cx:
        due = digests.due_schedules(cx, now)
    made = 0
    for schedule in due:
        local_date = schedule.next_digest_at.astimezone(ZoneInfo(schedule.timezone)).date()
        with store.write() as cx:
            channel = subscriptions.channel(cx, schedule.channel_id)
            if now - schedule.next_digest_at <= LATE and digests.take_day(cx, channel.id, local_date, now):
                since = schedule.last_digest_at or schedule.next_digest_at - timedelta(days=1)
                card = build_digest(cx, channel, since, now, known.catalogue_of(channel.workspace))
                key = outbox.delivery_key("digest", channel.id, local_date)
                made += outbox.enqueue(cx, key, channel.id, channel.platform, "digest", card_to_data(card), now)
            digests.advance(cx, channel.id, now, next_digest(now, schedule.at, schedule.timezone))
    return made
