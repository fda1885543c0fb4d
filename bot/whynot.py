"""Why an article raised no alert in a channel: it is taken through every step, and the step that dropped it is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.alert_facts import Mentions, facts_of
from bot.cards.card import Block, Button, Card, Field, Fields, Line, Listing, Text, Tone, code, line, quiet, strong
from bot.cards.compose import moment
from bot.entities.nlp import sentences
from bot.errors import UserError
from bot.known import Known
from bot.model import Article, Channel, Mention, Sentence
from bot.rules.explain import lacking, nearness
from bot.rules.facts import Facts
from bot.rules.parse import parse_query
from bot.store import alerts, subscriptions
from bot.text.fold import fold_key

MOST_RULES = 10
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Looked:
    """An article as it was read; `source` is (id, title and address), all zero and empty for a page that no source brought."""

    article: Article
    mentions: Mentions
    source: tuple[int, str] = (0, "")
    kind: str = "page"  # feed | folder | page
    seen_at: datetime | None = None
    story_id: int = 0


def mentions_in(known: Known, text: str) -> tuple[tuple[Mention, Sentence], ...]:
    """The names of a text with the sentences they stand in."""
    found, parts = known.mentions([text])[0], sentences(text)
    return tuple(
        (mention, next((part for part in parts if part.start <= mention.start < part.end), Sentence(0, len(text))))
        for mention in found
    )


def whynot_card(
    cx: Connection, known: Known, channel: Channel, looked: Looked, fresh: timedelta, now: datetime
) -> Card:
    """Every step of an article's way, and what query would catch it."""
    article, zone = looked.article, channel.timezone
    facts = facts_of(known, channel.workspace, article, looked.mentions, looked.source)
    told = next((a for a in alerts.of_stories(cx, [looked.story_id]) if a.channel_id == channel.id), None)
    own = subscriptions.subscriptions_of(cx, channel)
    fired, missed = _judged(known, channel, own, facts)
    steps = [Field("Read", line(_read(looked, zone)))]
    old = _old(looked, fresh)
    if old:
        steps.append(Field("Too old", line(old)))
    names = _names(known, channel, looked)
    steps.append(Field("Names", line(", ".join(names[:MOST_NAMES]) or "none that is tracked")))
    stopped = _stopped(cx, channel, looked, now)
    steps += [Field("Kept silent", line(words)) for words in stopped]
    if told:
        steps.append(Field("Alert", line(code(f"/why {told.code}"), f"  {told.held_why or told.state}")))
    blocks: list[Block] = [Fields(tuple(steps))]
    if fired:
        blocks.append(Listing("Subscriptions that fire on it", tuple(fired)))
    if missed:
        blocks.append(Listing("Subscriptions that do not", tuple(missed[:MOST_RULES])))
    query = f'"{names[0]}"' if names else f'"{_words_of(article)}"'
    blocks.append(Text(line("This would catch it: ", code(f"/subscribe {query}"))))
    title = _verdict(bool(told and told.state == alerts.POSTED), bool(old), bool(stopped), bool(fired), bool(own))
    return Card(title=f"{title}: {article.title}", tone=Tone.INFO, link=article.url, blocks=tuple(blocks),
                buttons=(Button("Follow", f"/subscribe {query}"),))  # fmt: skip


def _verdict(posted: bool, old: bool, stopped: bool, fired: bool, follows: bool) -> str:
    if posted:
        return "It was told here"
    if not follows:
        return "This channel follows nothing"
    if not fired:
        return "No subscription here asks for it"
    if old:
        return "It was too old when it came"
    return "It was kept silent" if stopped else "It fires; it has not come from a feed that is read here"


def _read(looked: Looked, zone: str) -> str:
    published = f", published {moment(looked.article.published, zone)}" if looked.article.published else ""
    if looked.kind == "page":
        return "the page itself, just now; no feed or folder that is read here has brought it" + published
    seen = f" on {moment(looked.seen_at, zone)}" if looked.seen_at else ""
    return f"from {looked.article.outlet}{seen}{published}"


def _old(looked: Looked, fresh: timedelta) -> str:
    """A feed's back-dated items go to the archive without a word."""
    published, seen = looked.article.published, looked.seen_at
    if looked.kind != "feed" or published is None or seen is None or seen - published <= fresh:
        return ""
    return f"it was {(seen - published) // timedelta(hours=1)} hours old when the feed brought it"


def _names(known: Known, channel: Channel, looked: Looked) -> list[str]:
    catalogue = known.catalogue_of(channel.workspace)
    seen = dict.fromkeys(mention.entity for mention, _ in known.seen_by(channel.workspace, looked.mentions))
    return [entity.name for entity in map(catalogue.get, seen) if entity and entity.type != "media"]


def _judged(
    known: Known, channel: Channel, own: Sequence[subscriptions.Subscription], facts: Facts
) -> tuple[list[Line], list[Line]]:
    """The channel's subscriptions that fire, and those that do not with what is lacking, the nearest first."""
    names = known.resolve_in(channel.workspace)
    fired: list[Line] = []
    missed: list[tuple[float, Line]] = []
    for row in own:
        try:
            query = parse_query(row.query, names, stored=True)
        except UserError as fault:
            missed.append((0.0, line(strong(f"#{row.id}"), f"  {row.query}", quiet(f"  {fault}"))))
            continue
        if query.fires(facts):
            fired.append(line(strong(f"#{row.id}"), f"  {row.query}"))
        else:
            met, parts = nearness(query.condition, facts)
            reason = quiet(f"  lacks: {'; '.join(lacking(query.condition, facts))}")
            missed.append((-met / parts, line(strong(f"#{row.id}"), f"  {row.query}", reason)))
    return fired, [row for _, row in sorted(missed, key=lambda item: item[0])]


def _stopped(cx: Connection, channel: Channel, looked: Looked, now: datetime) -> list[str]:
    """Mutes and exceptions of the channel that touch the article."""
    named = {mention.entity: fold_key(mention.text).strip() for mention, _ in looked.mentions}
    targets = {"story": {str(looked.story_id)}, "feed": {str(looked.source[0])}, "entity": set(named)}
    found = [
        f"{mute.label} is muted until {moment(mute.until, channel.timezone)}"
        for mute in alerts.mutes_of(cx, channel.id, now)
        if mute.target in targets[mute.kind]
    ]
    for one in alerts.exceptions_of(cx, channel.id):
        same = (
            (one.kind == "story" and one.target == str(looked.story_id))
            or (one.kind == "outlet" and one.target == looked.article.outlet)
            or (one.kind == "name" and named.get(one.target) == one.surface)
        )
        if same:
            found.append(f"{one.label} was called wrong (/right {one.id} takes that back)")
    return found


def _words_of(article: Article) -> str:
    """A phrase of the headline."""
    return " ".join(fold_key(article.title).split()[:3])
