"""What the names in a query mean, and how their faults are told: with their place, the likely fix, and all choices."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TypeVar

from bot.geo import Point
from bot.model import Entity, Kind
from bot.rules.grammar import EXAMPLE, Piece, QueryFault
from bot.rules.names import Allowed, Names, anything, is_actor, is_country, is_place
from bot.rules.terms import Along, Named, Near, Within, Words
from bot.rules.values import Wrong, clipped, kilometres_of
from bot.text.fold import fold_key

V = TypeVar("V")

ENTITY_FIELDS: dict[str, Allowed] = {
    "actor": is_actor, "place": is_place, "country": is_country, "within": is_place, "id": anything
}  # fmt: skip
LONGEST_NAME = 10  # bare words; a longer name needs quotes
_MOST_CHOICES = 5
_POINT = re.compile(r"(.*?)[\s,]*\(?([-−+]?\d+(?:\.\d+)?)\s*,\s*([-−+]?\d+(?:\.\d+)?)\)?\s*", re.DOTALL)
_DISTANCE = re.compile(r"\d+(?:[.,]\d+)?\s*(?:km|kilomet(?:er|re)s?|mi|miles?)", re.IGNORECASE)
_ODD = re.compile(r"[^\w\s,.-]|[0-9]")  # in a label before coordinates
_OPERATORS = frozenset("or and not Or And Not".split())
# A dash may be part of a name, or a minus: one between spaces is tried first.
_BETWEEN = (re.compile(r"\s+[-–—]\s+|\s+to\s+"), re.compile(r"[-–—]"))


class Meaning:
    """The names of one query as one workspace understands them; `stored` as in `parse_query`."""

    def __init__(self, text: str, names: Names, stored: bool) -> None:
        self._text = text
        self._names = names
        self._stored = stored

    def fault(self, sentence: str, fix: str, at: int) -> QueryFault:
        return QueryFault(sentence, fix, self._text, at)

    def value(self, read: Callable[[str], V], piece: Piece) -> V:
        """A value, or its fault with its place."""
        try:
            return read(piece.text)
        except Wrong as wrong:
            raise self.fault(wrong.sentence, wrong.fix, piece.at) from None

    def words(self, piece: Piece, field: str = "text") -> Words:
        """Words as they stand, whatever they name; `field` is where to look for them."""
        folded = self._folded(piece)
        if field != "text":
            return Words(folded, field, " ".join(piece.text.split()))
        return Words(folded, literal=bool(self._tracked(piece.text)))

    def phrase(self, piece: Piece) -> Named | Words:
        """What stands in quotes: an entity's name, or words."""
        found = self._tracked(piece.text)
        return self._named(self._chosen(found, piece, self._written)) if found else Words(self._folded(piece))

    def bare(self, first: Piece, follow: Sequence[Piece]) -> tuple[Named | Words | None, int]:
        """(the longest name from this word on, or the word alone; how many more words it took)."""
        for count, name in _runs(first, follow):
            if found := self._tracked(name):
                return self._named(self._chosen(found, first, self._written, name)), count - 1
            if count > 1 and self._names.is_place_of_the_world(name):
                return Words(fold_key(name)), count - 1  # "Santa Cruz" is not "santa" and a Mr Cruz
        if first.text in _OPERATORS:
            capitals = first.text.upper()
            fix = f'Write {capitals} in capitals, or put the words in quotes: "search and rescue"'
            raise self.fault(f"Is “{first.text}” meant as {capitals}, or as a word?", fix, first.at)
        if any(_DISTANCE.fullmatch(text) for text in (first.text, " ".join(p.text for p in (first, *follow[:1])))):
            raise self.fault("A distance counts only behind near: and a place:", 'Write near:"Baquba" 40km', first.at)
        folded = fold_key(first.text)
        return (Words(folded) if folded else None), 0

    def of_entity(self, field: str, value: Piece, follow: Sequence[Piece]) -> tuple[Named | Within, int]:
        """`actor:`, `place:`, `country:`, `within:` or `id:`; an unquoted name takes the bare words behind it that belong to it."""
        allowed = ENTITY_FIELDS[field]
        runs = list(_runs(value, follow if value.kind == "WORD" else ()))
        for count, name in runs:
            found = self._of_field(field, name, allowed)
            if not found and field == "country" and (country := self._names.catalogue.get(name.lower())):
                found = [country] if is_country(country) else []
            if found and field in ("actor", "place", "id"):
                return self._named(self._chosen(found, value, self._written, name)), count - 1
            if found:
                entity = self._chosen(found, value, lambda e: f'within:"{self._names.spelling(e, is_place)}"', name)
                kin, shown = (is_country, "country") if is_country(entity) else (is_place, "within")
                text = self._names.spelling(entity, kin)
                return Within(entity.id, _called(entity, text), text, shown), count - 1
        name = next((name for _, name in runs if self._tracked(name)), value.text)
        raise self._not_tracked(field, name, value.at, allowed)

    def _of_field(self, field: str, name: str, allowed: Allowed) -> list[Entity]:
        if field == "id":
            return self._tracked(f"id:{name}", allowed)
        if field == "within" and not self._stored:
            return self._names.areas(name)
        return self._tracked(name, allowed)

    def reach(self, piece: Piece) -> Near | Along:
        """`near:` or `along:`."""
        head, *value, distance = piece.parts
        km = self.value(kilometres_of, distance)
        typed = Piece("PHRASE", " ".join(part.text for part in value), value[0].at)
        if head.text.lower() == "near:":
            point, name, text = self._where(typed, "near", distance.text)
            return Near(point, km, name, text)
        for cut in (cut for between in _BETWEEN for cut in between.finditer(typed.text)):
            ends = [Piece("PHRASE", text, typed.at) for text in (typed.text[: cut.start()], typed.text[cut.end() :])]
            if all(self._is_place(end.text) for end in ends):
                (start, first, one), (end, last, other) = (self._where(e, "along", distance.text) for e in ends)
                return Along(start, end, km, (first, last), f"{one} – {other}")
        fix = 'Write both with a dash between them: along:"Baghdad-Kirkuk" 25km'
        raise self.fault("No two places are named here:", fix, typed.at)

    def _where(self, place: Piece, field: str, distance: str) -> tuple[Point, str, str]:
        """(point, name, how it is written) of a place: tracked, or a point with or without a name, or any of the world."""
        if given := _POINT.fullmatch(place.text):
            point = degrees_of(given[2]), degrees_of(given[3])
            if abs(point[0]) > 90 or abs(point[1]) > 180:
                fix = "Latitude comes first: near:33.744,44.643 5km"
                raise self.fault("No point has these coordinates:", fix, place.at)
            name = " ".join(given[1].split())
            return point, name or _written_point(point), f"{name} {_written_point(point)}".strip()
        found = [entity for entity in self._tracked(place.text, is_place) if entity.lat is not None]
        if found:
            entity = self._chosen(found, place, lambda e: f'{field}:"{self._names.spelling(e, is_place)}" {distance}')
            text = self._names.spelling(entity, is_place)
            return _point(entity), _called(entity, text), text
        world = self._names.world(place.text)
        if not world:
            raise self._not_tracked(field, place.text, place.at, is_place)
        entity = self._chosen(world, place, lambda e: f'{field}:"{self._of_the_world(e)}" {distance}')
        text = self._of_the_world(entity)
        return _point(entity), text.rpartition(" ")[0], text

    def _of_the_world(self, entity: Entity) -> str:
        """An untracked place is written with its coordinates, so that it is found again without its name."""
        label = ", ".join([entity.name, *list(self._names.qualifiers(entity))[:1]])
        return f"{_ODD.sub('', label)} {_written_point(_point(entity))}"

    def _is_place(self, name: str) -> bool:
        return bool(_POINT.fullmatch(name) or self._tracked(name, is_place) or self._names.world(name))

    def _tracked(self, name: str, allowed: Allowed = anything) -> list[Entity]:
        return self._names.tracked(name, allowed, stored=self._stored)

    def _named(self, entity: Entity) -> Named:
        return Named(entity.id, _called(entity, self._names.spelling(entity)), self._written(entity))

    def _written(self, entity: Entity) -> str:
        """How a named entity is written: as shortly as it is found again."""
        text = self._names.spelling(entity)
        if not text.startswith("id:"):
            return f'"{text}"'
        field, allowed = ("place", is_place) if entity.kind.is_place else ("actor", is_actor)
        text = self._names.spelling(entity, allowed)
        if not text.startswith("id:"):
            return f'{field}:"{text}"'
        return text if re.fullmatch(r"[\w:.-]+", text) else f'id:"{entity.id}"'

    def _chosen(self, found: Sequence[Entity], piece: Piece, write: Callable[[Entity], str], name: str = "") -> Entity:
        """The one entity that is meant, or the question which."""
        if len(found) == 1 or self._stored:
            return found[0]
        told = [f"{entity.name} ({self._names.told_apart(entity)})" for entity in found[:_MOST_CHOICES]]
        more = f" and {len(found) - _MOST_CHOICES} more" if len(found) > _MOST_CHOICES else ""
        ways = " or ".join(write(entity) for entity in found[:_MOST_CHOICES])
        sentence = f"“{clipped(name or piece.text)}” can be {'; '.join(told)}{more}:"
        raise self.fault(sentence, f"Say which: {ways}", piece.at)

    def _folded(self, piece: Piece) -> str:
        folded = fold_key(piece.text)
        if not folded:
            raise self.fault("There is no letter or digit here:", EXAMPLE, piece.at)
        return folded

    def _not_tracked(self, field: str, name: str, at: int, allowed: Allowed) -> QueryFault:
        if other := next(iter(self._tracked(name)), None):
            kind = ("an " if other.kind is Kind.ACTOR else "a ") + other.kind.value
            fix = f"Write it as {self._written(other)}" + (f', or near:"{name}" 40km' if is_place(other) else "")
            return self.fault(f"{other.name} is {kind}, not what {field}: asks for:", fix, at)
        if field == "id":
            return self.fault(f"Nothing tracked has the id “{clipped(name)}”:", "Write its name instead.", at)
        near = " or ".join(f'{field}:"{self._names.spelling(e, allowed)}"' for e in self._names.nearest(name, allowed))
        what = "actor" if field == "actor" else "country" if field == "country" else "place"
        track = f"/track {clipped(name)} as actor"
        if what != "actor":
            world = self._names.world(name)
            where = f"{degrees_of(world[0].lat)}, {degrees_of(world[0].lon)}" if world else "LAT, LON"
            track = f"/track {clipped(name)} as {'country' if what == 'country' else 'town'} at {where}"
        fix = f"Perhaps {near}. To watch for a new one: {track}" if near else f"To watch for it: {track}"
        return self.fault(f"No tracked {what} is called “{clipped(name)}”:", fix, at)


def _runs(first: Piece, follow: Sequence[Piece]) -> list[tuple[int, str]]:
    """(how many words, the words) from a word on, with the bare words behind it, longest first."""
    words = [first.text, *(p.text for p in takewhile(lambda p: p.kind == "WORD", follow[: LONGEST_NAME - 1]))]
    return [(count, " ".join(words[:count]).strip(",;")) for count in range(len(words), 0, -1)]


def _called(entity: Entity, text: str) -> str:
    """How an entity is told: with what tells it apart, where its name is not enough."""
    return entity.name if text.startswith("id:") else text


def _point(entity: Entity) -> Point:
    return degrees_of(entity.lat), degrees_of(entity.lon)


def degrees_of(text: str | float | None) -> float:
    return round(float(str(text or 0).replace("−", "-")), 5) + 0.0  # no minus before zero


def _written_point(point: Point) -> str:
    return ",".join(f"{degrees:.5f}".rstrip("0").rstrip(".") for degrees in point)
