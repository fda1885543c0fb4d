"""The single terms of the subscription language: what each asks, how it is written, how it is said.

`keys` are those of `Facts.terms` of which an article must have at least one, or None where nothing can be told beforehand;
`exact` says that one of them is also enough. `said` is (lead, rest), so that terms with the same lead are told together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bot.geo import Point, between, distance_km, distance_to_line_km
from bot.rules.facts import Facts, cells_around

MAX_PROGRAM = 1 << 18  # bytes of memory for one compiled pattern
LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "de": "German", "en": "English", "es": "Spanish", "fa": "Persian", "fr": "French",
    "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hy": "Armenian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ka": "Georgian", "ko": "Korean", "ku": "Kurdish", "my": "Burmese", "ne": "Nepali", "nl": "Dutch", "pl": "Polish",
    "ps": "Pashto", "pt": "Portuguese", "ru": "Russian", "so": "Somali", "sw": "Swahili", "ta": "Tamil", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def _shown(**more: Any) -> Any:
    """A field that is shown and not compared: two spellings of one name are the same term."""
    return field(compare=False, **more)


@dataclass(frozen=True, slots=True)
class Named:
    """Names this entity, under whatever spelling. `text` is how it is written so that it is found again."""

    entity: str
    name: str = _shown()
    text: str = _shown()

    exact = True

    def fires(self, facts: Facts) -> bool:
        return self.entity in facts.entities

    @property
    def keys(self) -> frozenset[str]:
        return frozenset((f"e:{self.entity}",))

    def __str__(self) -> str:
        return self.text

    @property
    def said(self) -> tuple[str, str]:
        return "naming", self.name


@dataclass(frozen=True, slots=True)
class Words:
    """Has these words in this order, whole. `where` is "text", "title", "source" or "outlet"; `shown` as it was typed."""

    folded: str
    where: str = "text"
    shown: str = _shown(default="")
    literal: bool = _shown(default=False)  # written with its field, because the words alone name an entity

    @property
    def exact(self) -> bool:
        return self.where in ("text", "outlet", "source") and " " not in self.folded

    def fires(self, facts: Facts) -> bool:
        if self.where == "text":
            return f" {self.folded} " in facts.wording.words
        if self.where == "title":
            return f" {self.folded} " in facts.wording.title_words
        return f" {self.folded} " in (facts.outlet_words if self.where == "outlet" else facts.source_words)

    @property
    def each(self) -> tuple[str, ...]:
        """The keys of all its words, every one of which an article must have."""
        return tuple(f"{_PREFIX[self.where]}{word}" for word in self.folded.split())

    @property
    def keys(self) -> frozenset[str]:
        """The longest word: the rarest of them, as far as can be told without counting."""
        return frozenset((max(self.each, key=len),))

    def __str__(self) -> str:
        if self.where == "text" and not self.literal:
            return f'"{self.folded}"'
        return f'{self.where}:"{self.shown or self.folded}"'

    @property
    def said(self) -> tuple[str, str]:
        words = self.shown or self.folded
        if self.where == "text":
            return "with the words", f"“{words}”"
        if self.where == "title":
            return "with", f"“{words}” in the title"
        return "from", words if self.where == "outlet" else f"the source {words}"


_PREFIX = {"text": "", "title": "", "source": "sw:", "outlet": "o:"}  # a title's words are words of the text


@dataclass(frozen=True, slots=True)
class Pattern:
    """Matches a regular expression, in the text or the title; capital and small letters alike."""

    pattern: str
    where: str = "text"

    exact = False

    def fires(self, facts: Facts) -> bool:
        text = facts.wording.text if self.where == "text" else facts.wording.title
        return compiled(self.pattern).search(text.encode("utf-8", "replace")) is not None

    @property
    def keys(self) -> frozenset[str] | None:
        return None

    def __str__(self) -> str:
        return f"/{self.pattern}/" if self.where == "text" else f"title:/{self.pattern}/"

    @property
    def said(self) -> tuple[str, str]:
        return "matching", f"/{self.pattern}/" + (" in the title" if self.where == "title" else "")


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The program of a pattern, which runs in time linear in the text. Raises `re2.error`."""
    import re2

    options = re2.Options()
    options.max_mem = MAX_PROGRAM
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(pattern.replace("\\/", "/").encode("utf-8", "replace"), options)


