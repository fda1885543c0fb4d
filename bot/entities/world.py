"""Any place of the world: the gazetteer's names beside the catalogue's, judged by the model and resolved together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bot.entities.catalogue import Catalogue
from bot.entities.evidence import (
    BEFORE_PLACE,
    TITLES,
    Context,
    Verdict,
    crosses_a_sentence,
    mention_of,
    written_as_name,
)
from bot.entities.gazetteer import Gazetteer
from bot.entities.nlp import Model, Named, label_at
from bot.entities.provinces import ABBREVIATIONS, POSTAL
from bot.entities.resolve import Choice, Toponym, resolve
from bot.entities.words import COMMON, FIRST_NAMES
from bot.model import Entity, Kind, Mention
from bot.text.fold import Folded, fold_key
from bot.text.script import scripts_of

_PLACE_LABELS = frozenset({"GPE", "LOC"})
_TOWN, _BIG, _HUGE = 5_000, 100_000, 500_000  # people from which a place's name needs less and less help
_MOST_CHOICES = 60
_ABBREVIATED = frozenset(fold_key(short) for shorts in ABBREVIATIONS.values() for short in shorts)
_BEHIND = re.compile(r"\s*,\s+|\s*\(\s*")
# "Perth, in Scotland", "Victoria, capital of the Seychelles", "Valencia in eastern Spain"
_INSIDE = re.compile(
    r",?\s(?:(?:the\s)?(?:capital|city|town|village|port)\s(?:of|in)|in)\s(?:the\s)?"
    r"(?:(?:north|south|east|west|centre|center|middle|state|province|region|\w{4,8}ern|central)\s(?:of\s)?)*(?:the\s)?"
)
_LOCATIVE = frozenset("in near outside around".split())
_SPEAKS = frozenset("said says told added wrote tweeted explained testified admitted pleaded".split())
# Words that are a place somewhere, but alone in a text are something else.
_NEVER_ALONE = frozenset(
    """
    south north east west southern northern eastern western central upper lower middle inner outer greater pope king queen prince
    hospital garden university college church school street avenue road park lake river island islands bay beach mount mountain
    valley county district province state city town village airport station bridge border capital real liga elle saint santa san
    la el le de the of and for new old great big little police court house senate congress parliament union god holy sunday monday
    tuesday centre center olympic olympics easter hail wednesday thursday friday saturday january february march april may june
    july august september october november december
    """.split()
)
_ADJECTIVES = frozenset(
    """
    the a greater downtown central upper lower north south east west northern southern eastern western northeastern northwestern
    southeastern southwestern northeast northwest southeast southwest mid inner outer metro metropolitan rural mainland s
    """.split()
)
_SEEN_AS = {Kind.PLACE: "a place", Kind.PERSON: "a person", Kind.ACTOR: "an organisation"}
_DISCOVERED = {"GPE": Kind.PLACE, "LOC": Kind.PLACE, "PERSON": Kind.PERSON, "ORG": Kind.ACTOR}


@dataclass(slots=True)
class _Span:
    """A span that may be a place, with what speaks for it."""

    start: int
    end: int
    surface: str
    key: str
    rows: list[int] = field(default_factory=list)
    tracked: bool = False  # accepted as a place of the catalogue
    senses: list[Entity] = field(default_factory=list)  # places of the catalogue it could be, accepted or not
    accepted: bool = False


class World:
    def __init__(self, catalogue: Catalogue, gazetteer: Gazetteer, model: Model | None) -> None:
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
        found = [_place_mention(span, places[span.key]) for span in chosen if span.key in places]
        taken = [(mention.start, mention.end) for mention in found]
        for verdict in verdicts:
            span = (verdict.candidate.start, verdict.candidate.end)
            if verdict.entity and not verdict.entity.kind.is_place and _free(*span, taken):
                found.append(mention_of(verdict))
                taken.append(span)
        found += [mention for mention in _discovered(context, named) if _free(mention.start, mention.end, taken)]
        return sorted(found, key=lambda mention: mention.start)

    def _spans(self, text: str, folded: Folded, verdicts: Sequence[Verdict], context: Context) -> list[_Span]:
        """Places by name, longest first; what belongs to a tracked actor or a decoy is not looked at."""
        found: dict[tuple[int, int], _Span] = {}
        blocked: list[tuple[int, int]] = []
        for first, last, rows in self._gazetteer.find(folded.data, scripts_of(folded.data)):
            start, end = folded.span(first, last)
            surface = text[start:end]
            if _could_be_place(surface, context):
                key = folded.data[first + 1 : last - 1].decode("utf-8")
                found[(start, end)] = _Span(start, end, surface, key, [int(row) for row in rows])
        for verdict in verdicts:
            candidate = verdict.candidate
            place = (candidate.start, candidate.end)
            if verdict.entity and verdict.entity.kind.is_place:
                span = found.setdefault(place, _Span(*place, candidate.surface, fold_key(candidate.surface)))
                span.tracked = True
            elif verdict.entity or (candidate.decoy and candidate.words > 1):
                blocked.append(place)
            if place in found:
                found[place].senses = [sense.entity for sense in candidate.senses if sense.entity.kind.is_place]
        return _apart(found.values(), blocked)

    def _judge(self, spans: list[_Span], named: Sequence[Named], context: Context) -> None:
        """Accept or refuse each span; one that nothing decides is what the rest of the document takes it for."""
        people = _names_of_people(context.text, named)
        regions = {span.key for span in spans if any(map(self._is_region, span.rows)) or span.key in _ABBREVIATED}
        good: Counter[str] = Counter()
        undecided: list[_Span] = []
        for span, following in zip(spans, [*spans[1:], None], strict=False):
            gap = context.text[span.end : following.start] if following else ""
            contained = following is not None and following.key in regions and _BEHIND.fullmatch(gap) is not None
            verdict = True if contained else self._verdict(span, named, context, people)
            span.accepted = verdict is True
            if verdict is True:
                good[span.key] += 1
            elif verdict is None:
                undecided.append(span)
        for span in undecided:
            span.accepted = good[span.key] > 0

    def _is_region(self, row: int) -> bool:
        return int(self._gazetteer.rows[row]["level"]) == 1

    def _verdict(self, span: _Span, named: Sequence[Named], context: Context, people: frozenset[str]) -> bool | None:
        """True, False, or None where only the rest of the document can tell."""
        if span.key in _ABBREVIATED or span.surface in POSTAL:
            return "." in span.surface.strip(".") or _after_comma(context.text, span.start)
        if span.key in _NEVER_ALONE:
            return False
        before, after = context.before(span.start), context.after(span.end)
        placed = before in BEFORE_PLACE or _after_comma(context.text, span.start)
        if not placed and span.key in people:
            return False
        speaks = after in _SPEAKS or before in _SPEAKS
        if before in TITLES or (speaks and self._people(span) < _HUGE):
            return False
        name = label_at(named, span.start, span.end)
        if name is None:
            return self._without_label(span, placed)
        whole = _covers(span, name, context.text)
        if name.label in _PLACE_LABELS:
            return True if whole or span.tracked else None
        if whole and before in _LOCATIVE and name.label != "PERSON":
            return True
        return self._against_label(span, name.label, whole, placed)

    def _without_label(self, span: _Span, placed: bool) -> bool | None:
        if span.tracked:
            return True
        if self._model is None or span.surface.lower() == span.surface.upper():
            return placed or self._people(span) > _BIG
        return True if placed and self._people(span) > _TOWN and span.key not in COMMON else None

    def _against_label(self, span: _Span, label: str, whole: bool, placed: bool) -> bool | None:
        """The model takes it for something else: a large or tracked place holds where the name stands alone."""
        people = self._people(span)
        if label in ("NORP", "LANGUAGE"):
            return True if whole and people > _HUGE else None
        if (
            not whole
        ):  # Kentucky State Police, Toronto General Hospital: the place is meant too, if it is one that all know
            return label != "PERSON" and people > _BIG
        if label == "FAC":
            return True
        if label == "PERSON" and span.key in FIRST_NAMES and not placed:
            return None
        return True if people > _HUGE or (people > _BIG and (placed or label != "PERSON")) else None

    def _people(self, span: _Span) -> int:
        if span.tracked:
            return 10 * _HUGE
        return max((int(self._gazetteer.rows[row]["population"]) for row in span.rows), default=0)

    def _toponyms(self, text: str, spans: Sequence[_Span]) -> list[Toponym]:
        groups: dict[str, list[_Span]] = {}
        behind: dict[str, list[str]] = {}
        for span in spans:
            groups.setdefault(span.key, []).append(span)
        for span, following in pairwise(spans):
            gap = text[span.end : following.start]
            if _BEHIND.fullmatch(gap) or (len(gap) < 60 and _INSIDE.fullmatch(gap)):
                behind.setdefault(span.key, []).append(following.key)
        return [
            Toponym(key, self._choices(group), tuple(behind.get(key, ())), len(group)) for key, group in groups.items()
        ]

    def _choices(self, group: Sequence[_Span]) -> tuple[Entity, ...]:
        """Everything a name can be: places of the catalogue first, then the most populous of the gazetteer."""
        senses = {entity.id: entity for span in group for entity in span.senses}
        ranked = sorted(group[0].rows, key=lambda row: -int(self._gazetteer.rows[row]["population"]))
        return (*senses.values(), *map(self._gazetteer.entity, ranked[:_MOST_CHOICES]))


def _apart(spans: Iterable[_Span], blocked: Sequence[tuple[int, int]]) -> list[_Span]:
    """Leftmost, then longest; nothing inside a tracked actor's name or a decoy."""
    chosen: list[_Span] = []
    free = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        inside = any(a <= span.start and span.end <= b for a, b in blocked) and not span.tracked
        if span.start >= free and not inside:
            chosen.append(span)
            free = span.end
    return chosen


