"""Any place of the world: the gazetteer's names beside the catalogue's, judged by the model and resolved together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bot.entities.abbreviations import ABBREVIATIONS, POSTAL
from bot.entities.catalogue import Catalogue
from bot.entities.evidence import BEFORE_PLACE, COMMON, Context, Verdict, crosses_a_sentence, written_as_name
from bot.entities.gazetteer import Gazetteer
from bot.entities.nlp import Model, Named, label_at
from bot.entities.resolve import Choice, Toponym, resolve
from bot.model import Entity, Kind, Mention
from bot.text.fold import Folded, fold_key

_PLACE_LABELS = frozenset({"GPE", "LOC"})
_BIG = 100_000  # people from which a place's name needs less help
_MOST_CHOICES = 60
_ABBREVIATED = {fold_key(short) for shorts in ABBREVIATIONS.values() for short in shorts}
_BEHIND = re.compile(r"\s*,\s+|\s*\(\s*")


@dataclass(slots=True)
class _Span:
    """A span that may be a place, with what speaks for it."""

    start: int
    end: int
    surface: str
    key: str
    rows: list[int]
    tracked: list[Verdict] = field(default_factory=list)
    accepted: bool = False
    reason: str = ""


class World:
    def __init__(self, catalogue: Catalogue, gazetteer: Gazetteer, model: Model | None) -> None:
        self._catalogue = catalogue
        self._gazetteer = gazetteer
        self._model = model
        self._tracked = frozenset(entity.id for entity in catalogue.entities.values() if entity.kind.is_place)

    def mentions(
        self, text: str, folded: Folded, verdicts: Sequence[Verdict], context: Context, home: str | None = None
    ) -> list[Mention]:
        """All mentions of a text, tracked and not."""
        named = self._model.names(text) if self._model else []
        spans = self._spans(text, folded, verdicts, context)
        self._judge(spans, named, context)
        chosen = [span for span in spans if span.accepted]
        places = resolve(self._toponyms(text, chosen), self._tracked, self._gazetteer.capitals, home)
        found = [_mention(span, places[span.key]) for span in chosen if span.key in places]
        taken = [(m.start, m.end) for m in found]
        for verdict in verdicts:
            if (
                verdict.entity
                and not verdict.entity.kind.is_place
                and _free(verdict.candidate.start, verdict.candidate.end, taken)
            ):
                found.append(_tracked_mention(verdict))
                taken.append((verdict.candidate.start, verdict.candidate.end))
        found += [mention for mention in _discovered(text, named) if _free(mention.start, mention.end, taken)]
        return sorted(found, key=lambda mention: mention.start)

    def _spans(self, text: str, folded: Folded, verdicts: Sequence[Verdict], context: Context) -> list[_Span]:
        """Places by name, longest first; what belongs to a tracked actor or a decoy is not looked at."""
        found: dict[tuple[int, int], _Span] = {}
        blocked: list[tuple[int, int]] = []
        for verdict in verdicts:
            candidate = verdict.candidate
            if verdict.entity and verdict.entity.kind.is_place:
                key = fold_key(candidate.surface)
                span = found.setdefault(
                    (candidate.start, candidate.end), _Span(candidate.start, candidate.end, candidate.surface, key, [])
                )
                span.tracked.append(verdict)
            elif verdict.entity or (candidate.decoy and candidate.words > 1):
                blocked.append((candidate.start, candidate.end))
        for first, last, rows in self._gazetteer.find(folded.data, _scripts(text)):
            start, end = folded.span(first, last)
            surface = text[start:end]
            if not _could_be_place(surface, start, text, context):
                continue
            key = folded.data[first + 1 : last - 1].decode("utf-8")
            span = found.setdefault((start, end), _Span(start, end, surface, key, []))
            span.rows = [int(row) for row in rows]
        chosen: list[_Span] = []
        free = 0
        for span in sorted(found.values(), key=lambda s: (s.start, -s.end)):
            inside = any(a <= span.start and span.end <= b and (a, b) != (span.start, span.end) for a, b in blocked)
            same = any((a, b) == (span.start, span.end) for a, b in blocked)
            longer = any(span.start <= a and b <= span.end for a, b in blocked)
            if (
                span.start < free
                or inside
                or (same and not span.tracked)
                or (longer and not same and len(span.rows) == 0)
            ):
                continue
            chosen.append(span)
            free = span.end
        return chosen

    def _judge(self, spans: list[_Span], named: Sequence[Named], context: Context) -> None:
        """Accept or refuse each span; then one sense a document: what was accepted once is accepted everywhere it is not refused."""
        good: Counter[str] = Counter()
        undecided: list[_Span] = []
        for span in spans:
            verdict = self._verdict(span, named, context)
            span.accepted = verdict is True
            if verdict is True:
                good[span.key] += 1
            elif verdict is None:
                undecided.append(span)
        for span in undecided:
            span.accepted = good[span.key] > 0

    def _verdict(self, span: _Span, named: Sequence[Named], context: Context) -> bool | None:
        """True, False, or None where only the rest of the document can tell."""
        if span.key in _ABBREVIATED or span.surface in POSTAL:
            return _after_comma(context.text, span.start)
        name = label_at(named, span.start, span.end)
        before = context.before(span.start)
        placed = before in BEFORE_PLACE or _after_comma(context.text, span.start)
        if name is None:
            if span.tracked:
                return True
            if self._model is None or not self._has_case(span):
                return placed or self._people(span) > _BIG
            return True if placed and self._people(span) > 5_000 and span.key not in COMMON else None
        whole = name.start >= span.start and name.end <= span.end + 2
        if name.label in _PLACE_LABELS:
            return True
        if name.label == "FAC":
            return True if whole or span.tracked else None
        if name.label == "PERSON":
            if whole and (span.tracked or placed) and self._people(span) > 20_000:
                return True if placed else None
            return False if not whole else None
        if name.label == "ORG":
            if not whole:
                return False
            return True if span.tracked or placed or self._people(span) > _BIG else None
        if name.label in ("NORP", "LANGUAGE"):
            return bool(span.tracked) and whole
        return True if span.tracked else None

    def _has_case(self, span: _Span) -> bool:
        return span.surface.lower() != span.surface.upper()

    def _people(self, span: _Span) -> int:
        if span.tracked:
            return 10**6
        return max((int(self._gazetteer.rows[row]["population"]) for row in span.rows), default=0)

    def _toponyms(self, text: str, spans: Sequence[_Span]) -> list[Toponym]:
        times = Counter(span.key for span in spans)
        behind: dict[str, list[str]] = {}
        for span, following in pairwise(spans):
            gap = text[span.end : following.start]
            if len(gap) <= 3 and _BEHIND.fullmatch(gap):
                behind.setdefault(span.key, []).append(following.key)
        made = []
        for key in times:
            same = [span for span in spans if span.key == key]
            entities = {v.entity.id: v.entity for span in same for v in span.tracked if v.entity}
            for verdict in (v for span in same for v in span.tracked):
                entities |= {s.entity.id: s.entity for s in verdict.candidate.senses if s.entity.kind.is_place}
            made.append(
                Toponym(
                    key,
                    tuple(self._choices(same[0].rows, list(entities.values()))),
                    tuple(behind.get(key, ())),
                    times[key],
                )
            )
        return made

    def _choices(self, rows: list[int], tracked: list[Entity]) -> list[Entity]:
        """The places of a name: tracked ones with the number of people that the gazetteer knows for the same spot."""
        ranked = sorted(rows, key=lambda row: -int(self._gazetteer.rows[row]["population"]))[:_MOST_CHOICES]
        return [*tracked, *map(self._gazetteer.entity, ranked)]


def _scripts(text: str) -> list[str]:
    found = ["latin"] if re.search("[A-Za-z]", text) else []
    if not text.isascii():
        found += ["arabic"] if re.search("[\u0600-\u077f]", text) else []
        found += ["cyrillic"] if re.search("[\u0400-\u052f]", text) else []
        found += ["other"] if re.search("[\u0370-\u03ff\u0530-\u05ff\u0780-\u1fff\u2e80-\U0003134f]", text) else []
        found += (
            ["other"] if "other" not in found and re.search("[^\u0000-\u052f\u0600-\u077f\u2000-\u206f]", text) else []
        )
    return found


def _could_be_place(surface: str, start: int, text: str, context: Context) -> bool:
    if not written_as_name(surface, context) or context.soft:
        return False
    if " " in surface or "\n" in surface:
        return not crosses_a_sentence(surface)
    return len(surface) > 2 or surface in POSTAL


def _after_comma(text: str, start: int) -> bool:
    """Whether something written with a capital and a comma stands before: `Austin, `."""
    return re.search(r"\b\w*[A-ZÀ-Þ][\w.'’-]*,\s$", text[max(0, start - 40) : start]) is not None


def _free(start: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    return not any(start < b and a < end for a, b in taken)


def _mention(span: _Span, choice: Choice) -> Mention:
    entity = choice.entity
    rejected = (f"not {', '.join(choice.rejected)}",) if choice.rejected else ()
    return Mention(
        span.start, span.end, span.surface, entity.id, entity.name, entity.kind, entity.lat, entity.lon,
        choice.confidence, (*choice.reasons, *rejected),
    )  # fmt: skip


def _tracked_mention(verdict: Verdict) -> Mention:
    entity, candidate = verdict.entity, verdict.candidate
    assert entity is not None
    return Mention(
        candidate.start, candidate.end, candidate.surface, entity.id, entity.name, entity.kind, entity.lat, entity.lon,
        verdict.confidence, verdict.reasons,
    )  # fmt: skip


_SEEN_AS = {Kind.PLACE: "a place", Kind.PERSON: "a person", Kind.ACTOR: "an organisation"}
_DISCOVERED = {"GPE": Kind.PLACE, "LOC": Kind.PLACE, "PERSON": Kind.PERSON, "ORG": Kind.ACTOR}


def _discovered(text: str, named: Sequence[Named]) -> Iterable[Mention]:
    """Names that no list holds: what the model alone has seen."""
    for name in named:
        kind = _DISCOVERED.get(name.label)
        surface = text[name.start : name.end]
        if kind is None or (not any(char.isupper() for char in surface) and surface.lower() != surface.upper()):
            continue
        start = name.start + (4 if surface.lower().startswith("the ") else 0)
        surface = text[start : name.end].strip()
        if len(surface) > 1:
            reason = f"the language model takes it for {_SEEN_AS[kind]}"
            yield Mention(
                start,
                start + len(surface),
                surface,
                f"?:{fold_key(surface)}",
                surface,
                kind,
                confidence=0.4,
                evidence=(reason,),
            )
