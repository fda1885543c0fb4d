"""Look-up by name, typos forgiven: exact first, then one slip through an index of deletions, then likeness."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bot.entities.catalogue import Catalogue
from bot.entities.gazetteer import Gazetteer, deletions, squeezed
from bot.entities.resolve import prior
from bot.model import Entity
from bot.text.fold import fold_key

LEAST_FOR_A_SLIP = 3  # letters; of two, one slip is half the name
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

    def take(self, gazetteer: Gazetteer) -> None:
        """Look in these places of the world too, from now on."""
        self._gazetteer = gazetteer

    def over(self, catalogue: Catalogue) -> Lookup:
        """The same places of the world, under another catalogue."""
        return Lookup(catalogue, self._gazetteer)

    def before(self, other: Lookup) -> Lookup:
        """Both, the names of this one first."""
        return _Before(self, other)

    def find(self, name: str, limit: int = 5) -> tuple[Hit, ...]:
        """The entities that a name can mean, best first: those called exactly so, one slip away, or merely alike."""
        key = fold_key(name[:200])
        if not key:
            return ()
        found = self._exact(key)
        if len(found) < limit:
            found = _once(found + self._near(key))
        return tuple(found[:limit] or self._alike(key)[:limit])

    def exact(self, name: str) -> tuple[Hit, ...]:
        """All entities called exactly so, tracked ones first."""
        key = fold_key(name[:200])
        return tuple(self._exact(key)) if key else ()

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
        if len(squeezed(key)) < LEAST_FOR_A_SLIP:
            return []
        own = {other for form in deletions(key) for other in self._deleted.get(form, ())}
        found = [
            Hit(entity, spelling, 0.8, exact=False, edits=1)
            for other in own
            if _one_slip(key, other)
            for entity, spelling in self._names[other]
        ]
        found.sort(key=lambda hit: (-len(hit.name), hit.name))
        if self._gazetteer:
            near = [other for other in self._gazetteer.near(key) if _one_slip(key, other)]
            world = [entity for other in near for entity in self._gazetteer.named(other)]
            found += [Hit(entity, entity.name, 0.7, exact=False, edits=1) for entity in self._others(world, found)]
        return _once(found)

    def _alike(self, key: str) -> list[Hit]:
        """Names of the catalogue that share most groups of three letters, two slips away or more."""
        from rapidfuzz import fuzz
        from rapidfuzz.distance import OSA

        found = []
        for other in self._trigrams.most_alike(key):
            edits, score = OSA.distance(key, other), fuzz.ratio(key, other)
            if (edits <= 2 and len(key) > 4) or score >= LEAST_LIKE:
                found += [Hit(e, spelling, score / 100, exact=False, edits=edits) for e, spelling in self._names[other]]
        nearest = min((hit.edits for hit in found), default=0)
        if nearest <= 2:
            found = [hit for hit in found if hit.edits <= 2]
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
    def _trigrams(self) -> _Trigrams:
        return _Trigrams(self._sorted)

    @cached_property
    def _deleted(self) -> dict[int, list[str]]:
        table: dict[int, list[str]] = {}
        for name in self._names:
            for form in deletions(name):
                table.setdefault(form, []).append(name)
        return table


class _Before(Lookup):
    """A workspace's own names before everybody's; what its own names extend is not shown twice."""

    def __init__(self, first: Lookup, second: Lookup) -> None:
        self._both = first, second

    def find(self, name: str, limit: int = 5) -> tuple[Hit, ...]:
        first, second = (lookup.find(name, limit) for lookup in self._both)
        found = sorted((*first, *second), key=lambda hit: (not hit.exact, hit.edits))  # stable: the own ones stay first
        return _once_extended(found)[:limit]

    def exact(self, name: str) -> tuple[Hit, ...]:
        return _once_extended([hit for lookup in self._both for hit in lookup.exact(name)])

    def complete(self, typed: str, limit: int) -> tuple[Hit, ...]:
        return _once_extended([hit for lookup in self._both for hit in lookup.complete(typed, limit)])[:limit]


def _once_extended(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    extended = {hit.entity.extends for hit in hits}
    return tuple(hit for hit in _once(hits) if hit.entity.id not in extended)


class _Trigrams:
    """Which names share most groups of three letters with a name."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        rows: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            for group in _groups(name):
                rows.setdefault(group, []).append(number)
        self._rows = {group: np.array(numbers, np.int32) for group, numbers in rows.items()}
        self._sizes = np.array([len(_groups(name)) for name in names], np.float32)

    def most_alike(self, name: str, most: int = 40) -> list[str]:
        """The names with the highest share of common groups (Dice)."""
        groups = _groups(name)
        rows = [self._rows[group] for group in groups if group in self._rows]
        if not rows:
            return []
        common = np.bincount(np.concatenate(rows), minlength=len(self._names))
        share = common / (self._sizes + len(groups))
        best = np.argpartition(-share, min(most, len(share) - 1))[:most]
        return [self._names[number] for number in best.tolist() if common[number]]


def _groups(name: str) -> set[str]:
    padded = f"  {squeezed(name)} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _one_slip(key: str, other: str) -> bool:
    from rapidfuzz.distance import OSA

    return int(OSA.distance(squeezed(key), squeezed(other), score_cutoff=1)) <= 1


def _once(hits: Iterable[Hit]) -> list[Hit]:
    found: dict[str, Hit] = {}
    for hit in hits:
        found.setdefault(hit.entity.id, hit)
    return list(found.values())
