"""The land as lines: coasts, lakes, rivers, borders and provinces of Natural Earth, and the part of them that a view shows.

`outlines.npz` is compiled by `scripts/outlines.py`. A layer is read when first asked for and then kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import cos, radians
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.geo import Point

FILE = Path(__file__).with_name("outlines.npz")
UNITS = 2_000  # steps a degree, as compiled
KM_A_DEGREE = 111.195  # of latitude, on the mean sphere
_WHOLE_TURN = 360.0
_ANY = 9_999  # every rank
_BEYOND = 12.0  # pixels outside the view at which lines are cut, where no stroke is so broad that it shows

Floats = NDArray[np.float64]
Line = Floats  # (points, 2): x and y in pixels


@dataclass(frozen=True, slots=True)
class View:
    """A flat picture of the land round a centre: north is up, and distances are true near the centre."""

    lat: float
    lon: float
    km_a_pixel: float
    width: int
    height: int

    def xy(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Pixels from the lower left corner; a longitude is taken on the side where it lies nearer."""
        east = (lon - self.lon + 180) % _WHOLE_TURN - 180
        scale = KM_A_DEGREE / self.km_a_pixel
        return self.width / 2 + east * self._squeeze * scale, self.height / 2 + (lat - self.lat) * scale

    def point(self, at: Point) -> tuple[float, float]:
        x, y = self.xy(np.array([at[0]]), np.array([at[1]]))
        return float(x[0]), float(y[0])

    @property
    def _squeeze(self) -> float:
        return max(
            0.05, cos(radians(self.lat))
        )  # a degree of longitude against one of latitude; at the poles there is none

    @property
    def half_lat(self) -> float:
        return self.height / 2 * self.km_a_pixel / KM_A_DEGREE

    @property
    def half_lon(self) -> float:
        return self.width / 2 * self.km_a_pixel / KM_A_DEGREE / self._squeeze

    @property
    def height_km(self) -> float:
        return self.height * self.km_a_pixel


@dataclass(frozen=True, slots=True)
class Layer:
    """Lines one after another: `points` are longitude and latitude, line `i` is `starts[i]:starts[i + 1]`."""

    points: Floats
    starts: NDArray[np.int64]
    low: Floats  # western and southern end of each line
    high: Floats  # eastern and northern
    ranks: NDArray[np.int16]

    def rings(self, view: View) -> list[tuple[int, Line]]:
        """The closed lines in view, as pixels, with their number; cut where they leave the view."""
        cut = ((n, _ring_cut(line, view)) for n, line in self._near(view))
        return [(number, line) for number, line in cut if len(line) > 2]

    def lines(self, view: View, least: int = _ANY) -> list[tuple[int, Line]]:
        """The same as open lines: those pieces that the view shows, of lines ranked no lower than `least`."""
        return [(number, piece) for number, line in self._near(view, least) for piece in _pieces(line, view)]

    def broad(self, number: int, view: View) -> float:
        """How many pixels long a line is from end to end of its square, roughly."""
        return float((self.high[number] - self.low[number]).max()) * KM_A_DEGREE / view.km_a_pixel

    def _near(self, view: View, least: int = _ANY) -> list[tuple[int, Line]]:
        """The lines whose square the view touches; one across the date line comes on the side that is seen."""
        lat, lon = (view.lat - view.half_lat, view.lat + view.half_lat), view.half_lon
        level = (self.low[:, 1] <= lat[1]) & (self.high[:, 1] >= lat[0])
        speck = np.maximum(*(self.high - self.low).T) * KM_A_DEGREE < view.km_a_pixel
        found = []
        for turn in (-_WHOLE_TURN, 0.0, _WHOLE_TURN):
            west, east = self.low[:, 0] - view.lon + turn, self.high[:, 0] - view.lon + turn
            for number in np.flatnonzero(level & ~speck & (self.ranks <= least) & (west <= lon) & (east >= -lon)):
                line = _thinned(self._pixels(int(number), view, turn))
                if len(line) > 1:
                    found.append((int(number), line))
        return found

    def _pixels(self, number: int, view: View, turn: float) -> Line:
        part = self.points[self.starts[number] : self.starts[number + 1]]
        scale = KM_A_DEGREE / view.km_a_pixel
        x = view.width / 2 + (part[:, 0] - view.lon + turn) * view._squeeze * scale
        y = view.height / 2 + (part[:, 1] - view.lat) * scale
        return np.column_stack([x, y])


