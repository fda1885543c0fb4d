"""What a digest says, as values: gathered by `bot.editor`, put into words by `bot.digest`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.model import Citation, Headline
from bot.movers import Mover
from bot.ranking import Story


@dataclass(frozen=True, slots=True)
class Tallies:
    """The whole window in numbers. `actors` and `places` are (entity id, stories), most often first."""

    stories: int = 0
    new: int = 0
    articles: int = 0
    outlets: int = 0
    first: datetime | None = None
    last: datetime | None = None
    actors: tuple[tuple[str, int], ...] = ()
    places: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """Articles a `step` of days from `first` on; `usual` is the mean of the days before."""

    first: date
    last: date
    values: tuple[int, ...]
    step: int = 1
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class QuietPlace:
    mover: Mover
    last: Headline | None  # the last article that named it


@dataclass(frozen=True, slots=True)
class QuietFeed:
    """A feed that brings nothing new. `fault` says what is wrong with it; empty: it answers as always."""

    name: str
    since: datetime
    items_a_day: float
    fault: str


@dataclass(frozen=True, slots=True)
class FirstTogether:
    """An actor and a town that no sentence had named together before, and the article that does."""

    actor: str
    town: str
    article: Headline


@dataclass(frozen=True, slots=True)
class NewName:
    """A name that the catalogue lacks, the stories that have it, and the last article of them."""

    name: str
    stories: int
    article: Headline


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """Everything a digest says. Without `since` it is of all that was read."""

    since: datetime | None
    until: datetime
    timezone: str
    tallies: Tallies
    stories: tuple[Story, ...] = ()  # the first ones, in order
    citations: Mapping[int, Sequence[tuple[str, Citation]]] = field(
        default_factory=dict
    )  # of the first stories' heads, by article
    voices: Mapping[int, str] = field(default_factory=dict)  # story → its outlets and origins in words
    activity: Activity | None = None
    older: Tallies = Tallies()  # what was read in the window but is of an earlier time
    up: tuple[Mover, ...] = ()
    down: tuple[Mover, ...] = ()
    quiet_places: tuple[QuietPlace, ...] = ()
    quiet_feeds: tuple[QuietFeed, ...] = ()
    quiet_stories: tuple[Headline, ...] = ()
    together: tuple[FirstTogether, ...] = ()
    new_names: tuple[NewName, ...] = ()
    followed: frozenset[str] = frozenset()
    alerts: Mapping[str, int] = field(default_factory=dict)  # state → number since then
    alerted_places: frozenset[str] = frozenset()
    feeds: int = 0
    failing: tuple[str, ...] = ()
    due: datetime | None = None  # when it should have come, if it is late
    missed_since: date | None = None  # from which day on digests were left out
