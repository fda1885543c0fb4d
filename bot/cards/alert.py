"""The alert card: what happened, the sentence it stands in, who and where, who says so, and why you are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.cards.card import Block, Button, Card, Does, Field, Fields, Line, Listing, Run, Tone, code, line, quiet
from bot.cards.compose import cite, count, moment, names, source_line
from bot.model import Article, Entity, Kind, Mention, Sentence

MOST_TOLD = 20  # lines of a card that stands for a flood
EARLY = 1_200  # characters further down are worth one name less
A_POST = 25  # lines of one post of a catch-up


@dataclass(frozen=True, slots=True)
class Finding:
    """What an alert is made from: a story, the article that leads it, and the queries that fired."""

    code: str
    article: Article
    mentions: Sequence[tuple[Mention, Sentence]]  # of that article
    why: Sequence[str]
    seen_at: datetime
    timezone: str
    marked: frozenset[str] = frozenset()  # the entities that the queries ask for
    apart: Mapping[str, str] = field(default_factory=dict)  # place → "12 km NE of Baquba", where a query asks for that
    named: Mapping[str, int] = field(default_factory=dict)  # entity → articles of the story that name it
    sources: str = ""  # the outlets and origins of its story, in words
    updated_at: datetime | None = None


def alert_card(finding: Finding, entities: Mapping[str, Entity]) -> Card:
    article = finding.article
    blocks: list[Block] = []
    chosen = telling_sentence(article, finding.mentions, finding.marked)
    if chosen:
        marks = [(m.start, m.end) for m, sentence in finding.mentions if sentence == chosen]
        text = article.text[chosen.start : chosen.end]
        blocks.append(cite(text, chosen.start, marks, _source_of(article, finding.seen_at, finding.timezone)))
    blocks.append(Fields(tuple(_fields(finding, entities))))
    return Card(
        title=article.title,
        tone=Tone.ALERT,
        code=finding.code,
        link=article.url,
        blocks=tuple(blocks),
        buttons=buttons(finding.code),
    )


def _source_of(article: Article, seen_at: datetime, timezone: str) -> Line:
    published = article.published is not None
    return source_line(article.outlet, article.published or seen_at, published, timezone, article.url)


def buttons(alert: str) -> tuple[Button, ...]:
    """What a reader can do about an alert."""
    return (
        Button("Why", f"/why {alert}"),
        Button("Mute", f"/mute {alert}"),
        Button("Not relevant", f"/wrong {alert}"),
        Button("Share", f"/show {alert}", Does.SHARE),
    )


def news_card(finding: Finding, news: Sequence[Line]) -> Card:
    """What is new in a story that a channel was told of: for its thread, or for the channel where it matters."""
    article = finding.article
    blocks: list[Block] = [Listing("", tuple(news))]
    chosen = telling_sentence(article, finding.mentions, finding.marked)
    if chosen:
        marks = [(m.start, m.end) for m, sentence in finding.mentions if sentence == chosen]
        text = article.text[chosen.start : chosen.end]
        blocks.append(cite(text, chosen.start, marks, _source_of(article, finding.seen_at, finding.timezone)))
    return Card(title=f"More on: {article.title}", tone=Tone.ALERT, code=finding.code, blocks=tuple(blocks))


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a post that stands for several alerts."""

    code: str
    title: str
    url: str | None
    outlet: str
    at: datetime
    published: bool
    why: Sequence[str]


def flood_card(source: str, told: Sequence[Item], timezone: str) -> Card:
    """Many stories of one source at once: one card instead of a flood."""
    newest = sorted(told, key=lambda item: item.at, reverse=True)
    rows = [_row(item, timezone) for item in newest[:MOST_TOLD]]
    if len(newest) > MOST_TOLD:
        rows.append(line(quiet(f"and {len(newest) - MOST_TOLD:,} more, all in the archive: "), code("/search WORDS")))
    title = f"{count(len(newest), 'story', 'stories')} from {source}"
    return Card(
        title=title, tone=Tone.ALERT, blocks=(Listing("They came all at once; here they are together.", tuple(rows)),)
    )


