"""Which stories of a window come first: how many tell it, how new it is, and what the channel follows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from bot.geo import Point, distance_km
from bot.model import Entity, Headline

NEAR_KM = 150.0  # farther from a followed place it counts no more
NEAR_DEGREES = NEAR_KM / 111  # of latitude
MOST_NAMES = 6  # names of a story that count
FRONT = 60  # stories that can come first in a channel that follows none of them


@dataclass(frozen=True, slots=True)
class Story:
    """A story of a window: its articles in it, oldest first, how many it had before, and what is named in it."""

    id: int
    articles: tuple[Headline, ...]
    before: int = 0
    names: frozenset[str] = frozenset()

    @property
    def head(self) -> Headline:
        """The article that stands for it: the newest."""
        return self.articles[-1]

    @property
    def outlets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(article.outlet for article in self.articles))

    @property
    def is_new(self) -> bool:
        return not self.before


@dataclass(frozen=True, slots=True)
class Followed:
    """What a channel follows: entities, where its places lie, and the stories it was alerted to."""

    entities: frozenset[str] = frozenset()
    points: tuple[Point, ...] = ()
    alerted: frozenset[int] = frozenset()


def weight(story: Story) -> float:
    """What a story weighs for everybody: each doubling of its outlets two, news one and a half, growth up to two."""
    news = 1.5 if story.is_new else min(2.0, log2(1 + len(story.articles) / 2))
    return 2 * log2(1 + len(story.outlets)) + news + 0.3 * min(MOST_NAMES, len(story.names))


def nearness(places: Iterable[Entity], followed: Followed) -> dict[str, float]:
    """Place → 1 at a followed one, falling to 0 at `NEAR_KM`; only those in between are in it."""
    found: dict[str, float] = {}
    for place in places if followed.points else ():
        if place.lat is None or place.lon is None:
            continue
        around = [point for point in followed.points if abs(point[0] - place.lat) < NEAR_DEGREES]
        km = min((distance_km(point, (place.lat, place.lon)) for point in around), default=NEAR_KM)
        if km < NEAR_KM:
            found[place.id] = 1 - km / NEAR_KM
    return found


def front_page(
    ranked: Sequence[tuple[float, Story]],
    by_name: Mapping[str, Sequence[int]],
    by_id: Mapping[int, int],
    followed: Followed,
    near: Mapping[str, float],
    most: int,
) -> list[tuple[float, Story]]:
    """The first stories for a channel, each with what it weighs there.

    `ranked` are all, the weightiest for everybody first; `by_name` and `by_id` say at which places of it a name or a
    story stands. For one channel a story weighs more: four for a followed name, up to three for a place close to a
    followed one, three for an alert.
    """
    bonus = dict.fromkeys(range(min(FRONT, len(ranked))), 0.0)
    for name, share in near.items():
        for at in by_name.get(name, ()):
            if bonus.get(at, 0.0) < 3 * share:
                bonus[at] = 3 * share
    for at in {at for name in followed.entities for at in by_name.get(name, ())}:
        bonus[at] = bonus.get(at, 0.0) + 4
    for story in followed.alerted:
        if story in by_id:
            bonus[by_id[story]] = bonus.get(by_id[story], 0.0) + 3
    first = sorted((-ranked[at][0] - more, at) for at, more in bonus.items())
    return [(-light, ranked[at][1]) for light, at in first[:most]]


def by_origins(front: Sequence[tuple[float, Story]], origins: Mapping[int, int]) -> list[Story]:
    """The same stories, with a story's independent origins counted in the place of its outlets where they are fewer."""

    def weighed(one: tuple[float, Story]) -> float:
        heavy, story = one
        outlets = len(story.outlets)
        return heavy - 2 * log2((1 + outlets) / (1 + min(outlets, origins.get(story.id, outlets))))

    return [story for _, story in sorted(front, key=weighed, reverse=True)]
