"""From a text to its mentions: fold, scan, weigh, and (for any place of the world) resolve."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bot.entities.catalogue import Catalogue
from bot.entities.evidence import (
    Candidate,
    Context,
    Sense,
    Verdict,
    crosses_a_sentence,
    judge,
    mention_of,
    written_as_name,
)
from bot.entities.gazetteer import Gazetteer
from bot.entities.nlp import Model
from bot.entities.scan import Scanner, build_scanner
from bot.entities.spellings import folded_forms
from bot.entities.world import World
from bot.model import Entity, Kind, Mention
from bot.text.fold import Folded, fold, fold_key

REBUILD_FROM = 200  # names added at run time before the big automaton is built anew
_OWNER = re.compile(r"(\w[\w -]*\w)['’]s ")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"]+")


class Matcher:
    """Matches the catalogue's names; safe to use from several threads."""

    def __init__(self, catalogue: Catalogue, gazetteer: Gazetteer | None = None, model: Model | None = None) -> None:
        self._world = World(catalogue, gazetteer, model) if gazetteer else None
        self._lock = threading.Lock()
        self._catalogue = catalogue
        self._big = _Names(catalogue.entities.values(), catalogue.decoys)
        self._small = _Names((), ())
        self._added: list[Entity] = []

    def add(self, entity: Entity) -> None:
        """Track one more entity; the next text sees it. The big automaton is not touched."""
        with self._lock:
            self._added.append(entity)
            self._catalogue = self._catalogue.with_entities([entity])
            self._small = _Names(self._added, ())

    def mentions(self, text: str, *, all_places: bool = False, home: str | None = None) -> tuple[Mention, ...]:
        """The mentions of a text, by start, none overlapping another.

        `all_places` adds every place of the world gazetteer and the names that the model finds; `home` is the
        outlet's country (ISO code), which speaks for places there.
        """
        folded = fold(text)
        candidates = self._candidates(text, folded)
        context = self._context(text, candidates)
        verdicts = self._verdicts(candidates, context)
        if all_places and self._world:
            return tuple(self._world.mentions(text, folded, verdicts, context, home))
        return tuple(mention_of(verdict) for verdict in verdicts if verdict.entity)

    def verdicts(self, text: str) -> list[Verdict]:
        """Every name that was found, what was decided about it and why; those refused too."""
        candidates = self._candidates(text, fold(text))
        return self._verdicts(candidates, self._context(text, candidates))

    def _verdicts(self, candidates: list[Candidate], context: Context) -> list[Verdict]:
        groups = list(_overlapping(candidates))
        verdicts = [verdict for group in groups for verdict in self._settle(group, context)]
        proven = {(v.candidate.surface, v.entity.id) for v in verdicts if v.entity}
        if any(
            (v.candidate.surface, s.entity.id) in proven for v in verdicts if not v.entity for s in v.candidate.senses
        ):
            context.proven = proven  # one sense a document: what is proven in one place counts in the others
            verdicts = [verdict for group in groups for verdict in self._settle(group, context)]
        return sorted(verdicts, key=lambda verdict: (verdict.candidate.start, -verdict.candidate.end))

    def _candidates(self, text: str, folded: Folded) -> list[Candidate]:
        found: dict[tuple[int, int], Candidate] = {}
        addresses = [match.span() for match in _ADDRESS.finditer(text)] if "://" in text or "www." in text else []
        for names in (self._big, self._small):
            for start, end, pattern in names.scanner.find(folded.data):
                senses, decoy = names.senses[pattern], names.decoy[pattern]
                known = found.get((start, end))
                if known:
                    known.senses += senses
                    known.decoy |= decoy
                    continue
                a, b = folded.span(start, end)
                surface = text[a:b]
                words = folded.data.count(b" ", start, end) - 1
                if words > 1 and not names.punctuated[pattern] and crosses_a_sentence(surface):
                    continue
                if any(first <= a < last for first, last in addresses):
                    continue
                found[(start, end)] = Candidate(a, b, surface, words, list(senses), decoy=decoy)
        _part_owners(found)
        return list(found.values())

    def _context(self, text: str, candidates: Sequence[Candidate]) -> Context:
        sample = text if len(text) < 20_000 else text[:20_000]
        loud = sample.isupper()
        soft = sample.islower()
        context = Context(text, set(), {}, loud, soft)
        top = _longest(candidates)
        strong: set[str] = set()
        starts: set[int] = set()
        countries: Counter[str] = Counter()
        for candidate in top:
            firm = [sense.entity for sense in candidate.senses if not sense.is_weak(candidate.surface)]
            if candidate.decoy or not firm or not written_as_name(candidate.surface, context):
                continue
            strong |= {entity.id for entity in firm}
            starts.add(candidate.start)
            if len({entity.country for entity in firm}) > 1:
                continue  # Tripoli speaks for neither Libya nor Lebanon
            countries.update(entity.country for entity in firm if entity.kind.is_place and entity.country)
            countries.update(
                iso for entity in firm if entity.kind is Kind.ACTOR and len(entity.area) == 1 for iso in entity.area
            )
        context.strong, context.countries, context.starts = strong, countries, starts
        return context

    def _settle(self, group: list[Candidate], context: Context) -> list[Verdict]:
        """Longest first; where the longest is refused, what it hid gets its turn."""
        verdicts: list[Verdict] = []
        left = group
        while left:
            refused: list[Candidate] = []
            taken: list[Candidate] = []
            for candidate in _longest(left):
                verdict = judge(candidate, context, self._catalogue.entities)
                verdicts.append(verdict)
                (taken if verdict.entity or candidate.decoy else refused).append(candidate)
            gone = {id(candidate) for candidate in (*taken, *refused)}
            left = [
                c for c in left if id(c) not in gone and not any(c.start < t.end and t.start < c.end for t in taken)
            ]
            if not refused:
                break
        return verdicts


