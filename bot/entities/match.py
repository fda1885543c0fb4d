"""Mentions of the catalogue's entities in a text."""

from __future__ import annotations

from bot.entities.catalogue import Catalogue
from bot.model import Entity, Mention
from bot.text.fold import fold, fold_key


class Matcher:
    def __init__(self, catalogue: Catalogue) -> None:
        import daachorse

        self._names: dict[bytes, list[tuple[Entity, bool]]] = {}
        for entity in catalogue.entities.values():
            for name in entity.all_names:
                key = fold_key(name)
                if key:
                    self._names.setdefault(f" {key} ".encode(), []).append((entity, name in entity.weak))
        self._patterns = list(self._names)
        self._automaton = daachorse.DoubleArrayAhoCorasick(self._patterns)

    def mentions(self, text: str) -> tuple[Mention, ...]:
        folded = fold(text)
        hits = sorted(self._automaton.find_overlapping(folded.data), key=lambda hit: (hit[0], -hit[1]))
        chosen, end = [], 0
        for start, stop, pattern in hits:
            if start + 1 >= end:
                chosen.append((start, stop, self._names[self._patterns[pattern]]))
                end = stop
        strong = {entity.id for _, _, names in chosen for entity, weak in names if not weak}
        found = []
        for start, stop, names in chosen:
            a, b = int(folded.origin[start + 1]), int(folded.origin[stop - 2]) + 1
            ok = [entity for entity, weak in names if not weak or entity.id in strong or entity.parent in strong]
            if ok and (text[a] == text[a].upper() or b" " in folded.data[start + 1 : stop - 1]):
                e = ok[0]
                found.append(Mention(a, b, text[a:b], e.id, e.name, e.kind, e.lat, e.lon))
        return tuple(found)
