"""`/whois` and `/where`: an entity from the catalogue and the archive, every sentence cited."""

from __future__ import annotations

from bot.cards.card import Block, Card, Field, Fields, Text, Tone, line, quiet, strong
from bot.cards.picture import MapPlace, MapSpec, picture
from bot.company import Sample
from bot.geo import Point, distance_km
from bot.model import Entity, Kind, Request
from bot.store import seen
from handlers import about
from handlers.context import Context

MAPPED = 15  # places on a map
REACH_KM = 1_500  # of the first of them


def whois(context: Context, request: Request) -> Card:
    """Who or what it is; how often, where and with whom it was seen; the sentences that say most."""
    found = about.meant(context, request, "whois")
    if isinstance(found, Card):
        return found
    entity, workspace, zone = found.entity, request.channel.workspace, request.channel.timezone
    blocks = [*_guessed(found), Text(line(about.one_line(entity))), Fields(tuple(about.facts(context, entity)))]
    with context.store.read() as cx:
        sample = seen.sample(cx, workspace, entity.ids, about.SAMPLE)
        tallies, chart = about.counted(context, cx, workspace, entity, zone)
        blocks += _read(context, sample, entity, tallies, chart)
        blocks += [*_heading(sample), *about.latest(cx, workspace, entity, sample, zone)]
    return _card(context, found, "whois", blocks, sample)


def where(context: Context, request: Request) -> Card:
    """Where a place is and who was reported there; of an actor, where it was reported."""
    found = about.meant(context, request, "where")
    if isinstance(found, Card):
        return found
    entity, workspace, zone = found.entity, request.channel.workspace, request.channel.timezone
    blocks = [*_guessed(found), Text(line(about.one_line(entity)))]
    if entity.lat is not None and entity.lon is not None:
        blocks.append(Fields(tuple(_lies(context, entity))))
    with context.store.read() as cx:
        sample = seen.sample(cx, workspace, entity.ids, about.SAMPLE)
        tallies, _ = about.counted(context, cx, workspace, entity, zone)
        blocks += _read(context, sample, entity, tallies, _map(context, sample, entity))
        blocks += [*_heading(sample), *about.latest(cx, workspace, entity, sample, zone)]
    return _card(context, found, "where", blocks, sample)


def _guessed(found: about.Meant) -> list[Block]:
    return [] if found.exact else [Text(line(quiet("No such name is known; this is the nearest.")))]


def _lies(context: Context, entity: Entity) -> list[Field]:
    """Province and country, coordinates, and the way from the nearest cities."""
    around = context.catalogue.get(entity.within or "")
    country = context.catalogue.get((entity.country or "").lower())
    if around and around.country != entity.country:
        country = None  # where two claim it, none is named
    outer = [one.name for one in (around, country) if one and one.id not in entity.ids]
    rows = [Field("In", line(", ".join(dict.fromkeys(outer))))] if outer else []
    rows.append(Field("Lies at", line(about.coordinates(entity))))
    cities = about.nearest_cities(context, entity, 3) if entity.kind is not Kind.COUNTRY else []
    return [*rows, *([Field("Distance", line(" · ".join(cities)))] if cities else [])]


def _read(context: Context, sample: Sample, entity: Entity, tallies: list[Field], chart: list[Block]) -> list[Block]:
    """Counts, company and chart; or that nothing was read yet."""
    if not tallies:
        return [Text(line(quiet("Not named yet in anything read here.")))]
    actors, places = about.beside(context, sample, entity)
    here = (("Reported there", actors), ("Named with", places))
    company = here if entity.kind.is_place else (("Seen at", places), ("Seen with", actors))
    rows = [*tallies, *(Field(label, about.with_counts(found)) for label, found in company if found)]
    return [Fields(tuple(rows)), *chart]


def _map(context: Context, sample: Sample, entity: Entity) -> list[Block]:
    """The place asked about and those named with it, or the places where an actor was reported."""
    _, named = about.beside(context, sample, entity)
    points = [(place, one.sentences) for place, one in named if _point(place)]
    if _point(entity):
        points.insert(0, (entity, len(sample.articles) or 1))
    if not points:
        return []
    middle = _point(points[0][0]) or (
        0.0,
        0.0,
    )  # capitals far off, where people talk of it, would leave no room for the rest
    near = [(place, number) for place, number in points if distance_km(middle, _point(place) or middle) <= REACH_KM]
    on_map = [MapPlace(place.name, place.lat or 0.0, place.lon or 0.0, number) for place, number in near[:MAPPED]]
    return [picture(MapSpec(tuple(on_map), entity.name))]


def _point(entity: Entity) -> Point | None:
    """Where a town or site lies; provinces and countries are no point."""
    if entity.kind not in (Kind.TOWN, Kind.PLACE) or entity.lat is None or entity.lon is None:
        return None
    return entity.lat, entity.lon


def _heading(sample: Sample) -> list[Block]:
    return [Text(line(strong("Latest and most telling")))] if sample.articles else []


def _card(context: Context, found: about.Meant, command: str, blocks: list[Block], sample: Sample) -> Card:
    blocks += about.namesakes(context, found, command)
    buttons = about.buttons(context, found.entity, command)
    return Card(found.entity.name, Tone.INFO, blocks=tuple(blocks), buttons=buttons, footer=about.of_sample(sample))
