"""The alert card: what happened, the sentence it stands in, who and where, who says so, and why you are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.cards.card import Block, Button, Card, Field, Fields, Line, Listing, Run, Tone, code, line, quiet
from bot.cards.compose import cite, count, moment, names, source_line
from bot.model import Article, Entity, Kind, Mention, Sentence

BUTTONS = (
    Button("why", "Why"),
    Button("mute", "Mute"),
    Button("not-relevant", "Not relevant"),
    Button("share", "Share"),
)


MOST_TOLD = 20  # lines of a card that stands for many alerts
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """What an alert is made from: one article, its mentions, and the queries that fired."""

    code: str
    article: Article
    mentions: Sequence[tuple[Mention, Sentence]]
    why: Sequence[str]
    seen_at: datetime
    timezone: str
    marked: frozenset[str] = frozenset()  # the entities that the queries ask for
    sources: str = ""  # the outlets and origins of its story, in words


def alert_card(finding: Finding, entities: Mapping[str, Entity]) -> Card:
    article = finding.article
    blocks: list[Block] = []
    chosen = _telling_sentence(finding)
    if chosen:
        marks = [(m.start, m.end) for m, sentence in finding.mentions if sentence == chosen]
        text = article.text[chosen.start : chosen.end]
        source = source_line(
            article.outlet,
            article.published or finding.seen_at,
            article.published is not None,
            finding.timezone,
            article.url,
        )
        blocks.append(cite(text, chosen.start, marks, source))
    blocks.append(Fields(tuple(_fields(finding, entities))))
    return Card(
        title=article.title,
        tone=Tone.ALERT,
        code=finding.code,
        link=article.url,
        blocks=tuple(blocks),
        buttons=BUTTONS,
    )


def flood_card(source: str, told: Sequence[tuple[Article, Sequence[str]]], timezone: str) -> Card:
    """Many stories of one source at once: one card instead of a flood. `told` are articles with what they fired."""
    newest = sorted(told, key=lambda item: item[0].published or _LONG_AGO, reverse=True)
    rows: list[Line] = []
    for article, why in newest[:MOST_TOLD]:
        day = f"  {moment(article.published, timezone, day_only=True)}" if article.published else ""
        rows.append((Run(article.title, link=article.url), quiet(f"{day}  {'; '.join(why)}")))
    if len(newest) > MOST_TOLD:
        rows.append(line(quiet(f"and {len(newest) - MOST_TOLD:,} more, all in the archive: "), code("/search WORDS")))
    title = f"{count(len(newest), 'story', 'stories')} from {source}"
    return Card(
        title=title, tone=Tone.ALERT, blocks=(Listing("They came all at once; here they are together.", tuple(rows)),)
    )


def _telling_sentence(finding: Finding) -> Sentence | None:
    """The first sentence below the headline that names most of what was asked for."""
    tally: dict[Sentence, set[str]] = {}
    for mention, sentence in finding.mentions:
        if not finding.marked or mention.entity in finding.marked:
            tally.setdefault(sentence, set()).add(mention.entity)
    headline_end = len(finding.article.title)
    body = {sentence: found for sentence, found in tally.items() if sentence.start >= headline_end} or tally
    return max(body, key=lambda sentence: (min(3, len(body[sentence])), -sentence.start), default=None)


def _fields(finding: Finding, entities: Mapping[str, Entity]) -> list[Field]:
    actors = [item for item in _ranked(finding, places=False) if not _is_media(item, entities)]
    places = _ranked(finding, places=True)
    fields = []
    if actors:
        fields.append(Field("Actors", names([_actor(item, entities) for item in actors], 6)))
    if places:
        fields.append(Field("Places", names([_place(item, entities) for item in places], 6)))
    published = finding.article.published
    seen = f"first seen {moment(finding.seen_at, finding.timezone)} ({finding.timezone})"
    if published:
        seen = f"published {moment(published, finding.timezone, day_only=True)}, {seen}"
    fields.append(Field("Sources", line(finding.sources or f"1 outlet ({finding.article.outlet})")))
    fields.append(Field("Seen", line(seen)))
    fields.append(Field("Why", line("you follow articles ", "; or ".join(finding.why))))
    return fields


def _ranked(finding: Finding, *, places: bool) -> list[Mention]:
    """One mention an entity, those asked for and those named most first; persons stand with the actors."""
    tally: dict[str, list[Mention]] = {}
    for mention, _sentence in finding.mentions:
        if mention.kind.is_place == places:
            tally.setdefault(mention.entity, []).append(mention)
    order = sorted(
        tally.values(),
        key=lambda group: (
            group[0].entity not in finding.marked,
            group[0].kind == "country",
            -len(group),
            group[0].start,
        ),
    )
    return [group[0] for group in order]


def _is_media(mention: Mention, entities: Mapping[str, Entity]) -> bool:
    entity = entities.get(mention.entity)
    return entity is not None and entity.type == "media"


def _actor(mention: Mention, entities: Mapping[str, Entity]) -> str:
    entity = entities.get(mention.entity)
    parent = entities.get(entity.parent) if entity and entity.parent and entity.kind is Kind.ACTOR else None
    return f"{mention.name} (part of {parent.name})" if parent and not parent.kind.is_place else mention.name


def _place(mention: Mention, entities: Mapping[str, Entity]) -> str:
    entity = entities.get(mention.entity)
    region = entities.get(entity.within) if entity and entity.within else None
    return f"{mention.name}, {region.name}" if region else mention.name