def _names_of_people(text: str, named: Sequence[Named]) -> frozenset[str]:
    """First and last names of the people whom the model sees with two names or more."""
    full = (text[name.start : name.end].split() for name in named if name.label == "PERSON")
    parts = [(fold_key(words[0]), fold_key(words[-1]).removesuffix(" s")) for words in full if len(words) > 1]
    return frozenset(part for pair in parts for part in pair)


def _covers(span: _Span, name: Named, text: str) -> bool:
    """Whether a span is the whole of what the model saw, leaving out "the", "northern" and small words."""
    left = text[name.start : max(name.start, span.start)] + " " + text[span.end : max(span.end, name.end)]
    rest = [word for word in re.findall(r"\w+", left) if word.lower() not in _ADJECTIVES]
    return all(word.islower() and len(word) < 3 for word in rest)


def _could_be_place(surface: str, context: Context) -> bool:
    if context.soft or not written_as_name(surface, context):
        return False
    if " " in surface or "\n" in surface:
        return not crosses_a_sentence(surface)
    return len(surface) > 2 or surface in POSTAL or fold_key(surface) in _ABBREVIATED


def _after_comma(text: str, start: int) -> bool:
    """Whether something written with a capital and a comma stands before: `Austin, `."""
    return re.search(r"\b\w*[A-ZÀ-Þ][\w.'’-]*,\s$", text[max(0, start - 40) : start]) is not None


