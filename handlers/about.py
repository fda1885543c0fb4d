"""What the look-ups share: which entity a name means, what the catalogue says of it, what the archive says of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

from sqlalchemy import Connection

from bot.cards.card import Bars, Block, Button, Card, Field, Line, Listing, Quote, Text, Tone, code, line, quiet
from bot.cards.compose import count, names, quote
from bot.company import Companion, Sample, companions
from bot.entities.lookup import Hit
from bot.geo import bearing, distance_km
from bot.model import Entity, Kind, Request
from bot.store import search, seen
from bot.telling import telling
from bot.text.find import find_phrase
from bot.text.fold import fold_key
from handlers.context import Context, trouble
from handlers.excerpt import excerpt

LONG_NAME = 8  # letters from which two slips are forgiven instead of one
SAMPLE = 500  # of an entity's newest articles, in which company is counted
NEWEST = 40  # of those, from whose sentences the telling ones are chosen
TELLING = 3
MONTH = 30
LONGEST_CHART = 40  # bars
MOST_NAMES = 12
MOST_OTHERS = 4  # names a script beside the Latin one
_SCRIPTS = {"Cjk": "Chinese", "Hiragana": "Japanese", "Katakana": "Japanese", "Hangul": "Korean"}


Together = tuple[Entity, Companion]


@dataclass(frozen=True, slots=True)
class Meant:
    """The entity that a typed name means, with all the catalogue says of it; `others` have the same name."""

    entity: Entity
    exact: bool = True
    others: tuple[Entity, ...] = ()


def meant(context: Context, request: Request, command: str) -> Meant | Card:
    """Which entity is asked about, or a card that says what to type instead. Places come first for `/where`."""
    name = request.text.strip().strip('"“”').strip()
    if not fold_key(name[:200]).strip():
        example = "Samarra" if command == "where" else "Quds Force"
        return trouble("Which name?", f"Type it after the command: /{command} {example}")
    by_id = context.catalogue.get(name.removeprefix("id:")) if name.startswith("id:") else None
    if by_id:
        return Meant(_whole(context, by_id))
    hits = context.lookup.find(name)
    if not any(hit.exact for hit in hits):
        hits = _qualified(context, name) or hits
    if command == "where":
        hits = tuple(sorted(hits, key=lambda hit: (not hit.exact, not hit.entity.kind.is_place)))
    chosen, others = _choose(hits)
    if chosen is None:
        return _unknown(context, request, name, hits, command)
    return Meant(_whole(context, chosen.entity), chosen.exact, tuple(hit.entity for hit in others))


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


def _qualified(context: Context, name: str) -> tuple[Hit, ...]:
    """`Tripoli, Lebanon`: of all with the name, those in what stands behind the last comma."""
    base, comma, place = name.rpartition(",")
    wanted = fold_key(place).strip()
    if not comma or not wanted:
        return ()
    return tuple(
        hit
        for hit in context.lookup.find(base, limit=50)
        if hit.exact and wanted in {fold_key(word) for word in _around(context, hit.entity)}
    )


def _around(context: Context, entity: Entity) -> list[str]:
    """What tells an entity from others of its name: the places round it, or what it is part of, and its kind."""
    outer = [context.catalogue.get(key) for key in (entity.within, entity.parent) if key]
    words = [one.name for one in outer if one]
    return [*words, *([_country(context, entity.country)] if entity.country else []), entity.type, entity.kind.value]


def written(context: Context, entity: Entity) -> str:
    """The name as it is typed so that this entity is found again, and no other of its name."""
    if context.catalogue.get(entity.id):
        return context.resolve.spelling(context.catalogue.get(entity.extends) or entity)
    around = next((word for word in _around(context, entity) if word), "")
    name = entity.name.replace('"', "").replace("\n", " ")
    return f"{name}, {around}" if around and len(context.lookup.exact(name)) > 1 else name


def _whole(context: Context, entity: Entity) -> Entity:
    """With all that the catalogue says of it, where a workspace only adds names."""
    base = context.catalogue.get(entity.extends)
    return replace(base, id=entity.id, extends=base.id, names=(*base.names, *entity.names)) if base else entity


def _unknown(context: Context, request: Request, name: str, hits: Sequence[Hit], command: str) -> Card:
    """The nearest names, ready to be typed, and what was read of the words themselves."""
    blocks: list[Block] = []
    if hits:
        nearest = tuple(
            line(code(f"/{command} {written(context, hit.entity)}"), f"  {kind_of(hit.entity)}") for hit in hits
        )
        blocks.append(Listing("Nearest names", nearest))
    workspace, zone = request.channel.workspace, request.channel.timezone
    phrase = fold_key(name[:200])
    with context.store.read() as cx:
        found = search.newest_with(cx, workspace, [phrase], TELLING, lambda item: bool(find_phrase(item.text, phrase)))
        number = search.count_words(cx, workspace, [phrase]) if found else 0
    everything = code(f"/search {name}")
    if found:
        told = count(number, "article") if number <= search.COUNTED else f"more than {search.COUNTED:,} articles"
        blocks.append(Text(line(f"The words “{name}” stand in {told}. The latest:")))
        blocks += [quote(excerpt(item, find_phrase(item.text, phrase)), zone) for item in found]
        blocks.append(Text(line("All of them: ", everything)))
    else:
        blocks.append(Text(line("Nor was it read anywhere here. Fewer words find more: ", everything)))
    return Card(f"Nothing in the catalogue is called “{name}”.", Tone.WARNING, blocks=tuple(blocks))


def one_line(entity: Entity) -> str:
    kind = (entity.type or entity.kind.value).replace("-", " ")
    return f"{kind.capitalize()}. {entity.about}".strip()


def kind_of(entity: Entity) -> str:
    if entity.type and entity.type != entity.kind.value:
        return f"{entity.kind.value} ({entity.type.replace('-', ' ')})"
    return entity.kind.value


def facts(context: Context, entity: Entity) -> list[Field]:
    """What the catalogue says."""
    known = context.catalogue.entities
    rows = [Field("Kind", line(kind_of(entity)))]
    for script, spellings in _by_script(entity):
        rows.append(Field(script, names(spellings, MOST_NAMES if script == "Names" else MOST_OTHERS)))
    parent = known.get(entity.parent or "")
    if parent:
        rows.append(Field("Part of", line(parent.name)))
    led = [_led(context, item.person, item.since, item.until) for item in reversed(entity.leaders)]
    leads = [other.name for other in known.values() if any(item.person == entity.id for item in other.leaders)]
    parts = [other.name for other in known.values() if other.parent == entity.id and entity.kind is Kind.ACTOR]
    listed = (
        ("Led by", led),
        ("Led", leads),
        ("Includes", parts),
        ("Area", [_country(context, a) for a in entity.area]),
    )
    rows += [Field(label, names(items, 6)) for label, items in listed if items]
    if entity.lat is not None and entity.lon is not None:
        rows.append(Field("Where", line(position(context, entity))))
    return rows


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
        groups.setdefault("Names" if script == "Latin" else _SCRIPTS.get(script, script), []).append(name)
    return sorted(groups.items(), key=lambda item: (item[0] != "Names", item[0]))


def _country(context: Context, iso: str) -> str:
    country = context.catalogue.get(iso.lower())
    return country.name if country else iso


def position(context: Context, entity: Entity) -> str:
    """`Salah ad-Din, Iraq – 34.20° N, 43.87° E – 48 km SSE of Tikrit`."""
    within = context.catalogue.get(entity.within or "")
    agreed = entity.kind is not Kind.COUNTRY and (within is None or within.country == entity.country)
    country = _country(context, entity.country) if entity.country and agreed else ""  # none for what two claim
    around = ", ".join(dict.fromkeys(part for part in (within.name if within else "", country) if part))
    cities = nearest_cities(context, entity, 1) if entity.kind is not Kind.COUNTRY else []
    return " – ".join(part for part in (around, coordinates(entity), *cities) if part)


def coordinates(entity: Entity) -> str:
    lat, lon = entity.lat or 0.0, entity.lon or 0.0
    return f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"


def nearest_cities(context: Context, entity: Entity, most: int) -> list[str]:
    """`57 km NE of Baghdad`: distance and bearing from the nearest cities of the catalogue."""
    here = (entity.lat or 0.0, entity.lon or 0.0)
    cities = [
        (distance_km((other.lat, other.lon), here), other)
        for other in context.catalogue.entities.values()
        if other.type == "city" and other.id not in entity.ids and other.lat is not None and other.lon is not None
    ]
    nearest = sorted(cities, key=lambda item: (item[0], item[1].name))[:most]
    return [f"{km:.0f} km {bearing((c.lat or 0.0, c.lon or 0.0), here)} of {c.name}" for km, c in nearest]


def counted(
    context: Context, cx: Connection, workspace: str, entity: Entity, timezone: str
) -> tuple[list[Field], list[Block]]:
    """How often it was named, in all and lately, and the chart of thirty days.

    Days are those of the documents. An archive whose newest mention is old shows the days up to that one.
    """
    total, in_articles = seen.mention_count(cx, workspace, entity.ids)
    newest = seen.newest_day(cx, workspace, entity.ids)
    if newest is None:
        return [], []
    until, to = last_day(newest, context)
    days = seen.days(cx, workspace, entity.ids, until - timedelta(days=MONTH - 1), until)
    week = sum(number for day, number in days.items() if day > until - timedelta(days=7))
    said = f"{total:,} in {count(in_articles, 'article')} · {week:,} in 7 days · {sum(days.values()):,} in 30 days{to}"
    return [Field("Mentions", line(said))], [chart(days, until - timedelta(days=MONTH - 1), until, timezone)]


def last_day(newest: date, context: Context) -> tuple[date, str]:
    """(the day that periods end on, how to say so)."""
    today = context.clock.now().astimezone(UTC).date()
    if newest > today - timedelta(days=MONTH):
        return today, ""
    return newest, f" to {newest.day} {newest:%b %Y}"


def chart(days: dict[date, int], first: date, last: date, timezone: str) -> Bars:
    """Bars of days, or of several days each where it would grow too long. Days are those of UTC: said where clocks differ."""
    length = (last - first).days + 1
    step = -(-length // LONGEST_CHART)
    bars = [0] * -(-length // step)
    for day, number in days.items():
        bars[-1 - (last - day).days // step] += number
    label = "Mentions a day" if step == 1 else f"Mentions in {step} days"
    year = "" if first.year == last.year else f" {first.year}"
    label = label if timezone == "UTC" else f"{label} (UTC)"
    return Bars(label, tuple(bars), f"{first.day} {first:%b}{year}", f"{last.day} {last:%b %Y}")


def beside(context: Context, sample: Sample, entity: Entity) -> tuple[list[Together], list[Together]]:
    """(who shares sentences with an entity, at which places it was seen). Papers report on wars, they are no company."""
    found: tuple[list[Together], list[Together]] = [], []
    for one in companions(sample, entity.ids):
        other = context.catalogue.get(one.entity) if one.sentences else None
        if other and other.kind is not Kind.COUNTRY and other.type != "media":
            found[other.kind.is_place].append((other, one))
    for rows in found:
        rows.sort(key=lambda pair: (-pair[1].sentences, pair[0].name))
    return found


def with_counts(found: Collection[Together], most: int = 6) -> Line:
    return names([f"{other.name} ({one.sentences:,})" for other, one in found], most)


def latest(cx: Connection, workspace: str, entity: Entity, sample: Sample, timezone: str) -> list[Quote]:
    """The most telling sentences of the newest articles."""
    newest = [article.id for article in sample.articles[:NEWEST]]
    found = seen.sightings(cx, workspace, entity.ids, newest)
    in_order = [one for article_id in newest for one in found.get(article_id, ())]
    return [quote(one.citation, timezone) for one in telling(in_order, TELLING)]


def of_sample(sample: Sample) -> Line:
    """What is said where only the newest articles were counted."""
    return () if sample.whole else line(quiet(f"Company is counted in its newest {SAMPLE:,} articles."))


def namesakes(context: Context, found: Meant, command: str) -> list[Block]:
    if not found.others:
        return []
    rows = tuple(line(code(f"/{command} {written(context, other)}"), f"  {one_line(other)}") for other in found.others)
    return [Listing("The same name also stands for", rows)]


def as_phrase(name: str) -> str:
    """Quoted where a query would read a part of the name as something else."""
    plain = all(word.isalnum() and word not in ("AND", "OR", "NOT", "try") for word in name.replace("-", "x").split())
    return name if plain and not name.startswith("-") else f'"{name}"'


def buttons(context: Context, entity: Entity, command: str) -> tuple[Button, ...]:
    """What can be done next with an entity, beside the command that it stands on."""
    name = written(context, entity)
    ways = (("whois", "Who is it"), ("timeline", "Timeline"), ("related", "Related"), ("where", "Map"))
    follow = Button("Follow", f"/subscribe {name if name.startswith('id:') else as_phrase(name)}")
    others = tuple(Button(label, f"/{way} {name}") for way, label in ways if way != command)
    return (follow, *others)
