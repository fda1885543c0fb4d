"""A query read: text in, `Query` out, names looked up on the way; every fault says where it is and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from lark import Token, Tree

from bot.errors import UserError
from bot.geo import Point
from bot.model import Entity, Kind
from bot.rules.facts import Facts, Wording
from bot.rules.grammar import EXAMPLE, MAX_STORED, MAX_TYPED, QueryFault, tree_of
from bot.rules.names import Allowed, Names, anything, is_actor, is_country, is_place
from bot.rules.query import AllOf, AnyOf, Call, Condition, NoneOf, Options, Query
from bot.rules.terms import (
    Along,
    FromSource,
    InLanguage,
    Named,
    Near,
    OfKind,
    Pattern,
    Within,
    Words,
)
from bot.rules.values import OPTIONS, Wrong, kilometres_of, language_of, option_of, pattern_of
from bot.text.fold import fold_key

V = TypeVar("V")

KINDS = (*(kind.value for kind in Kind), "media")
LONGEST_NAME = 10  # bare words; a longer name needs quotes
_ENTITY_FIELDS: dict[str, Allowed] = {
    "actor": is_actor, "place": is_place, "country": is_country, "within": is_place, "id": anything
}  # fmt: skip
FIELDS = (
    "actor", "place", "country", "within", "near", "along", "kind", "source", "outlet", "lang", "title", "text", "id", *OPTIONS,
    "mention",
)  # fmt: skip
_POINT = re.compile(r"(.*?)[\s,]*\(?([-−+]?\d+(?:\.\d+)?)\s*,\s*([-−+]?\d+(?:\.\d+)?)\)?\s*", re.DOTALL)
_DISTANCE = re.compile(r"\d+(?:[.,]\d+)?\s*(?:km|kilomet(?:er|re)s?|mi|miles?)", re.IGNORECASE)
_NOTHING = Facts(Wording(""))


def parse_query(text: str, names: Names, *, stored: bool = False) -> Query:
    """Read a query. `stored` is for canonical texts: what has become ambiguous since is not asked about, the first choice holds.

    Raises `UserError` with the fix.
    """
    if stored and (simple := re.fullmatch(r'"([^"]+)"', text)):
        return Query(_Reader(text, names, stored).named_or_words(simple[1], 0))
    tree = tree_of(text, MAX_STORED if stored else MAX_TYPED)
    reader = _Reader(text, names, stored)
    condition = reader.any_of(tree.children[0], top=True)
    if condition is None:
        raise UserError("These are options without a query.", f"Say what to look for before them. {EXAMPLE}")
    if not stored and condition.fires(_NOTHING):
        raise UserError(
            "This would fire on nearly every article: it says only what to leave out.",
            "Add what to look for, such as kind:town before it.",
        )
    return Query(condition, reader.options())


class _Reader:
    """One walk over the tree of a query."""

    def __init__(self, text: str, names: Names, stored: bool) -> None:
        self._text = text
        self._names = names
        self._stored = stored
        self._options: dict[str, Any] = {}
        self._calls: list[Call] = []

    def options(self) -> Options:
        return Options(**self._options, calls=tuple(self._calls))

    # The structure. None stands for what is an option and no condition.

    def any_of(self, tree: Any, *, top: bool = False) -> Condition | None:
        parts = []
        for branch in tree.children:
            part = self._all_of(branch, top)
            if part is None and len(tree.children) > 1:
                raise self._fault("Only options stand on one side of this OR:", EXAMPLE, _start(branch))
            if part is not None:
                parts.append(part)
        return _flat(AnyOf, parts)

    def _all_of(self, tree: Any, top: bool) -> Condition | None:
        parts = [part for chain in tree.children for part in self._chain(chain.children, top)]
        return _flat(AllOf, parts)

    def _chain(self, items: Sequence[Any], top: bool) -> list[Condition]:
        """Terms side by side: bare words are joined to the longest names that the catalogue knows."""
        parts: list[Condition] = []
        at = 0
        while at < len(items):
            item = items[at]
            follow = _bare_words(items[at + 1 :])
            if isinstance(item, Token) and item.type == "WORD" and item.lower() == "digest-only":
                self._set("digest_only", True, _at(item), top)
            elif isinstance(item, Token) and item.type == "WORD":
                part, more = self._bare(item, follow)
                parts += [part] if part else []
                at += more
            elif isinstance(item, Token):
                parts.append(self._quoted(item))
            elif item.data == "none_of":
                part, more = self._none_of(item, follow)
                parts.append(part)
                at += more
            elif item.data == "field":
                part, more = self._field(item, follow, top)
                parts += [part] if part else []
                at += more
            elif item.data == "call":
                self._call(item, top)
            elif item.data == "group":
                part = self.any_of(item.children[0])
                assert part is not None  # an option inside parentheses is a fault already
                parts.append(part)
            else:
                parts.append(self._reach(item))
            at += 1
        if not parts and not top:
            raise self._fault("There is no letter or digit here:", EXAMPLE, _start(items[0]))
        return parts

    def _none_of(self, item: Tree[Token], follow: list[Token]) -> tuple[Condition, int]:
        inner = item.children[0]
        if isinstance(inner, Token) and inner.type == "WORD":
            part, more = self._bare(inner, follow)
        elif isinstance(inner, Tree) and inner.data == "field":
            part, more = self._field(inner, follow, top=False)
        else:
            parts, more = self._chain([inner], top=False), 0
            part = parts[0] if parts else None
        if part is None:
            raise self._fault("A word is missing behind NOT:", "Write it as Samarra NOT Tikrit", _start(inner))
        return (part.part if isinstance(part, NoneOf) else NoneOf(part)), more

    def _bare(self, first: Token, follow: list[Token]) -> tuple[Condition | None, int]:
        """(the longest name from this word on, or the word alone; how many more words it took)."""
        words = [first, *follow[: LONGEST_NAME - 1]]
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count])
            if found := self._names.tracked(name.strip(",;"), anything):
                return self._named(found, anything, name, _at(first)), count - 1
            if count > 1 and self._names.is_place_of_the_world(name):
                return Words(fold_key(name)), count - 1  # "Santa Cruz" is not "santa" and a Mr Cruz
        if first in ("or", "and", "not", "Or", "And", "Not"):
            raise self._fault(
                f"Is “{first}” meant as {first.upper()}, or as a word?",
                f'Write {first.upper()} in capitals, or put the words in quotes: "search and rescue"',
                _at(first),
            )
        if _DISTANCE.fullmatch(" ".join([first, *follow[:1]])) or _DISTANCE.fullmatch(first):
            raise self._fault("A distance counts only behind a place:", 'Write it as near:"Baquba" 40km', _at(first))
        folded = fold_key(first)
        if not folded and not follow and first.start_pos == 0:
            raise self._fault("There is no letter or digit here:", EXAMPLE, _at(first))
        return (Words(folded) if folded else None), 0

    def _quoted(self, token: Token) -> Condition:
        if token.type == "REGEX":
            return self._pattern(token)
        return self.named_or_words(token[1:-1], _at(token))

    def named_or_words(self, phrase: str, at: int) -> Condition:
        found = self._names.tracked(phrase, anything)
        if found:
            return self._named(found, anything, phrase, at)
        return Words(self._folded(phrase, at))

    def _named(self, found: list[Entity], allowed: Allowed, typed: str, at: int, field: str = "") -> Named:
        entity = self._chosen(found, typed, at, lambda one: self._written(one))
        return self._naming(entity)

    def _naming(self, entity: Entity) -> Named:
        return Named(entity.id, self._called(entity, anything), self._written(entity))

    def _called(self, entity: Entity, allowed: Allowed) -> str:
        """How an entity is told: with what tells it apart, where its name is not enough."""
        text = self._names.spelling(entity, allowed)
        return entity.name if text.startswith("id:") else text

    def _written(self, entity: Entity) -> str:
        """How a named entity is written: as shortly as it is found again."""
        text = self._names.spelling(entity)
        if not text.startswith("id:"):
            return f'"{text}"'
        field, allowed = ("place", is_place) if entity.kind.is_place else ("actor", is_actor)
        text = self._names.spelling(entity, allowed)
        return _valued("id", entity.id) if text.startswith("id:") else f'{field}:"{text}"'

    def _chosen(self, found: Sequence[Entity], typed: str, at: int, write: Callable[[Entity], str]) -> Entity:
        """The one entity that is meant, or the question which."""
        if len(found) == 1 or self._stored:
            return found[0]
        told = "; ".join(f"{e.name} ({self._names.told_apart(e)})" for e in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        ways = " or ".join(write(entity) for entity in found[:5])
        raise self._fault(f"“{typed}” can be {told}{more}:", f"Say which: {ways}", at)

    # Fields.

    def _field(self, item: Tree[Token], follow: list[Token], top: bool) -> tuple[Condition | None, int]:
        head, value = item.children
        assert isinstance(head, Token)
        assert isinstance(value, Token)
        field, at = head[:-1].lower(), _at(value)
        typed = str(value) if value.type == "WORD" else value[1:-1]
        if field in OPTIONS:
            option, set_to = self._value(partial(option_of, field), typed, at)
            self._set(option, set_to, _at(head), top)
            return None, 0
        if value.type == "REGEX" and field != "title":
            raise self._fault(
                f"A pattern cannot stand behind {field}:", "Write it alone, as /rocket/, or as title:/rocket/", at
            )
        if field in _ENTITY_FIELDS:
            return self._of_entity(field, value, typed, follow)
        if field == "kind":
            if typed.lower() not in KINDS:
                raise self._fault(f"There is no kind “{typed}”:", f"The kinds are {', '.join(KINDS)}.", at)
            return OfKind(typed.lower()), 0
        if field == "lang":
            return InLanguage(self._value(language_of, typed, at)), 0
        if field == "title" and value.type == "REGEX":
            return self._pattern(value, "title"), 0
        if field == "source" and typed.isdecimal() and len(typed) < 10:
            return FromSource(int(typed)), 0
        if field in ("title", "text", "source", "outlet"):
            shown = " ".join(typed.split())
            literal = field == "text" and bool(self._names.tracked(typed, anything))
            folded = self._folded(typed, at)
            return Words(folded, field, "" if field == "text" else shown, literal), 0
        raise self._unknown(field, _at(head))

    def _of_entity(self, field: str, value: Token, typed: str, follow: list[Token]) -> tuple[Condition, int]:
        allowed = _ENTITY_FIELDS[field]
        words = [typed, *follow[: LONGEST_NAME - 1]] if value.type == "WORD" else [typed]
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count])
            found = self._names.tracked(f"id:{name}" if field == "id" else name.strip(",;"), allowed)
            if not found and field == "country" and (country := self._names.catalogue.get(name.lower())):
                found = [country] if is_country(country) else []
            if not found:
                continue
            if field in ("actor", "place", "id"):
                entity = self._chosen(found, name, _at(value), self._written)
                return self._naming(entity), count - 1
            entity = self._chosen(found, name, _at(value), lambda e: f'{field}:"{self._names.spelling(e, allowed)}"')
            kin = is_country if is_country(entity) else is_place
            text, name = self._names.spelling(entity, kin), self._called(entity, kin)
            return Within(entity.id, name, text, "country" if kin is is_country else "within"), count - 1
        runs = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
        raise self._not_tracked(field, next(filter(self._names.tracked, runs), typed), _at(value), allowed)

    def _reach(self, item: Tree[Token]) -> Condition:
        head, *value, distance = (token for token in item.children if isinstance(token, Token))
        km = self._value(kilometres_of, distance, _at(distance))
        typed = value[0][1:-1] if value[0].type == "PHRASE" else " ".join(value)
        at = _at(value[0])
        if head.lower() == "near:":
            point, name, text = self._where(typed, at, "near:", distance)
            return Near(point, km, name, text)
        spaced, others = r"\s+[-–—]\s+|\s+to\s+", r"[-–—]"  # a dash may be part of a name, or a minus
        for cut in (*re.finditer(spaced, typed), *re.finditer(others, typed)):
            ends = typed[: cut.start()], typed[cut.end() :]
            if all(end and self._any_place(end) for end in ends):
                (start, first, one), (end, last, other) = (self._where(e, at, "along:", distance) for e in ends)
                return Along(start, end, km, (first, last), f"{one} – {other}")
        raise self._fault(
            "No two places are named here:", 'Write both with a dash between them: along:"Baghdad-Kirkuk" 25km', at
        )

    def _any_place(self, name: str) -> bool:
        return bool(_POINT.fullmatch(name) or self._names.tracked(name, is_place) or self._names.world(name))

    def _where(self, typed: str, at: int, field: str, distance: Token) -> tuple[Point, str, str]:
        """(point, name, how it is written) of a place: tracked, or a point with or without a name, or any of the world."""
        if given := _POINT.fullmatch(typed):
            point = _degrees(given[2]), _degrees(given[3])
            if abs(point[0]) > 90 or abs(point[1]) > 180:
                raise self._fault("No point has these coordinates:", "Latitude comes first: 33.744,44.643", at)
            where = f"{_short(point[0])},{_short(point[1])}"
            name = given[1].strip()
            return point, name or where, f"{name} {where}".strip()
        found = [e for e in self._names.tracked(typed, is_place) if e.lat is not None]
        if found:
            entity = self._chosen(
                found, typed, at, lambda e: f'{field}"{self._names.spelling(e, is_place)}" {distance}'
            )
            assert entity.lat is not None
            assert entity.lon is not None
            return (entity.lat, entity.lon), self._called(entity, is_place), self._names.spelling(entity, is_place)
        world = self._names.world(typed)
        if not world:
            raise self._not_tracked(field[:-1], typed, at, is_place)
        entity = self._chosen(world, typed, at, lambda e: f'{field}"{self._at_point(e)}" {distance}')
        text = self._at_point(entity)
        return (_degrees(entity.lat), _degrees(entity.lon)), text.rpartition(" ")[0], text

    def _at_point(self, entity: Entity) -> str:
        """An untracked place is written with its coordinates: it is found again without asking for names."""
        country = next(iter(self._names.qualifiers(entity)), "")
        label = re.sub(r'["“”\d]', "", f"{entity.name}, {country}" if country else entity.name)
        return f"{label} {_short(entity.lat)},{_short(entity.lon)}"

    def _pattern(self, token: Token, where: str = "text") -> Pattern:
        return Pattern(self._value(pattern_of, token, _at(token)), where)

    def _value(self, read: Callable[[str], V], text: str, at: int) -> V:
        """A value, or its fault with its place."""
        try:
            return read(text)
        except Wrong as wrong:
            raise self._fault(wrong.sentence, wrong.fix, at) from None

    # Options.

    def _set(self, option: str, value: Any, at: int, top: bool) -> None:
        if not top:
            raise self._fault(
                "An option counts for the whole subscription:", "Write it behind the query, outside parentheses.", at
            )
        if self._options.setdefault(option, value) != value:
            raise self._fault("This option stands here twice:", "Keep one of the two.", at)

    def _call(self, item: Tree[Token], top: bool) -> None:
        role, *only = item.children
        assert isinstance(role, Token)
        if not top:
            raise self._fault(
                "An option counts for the whole subscription:",
                "Write it behind the query, outside parentheses.",
                _at(role),
            )
        written = " ".join((role[1:-1] if role.type == "PHRASE" else role).split())
        if not written:
            raise self._fault("A role is missing:", "Write it as mention:@duty", _at(role))
        condition = self.any_of(only[0].children[0]) if only and isinstance(only[0], Tree) else None
        self._calls += [call for call in [Call(written, condition)] if call not in self._calls]

    # Faults.

    def _folded(self, phrase: str, at: int) -> str:
        folded = fold_key(phrase)
        if not folded:
            raise self._fault("There is no letter or digit here:", EXAMPLE, at)
        return folded

    def _not_tracked(self, field: str, typed: str, at: int, allowed: Allowed) -> QueryFault:
        other = self._names.tracked(typed)
        if other:
            kind = ("an " if other[0].kind is Kind.ACTOR else "a ") + other[0].kind.value
            fix = f"Write it as {self._written(other[0])}" + (f', or near:"{typed}" 40km' if is_place(other[0]) else "")
            return self._fault(f"{other[0].name} is {kind}, not what {field}: asks for:", fix, at)
        what = {"actor": "actor", "country": "country"}.get(field, "place")
        near = " or ".join(f'{field}:"{self._names.spelling(e, allowed)}"' for e in self._names.nearest(typed, allowed))
        if field == "id":
            return self._fault(f"Nothing tracked has the id “{typed}”:", "Write its name instead.", at)
        track = f"/track {typed} as actor"
        if what != "actor":
            world = self._names.world(typed)
            where = f"{_short(world[0].lat)}, {_short(world[0].lon)}" if world else "LAT, LON"
            track = f"/track {typed} as town at {where}"
        fix = f"Perhaps {near}. To watch for a new one: {track}" if near else f"To watch for it: {track}"
        return self._fault(f"No tracked {what} is called “{typed}”:", fix, at)

    def _unknown(self, field: str, at: int) -> QueryFault:
        from rapidfuzz import process

        near = process.extractOne(field, FIELDS, score_cutoff=50)
        fix = f"Perhaps {near[0]}: is meant. " if near else ""
        fix += f"The fields are {', '.join(FIELDS)}; words with a colon go in quotes."
        return self._fault(f"There is no field “{field}:”:", fix, at)

    def _fault(self, sentence: str, fix: str, at: int) -> QueryFault:
        return QueryFault(sentence, fix, self._text, at)


def _flat(kind: type[AllOf] | type[AnyOf], parts: list[Condition]) -> Condition | None:
    """Parts of the same kind are taken out of their parentheses, and each stands once."""
    flat: dict[Condition, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    if len(flat) > 1:
        return kind(tuple(flat))
    return next(iter(flat), None)


def _bare_words(items: Sequence[Any]) -> list[Token]:
    """The bare words that follow side by side."""
    found = []
    for item in items:
        if not isinstance(item, Token) or item.type != "WORD" or item.lower() == "digest-only":
            break
        found.append(item)
    return found


def _start(item: Any) -> int:
    return _at(item) if isinstance(item, Token) else int(getattr(item.meta, "start_pos", 0))


def _at(token: Token) -> int:
    return token.start_pos or 0


def _degrees(text: str | float | None) -> float:
    return round(float(str(text or 0).replace("−", "-")), 5) + 0.0  # no minus before zero


def _short(degrees: float | None) -> str:
    return f"{_degrees(degrees):.5f}".rstrip("0").rstrip(".")


def _valued(field: str, value: str) -> str:
    return f"{field}:{value}" if re.fullmatch(r"[\w:.-]+", value) else f'{field}:"{value}"'
