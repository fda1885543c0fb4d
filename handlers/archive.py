"""A query asked of the archive: the cheapest way to all articles that may fit, and an exact look at each of those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from sqlalchemy import Connection

from bot.geo import distance_km, distance_to_line_km
from bot.model import Entity, FiledArticle, Kind
from bot.rules.facts import Facts, Wording, insides
from bot.rules.query import AllOf, AnyOf, Condition, NoneOf, Query
from bot.rules.terms import Along, Named, Near, Within, Words
from bot.store import search, seen, sources
from bot.store.search import Found, Limits
from handlers.context import Context

MOST_LOOKED = 2_000  # articles that are looked at for one answer
FIRST_LOOK = 12  # articles of the first batch; each is twice as long as the last
MOST_NAMED = 1_000  # places of one circle or country that are looked up by name
MOST_WAYS = 8  # alternatives of one query that are followed beside each other


@dataclass(frozen=True, slots=True)
class Way:
    """Articles that name one of `entities`, if there are any, and one of each group of `also`, and hold all of `phrases`."""

    entities: tuple[str, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()
    phrases: tuple[str, ...] = ()


def find(
    context: Context, cx: Connection, workspace: str, query: Query, most: int
) -> tuple[list[tuple[FiledArticle, Facts]], list[str]]:
    """(the newest articles that fit, up to `most`, with what is known of each; what alone was looked at, in words)."""
    limits = Limits()
    stream = _once(_stream(cx, workspace, _ways(context, cx, workspace, query.condition), limits))
    names = {source.id: f"{source.title} {source.address}" for source in sources.sources_of(cx, workspace)}
    found: list[tuple[FiledArticle, Facts]] = []
    looked, batch = 0, FIRST_LOOK
    while len(found) < most and looked < MOST_LOOKED:
        ids = list(islice(stream, min(batch, MOST_LOOKED - looked)))
        if not ids:
            return found, limits.said
        found += _fitting(context, cx, workspace, query, ids, names)
        looked, batch = looked + len(ids), batch * 2
    if len(found) < most:
        limits.said.append(f"only the newest {MOST_LOOKED:,} articles that came into question")
    return found[:most], limits.said


def _fitting(
    context: Context, cx: Connection, workspace: str, query: Query, ids: Sequence[int], names: Mapping[int, str]
) -> list[tuple[FiledArticle, Facts]]:
    """Those of these articles that fit, in the same order."""
    held = search.load(cx, workspace, ids)
    named = seen.entities_of(cx, workspace, ids)
    extended = {entity.id: entity.extends for entity in context.known.own_of(workspace) if entity.extends}
    found = []
    for article in (held[key] for key in ids if key in held):
        known = {extended.get(entity, entity) for entity in named.get(article.id, ())}
        facts = Facts(
            Wording(article.text, article.title),
            [entity for entity in map(context.catalogue.get, known) if entity],
            context.catalogue.get,
            source=article.source_id,
            source_name=names.get(article.source_id, ""),
            outlet=article.outlet,
            language=article.language,
        )
        if query.fires(facts):
            found.append((article, facts))
    return found


def _ways(context: Context, cx: Connection, workspace: str, condition: Condition) -> list[Way] | None:
    """Ways that together lead to every article that fits; None if only a look at all of them does."""
    match condition:
        case Named():
            return [Way(entities=own_ids(context, workspace, condition.entity))]
        case Within() | Near() | Along():
            inside = tuple(e.id for e in context.catalogue.entities.values() if _lies_in(context, e, condition))
            several = tuple(key for entity in inside for key in own_ids(context, workspace, entity))
            return [Way(entities=several)] if 0 < len(several) <= MOST_NAMED else None
        case Words() if condition.where in ("text", "title"):
            return [Way(phrases=(condition.folded,))]
        case AnyOf():
            parts = [_ways(context, cx, workspace, part) for part in condition.parts]
            ways = [way for part in parts if part for way in part]
            return _gathered(ways) if None not in parts else None
        case AllOf():
            return _narrowest(
                cx, workspace, [found for part in condition.parts if (found := _ways(context, cx, workspace, part))]
            )
        case NoneOf():
            return None
        case _:
            return None


def _lies_in(context: Context, entity: Entity, term: Within | Near | Along) -> bool:
    if isinstance(term, Within):
        return entity.kind.is_place and term.place in insides(entity, context.catalogue.get)
    if entity.kind not in (Kind.TOWN, Kind.PLACE) or entity.lat is None or entity.lon is None:
        return False
    here = (entity.lat, entity.lon)
    if isinstance(term, Near):
        return distance_km(term.centre, here) <= term.km
    return distance_to_line_km(here, term.start, term.end) <= term.km


def _narrowest(cx: Connection, workspace: str, parts: list[list[Way]]) -> list[Way] | None:
    """Of what must all be there, the rarest: all phrases together, or a name with all other names beside it."""
    single = [part[0] for part in parts if len(part) == 1]
    plain = [way for way in single if not way.also and not (way.entities and way.phrases)]
    phrases = tuple(phrase for way in plain for phrase in way.phrases)
    named = [way for way in plain if way.entities]
    choices = [part for part in parts if len(part) > 1 or part[0] not in plain]
    choices += [[Way(phrases=phrases)]] if phrases else []
    choices += [[way] for way in named]
    best = min(choices, key=lambda ways: _cost(cx, workspace, ways), default=None)
    if best and len(best) == 1 and (best[0] in named or best[0].phrases):
        others = tuple(way.entities for way in named if way is not best[0])
        return [Way(best[0].entities, others, phrases)]
    return best


def own_ids(context: Context, workspace: str, entity: str) -> tuple[str, ...]:
    """Under which ids a workspace finds the mentions of an entity: its own further names have one of theirs."""
    return (entity, *(own.id for own in context.known.own_of(workspace) if own.extends == entity))


def _gathered(ways: Sequence[Way]) -> list[Way] | None:
    """Names are looked up together; too many alternatives of words are none."""
    worded = [way for way in ways if way.phrases or way.also]
    entities = tuple(dict.fromkeys(entity for way in ways if way not in worded for entity in way.entities))
    return [*([Way(entities)] if entities else []), *worded] if len(worded) <= MOST_WAYS else None


def _cost(cx: Connection, workspace: str, ways: Sequence[Way]) -> int:
    """About how many articles stand along these ways."""
    return sum(
        search.named_in(cx, workspace, way.entities)
        if way.entities
        else search.how_many(cx, way.phrases, search.OFTEN + 1)
        for way in ways
    )


def _stream(cx: Connection, workspace: str, ways: Sequence[Way] | None, limits: Limits) -> Iterator[Found]:
    if ways is None:
        return search.everything(cx, workspace)
    return merge(*(_along(cx, workspace, way, limits) for way in ways), reverse=True)


def _along(cx: Connection, workspace: str, way: Way, limits: Limits) -> Iterator[Found]:
    if not way.entities:
        return search.with_words(cx, workspace, way.phrases, way.also, limits)
    return search.naming(cx, workspace, way.entities, way.also, way.phrases, limits)


def _once(stream: Iterator[Found]) -> Iterator[int]:
    """The ids; the same article comes along several ways one after the other."""
    last = None
    for _, key in stream:
        if key != last:
            yield key
        last = key
