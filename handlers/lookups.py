"""`/whois`, `/where`, `/search`: answers from the catalogue and the archive, every sentence cited."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.cards.card import Bars, Block, Card, Field, Fields, Line, Listing, Quote, Run, Text, Tone, code, line, quiet
from bot.cards.compose import SENTENCE_LIMIT, cite, count, marked, names, source_line
from bot.entities.lookup import Hit
from bot.entities.nlp import sentences
from bot.geo import bearing, distance_km
from bot.model import Citation, Entity, Kind, Request
from bot.store import articles
from bot.text.find import find_words
from bot.text.fold import fold_key
from handlers.context import Command, Context, Option, Takes, did_you_mean, trouble

LATEST = 3
SEARCH_LIMIT = 10
LONG_NAME = 8  # letters from which two slips are forgiven instead of one
PLACES = tuple(kind.value for kind in Kind if kind.is_place and kind is not Kind.COUNTRY)
ACTORS = (Kind.ACTOR.value, Kind.PERSON.value)


def whois(context: Context, request: Request) -> Card:
    return _about(context, request, "whois")


def where(context: Context, request: Request) -> Card:
    return _about(context, request, "where")


def _about(context: Context, request: Request, command: str) -> Card:
    name = request.text.strip()
    if not name:
        return trouble(
            "Which name?", f"Type it after the command: /{command} {'Samarra' if command == 'where' else 'Quds Force'}"
        )
    hits = context.lookup.find(name)
    if command == "where":
        hits = tuple(sorted(hits, key=lambda hit: not hit.entity.kind.is_place))
    chosen, others = _choose(hits)
    if chosen is None:
        return did_you_mean(name, hits, command)
    with context.store.read() as cx:
        return _card(context, cx, request, chosen, others, name)


def _choose(hits: tuple[Hit, ...]) -> tuple[Hit | None, tuple[Hit, ...]]:
    """The entity meant, and the others of the same name; a slip is forgiven where exactly one name is that near."""
    exact = [hit for hit in hits if hit.exact]
    if exact:
        return exact[0], tuple(exact[1:])
    if (
        hits
        and hits[0].edits <= (2 if len(hits[0].name) >= LONG_NAME else 1)
        and all(hit.edits > hits[0].edits for hit in hits[1:])
    ):
        return hits[0], ()
    return None, hits


def _card(context: Context, cx: Connection, request: Request, hit: Hit, others: tuple[Hit, ...], typed: str) -> Card:
    entity, workspace, zone = _whole(context, hit.entity), request.channel.workspace, request.channel.timezone
    blocks: list[Block] = []
    if not hit.exact:
        blocks.append(Text(line(quiet(f"No “{typed}” is known; this is the nearest name."))))
    blocks.append(Text(line(_one_line(context, entity))))
    blocks.append(Fields(tuple(_facts(context, entity))))
    total, in_articles = articles.mention_count(cx, workspace, entity.ids)
    if total:
        blocks.append(Fields(tuple(_seen(context, cx, workspace, entity, total, in_articles))))
        blocks += _chart(cx, workspace, entity, zone)
        latest = articles.latest_citations(cx, workspace, entity.ids, LATEST)
        blocks += [Text(line("Latest")), *(_quote(citation, zone) for citation in latest)]
    else:
        blocks.append(Text(line(quiet("Not named yet in anything read here."))))
    if others:
        also = tuple(
            line(code(f"/whois {other.entity.name}"), f"  {_one_line(context, other.entity)}") for other in others
        )
        blocks.append(Listing("The same name also stands for", also))
    return Card(title=entity.name, tone=Tone.INFO, blocks=tuple(blocks))


def _whole(context: Context, entity: Entity) -> Entity:
    """With all that the catalogue says of it, where a workspace only adds names."""
    base = context.catalogue.get(entity.extends)
    return replace(base, id=entity.id, extends=base.id, names=(*base.names, *entity.names)) if base else entity


def _one_line(context: Context, entity: Entity) -> str:
    kind = (entity.type or entity.kind.value).replace("-", " ")
    return f"{kind.capitalize()}. {entity.about}".strip()


def _facts(context: Context, entity: Entity) -> list[Field]:
    named = context.catalogue.entities
    rows = [Field("Kind", line(_kind(entity)))]
    rows += [Field(script, names(spellings, 60)) for script, spellings in _by_script(entity)]
    parent = named.get(entity.parent or "")
    if parent:
        rows.append(Field("Part of", line(parent.name)))
    if entity.leaders:
        rows.append(
            Field(
                "Led by",
                names([_led(context, item.person, item.since, item.until) for item in reversed(entity.leaders)]),
            )
        )
    leads = [other.name for other in named.values() if any(item.person == entity.id for item in other.leaders)]
    if leads:
        rows.append(Field("Led", names(leads)))
    parts = [other.name for other in named.values() if other.parent == entity.id and entity.kind is Kind.ACTOR]
    if parts:
        rows.append(Field("Includes", names(parts, 6)))
    if entity.area:
        rows.append(Field("Area", names([_country(context, iso) for iso in entity.area], 6)))
    if entity.lat is not None and entity.lon is not None:
        rows.append(Field("Where", line(_position(context, entity))))
    return rows


def _kind(entity: Entity) -> str:
    return (
        f"{entity.kind.value} ({entity.type.replace('-', ' ')})"
        if entity.type and entity.type != entity.kind.value
        else entity.kind.value
    )


def _led(context: Context, person: str, since: int | None, until: int | None) -> str:
    entity = context.catalogue.get(person)
    name = entity.name if entity else person
    if since and until:
        return f"{name} ({since}–{until})"
    if since:
        return f"{name} (since {since})"
    return f"{name} (until {until})" if until else name


def _by_script(entity: Entity) -> list[tuple[str, list[str]]]:
    """Spellings by the script of their first letter: Latin ones as `Names`, others under the script's name."""
    groups: dict[str, list[str]] = {}
    for name in entity.all_names[1:]:
        letter = next((char for char in name if char.isalpha()), "")
        script = unicodedata.name(letter, "LATIN").split()[0].capitalize() if letter else "Latin"
        groups.setdefault("Names" if script == "Latin" else script, []).append(name)
    return sorted(groups.items(), key=lambda item: (item[0] != "Names", item[0]))


