"""The subscription language: text in, a small tree out, its canonical form and its words back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import UserError
from bot.model import Entity, Kind, Mention
from bot.text.fold import fold_key


@dataclass(frozen=True, slots=True)
class Facts:
    """What a query can ask of an article."""

    words: str  # folded, one space at each end, so that ` name ` finds whole words
    entities: frozenset[str]
    kinds: frozenset[str]


def facts_of(text: str, entities: frozenset[str], kinds: frozenset[str]) -> Facts:
    return Facts(f" {fold_key(text)} ", entities, kinds)


@dataclass(frozen=True, slots=True)
class Named:
    """Any article that names this entity, under whatever spelling."""

    entity: str
    label: str

    def fires(self, facts: Facts) -> bool:
        return self.entity in facts.entities

    def __str__(self) -> str:
        return f'"{self.label}"'

    def in_words(self) -> str:
        return f"naming {self.label}"


@dataclass(frozen=True, slots=True)
class Words:
    """Any article with these words in this order."""

    folded: str

    def fires(self, facts: Facts) -> bool:
        return f" {self.folded} " in facts.words

    def __str__(self) -> str:
        return f'"{self.folded}"'

    def in_words(self) -> str:
        return f"with the words “{self.folded}”"


@dataclass(frozen=True, slots=True)
class OfKind:
    """Any article that names an entity of this kind."""

    kind: str

    def fires(self, facts: Facts) -> bool:
        return self.kind in facts.kinds

    def __str__(self) -> str:
        return f"kind:{self.kind}"

    def in_words(self) -> str:
        return f"naming any tracked {self.kind}"


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Query, ...]

    def fires(self, facts: Facts) -> bool:
        return all(part.fires(facts) for part in self.parts)

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)

    def in_words(self) -> str:
        return " and ".join(part.in_words() for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Query, ...]

    def fires(self, facts: Facts) -> bool:
        return any(part.fires(facts) for part in self.parts)

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))

    def in_words(self) -> str:
        return " or ".join(part.in_words() for part in self.parts)


@dataclass(frozen=True, slots=True)
class NoneOf:
    part: Query

    def fires(self, facts: Facts) -> bool:
        return not self.part.fires(facts)

    def __str__(self) -> str:
        return f"NOT {self.part}" if not isinstance(self.part, AllOf | AnyOf) else f"NOT ({self.part})"

    def in_words(self) -> str:
        return f"not {self.part.in_words()}"


Query = Named | Words | OfKind | AllOf | AnyOf | NoneOf
Resolve = Callable[[str], Entity | None]

_TOKEN = re.compile(r'\s*(?:"([^"]*)"|“([^”]*)”|([^\s"“]+))')
MAX_QUERY = 1000
KINDS = (*(kind.value for kind in Kind), "media")


def parse_query(text: str, resolve: Resolve) -> Query:
    """Read a query; `resolve` tells which entity a name stands for. Raises `UserError` with the fix."""
    text = text.strip()
    if not text:
        raise UserError("There is nothing to subscribe to yet.", "Type a name or a word: /subscribe Quds Force")
    if len(text) > MAX_QUERY:
        raise UserError(f"The query is longer than {MAX_QUERY} characters.", "Split it into several subscriptions.")
    whole = resolve(text.strip('"“”'))
    if whole:
        return Named(whole.id, whole.name)
    alternatives: list[list[Query]] = [[]]
    run: list[str] = []

    def close_run() -> None:
        alternatives[-1].extend(_names_and_words(run, resolve))
        run.clear()

    negate = False
    for match in _TOKEN.finditer(text):
        phrase, word = match[1] or match[2], match[3]
        if word in ("AND", "OR", "NOT"):
            close_run()
            if word == "OR":
                alternatives.append([])
            negate = word == "NOT"
            continue
        if word and not negate and not word.startswith(("-", "kind:")):
            run.append(word)
            continue
        close_run()
        if word and word.startswith("-") and len(word) > 1:
            negate, word = True, word[1:]
        atom = _atom(word or phrase or "", resolve)
        alternatives[-1].append(NoneOf(atom) if negate else atom)
        negate = False
    close_run()
    groups = [_all(parts) for parts in alternatives if parts]
    if len(groups) < len(alternatives):
        raise UserError("A word is missing beside AND, OR or NOT.", 'Write it as: "Quds Force" OR Samarra')
    return groups[0] if len(groups) == 1 else AnyOf(tuple(groups))


def _all(parts: list[Query]) -> Query:
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _atom(text: str, resolve: Resolve) -> Query:
    if text.startswith("kind:"):
        kind = text.removeprefix("kind:").lower()
        if kind not in KINDS:
            raise UserError(f"There is no kind {kind!r}.", f"The kinds are {', '.join(KINDS)}.")
        return OfKind(kind)
    entity = resolve(text)
    if entity:
        return Named(entity.id, entity.name)
    folded = fold_key(text).strip()
    if not folded:
        raise UserError(f"{text!r} holds no letter or digit.", "Type a name or a word: /subscribe Quds Force")
    return Words(folded)


def _names_and_words(run: list[str], resolve: Resolve) -> list[Query]:
    """Bare words: the longest runs that name an entity become it, the rest stay words."""
    found: list[Query] = []
    start = 0
    while start < len(run):
        for end in range(len(run), start, -1):
            entity = resolve(" ".join(run[start:end]))
            if entity:
                found.append(Named(entity.id, entity.name))
                start = end
                break
        else:
            found.append(_atom(run[start], resolve))
            start += 1
    return found


def asked_for(query: Query, mentions: tuple[Mention, ...]) -> frozenset[str]:
    """The entities of an article that a query asks for: what a card marks and puts first."""
    if isinstance(query, Named):
        return frozenset({query.entity})
    if isinstance(query, OfKind):
        return frozenset(mention.entity for mention in mentions if mention.kind.value == query.kind)
    if isinstance(query, AllOf | AnyOf):
        return frozenset().union(*(asked_for(part, mentions) for part in query.parts))
    return frozenset()
