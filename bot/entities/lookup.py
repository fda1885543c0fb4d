"""Look-up by name, typos forgiven: exact first, then one slip through an index of deletions, then likeness."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bot.entities.catalogue import Catalogue
from bot.entities.gazetteer import Gazetteer, deletions
from bot.entities.resolve import prior
from bot.model import Entity
from bot.text.fold import fold_key

LEAST_LIKE = 70  # per cent of likeness below which a name is no suggestion


@dataclass(frozen=True, slots=True)
class Hit:
    """An entity found by a name; `name` is the spelling that matched, `edits` the slips between it and what was typed."""

    entity: Entity
    name: str
    score: float
    exact: bool
    edits: int = 0


class Lookup:
    def __init__(self, catalogue: Catalogue, gazetteer: Gazetteer | None = None) -> None:
        self._gazetteer = gazetteer
        self._names: dict[str, list[tuple[Entity, str]]] = {}
        for entity in catalogue.entities.values():
            for name in entity.all_names:
                rows = self._names.setdefault(fold_key(name), [])
                if all(known.id != entity.id for known, _ in rows):
                    rows.append((entity, name))

    def find(self, name: str, limit: int = 5) -> tuple[Hit, ...]:
        """The entities that a name can mean, best first: all of one kind, exact, one slip, or merely alike."""
        key = fold_key(name[:200])
        if not key:
            return ()
        return tuple(self._exact(key)[:limit] or self._near(key)[:limit] or self._alike(key)[:limit])

    def complete(self, typed: str, limit: int) -> tuple[Hit, ...]:
        """Entities of the catalogue with a name that begins as typed."""
        key = fold_key(typed[:200])
        found: dict[str, Hit] = {}
        for name in self._sorted[bisect_left(self._sorted, key) :]:
            if not key or not name.startswith(key) or len(found) >= limit:
                break
            for entity, spelling in self._names[name]:
                found.setdefault(entity.id, Hit(entity, spelling, 1.0, exact=name == key))
        return tuple(found.values())[:limit]

    def _exact(self, key: str) -> list[Hit]:
        own = [Hit(entity, spelling, 1.0, exact=True) for entity, spelling in self._names.get(key, ())]
        world = self._gazetteer.named(key) if self._gazetteer else []
        return own + [Hit(entity, entity.name, 0.9, exact=True) for entity in self._others(world, own)]

    def _near(self, key: str) -> list[Hit]:
        from rapidfuzz.distance import OSA

        found: list[Hit] = []
        own = {other for form in deletions(key) for other in self._deleted.get(form, ())}
        for other in own:
            edits = OSA.distance(key, other, score_cutoff=1)
            if edits <= 1:
                found += [
                    Hit(entity, spelling, 0.8, exact=False, edits=edits) for entity, spelling in self._names[other]
                ]
        found.sort(key=lambda hit: -len(hit.name))
        if self._gazetteer:
            near = [other for other in self._gazetteer.near(key) if OSA.distance(key, other, score_cutoff=1) <= 1]
            world = [entity for other in near for entity in self._gazetteer.named(other)]
            found += [Hit(entity, entity.name, 0.7, exact=False, edits=1) for entity in self._others(world, found)]
        return _once(found)

    def _alike(self, key: str) -> list[Hit]:
        from rapidfuzz import fuzz, process
        from rapidfuzz.distance import OSA

        two_slips = (
            process.extract(key, self._sorted, scorer=OSA.distance, limit=10, score_cutoff=2) if len(key) > 4 else []
        )
        near = [(other, 90.0, place) for other, _, place in two_slips]
        near = near or process.extract(key, self._sorted, scorer=fuzz.ratio, limit=15, score_cutoff=LEAST_LIKE)
        found = [
            Hit(entity, spelling, score / 100, exact=False, edits=OSA.distance(key, other))
            for other, score, _ in near
            for entity, spelling in self._names[other]
        ]
        return _once(sorted(found, key=lambda hit: (hit.edits, -hit.score)))

    @staticmethod
    def _others(world: Iterable[Entity], own: Iterable[Hit]) -> list[Entity]:
        """Places of the gazetteer, most likely first, without those that the catalogue has at the same spot."""
        spots = [(hit.entity.lat, hit.entity.lon) for hit in own if hit.entity.lat is not None]
        ranked = sorted({entity.id: entity for entity in world}.values(), key=lambda entity: -prior(entity))
        return [
            e
            for e in ranked
            if not any(abs((e.lat or 0) - (a or 0)) < 0.4 and abs((e.lon or 0) - (b or 0)) < 0.4 for a, b in spots)
        ]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._names)

    @cached_property
    def _deleted(self) -> dict[int, list[str]]:
        table: dict[int, list[str]] = {}
        for name in self._names:
            for form in deletions(name):
                table.setdefault(form, []).append(name)
        return table


def _once(hits: Iterable[Hit]) -> list[Hit]:
    found: dict[str, Hit] = {}
    for hit in hits:
        found.setdefault(hit.entity.id, hit)
    return list(found.values())