def _country(context: Context, iso: str) -> str:
    country = context.catalogue.get(iso.lower())
    return country.name if country else iso


def _position(context: Context, entity: Entity) -> str:
    assert entity.lat is not None
    assert entity.lon is not None
    within = context.catalogue.get(entity.within or "")
    agreed = entity.kind is not Kind.COUNTRY and (within is None or within.country == entity.country)
    country = _country(context, entity.country) if entity.country and agreed else ""  # none for what two claim
    position = ", ".join(part for part in (within.name if within else "", country) if part)
    coordinates = f"{abs(entity.lat):.2f}° {'N' if entity.lat >= 0 else 'S'}, {abs(entity.lon):.2f}° {'E' if entity.lon >= 0 else 'W'}"
    parts = [part for part in (position, coordinates) if part]
    if entity.kind is not Kind.COUNTRY:
        parts += _nearest(context, entity)
    return " – ".join(parts)


def _nearest(context: Context, entity: Entity) -> list[str]:
    """`57 km NE of Baghdad`: distance and bearing from the nearest towns of the catalogue that are cities."""
    here = (entity.lat or 0.0, entity.lon or 0.0)
    cities = [
        other
        for other in context.catalogue.entities.values()
        if other.type == "city" and other.id != entity.id and other.lat is not None and other.lon is not None
    ]
    if not cities:
        return []
    nearest = min(cities, key=lambda other: distance_km(here, (other.lat or 0.0, other.lon or 0.0)))
    there = (nearest.lat or 0.0, nearest.lon or 0.0)
    return [f"{distance_km(there, here):.0f} km {bearing(there, here)} of {nearest.name}"]