def _thinned(line: Line) -> Line:
    """The line without points that fall on the half pixel before them; what is smaller than that is gone."""
    half = np.rint(line * 2)
    keep = np.ones(len(line), dtype=bool)
    keep[1:] = (half[1:] != half[:-1]).any(axis=1)
    return line[keep]


def _ring_cut(ring: Line, view: View) -> Line:
    """The ring cut along the four sides of the view and a little beyond (Sutherland and Hodgman)."""
    for axis, limit, sign in (
        (0, -_BEYOND, 1),
        (0, view.width + _BEYOND, -1),
        (1, -_BEYOND, 1),
        (1, view.height + _BEYOND, -1),
    ):
        depth = (ring[:, axis] - limit) * sign
        inside = depth >= 0
        if inside.all():
            continue
        if not inside.any():
            return ring[:0]
        following, depths = np.roll(ring, -1, axis=0), np.roll(depth, -1)
        crosses = inside != np.roll(inside, -1)
        share = np.divide(depth, depth - depths, out=np.zeros_like(depth), where=crosses)
        both = np.stack([ring, ring + (following - ring) * share[:, None]], axis=1).reshape(-1, 2)
        ring = both[np.column_stack([inside, crosses]).ravel()]
    return ring


def _pieces(line: Line, view: View) -> list[Line]:
    """The runs of a line that come near the view."""
    seen = np.ones(len(line) - 1, dtype=bool)
    for axis, far in ((0, view.width), (1, view.height)):
        below, above = line[:, axis] < -_BEYOND, line[:, axis] > far + _BEYOND
        seen &= ~(below[1:] & below[:-1]) & ~(above[1:] & above[:-1])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.view(np.int8), [0]])))
    return [line[a : b + 1] for a, b in zip(edges[::2], edges[1::2], strict=True)]


@cache
def layer(name: str) -> Layer:
    """Ranks say of `land` and `lakes` that a ring is a hole (1), of `rivers` how small they are, of `borders` that they are disputed (1),
    of `countries` the number of their name; `provinces` have none.
    """
    with np.load(FILE) as data:
        first, steps, sizes = data[f"{name}_first"], data[f"{name}_steps"], data[f"{name}_sizes"]
        ranks: NDArray[np.int16] = data[f"{name}_ranks"]
    ends = np.cumsum(sizes, dtype=np.int64)
    starts = np.concatenate([[0], ends])
    run = np.cumsum(steps, axis=0, dtype=np.int64)
    # Each line counts its steps from its own first point, so the sum of the lines before it is taken off.
    before = run[starts[:-1]]
    points = (run - np.repeat(before - first, sizes, axis=0)) / UNITS
    low = np.minimum.reduceat(points, starts[:-1], axis=0)
    high = np.maximum.reduceat(points, starts[:-1], axis=0)
    return Layer(points, starts, low, high, ranks)


@cache
def country_names() -> list[str]:
    with np.load(FILE) as data:
        return [str(name) for name in data["country_names"]]


@dataclass(frozen=True, slots=True)
class City:
    """A place for orientation; the lower its rank, the better known it is."""

    name: str
    lat: float
    lon: float
    rank: int


@cache
def _cities() -> tuple[Any, Any, Any]:
    with np.load(FILE) as data:
        return data["city_names"], data["city_points"].astype(np.float64), data["city_ranks"]


def cities(view: View, most: int) -> list[City]:
    """The best known cities in view, at most so many."""
    names, points, ranks = _cities()
    x, y = view.xy(points[:, 0], points[:, 1])
    seen = np.flatnonzero((x > 0) & (x < view.width) & (y > 0) & (y < view.height))[:most]
    return [City(str(names[i]), float(points[i, 0]), float(points[i, 1]), int(ranks[i])) for i in seen]
