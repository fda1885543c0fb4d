"""What a picture shows, as values: a map, the activity of days, a network. `bot.pictures` draws them; a terminal lists them.

Each kind says itself in words, for those who do not see the picture and for every place where none can be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bot.text.inert import inert

TOLD = 8  # names that the words for a picture list
NAME_LIMIT = 60  # letters of a name in a picture; the longest town of the gazetteer has fewer
Point = tuple[float, float]  # latitude, longitude in degrees


class Mode(StrEnum):
    """The ground that a picture brings along: readers choose a light or a dark chat."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class MapPlace:
    """A place on a map; `weight` is how often it was named, `alert` sets it off in the one loud colour."""

    name: str
    lat: float
    lon: float
    weight: int = 1
    alert: bool = False


@dataclass(frozen=True, slots=True)
class MapSpec:
    """Places on a map of what lies around them; a ring of `radius_km` round `centre`, and lines along `routes`."""

    places: tuple[MapPlace, ...] = ()
    subject: str = ""  # what it is a map of, such as a country; only said, not drawn
    centre: Point | None = None
    radius_km: float = 0.0
    routes: tuple[tuple[Point, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ActivitySpec:
    """One value a day from `first` on; `baseline` is the usual value of a day, drawn as a line. `small` is a sparkline."""

    label: str
    first: date
    values: tuple[int, ...] = ()
    baseline: float | None = None
    small: bool = False

    @property
    def last(self) -> date:
        return self.first + timedelta(days=max(0, len(self.values) - 1))


@dataclass(frozen=True, slots=True)
class Node:
    """Kinds are `actor`, `person` and `place`; anything else is drawn as an actor."""

    name: str
    kind: str = "actor"
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """Two nodes, by their number in the network, and how often they were named together."""

    a: int
    b: int
    weight: int = 1


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """Who is named with whom; the first node is the one that was asked for."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


PictureSpec = MapSpec | ActivitySpec | NetworkSpec


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on a card; `alt` is the same in words."""

    spec: PictureSpec
    alt: str = ""


def picture(spec: PictureSpec) -> Picture:
    """The picture with its words."""
    return Picture(spec, alt_text(spec))


def alt_text(spec: PictureSpec) -> str:
    """One or two sentences that say what the picture shows."""
    match spec:
        case MapSpec():
            return _map_words(spec)
        case ActivitySpec():
            return _activity_words(spec)
        case NetworkSpec():
            return _network_words(spec)


def label(name: str, limit: int = NAME_LIMIT) -> str:
    """A name as one harmless line of at most `limit` letters."""
    flat = " ".join(inert(name[: limit * 8]).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def called(name: str) -> str:
    """The same, for sentences: what has no name that can be shown is said to have none."""
    return label(name) or "unnamed"


def ranked(places: Sequence[MapPlace]) -> list[MapPlace]:
    """Places under alert first, then those named most, then by name: the order in which they are told and drawn."""
    return sorted(places, key=lambda place: (not place.alert, -place.weight, place.name, place.lat, place.lon))


def neighbours(spec: NetworkSpec) -> list[tuple[Node, Node, int]]:
    """The ties of a network, the strongest first."""
    count = len(spec.nodes)
    ties = [edge for edge in spec.edges if 0 <= edge.a < count and 0 <= edge.b < count and edge.a != edge.b]
    ties.sort(key=lambda edge: (-edge.weight, edge.a, edge.b))
    return [(spec.nodes[edge.a], spec.nodes[edge.b], edge.weight) for edge in ties]


def day(at: date, *, year: bool = True) -> str:
    return f"{at.day} {at:%b} {at.year}" if year else f"{at.day} {at:%b}"


def _map_words(spec: MapSpec) -> str:
    subject = label(spec.subject)
    head = f"Map of {subject}" if subject else "Map"
    names = [f"{called(place.name)} ({place.weight:,})" for place in ranked(spec.places)]
    words = f"{head}: {_listed(names)}." if names else f"{head}."
    alerts = sum(place.alert for place in spec.places)
    if 0 < alerts < len(spec.places):
        words += " Under alert: " + _listed([called(place.name) for place in ranked(spec.places)[:alerts]]) + "."
    if spec.centre and spec.radius_km > 0:
        words += f" A ring marks {spec.radius_km:,.0f} km around {_point(spec.centre)}."
    return words


def _activity_words(spec: ActivitySpec) -> str:
    if not spec.values:
        return f"{label(spec.label)}: no days to show."
    top = max(spec.values)
    words = f"{label(spec.label)}, {day(spec.first)} to {day(spec.last)}: {sum(spec.values):,} in all"
    if top:
        words += f", most on {day(spec.first + timedelta(days=spec.values.index(top)), year=False)} ({top:,})"
    words += f", {spec.values[-1]:,} on the last day"
    return words + (f"; {spec.baseline:,.1f} a day is usual." if spec.baseline is not None else ".")


def _network_words(spec: NetworkSpec) -> str:
    if not spec.nodes:
        return "Network: nobody to show."
    ties = [f"{called(a.name)} and {called(b.name)} ({weight:,})" for a, b, weight in neighbours(spec)]
    head = f"Network around {called(spec.nodes[0].name)}, {len(spec.nodes)} names"
    return f"{head}: {_listed(ties)}." if ties else f"{head}, no ties."


def _listed(items: Sequence[str]) -> str:
    rest = len(items) - TOLD
    return ", ".join(items[:TOLD]) + (f" and {rest} more" if rest > 0 else "")


def _point(point: Point) -> str:
    lat, lon = point
    return f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"
