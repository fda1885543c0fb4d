"""What is known: the catalogue for everybody, and what each workspace tracks besides, which only that workspace sees.

Ids of a workspace's own entities begin with `w:<workspace>:`; nothing under such an id reaches another workspace.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from bot.entities.catalogue import Catalogue, entity_from_data
from bot.entities.lookup import Lookup
from bot.entities.match import Matcher
from bot.entities.nlp import Model
from bot.model import Entity, Mention, Sentence
from bot.rules.names import Names
from bot.store.tracked import SHARED, Mark


def own_id(workspace: str, key: str) -> str:
    """The id of a workspace's own entity."""
    return f"{_prefix(workspace)}{key}"


def _prefix(workspace: str) -> str:
    return f"w:{workspace}:"


class Known:
    """Safe to use from several threads; `refresh` brings in what the database has."""

    def __init__(self, catalogue: Catalogue, base: Lookup, model: Model | None = None) -> None:
        self._shipped = catalogue
        self._model = model
        self._lock = threading.Lock()
        self._mark: Mark = (0, None, None)
        self._own: dict[str, _Own] = {}
        self._lookup = base
        self._media: tuple[Catalogue | None, frozenset[str]] = (None, frozenset())
        self.catalogue = catalogue
        self.matcher = Matcher(catalogue, model=model)

    @property
    def mark(self) -> Mark:
        """Changes whenever anything tracked has changed."""
        return self._mark

    def refresh(self, mark: Mark, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Take over what workspaces track; `mark` names this state of it."""
        if mark == self._mark:
            return
        by_workspace: dict[str, list[Entity]] = {}
        for workspace, data in rows:
            by_workspace.setdefault(workspace, []).append(entity_from_data(data))
        with self._lock:
            shared = by_workspace.pop(SHARED, [])
            if shared or self.catalogue is not self._shipped:
                self.catalogue = self._shipped.with_entities(shared)
                self.matcher = Matcher(self.catalogue, model=self._model)
                self._lookup = self._lookup.over(self.catalogue)
            self._own = {workspace: _Own(entities) for workspace, entities in by_workspace.items()}
            self._mark = mark

    @property
    def media(self) -> frozenset[str]:
        """The ids of those who report: who reports a thing is no part of what happened."""
        catalogue, found = self._media
        if catalogue is not self.catalogue:
            found = frozenset(entity.id for entity in self.catalogue.entities.values() if entity.type == "media")
            self._media = self.catalogue, found
        return found

    def name_of(self, entity_id: str) -> str:
        entity = self.catalogue.get(entity_id)
        return entity.name if entity else entity_id

    def mentions(self, texts: Sequence[str]) -> list[tuple[Mention, ...]]:
        """The mentions of texts by the catalogue, and behind them those by the names of each workspace."""
        found = self.matcher.all_mentions(texts)
        for own in list(self._own.values()):
            more = own.matcher.all_mentions(texts)
            found = [(*known, *map(own.named, new)) for known, new in zip(found, more, strict=True)]
        return found

    def catalogue_of(self, workspace: str) -> Catalogue:
        own = self._own.get(workspace)
        return self.catalogue.with_entities(own.entities) if own else self.catalogue

    def lookup_of(self, workspace: str) -> Lookup:
        own = self._own.get(workspace)
        return own.lookup.before(self._lookup) if own else self._lookup

    def own_of(self, workspace: str) -> tuple[Entity, ...]:
        own = self._own.get(workspace)
        return own.entities if own else ()

    def seen_by(self, workspace: str, mentions: Iterable[tuple[Mention, Sentence]]) -> list[tuple[Mention, Sentence]]:
        """What a workspace may see of an article's mentions; its further names stand for what they extend."""
        extended = {entity.id: entity.extends for entity in self.own_of(workspace) if entity.extends}
        return [
            (replace(mention, entity=extended.get(mention.entity, mention.entity)), sentence)
            for mention, sentence in mentions
            if not mention.entity.startswith("w:") or mention.entity.startswith(_prefix(workspace))
        ]

    def resolve_in(self, workspace: str) -> Names:
        """What names mean in a workspace."""
        return Names(self.catalogue_of(workspace), self.lookup_of(workspace))


class _Own:
    """What one workspace tracks."""

    def __init__(self, entities: Sequence[Entity]) -> None:
        self.entities = tuple(entities)
        self._by_id = {entity.id: entity for entity in entities}
        catalogue = Catalogue(self._by_id)
        self.lookup = Lookup(catalogue)
        # A name added to a known entity is looked for alone: its other names are the catalogue's business.
        self.matcher = Matcher(
            Catalogue({e.id: replace(e, name=e.names[0]) if e.extends and e.names else e for e in entities})
        )

    def named(self, mention: Mention) -> Mention:
        return replace(mention, name=self._by_id[mention.entity].name)
