"""The values that travel through the pipeline: frozen, slotted, platform-neutral.

Times are aware and UTC. Offsets are code points of the text they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What an entity is; the finer word ("armed-group", "dam") is `Entity.type`."""

    TOWN = "town"
    COUNTRY = "country"
    REGION = "region"
    PLACE = "place"
    ACTOR = "actor"
    PERSON = "person"

    @property
    def is_place(self) -> bool:
        return self not in (Kind.ACTOR, Kind.PERSON)


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who led an actor, and in which years (None: not known or not over)."""

    person: str
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A place or an actor of the catalogue.

    `names` match by themselves; `weak` names are also something else (a word, a first name,
    another town) and count only with evidence.
    """

    id: str
    name: str
    kind: Kind
    type: str = ""
    names: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    about: str = ""
    wikidata: str | None = None
    lat: float | None = None
    lon: float | None = None
    country: str | None = None
    within: str | None = None
    area: tuple[str, ...] = ()
    parent: str | None = None
    leaders: tuple[Leadership, ...] = ()
    population: int = 0
    extends: str = ""  # a workspace's further names for this entity of the catalogue

    @property
    def ids(self) -> tuple[str, ...]:
        """Under which ids its mentions are filed."""
        return (self.id, self.extends) if self.extends else (self.id,)

    @property
    def kinds(self) -> frozenset[str]:
        """What `kind:` finds it under. Media report on wars, they do not wage them: they are no `kind:actor`."""
        return frozenset({"media"} if self.type == "media" else {self.kind.value})

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every spelling, the canonical one first, each once."""
        return tuple(dict.fromkeys((self.name, *self.names, *self.weak)))


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of a text resolved to an entity, with the evidence that decided it."""

    start: int
    end: int
    text: str
    entity: str  # entity id
    name: str  # canonical name
    kind: Kind
    lat: float | None = None
    lon: float | None = None
    confidence: float = 1.0
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """What a source yields, before cleaning: one feed item or one file."""

    key: str  # identity inside its source: the item's id, its link, or the file's path
    title: str
    body: str
    is_html: bool = False
    url: str | None = None
    outlet: str | None = None
    published: datetime | None = None
    language: str | None = None
    page: str = ""  # the text of the page behind the item, where `body` is only its teaser


@dataclass(frozen=True, slots=True)
class Article:
    """Cleaned text, ready to be matched. `text` starts with the title and a blank line."""

    key: str
    title: str
    text: str
    url: str | None
    outlet: str
    published: datetime | None
    language: str
    content_hash: str
    link: str | None = None  # canonical: without tracking parameters
    body_hash: str = ""  # of the text below the title, where there is enough of it to tell texts apart
    said: str = ""  # the feed's own text, where `text` is its page's; the hashes are of it, for it is the identity

    def at(self, now: datetime) -> datetime:
        """Its time in every list: as published, but never later than it was read; a date to come would stay on top."""
        return min(self.published, now) if self.published else now


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article as a span of its text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence of an article, with the spans that matter marked; offsets are the article's."""

    article_id: int
    story_id: int
    title: str
    outlet: str
    url: str | None
    at: datetime
    published: bool  # whether `at` is the publisher's date rather than ours
    start: int
    end: int
    sentence: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FiledArticle:
    """An article of the archive."""

    id: int
    story_id: int
    title: str
    text: str
    url: str | None
    outlet: str
    at: datetime
    published: bool
    source_id: int
    content_hash: str
    link: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """An article of the archive without its text: enough to count and to cite it."""

    id: int
    story_id: int
    source_id: int
    outlet: str
    title: str
    url: str | None
    at: datetime
    published: bool  # whether `at` is the publisher's date rather than ours


@dataclass(frozen=True, slots=True)
class Channel:
    """Where cards go: a channel of a workspace on a platform."""

    id: int
    workspace: str
    platform: str
    address: str
    name: str
    timezone: str = "UTC"
    threads: bool = True  # whether what is new in a story is told in its thread


@dataclass(frozen=True, slots=True)
class Request:
    """One command as it reached us, whatever the platform."""

    text: str
    channel: Channel
    user: str = ""
    can_manage: bool = False  # may change what this channel follows
    can_admin: bool = False  # may change what the whole workspace reads and tracks
    public: bool = False  # the answer is for everybody in the channel
    page: int = 1


class Clock(Protocol):
    """The only way time gets in."""

    def now(self) -> datetime: ...
