"""Is this really it? Whether a name that stands in a text means the entity it could mean.

Tracked names need nobody's blessing. Weak ones (words, first names, other towns, short acronyms) must be written
as a name and have something beside them that speaks for it: another name of the same entity, its parent or its
country in the document, a neighbour such as "in" or "forces". Every decision keeps its reasons for `/why`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from bot.entities.words import COMMON, FIRST_NAMES
from bot.model import Entity, Kind, Mention

BEFORE_PLACE = frozenset(
    """
    in near at around outside inside from to toward towards into of across over throughout between within leaving entered captured
    seized retook recaptured took besieged shelled bombed stormed liberated controls held attacked north south east west city town
    village province district governorate region capital suburb outskirts downtown central northern southern eastern western via
    through beyond past off
    """.split()
)
_AFTER_PLACE = frozenset(
    """
    city town village province district governorate county region airport airbase base camp hospital bridge road crossing border
    residents suburb neighborhood neighbourhood state oblast front dam prison
    """.split()
)
_BEFORE_ACTOR = frozenset(
    """
    the by against from with of and group militants fighters rebels forces gunmen troops commander leader spokesman spokesperson
    members militia army between join joined fight fighting targeting attacked attacking according
    """.split()
)
_AFTER_ACTOR = frozenset(
    """
    militants fighters rebels forces gunmen troops commander commanders leader leaders spokesman spokesperson spokeswoman members
    militia militias group fighter positions attack attacks said says claimed offensive cell convoy insurgents jihadists held
    controlled backed led aligned linked affiliated
    """.split()
)
_BEFORE_MEDIA = frozenset("told by in to quoted quoting citing cited from via the with".split())
_AFTER_MEDIA = frozenset(
    """
    reported reports report wrote writes published publishes quoted quotes said says correspondent reporter reporters journalist
    opinion editorial article interview cited citing quoting heard learned learnt carried printed ran counted newspaper
    magazine website daily channel agency network broadcaster
    """.split()
)
_AFTER_PERSON = frozenset(
    "administration government regime said says told announced spoke vowed promised warned cabinet forces loyalists".split()
)
# What states do; at the head of a sentence it tells Turkey and Jordan from a bird and a boy.
_AFTER_STATE = frozenset(
    """
    shelled bombed launched deployed closed reopened expelled condemned recalled hosts hosted signed ratified denied accused imposed
    lifted banned sent withdrew invaded annexed mobilised mobilized summoned backed backs borders exports imports joined voted
    """.split()
)
# Words with a capital behind the name of a place that are no surname.
_NO_SURNAME = frozenset(
    """
    defense defence police army air airlines airways airport university prime president foreign minister ministry government today
    times post radio tv television news railways bank port international national central security armed forces force navy coast
    state street road river gate red democratic republic parliament court museum opera tower hotel hospital stadium summit
    conference declaration agreement accords war crisis conflict protocol convention treaty and city governorate province district
    county region north south east west pro anti human rights task observatory time daily herald express stock exchange football
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
    november december
    """.split()
)
TITLES = frozenset(
    """
    president minister premier general gen colonel col brigadier commander sheikh ayatollah mr mrs ms dr senator sen secretary
    ambassador king prince imam mullah captain major lieutenant lt marshal admiral chancellor chief leader
    """.split()
)
_NOTHING = "nothing beside it speaks for that"
_LABELS = {Kind.ACTOR: frozenset({"ORG", "NORP"}), Kind.PERSON: frozenset({"PERSON"})}
_PLACE_LABELS = frozenset({"GPE", "LOC", "FAC"})
_SENTENCE_BREAK = re.compile(r"[;:!?()\[\]\n]\s*\n|[;:!?()\[\]]|\n\s*\n|(?<=[^\W\d_]{4})\.\s|,(?!\s?D\.?\s?C\b)")
_BEHIND = re.compile(r"(?:['’][sS]\b)?[^\w.!?;\n]*\n?[^\w.!?;\n]*([^\W_]+)")
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Sense:
    """One entity that a name can stand for."""

    entity: Entity
    weak: bool
    mixed: bool = False  # strong in one way of writing, weak in another: ISIS the group, Isis the girl

    def is_weak(self, surface: str) -> bool:
        """Whether this name, as it is written here, needs evidence."""
        if self.mixed:
            strong = (self.entity.name, *self.entity.names)
            return surface in self.entity.weak or all(surface not in (n, n.upper(), n.lower()) for n in strong)
        return self.weak


@dataclass(slots=True)
class Candidate:
    """A name in the text, before it is decided what it means."""

    start: int
    end: int
    surface: str
    words: int
    senses: list[Sense]
    decoy: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a candidate, and why."""

    candidate: Candidate
    entity: Entity | None
    confidence: float
    reasons: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the name was refused only because nothing spoke for it."""
        return self.entity is None and self.reasons[-1:] == (_NOTHING,)


@dataclass(slots=True)
class Context:
    """What the whole document says before single names are judged."""

    text: str
    strong: Set[str]  # entities named by a strong name
    countries: Mapping[str, int]  # ISO code → how often strong names point there
    loud: bool  # written in capitals throughout: case says nothing
    soft: bool  # written in small letters throughout
    starts: Set[int] = frozenset()  # where strong names begin
    labels: Mapping[tuple[int, int], str] = field(default_factory=dict)  # what the language model takes open spans for
    proven: Set[tuple[str, str]] = frozenset()  # (spelling, entity) that evidence has settled elsewhere in the document

    def before(self, at: int) -> str:
        """The word before a place in the text, folded to lower case; nothing at the start of a sentence."""
        head = self.text[max(0, at - 40) : at]
        found = _WORD.findall(head.rsplit("\n\n", 1)[-1])
        gap = head[-2:]
        return "" if not found or any(mark in gap for mark in ".!?") else found[-1].lower()

    def after(self, at: int) -> str:
        """The word behind a place in the text, a possessive s left out; nothing at the end of a sentence."""
        found = _BEHIND.match(self.text, at, at + 40)
        return found[1].lower() if found else ""

    def beside_a_name(self, start: int, end: int) -> bool:
        """Whether a word with a capital stands directly before or behind: `Michael Jordan`, `Chad Smith`."""
        ahead = re.search(r"(\b[^\W\d_][\w’'-]*)[ \u00a0]$", self.text[max(0, start - 30) : start])
        behind = re.match(r"[ \u00a0]([^\W\d_][\w’'-]*)", self.text[end : end + 30])
        first = ahead is not None and ahead[1][0].isupper() and self.before(start - len(ahead[0])) != ""
        return first or (behind is not None and behind[1][0].isupper())

    def before_a_surname(self, start: int, end: int) -> bool:
        """Whether what stands behind reads like a surname: `India Hartwell`, but not `India Today` or `near Aden Street`."""
        behind = re.match(r"[ \u00a0]([^\W\d_][^\W\d_’'-]+)", self.text[end : end + 30])
        if behind is None or self.loud or self.soft or self.before(start) in BEFORE_PLACE:
            return False
        word = behind[1]
        known = word.lower() in _NO_SURNAME or end + behind.start(1) in self.starts
        return word[0].isupper() and not word.isupper() and not known


def mention_of(verdict: Verdict) -> Mention:
    """The mention of a verdict that found an entity."""
    entity, candidate = verdict.entity, verdict.candidate
    assert entity is not None
    where = (entity.lat, entity.lon, verdict.confidence, verdict.reasons)
    return Mention(candidate.start, candidate.end, candidate.surface, entity.id, entity.name, entity.kind, *where)


def crosses_a_sentence(surface: str) -> bool:
    """Whether a span of several words runs over the end of a sentence or a comma, and so is no name."""
    return _SENTENCE_BREAK.search(html.unescape(surface) if "&" in surface else surface) is not None


def written_as_name(surface: str, context: Context) -> bool:
    """Whether a span is written as names are: with a capital, where capitals mean something."""
    first = next((char for char in surface if char.isalpha()), "")
    if not first or first == first.title():
        return True  # a capital, or a script without them (Georgian has capitals that begin no name)
    return context.soft


def judge(candidate: Candidate, context: Context, entities: Mapping[str, Entity]) -> Verdict:
    """Decide among the senses of a name of the catalogue."""
    if candidate.decoy and not candidate.senses:
        return Verdict(candidate, None, 1.0, ("part of a longer phrase that means something else",))
    judged = [(_weigh(sense, candidate, context, entities), sense) for sense in candidate.senses]
    judged.sort(key=lambda item: -item[0][0])
    (score, reasons), best = judged[0]
    if score < 1:
        return Verdict(candidate, None, 0.0, reasons)
    rivals = [
        sense.entity.name
        for (other, _), sense in judged[1:]
        if score - other < 0.5 and sense.entity.id != best.entity.id
    ]
    if rivals:
        return Verdict(candidate, best.entity, 0.5, (*reasons, f"could also be {', '.join(rivals)}"))
    return Verdict(candidate, best.entity, min(1.0, 0.6 + score / 5), reasons)


def _weigh(
    sense: Sense, candidate: Candidate, context: Context, entities: Mapping[str, Entity]
) -> tuple[float, tuple[str, ...]]:
    """(weight, reasons); from 1 up the name counts."""
    entity, reasons, score = sense.entity, [], 0.0
    weak = sense.is_weak(candidate.surface)
    if not weak:
        score, reasons = 1.5, [f"“{candidate.surface}” is a name of {entity.name}"]
        if candidate.words == 1 and _is_ordinary_word(entity, candidate.surface, context):
            return 0.0, (f"“{candidate.surface}” is an ordinary word here",)
        first_name = entity.kind.is_place and candidate.surface.lower() in FIRST_NAMES
        if first_name and context.before_a_surname(candidate.start, candidate.end):
            return 0.0, (f"“{candidate.surface}” is a first name here",)
    elif not _weak_form_fits(entity, candidate, context):
        return 0.0, (f"“{candidate.surface}” is not written as a name here",)
    else:
        reasons = [f"“{candidate.surface}” may mean {entity.name}"]
    for weight, reason in _support(entity, weak, candidate, context, entities):
        score += weight
        reasons.append(reason)
    if weak and score < 1:
        reasons.append(_NOTHING)
    return score, tuple(reasons)


def _is_ordinary_word(entity: Entity, surface: str, context: Context) -> bool:
    """Small letters where names have capitals: abs, van, Russian сода. Long Latin names are nothing else, even so."""
    if written_as_name(surface, context):
        return False
    return surface.lower() in COMMON or (entity.kind.is_place and (len(surface) <= 5 or not surface.isascii()))


def _weak_form_fits(entity: Entity, candidate: Candidate, context: Context) -> bool:
    surface = candidate.surface
    if not written_as_name(surface, context):
        return False
    return surface in entity.weak or surface.isupper() or not surface.isascii() or not _is_acronym(surface, entity)


def _is_acronym(surface: str, entity: Entity) -> bool:
    """Whether the catalogue writes this weak name in capitals."""
    return any(name.isupper() and name == surface.upper() and len(name) <= 6 for name in entity.weak if name.isascii())


def _support(
    entity: Entity, weak: bool, candidate: Candidate, context: Context, entities: Mapping[str, Entity]
) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = []
    if weak and entity.kind is Kind.COUNTRY:
        found += _country_support(candidate, context)
    elif weak and entity.kind is Kind.ACTOR and candidate.surface.isascii() and not context.loud:
        found += _form_support(entity, candidate)
    if weak and entity.id in context.strong:
        found.append((1.2, f"{entity.name} is named in full in the same text"))
    label = context.labels.get((candidate.start, candidate.end), "")
    if weak and entity.kind is not Kind.COUNTRY and label in _LABELS.get(entity.kind, _PLACE_LABELS):
        found.append((0.5, f"the language model takes it for {label}"))
    if (candidate.surface, entity.id) in context.proven:
        found.append((1.0, f"elsewhere in the text “{candidate.surface}” is {entity.name}"))
    kin = _kin(entity, entities) & context.strong
    if kin:
        name = entities[sorted(kin)[0]].name
        found.append((0.7 if entity.kind is not Kind.COUNTRY else 0.3, f"{name} is named too"))
    home = [iso for iso in (*entity.area, entity.country or "") if context.countries.get(iso)]
    if home:
        most = max(context.countries.values())
        share = max(context.countries[iso] for iso in home) / most
        weight = 0.25 + 0.15 * share if entity.kind.is_place else 0.6
        found.append((weight, f"the text speaks of {', '.join(home[:3])}"))
    before, after = context.before(candidate.start), context.after(candidate.end)
    if entity.kind.is_place:
        if before in BEFORE_PLACE or after in _AFTER_PLACE:
            found.append((0.8, f"“{before if before in BEFORE_PLACE else after}” beside it speaks of a place"))
        if before in TITLES:
            found.append((-1.0, f"“{before}” before it speaks of a person"))
    elif entity.type == "media":
        if after in _AFTER_MEDIA or before == "told":
            found.append((1.0, f"“{after if after in _AFTER_MEDIA else before}” beside it speaks of a newsroom"))
        elif before in _BEFORE_MEDIA and (candidate.words > 1 or before in ("quoted", "quoting", "citing", "cited")):
            found.append((1.0, f"“{before}” before it speaks of a newsroom"))
    elif entity.kind is Kind.ACTOR and (after in _AFTER_ACTOR or (weak and before in _BEFORE_ACTOR)):
        found.append((0.4, f"“{after if after in _AFTER_ACTOR else before}” beside it speaks of a group"))
    elif entity.kind is Kind.PERSON and (before in TITLES or after in _AFTER_PERSON):
        found.append((0.5, f"“{before if before in TITLES else after}” beside it speaks of a person"))
    return found


def _country_support(candidate: Candidate, context: Context) -> list[tuple[float, str]]:
    """US in capitals is no pronoun; Turkey with a capital inside a sentence is no bird, unless a name stands beside it."""
    surface = candidate.surface
    if context.loud or context.soft or surface.isupper():
        return [] if context.loud or not surface.isupper() else [(1.0, "it is written in capitals")]
    if context.beside_a_name(candidate.start, candidate.end):
        return [(-0.8, "a name stands beside it")]
    first_name = surface.lower() in FIRST_NAMES
    if context.before(candidate.start):
        return [] if first_name else [(1.0, "it has a capital inside a sentence")]
    found = [(0.2 if first_name else 0.6, "no other name stands beside it")]
    if context.countries:
        found.append((0.4, "the text speaks of other countries"))
    after = context.after(candidate.end)
    if after in _AFTER_STATE:
        found.append((0.5, f"“{after}” behind it is what states do"))
    return found


def _form_support(entity: Entity, candidate: Candidate) -> list[tuple[float, str]]:
    """WHO in capitals is hardly a pronoun; the Red Cross, with two capitals, is hardly a shape."""
    surface = candidate.surface
    if surface.isupper() and _is_acronym(surface, entity):
        return [(0.6 if len(surface) > 2 else 0.4, "it is written in capitals")]
    if candidate.words > 1 and surface.istitle() and entity.type == "organisation":
        return [(0.6, "all its words have capitals")]
    return []


def _kin(entity: Entity, entities: Mapping[str, Entity]) -> set[str]:
    """The entities whose presence makes this one likelier: what it belongs to, its leaders, the region it lies in."""
    kin = {entity.parent, entity.within, *(leader.person for leader in entity.leaders)}
    parent = entities.get(entity.parent or "")
    if parent and parent.parent and not parent.kind.is_place:
        kin.add(parent.parent)
    return {item for item in kin if item}
