"""All forms of the names of a set of entities, ready to be searched: one automaton a script, built when a text first needs it.

Arabic and Cyrillic names have many forms (joined particles, case endings); most processes never read a text that needs them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.entities.evidence import Sense, crosses_a_sentence
from bot.entities.scan import Hit, Scanner, build_scanner
from bot.entities.spellings import folded_forms
from bot.model import Entity, Kind
from bot.text.fold import fold_key
from bot.text.script import script_of


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a folded form can mean."""

    senses: tuple[Sense, ...]
    decoy: bool  # a phrase that means something else
    punctuated: bool  # a comma or a bracket inside belongs to the name


@dataclass(frozen=True, slots=True)
class _Table:
    scanner: Scanner
    patterns: tuple[Pattern, ...]


class Names:
    """The names of entities and decoys; safe to use from several threads."""

    def __init__(self, entities: Iterable[Entity], decoys: Sequence[str]) -> None:
        self._entities = tuple(entities)
        self._decoys = decoys
        self._tables: dict[str, _Table] = {}
        self._lock = threading.Lock()

    def find(self, data: bytes, scripts: Iterable[str]) -> Iterable[tuple[Hit, Pattern]]:
        """Every form that stands in a folded text written in these scripts."""
        for script in scripts:
            table = self._tables.get(script) or self._build(script)
            for hit in table.scanner.find(data):
                yield hit, table.patterns[hit[2]]

    def _build(self, script: str) -> _Table:
        with self._lock:
            if script not in self._tables:
                self._tables[script] = _table(self._entities, self._decoys, script)
            return self._tables[script]


def _table(entities: Iterable[Entity], decoys: Iterable[str], script: str) -> _Table:
    senses: dict[str, list[Sense]] = {}
    punctuated: set[str] = set()
    for entity in entities:
        names = [name for name in entity.all_names if script_of(fold_key(name)) == script]
        punctuated |= {fold_key(name) for name in names if crosses_a_sentence(name)}
        for form, sense in _senses(entity, names).items():
            senses.setdefault(form, []).append(sense)
    phrases = {fold_key(phrase) for phrase in decoys if script_of(fold_key(phrase)) == script}
    keys = sorted(senses.keys() | phrases)
    patterns = tuple(Pattern(tuple(senses.get(key, ())), key in phrases, key in punctuated) for key in keys)
    return _Table(build_scanner(keys), patterns)


def _senses(entity: Entity, names: Sequence[str]) -> dict[str, Sense]:
    """Folded form → the sense it has; a weak name is weak in all its forms that no strong name shares."""
    droppable = entity.kind in (Kind.ACTOR, Kind.TOWN, Kind.PLACE)
    weak = {fold_key(name) for name in names if name in entity.weak}
    strong = {fold_key(name) for name in names if name not in entity.weak}
    found: dict[str, Sense] = {}
    for name in names:
        for form in folded_forms(name, droppable_article=droppable):
            if len(form.replace(" ", "")) < 2:
                continue
            is_weak = form in weak or (name in entity.weak and form not in strong)
            if form not in found or not is_weak:
                found[form] = Sense(entity, is_weak and form not in strong, mixed=form in weak and form in strong)
    return found