def _seen(
    context: Context, cx: Connection, workspace: str, entity: Entity, total: int, in_articles: int
) -> list[Field]:
    now = context.clock.now()
    week = articles.mention_count(cx, workspace, entity.ids, now - timedelta(days=7))[0]
    month = articles.mention_count(cx, workspace, entity.ids, now - timedelta(days=30))[0]
    rows = [
        Field(
            "Mentions",
            line(f"{total:,} in {count(in_articles, 'article')} · {week:,} in 7 days · {month:,} in 30 days"),
        )
    ]
    for label, kinds in (("Seen at", PLACES), ("Seen with", ACTORS)):
        found = articles.seen_with(cx, workspace, entity.ids, kinds, 8, same_sentence=True)
        known = [(context.catalogue.get(other), number) for other, number in found]
        listed = [f"{other.name} ({number})" for other, number in known if other and other.type != "media"]
        if listed:
            rows.append(Field(label, names(listed, 6)))
    return rows


def _chart(cx: Connection, workspace: str, entity: Entity, timezone: str) -> list[Block]:
    """Thirty days up to the newest mention: an archive of 2014 shows 2014."""
    zone = ZoneInfo(timezone)
    days: Counter[int] = Counter()
    rows = articles.mention_days(cx, workspace, entity.ids)
    last = rows[-1][0].astimezone(zone).date()
    for at, number in rows:
        days[(last - at.astimezone(zone).date()).days] += number
    values = tuple(days[offset] for offset in range(29, -1, -1))
    first = last - timedelta(days=29)
    return [Bars("Mentions a day", values, f"{first.day} {first:%b}", f"{last.day} {last:%b %Y}")]


def _quote(citation: Citation, timezone: str) -> Quote:
    source = source_line(citation.outlet, citation.at, citation.published, timezone, citation.url, citation.title)
    return cite(citation.sentence, citation.start, citation.marks, source)


def search(context: Context, request: Request) -> Card:
    words = request.text.strip()
    if not fold_key(words).strip():
        return trouble("Search for what?", "Type words after the command: /search militias")
    with context.store.read() as cx:
        found = articles.search_words(cx, request.channel.workspace, words, SEARCH_LIMIT + 1)
    if not found:
        nearest = [hit.entity.name for hit in context.lookup.find(words)[:3]]
        steps = [f"Names that come near: {', '.join(nearest)}. Try /whois {nearest[0]}"] if nearest else []
        return trouble(f"No article here contains “{words}”.", *steps, "Fewer words find more.")
    lines: list[Block] = []
    for article in found[:SEARCH_LIMIT]:
        source = source_line(article.outlet, article.at, article.published, request.channel.timezone, article.url)
        lines.append(Text((Run(article.title, link=article.url), quiet("  "), *source)))
        lines.append(Quote(_snippet(article.text, len(article.title), words)))
    more = (quiet("There are more; add a word to narrow it down."),) if len(found) > SEARCH_LIMIT else ()
    title = f"{count(min(len(found), SEARCH_LIMIT), 'article')} with “{words}”, newest first"
    return Card(title=title, tone=Tone.INFO, blocks=tuple(lines), footer=more)


def _snippet(text: str, headline: int, words: str) -> Line:
    """The sentence round the first of the words below the headline, marked."""
    spans = find_words(text, words)
    first = next((start for start, _ in spans if start >= headline), spans[0][0] if spans else headline)
    for sentence in sentences(text):
        if sentence.start <= first < sentence.end:
            return marked(text[sentence.start : sentence.end], sentence.start, spans)
    return line(text[headline : headline + SENTENCE_LIMIT].strip())


COMMANDS = (
    Command(
        "whois",
        "/whois NAME",
        "Say who or what a name is, and what was read about it",
        whois,
        looks_up=True,
        options=(Option("name", "A person, group, town …", Takes.ENTITY, required=True),),
        example="/whois Quds Force",
    ),
    Command(
        "where",
        "/where PLACE",
        "Say where a place is, who was reported there, and the latest sentences",
        where,
        looks_up=True,
        options=(Option("place", "A town, province, crossing …", Takes.PLACE, required=True),),
        example="/where Samarra",
    ),
    Command(
        "search",
        "/search WORDS",
        "Find articles that contain all these words, newest first",
        search,
        looks_up=True,
        options=(Option("query", "Words, names, or a query", required=True),),
        example="/search militias",
    ),
)
