"""From a text to its mentions: fold, scan, weigh, and (for any place of the world) resolve."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bot.entities.catalogue import Catalogue
from bot.entities.evidence import (
    Candidate,
    Context,
    Verdict,
    crosses_a_sentence,
    judge,
    mention_of,
    written_as_name,
)
from bot.entities.gazetteer import Gazetteer
from bot.entities.names import Names
from bot.entities.nlp import Model, Named, label_at
from bot.entities.world import World
from bot.model import Kind, Mention
from bot.text.fold import fold, fold_all
from bot.text.script import scripts_of

ROUND = 300  # characters on each side of an unclear name that the model reads
_OWNER = re.compile(r"(\w[\w -]*\w)['’]s ")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"]+")


class Matcher:
    """Matches the catalogue's names; safe to use from several threads."""

    def __init__(self, catalogue: Catalogue, gazetteer: Gazetteer | None = None, model: Model | None = None) -> None:
        self._world = World(catalogue, gazetteer, model) if gazetteer else None
        self._model = model
        self._catalogue = catalogue
        self._names = Names(catalogue.entities.values(), catalogue.decoys)

    def mentions(self, text: str, *, all_places: bool = False, home: str | None = None) -> tuple[Mention, ...]:
        """The mentions of a text, by start, none overlapping another.

        `all_places` adds every place of the world gazetteer and the names that the model finds; `home` is the
        outlet's country (ISO code), which speaks for places there.
        """
        verdicts, context = self._judged(text, self._candidates([text])[0])
        if all_places and self._world:
            return tuple(self._world.mentions(text, fold(text), verdicts, context, home))
        return tuple(mention_of(verdict) for verdict in verdicts if verdict.entity)

    def all_mentions(self, texts: Sequence[str]) -> list[tuple[Mention, ...]]:
        """The mentions of many texts, which are folded and searched together."""
        found = []
        for text, candidates in zip(texts, self._candidates(texts), strict=True):
            verdicts, _ = self._judged(text, candidates)
            found.append(tuple(mention_of(verdict) for verdict in verdicts if verdict.entity))
        return found

    def verdicts(self, text: str) -> list[Verdict]:
        """Every name that was found, what was decided about it and why; those refused too."""
        return self._judged(text, self._candidates([text])[0])[0]

    def _judged(self, text: str, candidates: list[Candidate]) -> tuple[list[Verdict], Context]:
        context = self._context(text, candidates)
        verdicts = self._verdicts(candidates, context)
        unclear = [verdict.candidate for verdict in verdicts if verdict.is_open]
        if unclear and self._model and not context.loud:
            context.labels = _labels(text, unclear, self._model)
            if context.labels:
                verdicts = self._verdicts(candidates, context)
        return verdicts, context

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

    def _candidates(self, texts: Sequence[str]) -> list[list[Candidate]]:
        found: list[dict[tuple[int, int], Candidate]] = [{} for _ in texts]
        for folded, numbers, starts in fold_all(texts):
            scripts = scripts_of(folded.data)
            for (first, last, _), pattern in self._names.find(folded.data, scripts):
                start, end = folded.span(first, last)
                which = bisect_right(starts, start) - 1
                place = start - starts[which], end - starts[which]
                number = numbers[which]
                known = found[number].get(place)
                if known:  # two forms end at one letter where marks follow it
                    known.senses += pattern.senses
                    known.decoy |= pattern.decoy
                    continue
                words = folded.data.count(b" ", first, last) - 1
                surface = texts[number][place[0] : place[1]]
                if words == 1 or pattern.punctuated or not crosses_a_sentence(surface):
                    found[number][place] = Candidate(*place, surface, words, list(pattern.senses), pattern.decoy)
        return [_outside_addresses(text, _part_owners(places)) for text, places in zip(texts, found, strict=True)]

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


def _part_owners(found: Mapping[tuple[int, int], Candidate]) -> list[Candidate]:
    """`Iran's foreign ministry` is two names, one behind the other: the country, and the ministry under the other words."""
    for candidate in found.values():
        owner = _OWNER.match(candidate.surface) if candidate.words > 2 else None
        if owner and (candidate.start, candidate.start + owner.end(1)) in found:
            candidate.start += owner.end()
            candidate.surface = candidate.surface[owner.end() :]
    return list(found.values())


def _outside_addresses(text: str, candidates: list[Candidate]) -> list[Candidate]:
    """Without the words inside web addresses."""
    if "://" not in text and "www." not in text:
        return candidates
    addresses = [match.span() for match in _ADDRESS.finditer(text)]
    return [c for c in candidates if not any(first <= c.start < last for first, last in addresses)]


def _labels(text: str, unclear: Sequence[Candidate], model: Model) -> dict[tuple[int, int], str]:
    """What the language model takes these spans for; it reads only the lines round them."""
    found: dict[tuple[int, int], str] = {}
    read: tuple[int, int] = (0, 0)
    named: list[Named] = []
    for candidate in sorted(unclear, key=lambda c: c.start):
        if not read[0] <= candidate.start < read[1]:
            first = max(text.rfind("\n", 0, candidate.start) + 1, candidate.start - ROUND)
            last = text.find("\n", candidate.end)
            read = first, min(len(text) if last < 0 else last, candidate.end + ROUND)
            named = model.names(text[first : read[1]])
        name = label_at(named, candidate.start - read[0], candidate.end - read[0])
        if name:
            found[(candidate.start, candidate.end)] = name.label
    return found


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
