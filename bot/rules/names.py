"""What names mean in a query, and how an entity is written so that the same one is found again.

Two entities may share a name. One is the clear winner if it alone is called so in the first place, rather than among its
other names; a workspace's own entities come before everybody's. Where none wins, whoever asks is told all choices, and
can write `"Tripoli, Lebanon"` or, where even that is not enough, `id:lb-tripoli`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bot.entities.catalogue import Catalogue
from bot.entities.lookup import Hit, Lookup
from bot.model import Entity, Kind
from bot.text.fold import fold_key

# What a province is called behind its name, where its name alone is its capital's.
PROVINCES = ("province", "governorate", "state", "oblast", "region", "department", "district")
CLEARLY = 10  # times as many people make one untracked place the one that is meant
Allowed = Callable[[Entity], bool]


def anything(_: Entity) -> bool:
    return True


def is_place(entity: Entity) -> bool:
    return entity.kind.is_place


def is_actor(entity: Entity) -> bool:
    return not entity.kind.is_place


def is_region(entity: Entity) -> bool:
    return entity.kind is Kind.REGION


def is_country(entity: Entity) -> bool:
    return entity.kind is Kind.COUNTRY


@dataclass(frozen=True, slots=True)
class Names:
    """What one workspace knows by name: its catalogue, and the look-up that also holds the places of the world."""

    catalogue: Catalogue
    lookup: Lookup

    def __call__(self, name: str) -> Entity | None:
        """The first entity, tracked or not, that this exact name stands for."""
        hits = self.lookup.exact(name)
        return self._whole(hits[0].entity) if hits else None

    def tracked(self, name: str, allowed: Allowed = anything, *, stored: bool = False) -> list[Entity]:
        """The tracked entities that a name can mean: none, the clear winner, or all that are to be chosen from.

        In a `stored` query a name goes on meaning what it meant when it was written, whatever the workspace tracks since:
        everybody's entities come first.
        """
        if name.startswith("id:"):
            entity = self.catalogue.get(name.removeprefix("id:"))
            return [entity] if entity and allowed(entity) else []
        found = self._clear(name, self._all(name, allowed), stored)
        if found or "," not in name:
            return found
        base, _, qualifier = name.rpartition(",")
        wanted = fold_key(qualifier)
        matching = [e for e in self._all(base, allowed) if wanted in map(fold_key, self.qualifiers(e))]
        return self._clear(base, matching, stored)

    def areas(self, name: str) -> list[Entity]:
        """What `within:` can mean by a name: a country or a region of this name, else the province round a town of this name.

        Idlib is the province that the town lies in; Kyiv is the town, for it lies in no province called so.
        """
        found = self.tracked(name, is_place)
        if any(is_region(entity) or is_country(entity) for entity in found):
            return [entity for entity in found if is_region(entity) or is_country(entity)]
        called = {e.id: e for word in PROVINCES for e in self.tracked(f"{name} {word}", is_region)}
        wider = [called.get(entity.within or "", entity) for entity in found]
        return list({entity.id: entity for entity in wider or called.values()}.values())

    def world(self, name: str) -> list[Entity]:
        """The untracked places of the world of this name: none, one that is clearly meant, or all."""
        base, _, qualifier = name.rpartition(",")
        hits = self.lookup.exact(name) or (self.lookup.exact(base) if base else ())
        wanted = fold_key(qualifier) if base and not self.lookup.exact(name) else ""
        found = [hit.entity for hit in hits if is_place(hit.entity) and hit.entity.lat is not None]
        if wanted:
            found = [entity for entity in found if wanted in map(fold_key, self.qualifiers(entity))]
        found = [entity for entity in found if entity.kind is Kind.TOWN] or found
        by_people = sorted(found, key=lambda entity: -entity.population)
        if len(by_people) > 1 and by_people[0].population >= CLEARLY * max(by_people[1].population, 100):
            return by_people[:1]
        return by_people

    def is_place_of_the_world(self, name: str) -> bool:
        """Whether a place is called so, tracked or not."""
        return any(is_place(hit.entity) for hit in self.lookup.exact(name))

    def nearest(self, name: str, allowed: Allowed = anything, most: int = 3) -> list[Entity]:
        """Tracked entities whose names are like this one."""
        near: Iterable[Hit] = self.lookup.find(name, limit=12)
        found = {e.id: e for hit in near if (e := self._whole(hit.entity)) and self._tracks(e) and allowed(e)}
        return list(found.values())[:most]

    def spelling(self, entity: Entity, allowed: Allowed = anything) -> str:
        """The shortest text under which `tracked` finds this entity alone."""
        for text in (entity.name, *(f"{entity.name}, {qualifier}" for qualifier in self.qualifiers(entity))):
            if not set(text) & set('"“”') and [found.id for found in self.tracked(text, allowed, stored=True)] == [
                entity.id
            ]:
                return text
        return f"id:{entity.id}"

    def qualifiers(self, entity: Entity) -> Iterator[str]:
        """What tells entities of one name apart: the province, the country, the countries of an actor, what it is."""
        around = self.catalogue.get(entity.within) if entity.within else None
        codes = [code for code in (entity.country, *entity.area) if code]
        countries = [country for code in codes if (country := self.catalogue.get(code.lower()))]
        for place in (*countries, *([around] if around else [])):
            if place.id != entity.id:
                yield place.name
        yield from codes
        if entity.type:
            yield entity.type

    def told_apart(self, entity: Entity) -> str:
        """What an entity is, for somebody who has to choose: "city, Libya"."""
        where = next((q for q in self.qualifiers(entity) if q != entity.type), "")
        return ", ".join(part for part in (entity.type or entity.kind.value, where) if part)

    def _all(self, name: str, allowed: Allowed) -> list[Entity]:
        whole = [self._whole(hit.entity) for hit in self.lookup.exact(name)]
        found = {entity.id: entity for entity in whole if entity and self._tracks(entity) and allowed(entity)}
        return list(found.values())

    def _clear(self, name: str, found: list[Entity], stored: bool) -> list[Entity]:
        if len(found) < 2:
            return found
        key = fold_key(name)
        own = [entity for entity in found if entity.id.startswith("w:")]
        first = [entity for entity in found if fold_key(entity.name) == key]
        strong = [entity for entity in found if key in map(fold_key, entity.names)]
        if stored:
            return sorted(first or strong or found, key=lambda entity: entity in own)
        return own[:1] or first or strong or found

    def _whole(self, entity: Entity) -> Entity | None:
        """What a workspace's further names stand for is the entity itself."""
        return self.catalogue.get(entity.extends) if entity.extends else entity

    def _tracks(self, entity: Entity) -> bool:
        return self.catalogue.get(entity.id) is not None