@dataclass(frozen=True, slots=True)
class OfKind:
    """Names an entity of this kind."""

    kind: str

    exact = True

    def fires(self, facts: Facts) -> bool:
        return self.kind in facts.kinds

    @property
    def keys(self) -> frozenset[str]:
        return frozenset((f"k:{self.kind}",))

    def __str__(self) -> str:
        return f"kind:{self.kind}"

    @property
    def said(self) -> tuple[str, str]:
        return "naming", f"any tracked {self.kind}"


@dataclass(frozen=True, slots=True)
class FromSource:
    """Came from the source of this number."""

    number: int

    exact = True

    def fires(self, facts: Facts) -> bool:
        return self.number == facts.source

    @property
    def keys(self) -> frozenset[str]:
        return frozenset((f"s:{self.number}",))

    def __str__(self) -> str:
        return f"source:{self.number}"

    @property
    def said(self) -> tuple[str, str]:
        return "from", f"source {self.number}"


@dataclass(frozen=True, slots=True)
class InLanguage:
    code: str

    exact = True

    def fires(self, facts: Facts) -> bool:
        return self.code == facts.language

    @property
    def keys(self) -> frozenset[str]:
        return frozenset((f"l:{self.code}",))

    def __str__(self) -> str:
        return f"lang:{self.code}"

    @property
    def said(self) -> tuple[str, str]:
        return "in", LANGUAGES.get(self.code, f"the language {self.code}")


@dataclass(frozen=True, slots=True)
class Within:
    """Names this place or any that lies inside it; `field` is "within" or, for a country, "country"."""

    place: str
    name: str = _shown()
    text: str = _shown()
    field: str = _shown(default="within")

    exact = True

    def fires(self, facts: Facts) -> bool:
        return self.place in facts.inside

    @property
    def keys(self) -> frozenset[str]:
        return frozenset((f"in:{self.place}",))

    def __str__(self) -> str:
        return f'{self.field}:"{self.text}"'

    @property
    def said(self) -> tuple[str, str]:
        return "naming", f"anywhere in {self.name}"


@dataclass(frozen=True, slots=True)
class Near:
    """Names a town or site within a circle; `km` is its radius."""

    centre: Point
    km: float
    name: str = _shown()
    text: str = _shown()

    exact = False

    def fires(self, facts: Facts) -> bool:
        return any(distance_km(self.centre, point) <= self.km for point in facts.points.values())

    def reached(self, facts: Facts) -> Iterable[str]:
        return (place for place, point in facts.points.items() if distance_km(self.centre, point) <= self.km)

    @property
    def keys(self) -> frozenset[str]:
        return cells_around(self.centre, self.km)

    def __str__(self) -> str:
        return f'near:"{self.text}" {kilometres(self.km)}km'

    @property
    def said(self) -> tuple[str, str]:
        return "naming", f"a place {self.where}"

    @property
    def where(self) -> str:
        return f"within {kilometres(round(self.km, 1))} km of {self.name}"


@dataclass(frozen=True, slots=True)
class Along:
    """Names a town or site no farther than `km` from the straight line between two places."""

    start: Point
    end: Point
    km: float
    names: tuple[str, str] = _shown()
    text: str = _shown()

    exact = False

    def fires(self, facts: Facts) -> bool:
        return any(True for _ in self.reached(facts))

    def reached(self, facts: Facts) -> Iterable[str]:
        points = facts.points.items()
        return (place for place, point in points if distance_to_line_km(point, self.start, self.end) <= self.km)

    @property
    def keys(self) -> frozenset[str]:
        """The cells of circles over the line, half overlapping: each part of it is nearer to a middle than its radius."""
        length = distance_km(self.start, self.end)
        parts = max(1, min(64, round(length / max(self.km, 20))))
        middles = [between(self.start, self.end, (number + 0.5) / parts) for number in range(parts)]
        return frozenset().union(*(cells_around(middle, self.km + length / parts / 2) for middle in middles))

    def __str__(self) -> str:
        return f'along:"{self.text}" {kilometres(self.km)}km'

    @property
    def said(self) -> tuple[str, str]:
        return "naming", f"a place {self.where}"

    @property
    def where(self) -> str:
        return f"within {kilometres(round(self.km, 1))} km of the line {self.names[0]} – {self.names[1]}"


def kilometres(km: float) -> str:
    """Written so that it is read back as the same number."""
    return str(int(km)) if km == int(km) else str(km)


Term = Named | Words | Pattern | OfKind | FromSource | InLanguage | Within | Near | Along