def _free(start: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    return not any(start < b and a < end for a, b in taken)


def _place_mention(span: _Span, choice: Choice) -> Mention:
    entity = choice.entity
    reasons = (*choice.reasons, f"not {', '.join(choice.rejected)}") if choice.rejected else choice.reasons
    where = (entity.lat, entity.lon, choice.confidence, reasons)
    return Mention(span.start, span.end, span.surface, entity.id, entity.name, entity.kind, *where)


def _discovered(context: Context, named: Sequence[Named]) -> Iterable[Mention]:
    """Names that no list holds: what the model alone has seen; a place only where the words beside it say so too."""
    text = context.text
    for name in named:
        kind = _DISCOVERED.get(name.label)
        surface = text[name.start : name.end]
        if kind is None or (surface.islower() and surface.upper() != surface):
            continue
        start = name.start + (4 if surface.lower().startswith("the ") else 0)
        surface = text[start : name.end].strip()
        before = context.before(start)
        if kind is Kind.PLACE and before not in BEFORE_PLACE and not _after_comma(text, start):
            continue
        if len(surface) > 1:
            reason = f"the language model takes it for {_SEEN_AS[kind]}"
            entity = f"?:{fold_key(surface)}"
            yield Mention(start, start + len(surface), surface, entity, surface, kind, None, None, 0.4, (reason,))