class _Names:
    """The patterns of a set of entities and what each can mean."""

    def __init__(self, entities: Iterable[Entity], decoys: Sequence[str]) -> None:
        table: dict[str, list[Sense]] = {}
        punctuated: set[str] = set()
        for entity in entities:
            punctuated |= {fold_key(name) for name in entity.all_names if crosses_a_sentence(name)}
            for form, sense in _senses(entity).items():
                table.setdefault(form, []).append(sense)
        decoy_keys = {fold_key(phrase) for phrase in decoys}
        keys = sorted(table.keys() | decoy_keys)
        self.senses = [table.get(key, []) for key in keys]
        self.decoy = [key in decoy_keys for key in keys]
        self.punctuated = [key in punctuated for key in keys]  # a comma or bracket inside belongs to the name
        self.scanner: Scanner = build_scanner(keys)


def _senses(entity: Entity) -> dict[str, Sense]:
    """Folded form → the sense it has; a name listed as weak is weak in all its forms that no strong name shares."""
    droppable = entity.kind in (Kind.ACTOR, Kind.TOWN, Kind.PLACE)
    weak = {fold_key(name) for name in entity.weak}
    strong = {fold_key(name) for name in (entity.name, *entity.names) if name not in entity.weak}
    found: dict[str, Sense] = {}
    for name in (*entity.weak, entity.name, *entity.names):
        for form in folded_forms(name, droppable_article=droppable):
            if len(form.replace(" ", "")) < 2:
                continue
            is_weak = form in weak or (name in entity.weak and form not in strong)
            if form not in found or not is_weak:
                found[form] = Sense(entity, is_weak and form not in strong, mixed=form in weak and form in strong)
    return found


def _part_owners(found: Mapping[tuple[int, int], Candidate]) -> None:
    """`Iran's foreign ministry` is two names, one behind the other: the country, and the ministry under the other words."""
    places = {(candidate.start, candidate.end) for candidate in found.values()}
    for candidate in found.values():
        owner = _OWNER.match(candidate.surface) if candidate.words > 2 else None
        if owner and (candidate.start, candidate.start + owner.end(1)) in places:
            candidate.start += owner.end()
            candidate.surface = candidate.surface[owner.end() :]


def _longest(candidates: Sequence[Candidate]) -> list[Candidate]:
    chosen: list[Candidate] = []
    free = 0
    for candidate in sorted(candidates, key=lambda c: (c.start, -c.end)):
        if candidate.start >= free:
            chosen.append(candidate)
            free = candidate.end
    return chosen


def _overlapping(candidates: Sequence[Candidate]) -> Iterable[list[Candidate]]:
    """Runs of candidates that touch one another."""
    group: list[Candidate] = []
    end = -1
    for candidate in sorted(candidates, key=lambda c: (c.start, -c.end)):
        if group and candidate.start >= end:
            yield group
            group = []
        group.append(candidate)
        end = max(end, candidate.end)
    if group:
        yield group
