"""A subscription's query: a condition made of terms, and options for the whole; its canonical text and its words.

The canonical text, `str(query)`, is what the database keeps; read again it gives an equal query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import time
from itertools import groupby

from bot.geo import bearing, distance_km
from bot.rules.facts import Facts
from bot.rules.terms import Along, Named, Near, OfKind, Term, Within, kilometres


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]

    def fires(self, facts: Facts) -> bool:
        return all(part.fires(facts) for part in self.parts)

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]

    def fires(self, facts: Facts) -> bool:
        return any(part.fires(facts) for part in self.parts)

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class NoneOf:
    part: Condition

    def fires(self, facts: Facts) -> bool:
        return not self.part.fires(facts)

    def __str__(self) -> str:
        return f"NOT ({self.part})" if isinstance(self.part, AllOf | AnyOf) else f"NOT {self.part}"


Condition = Term | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True)
class Call:
    """A role to be called by name, for every article that fires or for those that `only` fires on.

    `role` is opaque: `<@&123>`, `<!subteam^S123>` or `@duty`, as the platform writes it.
    """

    role: str
    only: Condition | None = None

    def __str__(self) -> str:
        role = f'"{self.role}"' if " " in self.role else self.role
        return f"mention:{role} if ({self.only})" if self.only else f"mention:{role}"

    def in_words(self) -> str:
        return f"call {self.role}" + (f" for those {in_words(self.only)}" if self.only else "")


@dataclass(frozen=True, slots=True)
class Options:
    """How a subscription is told. `quiet` is (from, until) in the channel's time; `most` is (posts, "h" or "d")."""

    min_sources: int = 1
    every: str = ""  # "story" or "update"; nothing leaves it to the channel
    quiet: tuple[time, time] | None = None
    most: tuple[int, str] | None = None
    digest_only: bool = False
    calls: tuple[Call, ...] = ()

    def __str__(self) -> str:
        return " ".join(self._texts())

    def _texts(self) -> Iterator[str]:
        if self.min_sources > 1:
            yield f"min-sources:{self.min_sources}"
        if self.every:
            yield f"every:{self.every}"
        if self.quiet:
            yield f"quiet:{self.quiet[0]:%H:%M}-{self.quiet[1]:%H:%M}"
        if self.most:
            yield f"max:{self.most[0]}/{self.most[1]}"
        if self.digest_only:
            yield "digest-only"
        yield from map(str, self.calls)

    def in_words(self) -> tuple[str, ...]:
        """One short sentence without its full stop for each option."""
        said = []
        if self.min_sources > 1:
            said.append(f"told once {self.min_sources} sources report it")
        if self.every:
            said.append("told once a story" if self.every == "story" else "told at every update")
        if self.quiet:
            said.append(f"quiet from {self.quiet[0]:%H:%M} to {self.quiet[1]:%H:%M}")
        if self.most:
            unit = "an hour" if self.most[1] == "h" else "a day"
            said.append(f"at most {self.most[0]} {'post' if self.most[0] == 1 else 'posts'} {unit}")
        if self.digest_only:
            said.append("in the digest only")
        return (*said, *(call.in_words() for call in self.calls))


@dataclass(frozen=True, slots=True)
class Query:
    condition: Condition
    options: Options = Options()

    def fires(self, facts: Facts) -> bool:
        return self.condition.fires(facts)

    def __str__(self) -> str:
        return f"{self.condition} {self.options}".rstrip()

    def in_words(self) -> str:
        """What articles it asks for, to be read after "articles": "naming Quds Force within 40 km of Baquba, not from X"."""
        return in_words(self.condition)


def in_words(condition: Condition) -> str:
    if isinstance(condition, AnyOf):
        return _joined(condition.parts, "or")
    if isinstance(condition, AllOf):
        wanted = [part for part in condition.parts if not isinstance(part, NoneOf)]
        unwanted = [part for part in condition.parts if isinstance(part, NoneOf)]
        return ", ".join([*([_joined(wanted, "and")] if wanted else []), *map(in_words, unwanted)])
    if isinstance(condition, NoneOf):
        inner = in_words(condition.part)
        return f"not {inner}" if _said(condition.part)[0] else f"not ({inner})"
    return _phrase(*condition.said)


def _joined(parts: Iterable[Condition], word: str) -> str:
    """Neighbours with the same lead are told together, "naming Samarra or Tikrit"; a circle stands behind what is in it."""
    said: list[str] = []
    before = ""
    for lead, group in groupby(parts, key=lambda part: _said(part)[0]):
        rests: list[str] = []
        for part in group:
            if word == "and" and isinstance(part, Near | Along) and (rests or before == "naming"):
                (rests or said)[-1] += f" {part.where}"
            else:
                rests.append(_said(part)[1])
        if rests and lead:
            said.append(_phrase(lead, _listed(rests, word)))
        said += [] if lead else rests
        before = lead
    return f" {word} ".join(said)


def _said(part: Condition) -> tuple[str, str]:
    """(lead, rest) of a part; alternatives with one lead have it too, others stand in parentheses without one."""
    if isinstance(part, AnyOf):
        inner = [_said(one) for one in part.parts]
        if inner[0][0] and len({lead for lead, _ in inner}) == 1:
            return inner[0][0], f"({_listed([rest for _, rest in inner], 'or')})"
    if isinstance(part, AllOf | AnyOf | NoneOf):
        return "", f"({in_words(part)})"
    return part.said


def _phrase(lead: str, rest: str) -> str:
    return f"with the word {rest}" if lead == "with the words" and " " not in rest else f"{lead} {rest}"


def _listed(rests: list[str], word: str) -> str:
    return rests[0] if len(rests) == 1 else f"{', '.join(rests[:-1])} {word} {rests[-1]}"


def terms_asked(condition: Condition) -> Iterator[Term]:
    """The terms that are asked for rather than left out."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from terms_asked(part)
    elif not isinstance(condition, NoneOf):
        yield condition


def asked_for(query: Query, facts: Facts) -> frozenset[str]:
    """The entities of an article that a query asks for: what a card marks and puts first."""
    found: set[str] = set()
    for term in terms_asked(query.condition):
        if isinstance(term, Named):
            found.add(term.entity)
        elif isinstance(term, OfKind):
            found |= facts.of_kind(term.kind)
        elif isinstance(term, Within):
            found |= facts.inside_of(term.place)
        elif isinstance(term, Near | Along):
            found.update(term.reached(facts))
    return frozenset(found)


def distances(query: Query, facts: Facts) -> dict[str, str]:
    """Entity → how far and in which direction it lies from where a query asks: "12 km NE of Baquba"."""
    found: dict[str, str] = {}
    for term in terms_asked(query.condition):
        if not isinstance(term, Near):
            continue
        for place in term.reached(facts):
            km = distance_km(term.centre, facts.points[place])
            if km >= 0.5:
                shown = kilometres(round(km, 1) if km < 10 else round(km))
                found.setdefault(place, f"{shown} km {bearing(term.centre, facts.points[place])} of {term.name}")
    return found