def catch_up_cards(told: Sequence[Item], cause: str, timezone: str) -> list[Card]:
    """Every story that was held back, oldest first, in as many posts as it takes."""
    rows = [_row(item, timezone) for item in told]
    parts = [rows[at : at + A_POST] for at in range(0, len(rows), A_POST)]
    title = f"{count(len(rows), 'story', 'stories')} held back: {cause}"
    return [
        Card(
            title if len(parts) == 1 else f"{title} ({number} of {len(parts)})",
            tone=Tone.ALERT,
            blocks=(Listing("", tuple(part)),),
            footer=line("One of them in full: ", code("/show V-…")),
        )
        for number, part in enumerate(parts, 1)
    ]


def _row(item: Item, timezone: str) -> Line:
    day = f"  {moment(item.at, timezone, day_only=True)}" if item.published else ""
    short = (quiet(f"{item.code} "),) if item.code else ()
    return (*short, Run(item.title, link=item.url), quiet(f"  {item.outlet}{day}  {'; '.join(item.why)}"))


def telling_sentence(
    article: Article, mentions: Sequence[tuple[Mention, Sentence]], marked: frozenset[str]
) -> Sentence | None:
    """The first sentence below the headline that names most of what was asked for."""
    tally: dict[Sentence, set[str]] = {}
    for mention, sentence in mentions:
        if not marked or mention.entity in marked:
            tally.setdefault(sentence, set()).add(mention.entity)
    headline_end = len(article.title)
    body = {sentence: found for sentence, found in tally.items() if sentence.start >= headline_end} or tally
    # Early sentences tell what happened; three names are as good as many.
    return max(body, key=lambda sentence: min(3, len(body[sentence])) - sentence.start / EARLY, default=None)


def _fields(finding: Finding, entities: Mapping[str, Entity]) -> list[Field]:
    ranked = _ranked(finding, entities)
    actors = [entity for entity in ranked if not entity.kind.is_place and entity.type != "media"]
    places = [entity for entity in ranked if entity.kind.is_place]
    fields = []
    if actors:
        fields.append(Field("Actors", names([_actor(entity, entities) for entity in actors], 6)))
    if places:
        fields.append(Field("Places", names([_place(entity, entities, finding.apart) for entity in places], 6)))
    fields.append(Field("Sources", line(finding.sources or f"1 outlet ({finding.article.outlet})")))
    fields.append(Field("Seen", line(_seen(finding))))
    fields.append(Field("Why", line("you follow articles ", "; or ".join(finding.why))))
    return fields


def _seen(finding: Finding) -> str:
    published, zone = finding.article.published, finding.timezone
    seen = f"first seen {moment(finding.seen_at, zone)}"
    if finding.updated_at and finding.updated_at > finding.seen_at:
        seen += f", updated {moment(finding.updated_at, zone)}"
    return (f"published {moment(published, zone, day_only=True)}, " if published else "") + f"{seen} ({zone})"


def _ranked(finding: Finding, entities: Mapping[str, Entity]) -> list[Entity]:
    """Those asked for and those that most articles name first; persons stand with the actors."""
    own: dict[str, int] = {}
    for number, (mention, _) in enumerate(finding.mentions):
        own.setdefault(mention.entity, number)
    tally: dict[str, int] = {}
    for mention, _ in finding.mentions:
        tally[mention.entity] = tally.get(mention.entity, 0) + 1
    named = {entity: finding.named.get(entity, 1) for entity in (*own, *finding.named)}
    last = len(finding.mentions)

    def order(entity: Entity) -> tuple[bool, bool, int, int, int, str]:
        country = entity.kind is Kind.COUNTRY
        at = own.get(entity.id, last)
        return entity.id not in finding.marked, country, -named[entity.id], -tally.get(entity.id, 0), at, entity.id

    return sorted((entities[key] for key in named if key in entities), key=order)


def _actor(entity: Entity, entities: Mapping[str, Entity]) -> str:
    parent = entities.get(entity.parent) if entity.parent else None
    return f"{entity.name} (part of {parent.name})" if parent and not parent.kind.is_place else entity.name


def _place(entity: Entity, entities: Mapping[str, Entity], apart: Mapping[str, str]) -> str:
    region = entities.get(entity.within) if entity.within else None
    tells = region is not None and not region.name.startswith(f"{entity.name} ")  # Idlib needs no Idlib Governorate
    name = f"{entity.name}, {region.name}" if region and tells else entity.name
    return f"{name} ({apart[entity.id]})" if entity.id in apart else name
