"""Look-up by name."""

from __future__ import annotations

from dataclasses import dataclass

from bot.entities.catalogue import Catalogue
from bot.model import Entity
from bot.text.fold import fold_key


@dataclass(frozen=True, slots=True)
class Hit:
    entity: Entity
    name: str
    score: float
    exact: bool
    edits: int = 0  # letters to change, add, drop or swap to get from what was typed to `name`


class Lookup:
    def __init__(self, catalogue: Catalogue) -> None:
        self._by_key: dict[str, list[tuple[Entity, str]]] = {}
        for entity in catalogue.entities.values():
            for name in entity.all_names:
                self._by_key.setdefault(fold_key(name), []).append((entity, name))

    def find(self, name: str, limit: int = 5) -> tuple[Hit, ...]:
        from rapidfuzz import fuzz, process
        from rapidfuzz.distance import OSA

        key = fold_key(name)
        exact = self._by_key.get(key)
        if exact:
            return tuple(Hit(entity, spelling, 1.0, True) for entity, spelling in exact[:limit])
        near = process.extract(key, list(self._by_key), scorer=fuzz.ratio, limit=limit * 3, score_cutoff=70)
        found: dict[str, Hit] = {}
        for match, score, _ in near:
            for entity, spelling in self._by_key[match]:
                found.setdefault(entity.id, Hit(entity, spelling, score / 100, False, OSA.distance(key, match)))
        return tuple(sorted(found.values(), key=lambda hit: (hit.edits, -hit.score)))[:limit]

    def complete(self, typed: str, limit: int) -> tuple[Hit, ...]:
        key = fold_key(typed)
        found: dict[str, Hit] = {}
        for name, rows in self._by_key.items():
            if name.startswith(key):
                for entity, spelling in rows:
                    found.setdefault(entity.id, Hit(entity, spelling, 1.0, False))
                if len(found) >= limit:
                    break
        return tuple(found.values())[:limit]
