"""A query asked of the archive: the cheapest way to all articles that may fit, and an exact look at each of those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from sqlalchemy import Connection

from bot.model import FiledArticle
from bot.rules.query import AllOf, AnyOf, Facts, Named, NoneOf, Query, Words, facts_of
from bot.store import search, seen
from bot.store.search import Found, Limits
from handlers.context import Context

MOST_LOOKED = 2_000  # articles that are looked at for one answer
FIRST_LOOK = 12  # articles of the first batch; each is twice as long as the last
MOST_WAYS = 8  # alternatives of one query that are followed beside each other


@dataclass(frozen=True, slots=True)
class Way:
    """Articles that name one of `entities` and one of each group of `also`, or those that hold all of `phrases`."""

    entities: tuple[str, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()
    phrases: tuple[str, ...] = ()


def find(
    context: Context, cx: Connection, workspace: str, query: Query, most: int
) -> tuple[list[FiledArticle], list[str]]:
    """(the newest articles that fit, up to `most`; what was not looked at, in words)."""
    limits = Limits()
    stream = _once(_stream(cx, workspace, _ways(context, cx, workspace, query), limits))
    found: list[FiledArticle] = []
    looked, batch = 0, FIRST_LOOK
    while len(found) < most and looked < MOST_LOOKED:
        ids = list(islice(stream, min(batch, MOST_LOOKED - looked)))
        if not ids:
            return found, limits.said
        found += fitting(context, cx, workspace, query, ids)
        looked, batch = looked + len(ids), batch * 2
    if len(found) < most:
        limits.said.append(f"only the newest {MOST_LOOKED:,} articles that came into question")
    return found[:most], limits.said


def fitting(context: Context, cx: Connection, workspace: str, query: Query, ids: Sequence[int]) -> list[FiledArticle]:
    """Those of these articles that fit, in the same order."""
    held = search.load(cx, workspace, ids)
    named = seen.entities_of(cx, workspace, ids)
    extended = {entity.id: entity.extends for entity in context.known.own_of(workspace) if entity.extends}
    return [
        held[key]
        for key in ids
        if key in held
        and query.fires(_facts(context, held[key], {extended.get(entity, entity) for entity in named.get(key, ())}))
    ]


def _facts(context: Context, article: FiledArticle, entities: set[str]) -> Facts:
    known = [entity for entity in map(context.catalogue.get, entities) if entity]
    kinds = frozenset[str]().union(*(entity.kinds for entity in known))
    return facts_of(article.text, frozenset(entities), kinds)


def _ways(context: Context, cx: Connection, workspace: str, query: Query) -> list[Way] | None:
    """Ways that together lead to every article that fits; None if only a look at all of them does."""
    match query:
        case Named():
            return [Way(entities=own_ids(context, workspace, query.entity))]
        case Words():
            return [Way(phrases=(query.folded,))]
        case AnyOf():
            parts = [_ways(context, cx, workspace, part) for part in query.parts]
            several = [way for part in parts if part for way in part]
            return _gathered(several) if None not in parts else None
        case AllOf():
            phrases = tuple(part.folded for part in query.parts if isinstance(part, Words))
            others = [_ways(context, cx, workspace, part) for part in query.parts if not isinstance(part, Words)]
            choices = [way for way in (*others, [Way(phrases=phrases)] if phrases else None) if way]
            best = min(choices, key=lambda ways: _cost(cx, workspace, ways), default=None)
            if best and best[0].entities and len(best) == 1:
                named = (ways[0].entities for ways in choices if ways is not best and len(ways) == 1)
                return [Way(best[0].entities, tuple(group for group in named if group))]
            return best
        case NoneOf():
            return None
        case _:
            return None


def own_ids(context: Context, workspace: str, entity: str) -> tuple[str, ...]:
    """Under which ids a workspace finds the mentions of an entity: its own further names have one of theirs."""
    return (entity, *(own.id for own in context.known.own_of(workspace) if own.extends == entity))


def _gathered(ways: Sequence[Way]) -> list[Way] | None:
    """Names are looked up together; too many alternatives of words are none."""
    entities = tuple(dict.fromkeys(entity for way in ways if not way.also for entity in way.entities))
    worded = [way for way in ways if way.phrases or way.also]
    return [*([Way(entities)] if entities else []), *worded] if len(worded) <= MOST_WAYS else None


def _cost(cx: Connection, workspace: str, ways: Sequence[Way]) -> int:
    """About how many articles stand along these ways."""
    return sum(
        search.how_many(cx, way.phrases, search.MANY) if way.phrases else search.named_in(cx, workspace, way.entities)
        for way in ways
    )


def _stream(cx: Connection, workspace: str, ways: Sequence[Way] | None, limits: Limits) -> Iterator[Found]:
    if ways is None:
        return search.everything(cx, workspace)
    streams = [
        search.with_words(cx, workspace, way.phrases, limits)
        if way.phrases
        else search.naming(cx, workspace, way.entities, way.also, limits)
        for way in ways
    ]
    return merge(*streams, reverse=True)


def _once(stream: Iterator[Found]) -> Iterator[int]:
    """The ids; the same article comes along several ways one after the other."""
    last = None
    for _, key in stream:
        if key != last:
            yield key
        last = key
